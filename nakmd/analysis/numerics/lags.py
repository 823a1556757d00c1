"""Lags of correlation functions that are counted frame by frame, and the decay time of their curves."""

from __future__ import annotations

import math

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import AnalysisError

#: Lags in frames of correlation functions: slightly more than three per factor of two.
LAGS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256)


def lags_in_frames(longest: float | None, step: float, n: int, name: str) -> IntArray:
    """Return the lags of `LAGS` up to a time.

    Parameters
    ----------
    longest : float or None [ps]
        Longest lag; None for half of the frames.
    step : float [ps]
        Time between frames.
    n : int
        Number of frames.
    name : str
        Name of the analysis, for messages.

    Raises
    ------
    AnalysisError
        If the longest lag exceeds the time covered, or the largest of `LAGS`.
    """
    if longest is None:
        return np.array([lag for lag in LAGS if lag <= max(1, (n - 1) // 2)])
    covered = (n - 1) * step
    if longest > covered * (1.0 + 1e-9):
        raise AnalysisError(
            f"{name}: the longest lag is {longest:g} ps, but the frames cover only {covered:g} ps. "
            f"Choose longest <= {covered / 2:.3g} ps, or run longer."
        )
    if longest > LAGS[-1] * step * (1.0 + 1e-9):
        raise AnalysisError(
            f"{name}: the longest lag is {longest:g} ps, but lags are counted up to {LAGS[-1]} frames, here "
            f"{LAGS[-1] * step:g} ps. Choose a shorter lag, or use every second frame."
        )
    return np.array([lag for lag in LAGS if lag * step <= longest * (1.0 + 1e-9)])


def decay_time(times: FloatArray, curve: FloatArray) -> float:
    """Return the time at which a curve falls to 1/e of its start, by linear interpolation; NaN if it does not.

    Parameters
    ----------
    times : (n,) float64 [ps]
    curve : (n,) float64
    """
    below = np.flatnonzero(curve <= curve[0] / math.e)
    if len(below) == 0 or below[0] == 0:
        return math.nan
    k = int(below[0])
    fraction = (curve[k - 1] - curve[0] / math.e) / (curve[k - 1] - curve[k])
    return float(times[k - 1] + fraction * (times[k] - times[k - 1]))
