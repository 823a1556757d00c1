"""Squared displacements over all time origins, their slope, and the error of that slope."""

from __future__ import annotations

import math

import numpy as np
import scipy

from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError
from nakmd.kernels import sampling

#: Fewer particles than this have their paths cut into segments of time for the error.
FEW = 16

#: Pairs of frames, per frame, that are summed one by one in the time of a Fourier transform (measured).
WORTH_TRANSFORMING = 75


def mean_squared_displacements(paths: FloatArray, first: int = 0, last: int | None = None) -> FloatArray:
    r"""Return each particle's squared displacement, averaged over all time origins.

    .. math:: m_i(k) = \frac{1}{n - k} \sum_{t=0}^{n-k-1} |r_i(t + k) - r_i(t)|^2

    Parameters
    ----------
    paths : (n, m, d) float64 [Å]
        Unwrapped positions of m particles in n frames.
    first, last : int
        Lags wanted, in frames; all if left out.

    Returns
    -------
    (lags, m) float64 [Å²]

    Notes
    -----
    Few frames, or few lags, pair by pair; many by the correlation theorem in n log n instead of n² operations.

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
    return np.asarray(np.maximum((sums - 2.0 * products) / np.arange(n, 0, -1)[:, None], 0.0)[first:stop])


def slope_weights(times: FloatArray) -> FloatArray:
    """Return w such that w·y is the slope of the least-squares line through (times, y)."""
    centred = times - times.mean()
    return np.asarray(centred / float(centred @ centred))


def segment_slopes(paths: FloatArray, segments: int, low: int, high: int, weights: FloatArray) -> FloatArray:
    """Return the coefficient of each particle in each segment of time.

    Parameters
    ----------
    paths : (n, m, d) float64 [Å]
    segments : int
        Of equal length; neighbours share a frame but no displacement.
    low, high : int
        First and last lag of the straight line.
    weights : (high - low + 1,) float64
        Coefficient = weights · MSD.

    Returns
    -------
    (segments, m) float64
    """
    length = (len(paths) - 1) // max(segments, 1)
    slopes = np.zeros((segments, paths.shape[1]))
    for row in range(segments):
        part = paths[row * length : (row + 1) * length + 1]
        slopes[row] = weights @ mean_squared_displacements(part, low, high)
    return slopes


def error_of_coefficient(whole: FloatArray, segments: FloatArray) -> tuple[float, float, bool, list[str]]:
    """Return the error of the mean coefficient, and what it rests on.

    Parameters
    ----------
    whole : (m,) float64
        Coefficient of each particle, from the whole run.
    segments : (s, m) float64
        The same from segments of time.

    Returns
    -------
    error : float
    n_effective : float
    over_time : bool
        Whether the error is that of segments of time because particles move together (or there is one only).
    notes : list of str
    """
    m, s = len(whole), len(segments)
    if s >= 3:
        over_time = math.sqrt(float(np.var(segments.mean(axis=1), ddof=1)) / s)
        if m == 1:
            return over_time, float(s), True, []
        # what the segments' means would scatter by if the particles moved independently
        independent = float(np.mean(np.var(segments, axis=1, ddof=1))) / (m * s)
        if over_time**2 > independent * float(scipy.special.fdtri(s - 1, s * (m - 1), 0.95)):
            return over_time, float(s), True, [f"atoms move together: the error is that of {s} segments of time"]
    samples = segments.ravel() if m < FEW and s > 1 else whole
    n = len(samples)
    error = math.sqrt(float(np.var(samples, ddof=1)) / n) if n > 1 else math.nan
    notes = [] if s >= 3 else ["too short to test whether atoms move together: taken as independent for the error"]
    return error, float(n), False, notes


def exponent_of(times: FloatArray, curves: FloatArray) -> tuple[float, float]:
    """Return d log MSD / d log t and its error, to first order from the spread over particles.

    Parameters
    ----------
    times : (k,) float64 [ps]
    curves : (k, m) float64 [Å²]
        Squared displacements of each particle at these lags.
    """
    mean = curves.mean(axis=1)
    if np.any(mean <= 0.0):
        return math.nan, math.nan
    weights = slope_weights(np.log(times))
    m = curves.shape[1]
    influence = (weights / mean) @ (curves - mean[:, None])
    error = math.sqrt(float(np.var(influence, ddof=1)) / m) if m > 1 else math.nan
    return float(weights @ np.log(mean)), error


def fit_window(
    fit: tuple[float, float] | None, n: int, step: float, latest: tuple[float, float] = (2.0, 20.0)
) -> tuple[int, int]:
    """Return the first and the last lag, in frames, of the straight line.

    Parameters
    ----------
    fit : (float, float) [ps] or None
        As asked for; None for 1/20 to 1/8 of the time covered.
    n : int
        Frames.
    step : float [ps]
        Between two of them.
    latest : (float, float) [ps]
        Where the window begins and ends at the latest if it was not asked for.

    Raises
    ------
    AnalysisError
        If the window ends after the frames do, or holds fewer than three lags.
    """
    covered = (n - 1) * step
    if fit is None:
        low = max(1, round(min(latest[0], covered / 20) / step))
        return low, min(max(low + 2, round(min(latest[1], covered / 8) / step)), n - 1)
    low, high = math.ceil(fit[0] / step - 1e-6), math.floor(fit[1] / step + 1e-6)
    if high > n - 1:
        raise AnalysisError(
            f"The fit window ends at {fit[1]:g} ps, but the frames cover {covered:g} ps only. "
            f"Choose a window that ends before {covered / 3:.3g} ps, or run longer."
        )
    if high - low < 2:
        raise AnalysisError(
            f"The fit window {fit[0]:g} to {fit[1]:g} ps holds {max(high - low + 1, 0)} lags "
            f"of {step:g} ps, 3 are needed. Widen it, or write frames more often."
        )
    return low, high
