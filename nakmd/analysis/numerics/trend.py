"""Whether a series drifts: the slope of a line through it, in standard errors."""

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
    time = np.arange(n) - 0.5 * (n - 1)
    squares = float(time @ time)
    deviations = series - series.mean()
    slope = float(time @ deviations) / squares
    residuals = deviations - slope * time
    noise = float(residuals @ residuals)
    # the mean of a constant is rounded, and so are its deviations
    rounding = 1e-24 * n * float(np.mean(series) ** 2)
    if noise <= rounding:
        return 0.0 if slope**2 * squares <= rounding else math.copysign(math.inf, slope)
    g = statistical_inefficiency(residuals)
    t = slope / math.sqrt(noise / (n - 2) / squares * g)
    tail = float(scipy.special.stdtr(max(n / g - 2.0, 1.0), -abs(t)))
    return math.copysign(float(-scipy.special.ndtri(tail)), slope)
