"""Squared displacements over all time origins, their slope, and the error of that slope."""

from __future__ import annotations

import math

import numpy as np
import scipy.fft
import scipy.special
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def mean_squared_displacements(paths: FloatArray) -> FloatArray:
    r"""Return each particle's squared displacement, averaged over all time origins.

    .. math:: m_i(k) = \frac{1}{n - k} \sum_{t=0}^{n-k-1} |r_i(t + k) - r_i(t)|^2

    Parameters
    ----------
    paths : (n, m, d) float64 [Å]
        Unwrapped positions of m particles in n frames.

    Returns
    -------
    (n, m) float64 [Å²]

    Notes
    -----
    By the correlation theorem in n log n instead of n² operations.

    References
    ----------
    Calandrini et al., Collection SFN 12, 201 (2011), sec. 4.2. doi:10.1051/sfn/201112010
    """
    n = len(paths)
    r = paths - paths.mean(axis=0)  # small numbers lose fewer digits in the difference below
    size = scipy.fft.next_fast_len(2 * n, real=True)
    transform = scipy.fft.rfft(r, size, axis=0)
    power = np.sum(transform.real**2 + transform.imag**2, axis=2)
    products = scipy.fft.irfft(power, size, axis=0)[:n]
    squares = np.sum(r**2, axis=2)
    edges = np.zeros_like(squares)
    np.cumsum(squares[:-1] + squares[:0:-1], axis=0, out=edges[1:])
    sums = 2.0 * squares.sum(axis=0) - edges
    # cancellation may leave -1e-16 where nothing moves
    return np.asarray(np.maximum((sums - 2.0 * products) / np.arange(n, 0, -1)[:, None], 0.0))


def slope_weights(times: FloatArray) -> FloatArray:
    """Return w such that w·y is the slope of the least-squares line through (times, y)."""
    centred = times - times.mean()
    return np.asarray(centred / float(centred @ centred))


def segment_slopes(
    paths: FloatArray, segments: int, low: int, high: int, weights: FloatArray, whole: FloatArray
) -> FloatArray:
    """Return the coefficient of each atom in each segment of time, (segments, m)."""
    if segments == 1:
        return np.asarray(weights @ whole[low : high + 1])[None]
    length = (len(paths) - 1) // segments
    slopes = np.zeros((segments, paths.shape[1]))
    for row in range(segments):
        # neighbouring segments share a frame but no displacement
        part = paths[row * length : (row + 1) * length + 1]
        slopes[row] = weights @ mean_squared_displacements(part)[low : high + 1]
    return slopes


def error_of_coefficients(samples: FloatArray, collective: FloatArray) -> tuple[float, float, list[str]]:
    """Return the standard error of D, its effective sample size, and notes."""
    notes: list[str] = []
    n, m = len(samples), len(collective)
    error = math.sqrt(float(np.var(samples, ddof=1)) / n) if n > 1 else math.nan
    n_effective = float(n)
    if m < 4:
        notes.append("too short to test whether atoms move together: the error takes them as independent")
        return error, n_effective, notes
    over_time = math.sqrt(float(np.var(collective, ddof=1)) / m)
    if n == 1 or over_time > 0.0:
        ratio = (over_time / error) ** 2 if n > 1 and error > 0.0 else math.inf
        if ratio > float(scipy.special.fdtri(m - 1, max(n - 1, 1), 0.95)):
            notes.append(f"atoms move together: the error is that of {m} segments of time")
            return over_time, float(m), notes
    return error, n_effective, notes


def exponent_of(times: FloatArray, curves: FloatArray, n_effective: float) -> tuple[float, float]:
    """Return d log MSD / d log t and its error, to first order from the spread over atoms."""
    mean = curves.mean(axis=1)
    if np.any(mean <= 0.0):
        return math.nan, math.nan
    weights = slope_weights(np.log(times))
    exponent = float(weights @ np.log(mean))
    n = curves.shape[1]
    if n < 2:
        return exponent, math.inf
    influence = (weights / mean) @ (curves - mean[:, None])
    return exponent, math.sqrt(float(np.var(influence, ddof=1)) / min(float(n), max(n_effective, 1.0)))
