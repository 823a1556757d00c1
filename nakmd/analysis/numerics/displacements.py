"""Mean squared displacements over all time origins, their slope, and the error of the slope."""

from __future__ import annotations

import math

import numpy as np
import scipy

from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError
from nakmd.kernels import sampling

#: With fewer particles than this, the error comes from time segments of their paths.
FEW = 16

#: From this many pairs of frames per frame on, the Fourier transform is faster than the direct sum (measured).
WORTH_TRANSFORMING = 75


def mean_squared_displacements(paths: FloatArray, first: int = 0, last: int | None = None) -> FloatArray:
    r"""Return the squared displacement of each particle, averaged over all time origins.

    .. math:: m_i(k) = \frac{1}{n - k} \sum_{t=0}^{n-k-1} |r_i(t + k) - r_i(t)|^2

    Parameters
    ----------
    paths : (n, m, d) float64 [Å]
        Unwrapped positions of m particles in n frames.
    first, last : int
        Range of lags in frames; default: all.

    Returns
    -------
    (lags, m) float64 [Å²]

    Notes
    -----
    A few lags or frames are summed directly. Otherwise the correlation theorem needs n log n operations instead
    of n².

    References
    ----------
    Calandrini et al., Collection SFN 12, 201 (2011), sec. 4.2. doi:10.1051/sfn/201112010
    """
    n = len(paths)
    stop = n if last is None else last + 1
    pairs = sum(n - lag for lag in range(first, stop))
    if pairs < WORTH_TRANSFORMING * n:
        direct = np.zeros((stop - first, paths.shape[1]))
        sampling.average_squared_displacements(np.ascontiguousarray(paths), first, direct)
        return direct
    r = paths - paths.mean(axis=0)  # smaller numbers: less cancellation in the difference below
    size = scipy.fft.next_fast_len(2 * n, real=True)
    transform = scipy.fft.rfft(r, size, axis=0)
    power = np.sum(transform.real**2 + transform.imag**2, axis=2)
    products = scipy.fft.irfft(power, size, axis=0)[:n]
    squares = np.sum(r**2, axis=2)
    edges = np.zeros_like(squares)
    np.cumsum(squares[:-1] + squares[:0:-1], axis=0, out=edges[1:])
    sums = 2.0 * squares.sum(axis=0) - edges
    # cancellation can leave -1e-16 for a particle that does not move
    return np.asarray(np.maximum((sums - 2.0 * products) / np.arange(n, 0, -1)[:, None], 0.0)[first:stop])


def slope_weights(times: FloatArray) -> FloatArray:
    """Return the weights w for which w·y is the slope of the least-squares line through (times, y)."""
    centred = times - times.mean()
    return np.asarray(centred / float(centred @ centred))


def segment_slopes(paths: FloatArray, segments: int, low: int, high: int, weights: FloatArray) -> FloatArray:
    """Return the coefficient of each particle in each time segment.

    Parameters
    ----------
    paths : (n, m, d) float64 [Å]
    segments : int
        Number of segments of equal length; adjacent segments share a frame but no displacement.
    low, high : int
        First and last lag of the fit, in frames.
    weights : (high - low + 1,) float64
        Coefficient = weights · MSD.

    Returns
    -------
    (segments, m) float64
    """
    length = (len(paths) - 1) // max(segments, 1)
    slopes = np.zeros((segments, paths.shape[1]))
    for row in range(segments):
        segment = paths[row * length : (row + 1) * length + 1]
        slopes[row] = weights @ mean_squared_displacements(segment, low, high)
    return slopes


def error_of_coefficient(whole: FloatArray, segments: FloatArray) -> tuple[float, float, bool, list[str]]:
    """Return the error of the mean coefficient, and how it was obtained.

    Parameters
    ----------
    whole : (m,) float64
        Coefficient of each particle, from the whole run.
    segments : (s, m) float64
        Coefficient of each particle in each time segment.

    Returns
    -------
    error : float
    n_effective : float
    over_time : bool
        True if the error is that of time segments, because particles move together or there is only one.
    notes : list of str
    """
    m, s = len(whole), len(segments)
    if s >= 3:
        over_time = math.sqrt(float(np.var(segments.mean(axis=1), ddof=1)) / s)
        if m == 1:
            return over_time, float(s), True, []
        # variance of the segment means if the particles moved independently
        independent = float(np.mean(np.var(segments, axis=1, ddof=1))) / (m * s)
        if over_time**2 > independent * float(scipy.special.fdtri(s - 1, s * (m - 1), 0.95)):
            return over_time, float(s), True, [f"the atoms move together: the error is that of {s} time segments"]
    samples = segments.ravel() if m < FEW and s > 1 else whole
    n = len(samples)
    error = math.sqrt(float(np.var(samples, ddof=1)) / n) if n > 1 else math.nan
    notes = [] if s >= 3 else ["too short to test whether the atoms move together: the error takes them as independent"]
    return error, float(n), False, notes


def exponent_of(times: FloatArray, curves: FloatArray) -> tuple[float, float]:
    """Return d log MSD / d log t and its error, to first order in the scatter over particles.

    Parameters
    ----------
    times : (k,) float64 [ps]
    curves : (k, m) float64 [Å²]
        Mean squared displacement of each particle at these lags.
    """
    mean = curves.mean(axis=1)
    if np.any(mean <= 0.0):
        return math.nan, math.nan
    weights = slope_weights(np.log(times))
    m = curves.shape[1]
    influence = (weights / mean) @ (curves - mean[:, None])
    error = math.sqrt(float(np.var(influence, ddof=1)) / m) if m > 1 else math.nan
    return float(weights @ np.log(mean)), error


def check_fit(fit: tuple[float, float] | None) -> None:
    """Raise `AnalysisError` unless a requested fit window [ps] has 0 < start < stop."""
    if fit is not None and not 0.0 < fit[0] < fit[1]:
        raise AnalysisError(f"The fit window needs 0 < start < stop in ps, got {fit[0]} to {fit[1]}.")


def fit_window(
    fit: tuple[float, float] | None, n: int, step: float, latest: tuple[float, float] = (2.0, 20.0)
) -> tuple[int, int]:
    """Return the first and the last lag of the linear fit, in frames.

    Parameters
    ----------
    fit : (float, float) [ps] or None
        Requested window; None for 1/20 to 1/8 of the time covered.
    n : int
        Number of frames.
    step : float [ps]
        Time between frames.
    latest : (float, float) [ps]
        Upper limits of the start and the end of the default window.

    Raises
    ------
    AnalysisError
        If the window ends after the last frame, or contains fewer than three lags.
    """
    covered = (n - 1) * step
    if fit is None:
        low = max(1, round(min(latest[0], covered / 20) / step))
        return low, min(max(low + 2, round(min(latest[1], covered / 8) / step)), n - 1)
    low, high = math.ceil(fit[0] / step - 1e-6), math.floor(fit[1] / step + 1e-6)
    if high > n - 1:
        raise AnalysisError(
            f"The fit window ends at {fit[1]:g} ps, but the frames cover only {covered:g} ps. "
            f"Choose a window that ends before {covered / 3:.3g} ps, or run longer."
        )
    if high - low < 2:
        raise AnalysisError(
            f"The fit window {fit[0]:g} to {fit[1]:g} ps contains {max(high - low + 1, 0)} lags "
            f"of {step:g} ps; at least 3 are needed. Widen it, or write frames more often."
        )
    return low, high
