"""The interpolation that LAMMPS uses for EAM tables, so that the same file gives the same energies."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import InputError

MIN_POINTS = 5


def lammps_spline(values: FloatArray) -> FloatArray:
    r"""Return the Hermite cubic of every segment, with slopes from five-point differences.

    .. math:: f(m\,\delta + p\,\delta) = c_0 + c_1 p + c_2 p^2 + c_3 p^3, \quad 0 \le p \le 1, \qquad
              f' = (c_1 + 2 c_2 p + 3 c_3 p^2) / \delta

    Slopes in units of 1/δ: (f₋₂ − f₊₂ + 8(f₊₁ − f₋₁))/12 inside, (f₊₁ − f₋₁)/2 at the second and the last but
    one point, and one-sided differences at the ends.

    Parameters
    ----------
    values : (..., n) float64
        On a uniform grid, n ≥ 5.

    Returns
    -------
    (..., n, 4) float64
        ``[..., m, k]`` is c_k of the segment from point m to m + 1; the last row holds the last value and its slope.

    Notes
    -----
    The segment of x is m = min(⌊x/δ⌋, n − 2), p = min(x/δ − m, 1): beyond the end of the table the last value
    is kept. For the embedding energy m is also at least 0, with p < 0 where ρ < 0, and beyond
    `EAMTable.rho_max` F continues as F(p = 1) + F'(p = 1) (ρ − ρ_max).
    """
    f = np.asarray(values, dtype=np.float64)
    n = f.shape[-1]
    if n < MIN_POINTS:
        raise InputError(f"A table of {n} points is too short: the interpolation needs {MIN_POINTS}.")
    c = np.zeros((*f.shape, 4))
    c[..., 0] = f
    slope = c[..., 1]
    slope[..., 0] = f[..., 1] - f[..., 0]
    slope[..., 1] = 0.5 * (f[..., 2] - f[..., 0])
    slope[..., -2] = 0.5 * (f[..., -1] - f[..., -3])
    slope[..., -1] = f[..., -1] - f[..., -2]
    slope[..., 2:-2] = ((f[..., :-4] - f[..., 4:]) + 8.0 * (f[..., 3:-1] - f[..., 1:-3])) / 12.0
    rise = f[..., 1:] - f[..., :-1]
    c[..., :-1, 2] = 3.0 * rise - 2.0 * slope[..., :-1] - slope[..., 1:]
    c[..., :-1, 3] = slope[..., :-1] + slope[..., 1:] - 2.0 * rise
    return c


def spline_value(coefficients: FloatArray, delta: float, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return value and derivative of one spline at x ≥ 0, in NumPy (the kernels use a compiled version).

    Parameters
    ----------
    coefficients : (n, 4) float64
        From `lammps_spline`.
    delta : float
        Grid spacing.
    x : (...) float64

    Returns
    -------
    value, derivative : (...) float64
        Beyond the table, those at its end.
    """
    p = np.asarray(x, dtype=np.float64) / delta
    m = np.clip(p.astype(np.int64), 0, len(coefficients) - 2)
    p = np.minimum(p - m, 1.0)
    c0, c1, c2, c3 = np.moveaxis(coefficients[m], -1, 0)
    return ((c3 * p + c2) * p + c1) * p + c0, ((3.0 * c3 * p + 2.0 * c2) * p + c1) / delta
