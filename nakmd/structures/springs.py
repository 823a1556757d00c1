"""Relaxation of the springs of structure building by FIRE in plain NumPy: bit-equal at any thread count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.fire_pace import FirePace


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
        Projects positions onto the allowed region after each step.

    Returns
    -------
    positions : (n, 3) float64 [Å]
    converged : bool

    References
    ----------
    Bitzek et al., Phys. Rev. Lett. 97, 170201 (2006). doi:10.1103/PhysRevLett.97.170201
    """
    x = positions.copy()
    v = np.zeros_like(x)
    pace = FirePace(timestep=0.1, shortest=0.02, longest=0.4, first_mixing=0.1, delay=5)
    for _ in range(max_steps):
        f = forces(x)
        if finished(x, f):
            return x, True
        if float(np.sum(f * v)) > 0.0:
            force_norm = float(np.sqrt(np.sum(f * f)))
            speed = float(np.sqrt(np.sum(v * v)))
            v = (1.0 - pace.mixing) * v + pace.mixing * speed / force_norm * f
            pace.go_downhill()
        else:
            v[:] = 0.0
            pace.turn_back()
        v += pace.timestep * f
        x += np.clip(pace.timestep * v, -largest_move, largest_move)
        if project is not None:
            x = project(x)
    return x, finished(x, forces(x))
