"""Candidates of every central atom: the rows within the outer radius, searched over bins.

This is the outer level of the neighbour lists (`nakmd.kernels.slices` has the inner one).
"""

from __future__ import annotations

import math

import numpy as np

from nakmd.kernels.cells import bin_of
from nakmd.kernels.jit import fast_parallel_kernel, prange, term
from nakmd.kernels.simd import LANES, count_of
from nakmd.kernels.simd_arrays import load, load_index, store_chosen

#: Centres searched by one iteration of the parallel loop.
CHUNK = 64

#: Unused entries at the end of a row of candidates, so that a vector load from the last candidate stays inside the row.
ROOM = 16

_LANE_NUMBERS = np.arange(LANES, dtype=np.int32)


@fast_parallel_kernel
def find_neighbors(
    xs, ys, zs, start, low, inverse_edges, shape, ranks, centers, center_species, radii, near_radii, padding,
    out_found, out_counts, out_near,
):  # fmt: skip
    """Write the candidates of every central atom, species by species.

    Parameters
    ----------
    xs, ys, zs : (n_rows + 8,) float64 [Å]
        Coordinates in bin order; the last eight are padding that is read but never counted.
    start : (n_species * n_bins + 1,) int32
        First row of each species and bin.
    low, inverse_edges, shape, ranks
        The grid, as in `cells.fill_keys`.
    centers : (n_centers,) int32
        Rows of the central atoms.
    center_species : (n_centers,) int32
    radii, near_radii : (n_species, n_species) float64 [Å]
        Radius of the candidates [centre, neighbour] and that of the inner level; 0 where the two do not interact.
    padding : int
        Row that means "no neighbour".
    out_found : (n_centers, capacity) int32
        Rows of the candidates, followed by `ROOM` times ``padding``; more than ``capacity - ROOM`` may not fit.
    out_counts : (n_centers, n_species) int32
        Number of candidates, including those that did not fit.
    out_near : (n_centers, n_species) int32
        Number of candidates within ``near_radii``.
    """
    n_centers = centers.shape[0]
    n_species = radii.shape[0]
    lanes = load_index(_LANE_NUMBERS, 0)
    room = out_found.shape[1] - ROOM
    for chunk in prange((n_centers + CHUNK - 1) // CHUNK):
        for c in range(chunk * CHUNK, min(n_centers, (chunk + 1) * CHUNK)):
            center = centers[c]
            a = center_species[c]
            x, y, z = xs[center], ys[center], zs[center]
            found = out_found[c]
            total = 0
            for b in range(n_species):
                begin = total
                near_count = 0
                radius = radii[a, b]
                if radius > 0.0:
                    y0 = bin_of(y - radius, low[1], inverse_edges[1], shape[1])
                    y1 = bin_of(y + radius, low[1], inverse_edges[1], shape[1])
                    z0 = bin_of(z - radius, low[2], inverse_edges[2], shape[2])
                    z1 = bin_of(z + radius, low[2], inverse_edges[2], shape[2])
                    square = radius * radius
                    near_square = near_radii[a, b] * near_radii[a, b]
                    for w in range(z0, z1 + 1):
                        gap_z = outside(z, low[2], inverse_edges[2], w)
                        for v in range(y0, y1 + 1):
                            q0, end = run_of(x, y, square, gap_z, b, v, w, start, low, inverse_edges, shape, ranks)
                            for q in range(q0, end, LANES):
                                dx = load(xs, q) - x
                                dy = load(ys, q) - y
                                dz = load(zs, q) - z
                                r2 = dx * dx + dy * dy + dz * dz
                                itself = center - q
                                seen = (r2 < square) & (lanes < end - q) & ((lanes < itself) | (lanes > itself))
                                near_count += count_of((r2 < near_square) & seen)
                                if total <= room:
                                    total += store_chosen(found, total, lanes + q, seen)
                                else:
                                    total += count_of(seen)
                out_counts[c, b] = total - begin
                out_near[c, b] = near_count
            if total <= room:
                for k in range(total, total + ROOM):
                    found[k] = padding


@term
def run_of(x, y, square, gap_z, b, v, w, start, low, inverse_edges, shape, ranks):
    """Return the first and the end of the rows of species b in the bins (v, w) that a sphere may reach.

    ``square`` is that of its radius [Å²], x and y are its centre, ``gap_z`` is how far it lies outside w.
    """
    gap_y = outside(y, low[1], inverse_edges[1], v)
    chord = square - gap_y * gap_y - gap_z * gap_z
    if chord < 0.0:
        return 0, 0
    half = math.sqrt(chord)
    x0 = bin_of(x - half, low[0], inverse_edges[0], shape[0])
    x1 = bin_of(x + half, low[0], inverse_edges[0], shape[0])
    run = (b * shape[1] * shape[2] + ranks[w, v]) * shape[0]
    return start[run + x0], start[run + x1 + 1]


@term
def outside(coordinate, low, inverse_edge, k):
    """Return how far a coordinate lies outside bin k along one axis [Å], reduced by a margin for rounding."""
    below = low + k / inverse_edge - coordinate
    above = coordinate - low - (k + 1) / inverse_edge
    return max(0.0, max(below, above) - 1.0e-6)
