"""The first coordination shell in a radial distribution function."""

from __future__ import annotations

import math

import numpy as np
import scipy  # its modules load on first use: a deck checks its quantities before the first step

from nakmd.arrays import FloatArray

#: Width [Å] of the Gaussian that smooths g(r) before the search for its first minimum.
SMOOTHING = 0.1


def first_shell(g: FloatArray, edges: FloatArray, expected: FloatArray) -> tuple[float, int]:
    """Return the position [Å] of the first peak and the index of the edge at the following minimum (0 if none)."""
    width = edges[1] - edges[0]
    smooth = scipy.ndimage.gaussian_filter1d(g, SMOOTHING / width) if width < SMOOTHING else g
    highest = float(smooth.max(initial=0.0))
    # a peak must exceed the noise of an ideal gas (the Gaussian averages over 2√π widths) and any ripple
    averaged = max(1.0, 2.0 * math.sqrt(math.pi) * SMOOTHING / width)
    noise = np.sqrt(1.0 / np.maximum(expected * averaged, 1e-9))
    peaks, _ = scipy.signal.find_peaks(
        smooth, prominence=max(0.08 * highest, 0.05), height=np.maximum(1.0 + 4.0 * noise, max(1.05, 0.3 * highest))
    )
    if len(peaks) == 0:
        return math.nan, 0
    first = int(peaks[0])
    further, _ = scipy.signal.find_peaks(smooth[first:], prominence=max(0.03 * highest, 0.02))
    peak = float(0.5 * (edges[first] + edges[first + 1]))
    if len(further) == 0:
        return peak, 0
    valley = smooth[first : first + int(further[0]) + 1]
    # between the shells of a crystal g(r) is zero over many bins: take the middle
    lowest = np.flatnonzero(valley <= valley.min() + 1e-12)
    return peak, first + int(lowest[len(lowest) // 2]) + 1
