"""Where a profile has its layers, and where it is that of the bulk."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import scipy

from nakmd.analysis.geometry.wall import BULK_START, LEAST_BULK
from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.errors import AnalysisError

#: Width [Å] of the Gaussian that a profile is smoothed with before its layers are looked for.
SMOOTHING = 0.3

#: A bulk is at least this thick [Å], and holds at least this many atoms of each kind, on average.
BULK_THICKNESS, LEAST_OF_KIND = 3.0, 1.0

#: The free surface of a liquid begins this far [Å] before its density has fallen to a tenth.
SURFACE = 7.0

#: Near and far half of a bulk are as dense, but for this share and for what chance does to as many atoms.
UNIFORMITY = 0.1


@dataclass(frozen=True)
class Layer:
    """Liquid between two minima of its density, or between the wall and the first.

    Attributes
    ----------
    start, end : float [Å]
        Distances from the wall.
    peak : float [Å]
        Distance at which the density is highest.
    """

    start: float
    end: float
    peak: float


def find_peaks(edges: FloatArray, counts: FloatArray, volumes: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return a smoothed profile and the bins of its peaks, from the wall outwards.

    Parameters
    ----------
    edges : (n_bins + 1,) float64 [Å]
    counts : (n_bins,) float64
        Atoms seen in each bin, over all frames.
    volumes : (n_bins,) float64 [Å³]
        Summed over all frames.

    Returns
    -------
    density : (n_bins,) float64 [1/Å³]
    peaks : (n_peaks,) int64
        Those that stand out by four times their counting noise and by a tenth of the highest.
    """
    sigma = SMOOTHING / float(edges[1] - edges[0])
    # counts and volumes apart: bins of little volume weigh little
    seen = scipy.ndimage.gaussian_filter1d(counts, sigma, mode="constant")
    space = scipy.ndimage.gaussian_filter1d(volumes, sigma, mode="constant")
    density = np.divide(seen, space, out=np.zeros(len(counts)), where=space > 0.0)
    # smoothing by σ averages over about 2√π σ
    noise = density / np.sqrt(np.maximum(seen * max(1.0, 2.0 * math.sqrt(math.pi) * sigma), 1e-9))
    peaks, found = scipy.signal.find_peaks(density, prominence=0.1 * float(density.max(initial=0.0)))
    return density, peaks[found["prominences"] > 4.0 * noise[peaks]] if len(peaks) else peaks


def find_layers(edges: FloatArray, counts: FloatArray, volumes: FloatArray) -> tuple[Layer, ...]:
    """Return the layers of a profile, from the wall outwards; parameters as in `find_peaks`.

    Returns
    -------
    tuple of Layer
        Only those that a minimum and another peak end; a last peak that fades into the bulk is none.
    """
    density, peaks = find_peaks(edges, counts, volumes)
    layers, start = [], 0.0
    for peak, following in itertools.pairwise(peaks):
        # between the layers of a crystal the density is zero over many bins: take the middle
        valley = density[peak : following + 1]
        lowest = np.flatnonzero(valley <= valley.min() * (1.0 + 1e-9))
        bottom = peak + int(lowest[len(lowest) // 2])
        end = float(0.5 * (edges[bottom] + edges[bottom + 1]))
        layers.append(Layer(start, end, float(0.5 * (edges[peak] + edges[peak + 1]))))
        start = end
    return tuple(layers)


def find_bulk(
    edges: FloatArray, counts: FloatArray, volumes: FloatArray, asked: tuple[float, float] | None, where: str
) -> BoolArray:
    """Return which bins are bulk.

    Parameters
    ----------
    edges : (n_bins + 1,) float64 [Å]
    counts : (n_kinds, n_bins) float64
        Mean numbers of atoms.
    volumes : (n_bins,) float64 [Å³]
    asked : (float, float) [Å], optional
        The range. If left out: from `BULK_START` on, up to 7 Å before the density, averaged over 3 Å, falls to a tenth
        of what it is there; to the end of the profile if it does not.
    where : str
        The side of the wall, for messages.

    Returns
    -------
    (n_bins,) bool

    Raises
    ------
    AnalysisError
        If that leaves less than 3 Å, fewer than 20 atoms on average, or none of a kind; or if the density there is not
        that of a liquid that fills the cell: a droplet has no bulk in this sense.
    """
    start, end = asked if asked is not None else (BULK_START, math.inf)
    middles = 0.5 * (edges[1:] + edges[:-1])
    if asked is None:
        width = float(edges[1] - edges[0])
        span = max(1, round(3.0 / width))
        total = scipy.ndimage.uniform_filter1d(counts.sum(axis=0), span, mode="constant")
        space = scipy.ndimage.uniform_filter1d(volumes, span, mode="constant")
        density = np.divide(total, space, out=np.zeros(len(total)), where=space > 0.0)
        beyond = np.flatnonzero((middles > start) & (volumes > 0.0))
        if len(beyond):
            reference = float(density[beyond[: max(1, round(3.0 / width))]].mean())
            thin = beyond[density[beyond] < 0.1 * reference]
            if len(thin):
                end = float(middles[thin[0]]) - SURFACE
    inside = (middles >= start) & (middles < end) & (volumes > 0.0)
    atoms = counts[:, inside].sum(axis=1)
    thickness = float(np.sum(inside)) * float(edges[1] - edges[0])
    if thickness < BULK_THICKNESS or atoms.sum() < LEAST_BULK or np.any(atoms < LEAST_OF_KIND):
        filled = np.flatnonzero(counts.sum(axis=0) > 0.0)
        farthest = f"{edges[filled[-1] + 1]:.1f} Å" if len(filled) else "nowhere"
        reach = "" if not math.isfinite(end) else f" to {end:.1f}"
        raise AnalysisError(
            f"There is no bulk {where} to compare with: from {start:g}{reach} Å of the wall lie {atoms.sum():.1f} "
            f"atoms on average, in a thickness of {thickness:.1f} Å (metal reaches to {farthest}); needed are "
            f"{LEAST_BULK:.0f} atoms, some of each kind, and {BULK_THICKNESS:g} Å. Give bulk=(from, to) if there is "
            "one elsewhere, or simulate more liquid."
        )
    rows = np.flatnonzero(inside)
    near, far = (counts[:, half].sum() for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :]))
    room = [volumes[half].sum() for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :])]
    expected = (near + far) * room[0] / sum(room)
    if abs(near - expected) > UNIFORMITY * expected + 2.5 * math.sqrt(expected):
        raise AnalysisError(
            f"There is no bulk {where} to compare with: between {edges[rows[0]]:.1f} and {edges[rows[-1] + 1]:.1f} Å "
            f"of the wall the density goes from {near / room[0]:.4f} to {far / room[1]:.4f} atoms/Å³, as in a droplet. "
            "Give bulk=(from, to) if there is one elsewhere."
        )
    return np.asarray(inside)
