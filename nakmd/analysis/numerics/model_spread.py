"""The mean over several models, with statistical error and model error apart."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike


def mean_over_models(values: ArrayLike, errors: ArrayLike) -> tuple[float, float, float]:
    r"""Return the mean over models, its statistical standard error, and the spread between the models.

    .. math:: \sigma_\mathrm{model}^2 = \frac{1}{n - 1} \sum_k (x_k - \bar x)^2 - \frac{1}{n} \sum_k \sigma_k^2

    Parameters
    ----------
    values, errors : (n,) array_like
        Result of each model and its statistical standard error, n >= 2.

    Returns
    -------
    mean, error, spread : float
        The spread is a standard deviation: that between the models beyond what their statistical errors explain, 0 if
        they explain all of it, NaN if an error is unknown.
    """
    x, e = np.asarray(values, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    noise = float(np.mean(e**2))
    beyond = float(np.var(x, ddof=1)) - noise
    spread = math.nan if math.isnan(beyond) else math.sqrt(max(0.0, beyond))
    return float(x.mean()), math.sqrt(noise / len(x)), spread
