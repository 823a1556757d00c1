"""Cubic splines on uniform grids, rows (c0, c1, c2, c3) of a table.

On segment m, with p = x/δ - m: f = c0 + c1 p + c2 p² + c3 p³. Beyond the table the last value is used, as in
LAMMPS; below zero the first segment is extrapolated.
"""

from __future__ import annotations

from nakmd.kernels.jit import term
from nakmd.kernels.simd import floor, maximum, minimum
from nakmd.kernels.simd_arrays import take_rows
from nakmd.kernels.simd_bits import to_index


@term
def segment(last, inverse_delta, x):
    """Return the segment of x, and p."""
    q = x * inverse_delta
    below = floor(maximum(minimum(q, last), 0.0))
    return to_index(below), minimum(q - below, 1.0)


@term
def spline_value(rows, last, inverse_delta, x):
    """Return f(x) alone."""
    m, p = segment(last, inverse_delta, x)
    c0, c1, c2, c3 = take_rows(rows, m)
    return ((c3 * p + c2) * p + c1) * p + c0


@term
def spline(rows, last, inverse_delta, x):
    """Return f and df/dx.

    Parameters
    ----------
    rows : (n_rows, 4) float64
        From the first segment of the function on: two functions on one grid then share the segment index.
    last : int
        Last segment of the function.
    inverse_delta : float
        1/δ.
    x : lanes or float
    """
    m, p = segment(last, inverse_delta, x)
    c0, c1, c2, c3 = take_rows(rows, m)
    value = ((c3 * p + c2) * p + c1) * p + c0
    return value, ((3.0 * c3 * p + 2.0 * c2) * p + c1) * inverse_delta
