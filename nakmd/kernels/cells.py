"""From positions to sorted rows: periodic images in reach, and bins to search them by.

Rows are ordered by species, then by bin, so that the neighbours of one species within a range of bins along x are
one contiguous run. Everything here is a pure function of positions and cell: the same bits in, the same lists out.
"""

from __future__ import annotations

import math

from nakmd.kernels.jit import kernel, term


@kernel
def fill_home_images(positions, inverse, periodic, out_shifts, out_fractions):
    """Write the lattice shift that brings each atom into the cell, and its fractional coordinates there.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
    inverse : (3, 3) float64 [1/Å]
    periodic : (3,) bool
    out_shifts : (n, 3) int32
    out_fractions : (n, 3) float64

    Returns
    -------
    int
        -1, or the first atom whose position is not finite or absurdly far away.
    """
    for i in range(positions.shape[0]):
        for c in range(3):
            f = positions[i, 0] * inverse[0, c] + positions[i, 1] * inverse[1, c] + positions[i, 2] * inverse[2, c]
            if not abs(f) < 1.0e8:
                return i
            shift = -math.floor(f) if periodic[c] else 0.0
            out_shifts[i, c] = int(shift)
            out_fractions[i, c] = f + shift
    return -1


@kernel
def count_images(fractions, species, reach, periodic, out_first):
    """Count the images of every atom within reach of the cell, itself included.

    Parameters
    ----------
    fractions : (n, 3) float64
    species : (n,) int64
    reach : (n_species, 3) float64
        List cutoff over the height of the cell.
    periodic : (3,) bool
    out_first : (n + 1,) int64
        Row of the first image of each atom.
    """
    out_first[0] = 0
    for i in range(species.shape[0]):
        count = 1
        for c in range(3):
            if periodic[c]:
                low = math.ceil(-reach[species[i], c] - fractions[i, c])
                high = math.floor(1.0 + reach[species[i], c] - fractions[i, c])
                count *= int(high) - int(low) + 1
        out_first[i + 1] = out_first[i] + count


@kernel
def fill_images(fractions, species, shifts, reach, periodic, first, out_atoms, out_shifts, out_home):
    """Write atom, total lattice shift and whether it is the atom itself, for every image counted."""
    low = [0, 0, 0]
    high = [0, 0, 0]
    for i in range(species.shape[0]):
        for c in range(3):
            low[c] = 0
            high[c] = 0
            if periodic[c]:
                low[c] = math.ceil(-reach[species[i], c] - fractions[i, c])
                high[c] = math.floor(1.0 + reach[species[i], c] - fractions[i, c])
        k = first[i]
        for u in range(low[0], high[0] + 1):
            for v in range(low[1], high[1] + 1):
                for w in range(low[2], high[2] + 1):
                    out_atoms[k] = i
                    out_shifts[k, 0] = shifts[i, 0] + u
                    out_shifts[k, 1] = shifts[i, 1] + v
                    out_shifts[k, 2] = shifts[i, 2] + w
                    out_home[k] = u == 0 and v == 0 and w == 0
                    k += 1


@term
def bin_of(coordinate, low, inverse_edge, n_bins):
    """Return the bin of a coordinate along one axis."""
    return min(n_bins - 1, max(0, int((coordinate - low) * inverse_edge)))


@kernel
def sort_into_bins(coordinates, row_species, low, inverse_edges, shape, out_start, out_order):
    """Order rows by species and bin (a stable counting sort).

    Parameters
    ----------
    coordinates : (n_rows, 3) float64 [Å]
    row_species : (n_rows,) int64
    low, inverse_edges : (3,) float64
        Corner of the grid [Å] and bins per length [1/Å].
    shape : (3,) int64
        Bins along x, y, z; x runs fastest.
    out_start : (n_species * n_bins + 1,) int64
        First row of each species and bin.
    out_order : (n_rows,) int64
        Rows in their new order.
    """
    n_rows = coordinates.shape[0]
    n_bins = shape[0] * shape[1] * shape[2]
    out_start[:] = 0
    for pass_ in range(2):
        for k in range(n_rows):
            x = bin_of(coordinates[k, 0], low[0], inverse_edges[0], shape[0])
            y = bin_of(coordinates[k, 1], low[1], inverse_edges[1], shape[1])
            z = bin_of(coordinates[k, 2], low[2], inverse_edges[2], shape[2])
            key = row_species[k] * n_bins + (z * shape[1] + y) * shape[0] + x
            if pass_ == 0:
                out_start[key + 1] += 1
            else:
                out_order[out_start[key]] = k
                out_start[key] += 1
        if pass_ == 0:
            for key in range(out_start.shape[0] - 1):
                out_start[key + 1] += out_start[key]
    # the second pass left every start at the end of its bin: move them back by one
    for key in range(out_start.shape[0] - 1, 0, -1):
        out_start[key] = out_start[key - 1]
    out_start[0] = 0
