"""Requirements of the pressure tensor: frames with velocities and virial, and a liquid without a wall."""

from __future__ import annotations

import numpy as np

from nakmd.elements import WALL, element_of
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology


def refuse_wall(topology: Topology, name: str) -> None:
    """Raise `AnalysisError` if there is a wall, whose stress would be part of the pressure tensor of the cell.

    Parameters
    ----------
    topology : Topology
    name : str
        Name of the quantity, for the message.
    """
    topology = topology.whole
    present = [topology.species_names[s] for s in np.unique(topology.species)]
    walls = sorted({species for species in present if element_of(species) in WALL})
    if walls:
        raise AnalysisError(
            f"{name} is computed from the pressure tensor of the whole cell, and this system has a wall of "
            f"{', '.join(walls)}, whose own stress is in the tensor. Simulate the liquid alone at the same temperature."
        )


def require_stress(frame: Frame, name: str) -> None:
    """Raise `AnalysisError` unless a frame has the velocities and the virial that the pressure tensor needs."""
    if frame.velocities is None or frame.virial is None or not np.all(np.isfinite(frame.virial)):
        missing = "velocities" if frame.velocities is None else "virial"
        raise AnalysisError(
            f"The frame at step {frame.step} has no {missing}, so the pressure tensor and {name} cannot be computed. "
            "nakmd run stores both, unless its deck has [output] velocities = false; files of other programs may lack "
            "them."
        )
