"""Jackknife errors of non-linear functions of averages, such as a logarithm or a fit."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from nakmd.analysis.numerics.autocorrelation import statistical_inefficiency
from nakmd.arrays import FloatArray


def jackknife(blocks: FloatArray, estimate: Callable[[FloatArray], ArrayLike]) -> tuple[FloatArray, float]:
    r"""Return the standard error of a function of time averages, and the number of independent blocks.

    .. math:: p_b = n f(\bar x) - (n - 1) f(\bar x_{(b)}), \qquad
              \delta f^2 = \frac{\mathrm{var}(p)}{n_\mathrm{eff} - 1}

    with :math:`\bar x_{(b)}` the mean without block b. The pseudo-values p form a time series;
    :math:`n_\mathrm{eff}` is n over their statistical inefficiency.

    Parameters
    ----------
    blocks : (n, ...) float64
        Means over successive time blocks.
    estimate : callable
        Maps a mean of shape (...) to a number or an array.

    Returns
    -------
    error : array
        Same shape as the estimate; NaN with fewer than two blocks, or where the estimate without a block is not
        finite.
    n_effective : float

    References
    ----------
    Efron & Stein, Ann. Statist. 9, 586 (1981). doi:10.1214/aos/1176345462
    """
    n = len(blocks)
    whole = np.asarray(estimate(blocks.mean(axis=0)), dtype=np.float64)
    if n < 2:
        return np.full(whole.shape, math.nan), float(n)
    total = blocks.sum(axis=0)
    without = np.stack([np.asarray(estimate((total - block) / (n - 1)), dtype=np.float64) for block in blocks])
    pseudo = n * whole - (n - 1) * without
    columns = pseudo.reshape(n, -1)
    known = np.all(np.isfinite(columns), axis=0)
    n_effective = float(n)
    if np.any(known):
        # columns scaled to equal variance; otherwise the largest numbers alone would determine n_effective
        spread = np.std(columns[:, known], axis=0)
        moving = spread > 0.0
        if np.any(moving):
            n_effective = n / statistical_inefficiency(columns[:, known][:, moving] / spread[moving])
    with np.errstate(invalid="ignore"):
        return np.sqrt(np.var(pseudo, axis=0) / max(n_effective - 1.0, 1.0)), n_effective


def merged(blocks: FloatArray, count: int) -> FloatArray:
    """Merge successive blocks into groups of equal size: at least ``count`` groups and fewer than twice as many.

    Parameters
    ----------
    blocks : (n, ...) float64
    count : int

    Returns
    -------
    (m, ...) float64
        Blocks left over at the end that do not fill a group are dropped.
    """
    size = max(1, len(blocks) // count)
    groups = len(blocks) // size
    return np.asarray(blocks[: groups * size].reshape(groups, size, *blocks.shape[1:]).mean(axis=1))
