"""Whether a series drifts or bends: a line and a parabola through it, in standard errors."""

from __future__ import annotations

import math

import numpy as np
import scipy  # its modules load on first use: a deck checks its quantities before the first step

from nakmd.analysis.numerics.autocorrelation import statistical_inefficiency
from nakmd.arrays import FloatArray

#: Fewest samples from which a trend is judged; the correlation time of fewer is unknown.
LEAST_SAMPLES = 30

#: A series that changes by more than this number of standard errors has not settled.
LIMIT = 3.0


def trend_of(series: FloatArray) -> float | None:
    r"""Return the change of a series from its first to its last sample, in standard errors of that change.

    .. math:: t = \frac{b}{\sigma_b}, \qquad
              \sigma_b^2 = \frac{g}{n - 2} \frac{\sum_s r_s^2}{\sum_s (s - \bar s)^2}

    with b the slope of the least-squares line, r the residuals, and g their statistical inefficiency. The residuals
    of a drifting series are stationary, so its error does not contain the drift itself.

    Parameters
    ----------
    series : (n,) float64
        Evenly spaced in time.

    Returns
    -------
    float or None
        Normal quantile of the same probability as t, which follows Student's distribution with n/g - 2 degrees of
        freedom; with sign. None for fewer than `LEAST_SAMPLES` samples.

    References
    ----------
    Effective number of samples in a test of a slope: Santer et al., J. Geophys. Res. 105, 7337 (2000).
    doi:10.1029/1999JD901105
    """
    n = len(series)
    if n < LEAST_SAMPLES:
        return None
    slope, squares, residuals = _line_of(series)
    rounding = _rounding_of(series)
    if float(residuals @ residuals) <= rounding:
        return 0.0 if slope**2 * squares <= rounding else math.copysign(math.inf, slope)
    error, freedom = _slope_error(squares, residuals)
    return normal_quantile(slope / error, freedom)


def normal_quantile(t: float, freedom: float) -> float:
    """Return the normal quantile of the same probability as ``t`` in Student's distribution, with its sign.

    Parameters
    ----------
    t : float
    freedom : float
        Degrees of freedom; less than one counts as one.
    """
    tail = float(scipy.special.stdtr(max(freedom, 1.0), -abs(t)))
    return math.copysign(float(-scipy.special.ndtri(tail)), t)


def curvature_of(series: FloatArray) -> float | None:
    r"""Return the second Legendre coefficient of a series in standard errors.

    It shows changes that a line does not: a rise followed by a fall, or a step near the end. With :math:`c` the
    coefficient of the quadratic polynomial that is orthonormal to constant and line, r the residuals and g their
    statistical inefficiency, :math:`t = c \big/ \sqrt{g \sum_s r_s^2 / (n - 3)}` with n/g - 3 degrees of freedom.

    Parameters
    ----------
    series : (n,) float64
        Evenly spaced in time.

    Returns
    -------
    float or None
        As for `trend_of`.
    """
    n = len(series)
    if n < LEAST_SAMPLES:
        return None
    time = np.linspace(-1.0, 1.0, n)
    basis, _ = np.linalg.qr(np.stack([np.ones(n), time, time**2], axis=1))
    basis *= math.copysign(1.0, float(basis[-1, 2]))
    deviations = series - series.mean()
    coefficients = basis.T @ deviations
    residuals = deviations - basis @ coefficients
    noise, bend = float(residuals @ residuals), float(coefficients[2])
    rounding = _rounding_of(series)
    if noise <= rounding:
        return 0.0 if bend**2 <= rounding else math.copysign(math.inf, bend)
    g = statistical_inefficiency(residuals)
    return normal_quantile(bend / math.sqrt(noise / (n - 3) * g), n / g - 3.0)


def slope_lost(series: FloatArray, start: int) -> float:
    """Return by how many standard errors the slope from ``start`` on falls short of that of the whole series.

    Negative if it is steeper in the same direction; the error is that of the slope from ``start`` on.
    """
    whole, _, _ = _line_of(series)
    slope, squares, residuals = _line_of(series[start:])
    error, freedom = _slope_error(squares, residuals)
    lost = math.copysign(1.0, whole) * (whole - slope)
    return normal_quantile(lost / error, freedom) if error > 0.0 else math.copysign(math.inf, lost)


def _line_of(series: FloatArray) -> tuple[float, float, FloatArray]:
    """Return the slope of the least-squares line, the sum of squares of the time, and the residuals (n,)."""
    time = np.arange(len(series)) - 0.5 * (len(series) - 1)
    squares = float(time @ time)
    deviations = series - series.mean()
    slope = float(time @ deviations) / squares
    return slope, squares, deviations - slope * time


def _slope_error(squares: float, residuals: FloatArray) -> tuple[float, float]:
    """Return the standard error of the slope of a line, and its degrees of freedom."""
    n, g = len(residuals), statistical_inefficiency(residuals)
    return math.sqrt(float(residuals @ residuals) / (n - 2) / squares * g), n / g - 2.0


def _rounding_of(series: FloatArray) -> float:
    """Return the sum of squares up to which deviations from the mean, which is rounded itself, are rounding."""
    return 1e-24 * len(series) * float(np.mean(series) ** 2)
