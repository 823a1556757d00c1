"""Layers and bulk region of a density profile."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import scipy

from nakmd.analysis.geometry.wall import BULK_START, LEAST_BULK
from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.errors import AnalysisError

#: Width [Å] of the Gaussian that smooths a profile before the search for layers.
SMOOTHING = 0.3

#: Minimum thickness [Å] of a bulk region, and its minimum mean number of atoms of each kind.
BULK_THICKNESS, LEAST_OF_KIND = 3.0, 1.0

#: The free surface of a liquid begins this far [Å] before the point where its density has fallen to a tenth.
SURFACE = 7.0

#: Largest relative difference in density between the two halves of a bulk region, besides counting noise.
UNIFORMITY = 0.1


@dataclass(frozen=True)
class Layer:
    """Liquid between two minima of its density, or between the wall and the first minimum.

    Attributes
    ----------
    start, end : float [Å]
        Distances from the wall.
    peak : float [Å]
        Distance of the highest density.
    """

    start: float
    end: float
    peak: float


def find_peaks(edges: FloatArray, counts: FloatArray, volumes: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return the smoothed profile and the bins of its peaks, from the wall outwards.

    Parameters
    ----------
    edges : (n_bins + 1,) float64 [Å]
    counts : (n_bins,) float64
        Number of atoms in each bin, summed over all frames.
    volumes : (n_bins,) float64 [Å³]
        Summed over all frames.

    Returns
    -------
    density : (n_bins,) float64 [1/Å³]
    peaks : (n_peaks,) int64
        Peaks whose prominence exceeds four times the counting noise and a tenth of the highest density.
    """
    sigma = SMOOTHING / float(edges[1] - edges[0])
    # smooth counts and volumes separately: bins of small volume then have small weight
    atoms = scipy.ndimage.gaussian_filter1d(counts, sigma, mode="constant")
    space = scipy.ndimage.gaussian_filter1d(volumes, sigma, mode="constant")
    density = np.divide(atoms, space, out=np.zeros(len(counts)), where=space > 0.0)
    # a Gaussian of width σ averages over about 2√π σ
    noise = density / np.sqrt(np.maximum(atoms * max(1.0, 2.0 * math.sqrt(math.pi) * sigma), 1e-9))
    peaks, properties = scipy.signal.find_peaks(density, prominence=0.1 * float(density.max(initial=0.0)))
    return density, peaks[properties["prominences"] > 4.0 * noise[peaks]] if len(peaks) else peaks


def find_layers(edges: FloatArray, counts: FloatArray, volumes: FloatArray) -> tuple[Layer, ...]:
    """Return the layers of a profile, from the wall outwards; parameters as in `find_peaks`.

    Returns
    -------
    tuple of Layer
        Only layers followed by a minimum and another peak; a last peak that merges into the bulk is not a layer.
    """
    density, peaks = find_peaks(edges, counts, volumes)
    layers, start = [], 0.0
    for peak, following in itertools.pairwise(peaks):
        # between the layers of a crystal the density is zero over many bins: use the middle one
        valley = density[peak : following + 1]
        lowest = np.flatnonzero(valley <= valley.min() * (1.0 + 1e-9))
        bottom = peak + int(lowest[len(lowest) // 2])
        end = float(0.5 * (edges[bottom] + edges[bottom + 1]))
        layers.append(Layer(start, end, float(0.5 * (edges[peak] + edges[peak + 1]))))
        start = end
    return tuple(layers)


def check_bulk(asked: tuple[float, float] | None) -> None:
    """Raise `AnalysisError` unless a requested bulk region is a range of distances from the wall [Å]."""
    if asked is not None and not 0.0 <= asked[0] < asked[1]:
        raise AnalysisError(f"The bulk must be a range (from, to) of distances from the wall in Å, got {asked}.")


def find_bulk(
    edges: FloatArray, counts: FloatArray, volumes: FloatArray, asked: tuple[float, float] | None, where: str
) -> BoolArray:
    """Return the bins of the bulk region.

    Parameters
    ----------
    edges : (n_bins + 1,) float64 [Å]
    counts : (n_kinds, n_bins) float64
        Mean numbers of atoms.
    volumes : (n_bins,) float64 [Å³]
    asked : (float, float) [Å], optional
        Requested range. Default: from `BULK_START` to 7 Å before the density, averaged over 3 Å, falls to a tenth of
        its value at the start; to the end of the profile if it does not.
    where : str
        The side of the wall, for messages.

    Returns
    -------
    (n_bins,) bool

    Raises
    ------
    AnalysisError
        If the range is thinner than 3 Å, contains fewer than 20 atoms on average or none of a kind, or if its density
        is not uniform, as in a droplet.
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
        extent = f"metal extends to {edges[filled[-1] + 1]:.1f} Å" if len(filled) else "there is no metal on this side"
        region = f"beyond {start:g} Å" if not math.isfinite(end) else f"from {start:g} to {end:.1f} Å"
        raise AnalysisError(
            f"There is no bulk liquid {where}: the region {region} from the wall contains {atoms.sum():.1f} atoms on "
            f"average in a thickness of {thickness:.1f} Å ({extent}). It must contain at least {LEAST_BULK:.0f} atoms, "
            f"some of each kind, and be {BULK_THICKNESS:g} Å thick. Pass bulk=(from, to) if the bulk is elsewhere, or "
            "simulate more liquid."
        )
    rows = np.flatnonzero(inside)
    halves = (rows[: len(rows) // 2], rows[len(rows) // 2 :])
    near, far = (counts[:, half].sum() for half in halves)
    half_volumes = [volumes[half].sum() for half in halves]
    expected = (near + far) * half_volumes[0] / sum(half_volumes)
    if abs(near - expected) > UNIFORMITY * expected + 2.5 * math.sqrt(expected):
        raise AnalysisError(
            f"There is no bulk liquid {where}: between {edges[rows[0]]:.1f} and {edges[rows[-1] + 1]:.1f} Å from the "
            f"wall the density changes from {near / half_volumes[0]:.4f} to {far / half_volumes[1]:.4f} atoms/Å³, as "
            "in a droplet. Pass bulk=(from, to) if the bulk is elsewhere."
        )
    return np.asarray(inside)
