"""From positions to sorted rows: periodic images in reach, and bins to search them by.

Rows are ordered by species, then by bin, so that the neighbours of one species within a range of bins along x are
one contiguous run. Everything here is a pure function of positions and cell: the same bits in, the same lists out.
"""

from __future__ import annotations

import math

from nakmd.kernels.jit import kernel, parallel_kernel, prange, term

#: Atoms or rows that one iteration of a parallel loop owns.
CHUNK = 2048


@term
def image_range(fraction, reach, periodic):
    """Return the first and the last lattice shift that bring an atom within ``reach`` (fractional) of the cell."""
    if periodic:
        return math.ceil(-reach - fraction), math.floor(1.0 + reach - fraction)
    return 0, 0


@parallel_kernel
def fill_home_images(positions, inverse, periodic, species, reach, out_shifts, out_fractions, out_counts, out_lost):
    """Find where each atom is in the cell, and how many images of it lie within reach, itself included.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
    inverse : (3, 3) float64 [1/Å]
    periodic : (3,) bool
    species : (n,) int64
    reach : (n_species, 3) float64
        List cutoff over the height of the cell.
    out_shifts : (n, 3) int32
        Lattice shift that brings the atom into the cell.
    out_fractions : (n, 3) float64
        Fractional coordinates there.
    out_counts : (n,) int64
    out_lost : (n_chunks,) int64
        -1, or the first atom of the chunk whose position is not finite or absurdly far away.
    """
    n = positions.shape[0]
    for chunk in prange(out_lost.shape[0]):
        out_lost[chunk] = -1
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            count = 1
            for c in range(3):
                f = positions[i, 0] * inverse[0, c] + positions[i, 1] * inverse[1, c] + positions[i, 2] * inverse[2, c]
                if not abs(f) < 1.0e8:
                    if out_lost[chunk] < 0:
                        out_lost[chunk] = i
                    f = 0.0
                shift = -math.floor(f) if periodic[c] else 0.0
                out_shifts[i, c] = int(shift)
                out_fractions[i, c] = f + shift
                low, high = image_range(f + shift, reach[species[i], c], periodic[c])
                count *= high - low + 1
            out_counts[i] = count


@parallel_kernel
def fill_images(
    positions, matrix, fractions, species, shifts, reach, periodic, first,
    out_atoms, out_shifts, out_home, out_coordinates,
):  # fmt: skip
    """Write all images within reach, atom by atom.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
    matrix : (3, 3) float64 [Å]
    fractions, species, shifts, reach, periodic
        As in `fill_home_images`.
    first : (n + 1,) int64
        Row of the first image of each atom.
    out_atoms : (n_rows,) int32
    out_shifts : (n_rows, 3) int32
        Lattice shift from the atom's position to the image.
    out_home : (n_rows,) bool
        Whether the image is the atom itself, in the cell.
    out_coordinates : (3, n_rows) float64 [Å]
    """
    n = positions.shape[0]
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            a = species[i]
            u0, u1 = image_range(fractions[i, 0], reach[a, 0], periodic[0])
            v0, v1 = image_range(fractions[i, 1], reach[a, 1], periodic[1])
            w0, w1 = image_range(fractions[i, 2], reach[a, 2], periodic[2])
            k = first[i]
            for u in range(u0, u1 + 1):
                for v in range(v0, v1 + 1):
                    for w in range(w0, w1 + 1):
                        su, sv, sw = shifts[i, 0] + u, shifts[i, 1] + v, shifts[i, 2] + w
                        out_atoms[k] = i
                        out_shifts[k, 0], out_shifts[k, 1], out_shifts[k, 2] = su, sv, sw
                        out_home[k] = u == 0 and v == 0 and w == 0
                        for c in range(3):
                            out_coordinates[c, k] = (
                                positions[i, c] + su * matrix[0, c] + sv * matrix[1, c] + sw * matrix[2, c]
                            )
                        k += 1


@term
def bin_of(coordinate, low, inverse_edge, n_bins):
    """Return the bin of a coordinate along one axis."""
    return min(n_bins - 1, max(0, int((coordinate - low) * inverse_edge)))


@parallel_kernel
def fill_keys(coordinates, atoms, species, low, inverse_edges, shape, out_keys):
    """Write species and bin of every row as one number: all bins of the first species come first.

    Parameters
    ----------
    coordinates : (3, n_rows) float64 [Å]
    atoms : (n_rows,) int32
    species : (n_atoms,) int64
    low, inverse_edges : (3,) float64
        Corner of the grid [Å] and bins per length [1/Å].
    shape : (3,) int64
        Bins along x, y, z; x runs fastest.
    out_keys : (n_rows,) int64
    """
    n_rows = atoms.shape[0]
    n_bins = shape[0] * shape[1] * shape[2]
    for chunk in prange((n_rows + CHUNK - 1) // CHUNK):
        for k in range(chunk * CHUNK, min(n_rows, (chunk + 1) * CHUNK)):
            x = bin_of(coordinates[0, k], low[0], inverse_edges[0], shape[0])
            y = bin_of(coordinates[1, k], low[1], inverse_edges[1], shape[1])
            z = bin_of(coordinates[2, k], low[2], inverse_edges[2], shape[2])
            out_keys[k] = species[atoms[k]] * n_bins + (z * shape[1] + y) * shape[0] + x


@kernel
def sort_by_key(keys, out_start, out_order):
    """Order rows by key (a stable counting sort).

    Parameters
    ----------
    keys : (n_rows,) int64
    out_start : (n_keys + 1,) int64
        First place of each key in the new order.
    out_order : (n_rows,) int64
        Rows in their new order.
    """
    out_start[:] = 0
    for k in range(keys.shape[0]):
        out_start[keys[k] + 1] += 1
    for key in range(out_start.shape[0] - 1):
        out_start[key + 1] += out_start[key]
    for k in range(keys.shape[0]):
        out_order[out_start[keys[k]]] = k
        out_start[keys[k]] += 1
    # every start is now the end of its key: move them back by one
    for key in range(out_start.shape[0] - 1, 0, -1):
        out_start[key] = out_start[key - 1]
    out_start[0] = 0


@parallel_kernel
def reorder_rows(order, atoms, shifts, home, coordinates, out_atoms, out_shifts, out_home, out_coordinates):
    """Write atoms, shifts, home flags and coordinates of rows in a new order; arrays as in `fill_images`."""
    n_rows = order.shape[0]
    for chunk in prange((n_rows + CHUNK - 1) // CHUNK):
        for k in range(chunk * CHUNK, min(n_rows, (chunk + 1) * CHUNK)):
            row = order[k]
            out_atoms[k] = atoms[row]
            out_home[k] = home[row]
            for c in range(3):
                out_shifts[k, c] = shifts[row, c]
                out_coordinates[c, k] = coordinates[c, row]


@parallel_kernel
def fill_offsets(shifts, matrix, out_offsets):
    """Write the translation [Å] of every row, (n_rows, 3), for its lattice shift."""
    n_rows = shifts.shape[0]
    for chunk in prange((n_rows + CHUNK - 1) // CHUNK):
        for k in range(chunk * CHUNK, min(n_rows, (chunk + 1) * CHUNK)):
            for c in range(3):
                out_offsets[k, c] = (
                    shifts[k, 0] * matrix[0, c] + shifts[k, 1] * matrix[1, c] + shifts[k, 2] * matrix[2, c]
                )
