"""The part of a trajectory that is kept where a run continues."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Self

import numpy as np

from nakmd.io import Trajectory


class KeptPart(NamedTuple):
    """What a trajectory has up to a step.

    Attributes
    ----------
    frames, rows : int
        Numbers of frames and of thermo rows.
    frame_step, row_step : int
        Steps of the last ones; -1 if there is none.
    conserved : mapping of int to float [eV]
        Conserved energy of the rows by step.
    """

    frames: int = 0
    rows: int = 0
    frame_step: int = -1
    row_step: int = -1
    conserved: Mapping[int, float] = MappingProxyType({})

    @classmethod
    def of(cls, path: Path, step: int) -> Self:
        """Return the part of a trajectory up to a step."""
        with Trajectory(path) as trajectory:
            frames = trajectory.steps[trajectory.steps <= step]
            thermo = trajectory.thermo
        steps = np.asarray(thermo.get("step", ()), dtype=np.int64)
        rows = steps[steps <= step]
        energies = np.asarray(thermo.get("conserved", np.full(len(steps), np.nan)), dtype=np.float64)[: len(rows)]
        known = dict(zip(rows.tolist(), energies.tolist(), strict=True))
        last = int(frames[-1]) if len(frames) else -1
        return cls(len(frames), len(rows), last, int(rows[-1]) if len(rows) else -1, known)
