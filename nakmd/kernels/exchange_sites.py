"""The neighbours of single places, found in the bins of all rows without a list.

During moves, places stay and their occupants change. A place is the position of one atom when the moves of
a step begin; the rows of `nakmd.neighbors.images.Images` are its images.
"""

from __future__ import annotations

import math

from nakmd.kernels.candidates import outside, run_of
from nakmd.kernels.cells import bin_of
from nakmd.kernels.jit import lean_kernel, term


@term
def find_near(grid, row_places, row, reach, out_places, out_distances):
    """Write the places within reach of a row, and their distances; return their number, also if they do not fit.

    Parameters
    ----------
    grid : nakmd.neighbors.images.Grid
    row_places : (n_rows,) int32
        Place that each row is an image of.
    row : int
    reach : (n_species,) float64 [Å]
        For the rows of each species, as they are ordered; 0 where none are searched.
    out_places : (capacity,) int32
        A place occurs once for each of its images within reach.
    out_distances : (capacity,) float64 [Å]
    """
    xs, ys, zs, start, low, inverse_edges, shape, ranks = grid
    x, y, z = xs[row], ys[row], zs[row]
    n = 0
    for b in range(reach.shape[0]):
        radius = reach[b]
        if not radius > 0.0:
            continue
        y0 = bin_of(y - radius, low[1], inverse_edges[1], shape[1])
        y1 = bin_of(y + radius, low[1], inverse_edges[1], shape[1])
        z0 = bin_of(z - radius, low[2], inverse_edges[2], shape[2])
        z1 = bin_of(z + radius, low[2], inverse_edges[2], shape[2])
        square = radius * radius
        for w in range(z0, z1 + 1):
            gap_z = outside(z, low[2], inverse_edges[2], w)
            for v in range(y0, y1 + 1):
                q0, end = run_of(x, y, square, gap_z, b, v, w, start, low, inverse_edges, shape, ranks)
                for q in range(q0, end):
                    dx, dy, dz = xs[q] - x, ys[q] - y, zs[q] - z
                    r2 = dx * dx + dy * dy + dz * dz
                    if r2 < square and q != row:
                        if n < out_places.shape[0]:
                            out_places[n] = row_places[q]
                            out_distances[n] = math.sqrt(r2)
                        n += 1
    return n


@lean_kernel
def find_all(grid, row_places, home, changed, reach, out_places, out_distances, out_counts):
    """Write the neighbours of the places of a trial.

    Parameters
    ----------
    grid, row_places, reach
        As in `find_near`.
    home : (n_places,) int64
        Row of each place in the cell.
    changed : (m,) int64
        The places whose occupants change.
    out_places, out_distances : (m or more, capacity) int32 and float64 [Å]
    out_counts : (m or more,) int64
        Number of neighbours, also if they do not fit.
    """
    for side in range(changed.shape[0]):
        n = find_near(grid, row_places, home[changed[side]], reach, out_places[side], out_distances[side])
        out_counts[side] = n


@term
def label_after(labels, changed, after, place):
    """Return the species at a place after the places ``changed`` have got the species ``after``, both (m,)."""
    for side in range(changed.shape[0]):
        if place == changed[side]:
            return after[side]
    return labels[place]


@term
def share_of(changed, place):
    """Return how much a sum over the neighbours of the changed places counts a pair: half, if both change."""
    for side in range(changed.shape[0]):
        if place == changed[side]:
            return 0.5
    return 1.0
