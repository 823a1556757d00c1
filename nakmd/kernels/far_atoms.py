"""Atoms within a part of space that moves with a group."""

from __future__ import annotations

import math

import numpy as np

from nakmd.kernels.geometry import CHUNK, part
from nakmd.kernels.jit import kernel, parallel_kernel, prange
from nakmd.kernels.motion import SERIAL


@kernel
def mean_position(positions, atoms, out_center):
    """Write the mean of the unwrapped positions of a group [Å], (3,); the sum is in the order of the list."""
    x, y, z = 0.0, 0.0, 0.0
    for i in atoms:
        x += positions[i, 0]
        y += positions[i, 1]
        z += positions[i, 2]
    out_center[0], out_center[1], out_center[2] = x / len(atoms), y / len(atoms), z / len(atoms)


@kernel
def _mark_near(chunk, positions, matrix, inverse, periodic, center, axis, is_round, beyond, out_near):
    r, near = part(positions, chunk), part(out_near, chunk)
    for i in range(len(r)):
        x, y, z = r[i, 0] - center[0], r[i, 1] - center[1], r[i, 2] - center[2]
        dx, dy, dz = x, y, z
        for a in range(3):
            if periodic[a]:
                count = np.rint(x * inverse[0, a] + y * inverse[1, a] + z * inverse[2, a])
                dx -= count * matrix[a, 0]
                dy -= count * matrix[a, 1]
                dz -= count * matrix[a, 2]
        along = dx if axis == 0 else dy if axis == 1 else dz
        distance = math.sqrt(max(dx * dx + dy * dy + dz * dz - along * along, 0.0)) if is_round else abs(along)
        near[i] = not distance > beyond


@parallel_kernel
def mark_near(positions, matrix, inverse, periodic, center, axis, is_round, beyond, out_near):
    """Mark the atoms that are not farther than a distance from a plane or an axis through a point.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
    matrix, inverse : (3, 3) float64
        Rows are the cell vectors [Å]; the inverse [1/Å].
    periodic : (3,) bool
        The image by rounded cell coordinates is taken: the nearest in a rectangular cell.
    center : (3,) float64 [Å]
    axis : int
        Normal of the plane, or direction of the axis: 0, 1, 2 for x, y, z.
    is_round : bool
        Whether distances are from the axis, else from the plane.
    beyond : float [Å]
    out_near : (n,) bool
    """
    chunks = (len(positions) + CHUNK - 1) // CHUNK
    if chunks <= SERIAL:
        for chunk in range(chunks):
            _mark_near(chunk, positions, matrix, inverse, periodic, center, axis, is_round, beyond, out_near)
    else:
        for chunk in prange(chunks):
            _mark_near(np.int64(chunk), positions, matrix, inverse, periodic, center, axis, is_round, beyond, out_near)
