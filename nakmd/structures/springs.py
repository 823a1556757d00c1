"""Relaxation of the springs of structure building by FIRE: bit-equal at any thread count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.fire_pace import FirePace
from nakmd.kernels.spring_relaxation import LEAF, divide_sum, merge_leaves, sum_leaves, take_step


def descend(
    positions: FloatArray,
    forces: Callable[[FloatArray], FloatArray],
    finished: Callable[[FloatArray, FloatArray], bool],
    *,
    max_steps: int,
    largest_move: float = 0.2,
    project: Callable[[FloatArray], FloatArray] | None = None,
) -> tuple[FloatArray, bool]:
    """Minimise until a stopping criterion is met.

    Unit masses; the largest spring constant should be about 1 in the units of ``forces`` per Å.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
        Not changed.
    forces : callable
        Maps positions to (n, 3) forces.
    finished : callable
        Stopping criterion; takes positions and forces.
    max_steps : int
    largest_move : float [Å]
        Maximum displacement of a coordinate per step.
    project : callable, optional
        Projects positions onto the allowed region after each step; may change them in place.

    Returns
    -------
    positions : (n, 3) float64 [Å]
    converged : bool

    References
    ----------
    Bitzek et al., Phys. Rev. Lett. 97, 170201 (2006). doi:10.1103/PhysRevLett.97.170201
    """
    x = np.ascontiguousarray(positions).copy()
    v = np.zeros_like(x)
    sums = _Sums(x.size)
    pace = FirePace(timestep=0.1, shortest=0.02, longest=0.4, first_mixing=0.1, delay=5)
    for _ in range(max_steps):
        f = forces(x)
        if finished(x, f):
            return x, True
        power, f_f, v_v = sums.of(f.ravel(), v.ravel())
        is_downhill = power > 0.0
        keep, pull = 0.0, 0.0
        if is_downhill:
            keep, pull = 1.0 - pace.mixing, pace.mixing * float(np.sqrt(v_v)) / float(np.sqrt(f_f))
            pace.go_downhill()
        else:
            pace.turn_back()
        take_step(f.ravel(), is_downhill, keep, pull, pace.timestep, largest_move, v.ravel(), x.ravel())
        if project is not None:
            x = project(x)
    return x, finished(x, forces(x))


class _Sums:
    """The sums of FIRE over n coordinates, in the order of NumPy's pairwise sum."""

    def __init__(self, n: int) -> None:
        room = 2 * n // (LEAF // 2) + 2
        begin, merges = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
        leaves = int(divide_sum(n, begin, merges))
        self._begin, self._merges = begin[: leaves + 1].copy(), merges[:leaves].copy()
        self._leaves, self._total = np.empty((leaves, 3)), np.empty(3)

    def of(self, f: FloatArray, v: FloatArray) -> tuple[float, float, float]:
        """Return f·v, f·f and v·v."""
        sum_leaves(f, v, self._begin, self._leaves)
        merge_leaves(self._leaves, self._merges, self._total)
        power, f_f, v_v = (float(total) for total in self._total)
        return power, f_f, v_v
