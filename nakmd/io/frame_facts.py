"""What a notebook shows of frames: how many, from when to when, of which stages and atoms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import counted
from nakmd.system import Topology


def frame_facts(times: FloatArray, stages: Sequence[str], topology: Topology) -> dict[str, str]:
    """Return facts about frames in words, empty where nothing is known.

    Parameters
    ----------
    times : (n,) float64 [ps]
        NaN if the source has none.
    stages : sequence of str
    topology : Topology
    """
    counts = np.bincount(topology.species, minlength=len(topology.species_names)).tolist()
    known = len(times) and np.isfinite(times).all()
    return {
        "frames": f"{len(times):,}",
        "times": f"{times[0]:g} to {times[-1]:g} ps" if known else "",
        "stages": ", ".join(stages),
        "atoms": f"{topology.n_atoms:,}: {counted(dict(zip(topology.species_names, counts, strict=True)))}",
        "groups": ", ".join(topology.groups),
    }
