"""Correlated time series: autocovariance, statistical inefficiency and the end of equilibration."""

from __future__ import annotations

import numpy as np
import scipy  # its modules load on first use: a deck checks its quantities before the first step
from numpy.typing import ArrayLike

from nakmd.arrays import FloatArray, IntArray


def autocovariance(series: ArrayLike) -> FloatArray:
    """Return the autocovariance of a series, or its sum over several series.

    Parameters
    ----------
    series : (n,) or (n, m) array_like
        Each column is one series; the autocovariances of all columns are summed.

    Returns
    -------
    (n,) float64
        ``c[t] = Σ_m Σ_s δ_m(s) δ_m(s + t) / (n - t)``, with δ the deviation from the column's mean.
    """
    x = np.asarray(series, dtype=np.float64)
    x = x.reshape(len(x), -1)
    n = len(x)
    deviations = x - x.mean(axis=0)
    size = scipy.fft.next_fast_len(2 * n, real=True)
    power = np.zeros(size // 2 + 1)
    for start in range(0, deviations.shape[1], 256):  # blocks of columns keep the transform small
        transform = scipy.fft.rfft(deviations[:, start : start + 256], size, axis=0)
        power += np.sum(transform.real**2 + transform.imag**2, axis=1)
    sums = scipy.fft.irfft(power, size)[:n]
    return np.asarray(sums / np.arange(n, 0, -1), dtype=np.float64)


def statistical_inefficiency(series: ArrayLike) -> float:
    r"""Return the statistical inefficiency g: n correlated samples are worth n/g independent ones.

    .. math:: g = 1 + 2 \sum_{t=1}^{t_0} (1 - t/n) \, c(t)/c(0)

    summed up to the first :math:`t_0 > 3` at which the autocorrelation has fallen to zero.

    Parameters
    ----------
    series : (n,) or (n, m) array_like
        Each column is one series; all columns give one common g.

    Returns
    -------
    float
        At least 1; 1 for a constant series.

    References
    ----------
    Chodera, Swope, Pitera, Seok & Dill, J. Chem. Theory Comput. 3, 26 (2007). doi:10.1021/ct0502864
    """
    x = np.asarray(series, dtype=np.float64)
    n = len(x)
    if n < 3:
        return 1.0
    c = autocovariance(x)
    scale = float(np.sum(np.mean(x.reshape(n, -1), axis=0) ** 2))
    # a variance at rounding level means a constant series
    if not c[0] > 1e-24 * scale:
        return 1.0
    rho = c / c[0]
    negative = np.flatnonzero((rho <= 0.0) & (np.arange(n) > 3))
    stop = int(negative[0]) if len(negative) else n - 1
    lags = np.arange(1, stop)
    return max(1.0, float(1.0 + 2.0 * np.sum((1.0 - lags / n) * rho[1:stop])))


def independent_samples(
    series: ArrayLike, candidates: int = 100, last: int | None = None
) -> tuple[IntArray, FloatArray]:
    """Return the number of independent samples from each of several starts on.

    Parameters
    ----------
    series : (n,) array_like
        At least four samples.
    candidates : int
        Number of starts tried.
    last : int, optional
        Latest start tried; default: any that leaves four samples.

    Returns
    -------
    starts : (k,) int64
    numbers : (k,) float64
    """
    x = np.asarray(series, dtype=np.float64)
    n = len(x)
    starts = np.arange(0, n - 3 if last is None else min(n - 3, last + 1), max(1, n // candidates))
    return starts, np.array([(n - start) / statistical_inefficiency(x[start:]) for start in starts])


def detect_equilibration(series: ArrayLike, candidates: int = 100, last: int | None = None) -> tuple[int, float, float]:
    """Return where equilibration ends: the start that leaves the most independent samples.

    Parameters
    ----------
    series : (n,) array_like
    candidates : int
        Number of starting points tried.
    last : int, optional
        Latest starting point tried; default: any that leaves four samples.

    Returns
    -------
    start : int
        First sample to keep.
    g : float
        Statistical inefficiency of the samples kept.
    n_effective : float
        Number of independent samples kept.

    References
    ----------
    Chodera, J. Chem. Theory Comput. 12, 1799 (2016). doi:10.1021/acs.jctc.5b00784
    """
    x = np.asarray(series, dtype=np.float64)
    n = len(x)
    if n < 4 or np.var(x) <= 1e-24 * np.mean(x) ** 2:
        return 0, 1.0, float(n)
    starts, numbers = independent_samples(x, candidates, last)
    best = int(np.argmax(numbers))
    return int(starts[best]), (n - int(starts[best])) / float(numbers[best]), float(numbers[best])
