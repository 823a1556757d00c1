"""From positions to sorted rows: periodic images within reach, and the bins in which they are searched.

Rows are ordered by species, then by pencils of bins along x, then by bin, so that the neighbours of one species within
a range of bins along x are one contiguous run. Everything here is a pure function of positions and cell: the same
input bits give the same lists.
"""

from __future__ import annotations

import math

import numpy as np

from nakmd.kernels.jit import kernel, parallel_kernel, prange, term

#: Atoms or rows in one iteration of a parallel loop.
CHUNK = 2048

#: Distance from the origin, in cells, beyond which an atom is lost.
FAR = 1.0e8


@term
def image_range(fraction, reach, periodic):
    """Return the first and the last lattice shift that bring an atom within ``reach`` (fractional) of the cell."""
    if periodic:
        return math.ceil(-reach - fraction), math.floor(1.0 + reach - fraction)
    return 0, 0


@term
def fraction_of(positions, i, inverse, c, periodic):
    """Return the wrapped fractional coordinate c of an atom, the shift that wraps it, and whether the atom is lost.

    An atom is lost if its position is not finite, or farther from the origin than `FAR`.
    """
    f = positions[i, 0] * inverse[0, c] + positions[i, 1] * inverse[1, c] + positions[i, 2] * inverse[2, c]
    lost = not abs(f) < FAR
    if lost:
        f = 0.0
    shift = -math.floor(f) if periodic else 0.0
    return f + shift, int(shift), lost


@term
def image_coordinate(positions, matrix, i, u, v, w, c):
    """Return coordinate c [Å] of atom i shifted by a lattice vector."""
    return positions[i, c] + (u * matrix[0, c] + v * matrix[1, c] + w * matrix[2, c])


@parallel_kernel
def count_images(positions, inverse, periodic, species, reach, out_counts, out_lost):
    """Count the images of each atom that lie within reach of the cell, the atom itself included.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
    inverse : (3, 3) float64 [1/Å]
    periodic : (3,) bool
    species : (n,) int64
    reach : (n_species, 3) float64
        List cutoff divided by the height of the cell.
    out_counts : (n,) int64
    out_lost : (n_chunks,) int64
        -1, or the first lost atom of the chunk.
    """
    n = positions.shape[0]
    for chunk in prange(out_lost.shape[0]):
        out_lost[chunk] = -1
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            count = 1
            for c in range(3):
                f, _, lost = fraction_of(positions, i, inverse, c, periodic[c])
                if lost and out_lost[chunk] < 0:
                    out_lost[chunk] = i
                low, high = image_range(f, reach[species[i], c], periodic[c])
                count *= high - low + 1
            out_counts[i] = count


@parallel_kernel
def fill_images(
    positions, matrix, inverse, periodic, species, reach, first, out_atoms, out_shifts, out_home, out_low, out_high
):
    """Write all images within reach, atom by atom.

    Parameters
    ----------
    positions, inverse, periodic, species, reach
        As in `count_images`.
    matrix : (3, 3) float64 [Å]
    first : (n + 1,) int64
        Row of the first image of each atom.
    out_atoms : (n_rows,) int32
    out_shifts : (n_rows, 3) int32
        Lattice shift from the atom's position to the image.
    out_home : (n_rows,) bool
        Whether the image is the atom itself, in the cell.
    out_low, out_high : (n_chunks, 3) float64 [Å]
        Corners of the box around the images of a chunk.
    """
    n = positions.shape[0]
    for chunk in prange(out_low.shape[0]):
        for c in range(3):
            out_low[chunk, c], out_high[chunk, c] = np.inf, -np.inf
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            a = species[i]
            fx, sx, _ = fraction_of(positions, i, inverse, 0, periodic[0])
            fy, sy, _ = fraction_of(positions, i, inverse, 1, periodic[1])
            fz, sz, _ = fraction_of(positions, i, inverse, 2, periodic[2])
            u0, u1 = image_range(fx, reach[a, 0], periodic[0])
            v0, v1 = image_range(fy, reach[a, 1], periodic[1])
            w0, w1 = image_range(fz, reach[a, 2], periodic[2])
            k = first[i]
            for u in range(u0, u1 + 1):
                for v in range(v0, v1 + 1):
                    for w in range(w0, w1 + 1):
                        su, sv, sw = sx + u, sy + v, sz + w
                        out_atoms[k] = i
                        out_shifts[k, 0], out_shifts[k, 1], out_shifts[k, 2] = su, sv, sw
                        out_home[k] = u == 0 and v == 0 and w == 0
                        for c in range(3):
                            x = image_coordinate(positions, matrix, i, su, sv, sw, c)
                            out_low[chunk, c] = min(out_low[chunk, c], x)
                            out_high[chunk, c] = max(out_high[chunk, c], x)
                        k += 1


