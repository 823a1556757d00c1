"""Scaling of vectors along the axes, with one factor for each axis."""

from __future__ import annotations

import numpy as np

from nakmd.kernels.geometry import CHUNK, part
from nakmd.kernels.jit import kernel, parallel_kernel, prange
from nakmd.kernels.motion import SERIAL


@kernel
def _scale_axes(chunk, vectors, factors):
    v = part(vectors, chunk)
    s_x, s_y, s_z = factors[0], factors[1], factors[2]
    for i in range(len(v)):
        v[i, 0] *= s_x
        v[i, 1] *= s_y
        v[i, 2] *= s_z


@parallel_kernel
def scale_axes(vectors, factors):
    """Multiply (n, 3) vectors by (3,) factors along the axes, in place; chunks as in `kernels.motion`."""
    chunks = (len(vectors) + CHUNK - 1) // CHUNK
    if chunks <= SERIAL:
        for chunk in range(chunks):
            _scale_axes(chunk, vectors, factors)
    else:
        for chunk in prange(chunks):
            _scale_axes(np.int64(chunk), vectors, factors)
