"""The atoms that arrive during a run: their group, and which of them are there in a frame."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import BoolArray
from nakmd.errors import AnalysisError
from nakmd.system import DEPOSITED, Frame, Topology


def deposited_atoms(topology: Topology, name: str) -> BoolArray:
    """Return the mask of the atoms that arrive; `AnalysisError` that names the quantity if there are none."""
    mask = topology.groups.get(DEPOSITED)
    if mask is None or not np.any(mask):
        raise AnalysisError(f'{name} needs atoms that arrive during the run, the group "{DEPOSITED}".')
    return np.asarray(mask)


def atoms_there(frame: Frame) -> BoolArray:
    """Return the mask of the atoms that are there in a frame."""
    present = frame.present
    return np.ones(len(frame.positions), dtype=np.bool_) if present is None else present
