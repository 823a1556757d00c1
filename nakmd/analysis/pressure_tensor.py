"""What a pressure tensor needs: frames that hold it, and a liquid without a wall."""

from __future__ import annotations

import numpy as np

from nakmd.elements import WALL, element_of
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology


def refuse_wall(topology: Topology, name: str) -> None:
    """Raise `AnalysisError` if there is a wall: the pressure tensor of the cell holds its stress as well.

    Parameters
    ----------
    topology : Topology
    name : str
        What is measured, for the message.
    """
    present = [topology.species_names[s] for s in np.unique(topology.species)]
    walls = sorted({species for species in present if element_of(species) in WALL})
    if walls:
        raise AnalysisError(
            f"{name} is measured from the pressure tensor of the whole cell, and here is a wall of {', '.join(walls)}, "
            "whose own stress is in the tensor. Simulate the liquid alone at the same temperature."
        )


def require_stress(frame: Frame, name: str) -> None:
    """Raise `AnalysisError` unless a frame holds velocities and virial, which make the pressure tensor."""
    if frame.velocities is None or frame.virial is None or not np.all(np.isfinite(frame.virial)):
        missing = "velocities" if frame.velocities is None else "virial"
        raise AnalysisError(
            f"The frame at step {frame.step} holds no {missing}, and without it there is no pressure tensor to measure "
            f"{name} from. nakmd run stores both; a file that another program wrote or converted may have neither."
        )
