"""The sums and velocity updates of the FIRE minimiser (fixed chunks, strict IEEE: see `motion`)."""

from __future__ import annotations

import math

import numpy as np

from nakmd.kernels.jit import kernel, parallel_kernel, prange
from nakmd.kernels.motion import CHUNK, SERIAL


@kernel
def _sum_descent(chunk, forces, velocities, out_sums):
    power, f_f, v_v, largest = 0.0, 0.0, 0.0, 0.0
    for i in range(chunk * CHUNK, min(len(velocities), (chunk + 1) * CHUNK)):
        f_x, f_y, f_z = forces[i, 0], forces[i, 1], forces[i, 2]
        v_x, v_y, v_z = velocities[i, 0], velocities[i, 1], velocities[i, 2]
        f2 = f_x * f_x + f_y * f_y + f_z * f_z
        power += f_x * v_x + f_y * v_y + f_z * v_z
        f_f += f2
        v_v += v_x * v_x + v_y * v_y + v_z * v_z
        if f2 > largest or math.isnan(f2):
            largest = f2
    out_sums[0], out_sums[1], out_sums[2], out_sums[3] = power, f_f, v_v, largest


@parallel_kernel
def sum_descent(forces, velocities, sums, out_sums):
    """Compute the sums that FIRE uses to adapt.

    Parameters
    ----------
    forces : (n, 3) float64 [eV/Å]
    velocities : (n, 3) float64 [Å/ps]
    sums : (n_chunks, 4) float64
        Scratch.
    out_sums : (4,) float64
        F·v, F·F, v·v over all atoms, and the largest F² of an atom (NaN if there is one). Overwritten.
    """
    chunks = (len(velocities) + CHUNK - 1) // CHUNK
    if chunks <= SERIAL:
        for chunk in range(chunks):
            _sum_descent(chunk, forces, velocities, sums[chunk])
    else:
        for chunk in prange(chunks):
            _sum_descent(np.int64(chunk), forces, velocities, sums[chunk])
    power, f_f, v_v, largest = 0.0, 0.0, 0.0, 0.0
    for chunk in range(chunks):
        power += sums[chunk, 0]
        f_f += sums[chunk, 1]
        v_v += sums[chunk, 2]
        if sums[chunk, 3] > largest or math.isnan(sums[chunk, 3]):
            largest = sums[chunk, 3]
    out_sums[0], out_sums[1], out_sums[2], out_sums[3] = power, f_f, v_v, largest


@kernel
def _steer(chunk, velocities, forces, keep, pull):
    largest = 0.0
    for i in range(chunk * CHUNK, min(len(velocities), (chunk + 1) * CHUNK)):
        x = keep * velocities[i, 0] + pull * forces[i, 0]
        y = keep * velocities[i, 1] + pull * forces[i, 1]
        z = keep * velocities[i, 2] + pull * forces[i, 2]
        velocities[i, 0], velocities[i, 1], velocities[i, 2] = x, y, z
        v2 = x * x + y * y + z * z
        if v2 > largest or math.isnan(v2):
            largest = v2
    return largest


@parallel_kernel
def steer(velocities, forces, keep, pull, sums):
    """Set v = keep v + pull F in place and return the largest speed; ``sums`` is (n_chunks,) scratch."""
    chunks = (len(velocities) + CHUNK - 1) // CHUNK
    if chunks <= SERIAL:
        for chunk in range(chunks):
            sums[chunk] = _steer(chunk, velocities, forces, keep, pull)
    else:
        for chunk in prange(chunks):
            sums[chunk] = _steer(np.int64(chunk), velocities, forces, keep, pull)
    largest = 0.0
    for chunk in range(chunks):
        if sums[chunk] > largest or math.isnan(sums[chunk]):
            largest = sums[chunk]
    return math.sqrt(largest)