@term
def bin_of(coordinate, low, inverse_edge, n_bins):
    """Return the bin of a coordinate along one axis."""
    return min(n_bins - 1, max(0, int((coordinate - low) * inverse_edge)))


@parallel_kernel
def fill_keys(positions, matrix, atoms, shifts, species, low, inverse_edges, shape, ranks, out_keys):
    """Write species and bin of every row as one number: all bins of the first species come first.

    Parameters
    ----------
    positions : (n_atoms, 3) float64 [Å]
    matrix : (3, 3) float64 [Å]
    atoms, shifts
        As written by `fill_images`.
    species : (n_atoms,) int64
    low, inverse_edges : (3,) float64
        Corner of the grid [Å] and bins per length [1/Å].
    shape : (3,) int64
        Bins along x, y, z.
    ranks : (shape[2], shape[1]) int64
        Rank of the pencil of bins at (z, y) among all pencils; within a pencil, bins are ordered along x.
    out_keys : (n_rows,) int64
    """
    n_rows = atoms.shape[0]
    n_bins = shape[0] * shape[1] * shape[2]
    for chunk in prange((n_rows + CHUNK - 1) // CHUNK):
        for k in range(chunk * CHUNK, min(n_rows, (chunk + 1) * CHUNK)):
            i, u, v, w = atoms[k], shifts[k, 0], shifts[k, 1], shifts[k, 2]
            x = bin_of(image_coordinate(positions, matrix, i, u, v, w, 0), low[0], inverse_edges[0], shape[0])
            y = bin_of(image_coordinate(positions, matrix, i, u, v, w, 1), low[1], inverse_edges[1], shape[1])
            z = bin_of(image_coordinate(positions, matrix, i, u, v, w, 2), low[2], inverse_edges[2], shape[2])
            out_keys[k] = species[i] * n_bins + ranks[z, y] * shape[0] + x


@kernel
def sort_by_key(keys, out_start, out_order):
    """Order rows by key (a stable counting sort).

    Parameters
    ----------
    keys : (n_rows,) int64
    out_start : (n_keys + 1,) int32
        First index of each key in the new order.
    out_order : (n_rows,) int32
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
def reorder_rows(order, positions, matrix, atoms, shifts, home, out_atoms, out_shifts, out_home, out_coordinates):
    """Write atoms, shifts, home flags and coordinates of rows in a new order.

    Parameters
    ----------
    order : (n_rows,) int32
    positions : (n_atoms, 3) float64 [Å]
    matrix : (3, 3) float64 [Å]
    atoms, shifts, home, out_atoms, out_shifts, out_home
        As in `fill_images`.
    out_coordinates : (3, at least n_rows) float64 [Å]
    """
    n_rows = order.shape[0]
    for chunk in prange((n_rows + CHUNK - 1) // CHUNK):
        for k in range(chunk * CHUNK, min(n_rows, (chunk + 1) * CHUNK)):
            row = order[k]
            i, u, v, w = atoms[row], shifts[row, 0], shifts[row, 1], shifts[row, 2]
            out_atoms[k] = i
            out_home[k] = home[row]
            out_shifts[k, 0], out_shifts[k, 1], out_shifts[k, 2] = u, v, w
            for c in range(3):
                out_coordinates[c, k] = image_coordinate(positions, matrix, i, u, v, w, c)
