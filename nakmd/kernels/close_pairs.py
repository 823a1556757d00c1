"""Atoms within a cutoff of each other for structure building, where cells may be smaller than the cutoff.

Bins divide the cell along its own vectors, so that cells of any shape and size are searched in the same way. All
partners of an atom are in its own row, in the order in which a list of pairs sorted by i, then j, then shift has them:
sums over a row have the same bits as sums over such a list, on any number of threads.

An entry of a row is one number: the partner j in the upper 32 bits, then the image of the higher of both atoms that
the lower one sees, as `image_code`, then two flags: `PLAIN` if the pair has no lattice shift, `LOWER` if j is the lower
one.
"""

from __future__ import annotations

import math

import numpy as np

from nakmd.kernels.jit import kernel, parallel_kernel, prange, term

#: Atoms in one iteration of a parallel loop; fixed, so that results do not depend on the thread count.
CHUNK = 1024

#: Flags of an entry.
LOWER, PLAIN = 1, 2

#: Image counts from -`MIDDLE` to `MIDDLE` - 1 fit into an entry.
MIDDLE = 512

#: Code of no image.
HOME = (MIDDLE * 1024 + MIDDLE) * 1024 + MIDDLE


@term
def image_code(u, v, w):
    """Return an image as one number, ordered as (u, v, w) is."""
    return ((u + MIDDLE) * 1024 + (v + MIDDLE)) * 1024 + (w + MIDDLE)


@term
def image_of(entry):
    """Return the image (u, v, w) of an entry."""
    code = (entry >> 2) & 0x3FFFFFFF
    return (code >> 20) - MIDDLE, ((code >> 10) & 1023) - MIDDLE, (code & 1023) - MIDDLE


@kernel
def transform_rows(rows, matrix, out_rows):
    """Write ``rows @ matrix``, summed in a fixed order; (n, 3) float64."""
    for i in range(rows.shape[0]):
        a, b, d = rows[i, 0], rows[i, 1], rows[i, 2]
        for c in range(3):
            out_rows[i, c] = a * matrix[0, c] + b * matrix[1, c] + d * matrix[2, c]


@parallel_kernel
def wrap_points(positions, matrix, inverse, periodic, out_points, out_shifts, out_fractions):
    """Write positions wrapped into the cell, the lattice shifts that wrap them, and their fractional coordinates.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
    matrix, inverse : (3, 3) float64 [Å], [1/Å]
    periodic : (3,) bool
    out_points : (n, 3) float64 [Å]
    out_shifts : (n, 3) int64
    out_fractions : (n, 3) float64
    """
    n = positions.shape[0]
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            x, y, z = positions[i, 0], positions[i, 1], positions[i, 2]
            for c in range(3):
                fraction = x * inverse[0, c] + y * inverse[1, c] + z * inverse[2, c]
                shift = -math.floor(fraction) if periodic[c] else 0.0
                out_shifts[i, c] = np.int64(shift)
                out_fractions[i, c] = fraction + shift
            u, v, w = out_shifts[i, 0], out_shifts[i, 1], out_shifts[i, 2]
            for c in range(3):
                out_points[i, c] = positions[i, c] + (u * matrix[0, c] + v * matrix[1, c] + w * matrix[2, c])


@term
def place(fraction, low, scale, n_bins):
    """Return the bin of a coordinate along one axis."""
    return min(n_bins - 1, max(0, int((fraction - low) * scale)))


@parallel_kernel
def fill_places(fractions, low, scale, shape, out_keys):
    """Write the bin of each point as one number, the last axis fastest.

    Parameters
    ----------
    fractions : (n, 3) float64
        Coordinates in any unit.
    low, scale : (3,) float64
        Lower corner of the bins, and bins per unit.
    shape : (3,) int64
        Bins along each axis.
    out_keys : (n,) int64
    """
    n = fractions.shape[0]
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            u = place(fractions[i, 0], low[0], scale[0], shape[0])
            v = place(fractions[i, 1], low[1], scale[1], shape[1])
            w = place(fractions[i, 2], low[2], scale[2], shape[2])
            out_keys[i] = (u * shape[1] + v) * shape[2] + w


@term
def square_to_image(i, j, u, v, w, positions, shifts, points, matrix):
    """Return the squared distance [Å²] of atom i, wrapped, from the image (u, v, w) of atom j."""
    a, b, d = shifts[j, 0] + u, shifts[j, 1] + v, shifts[j, 2] + w
    x = positions[j, 0] + (a * matrix[0, 0] + b * matrix[1, 0] + d * matrix[2, 0]) - points[i, 0]
    y = positions[j, 1] + (a * matrix[0, 1] + b * matrix[1, 1] + d * matrix[2, 1]) - points[i, 1]
    z = positions[j, 2] + (a * matrix[0, 2] + b * matrix[1, 2] + d * matrix[2, 2]) - points[i, 2]
    return x * x + y * y + z * z


@term
def image_and_end(at, last, n_bins):
    """Return the image of the cell that bin ``at`` is in, and the last bin up to ``last`` that is in the same image."""
    image = 0
    if at < 0 or at >= n_bins:
        image = math.floor(at / n_bins)
    return image, min(last, (image + 1) * n_bins - 1)


@parallel_kernel
def find_partners(
    positions, points, shifts, matrix, keys, order, ordered, start, shape, periodic, spread, cutoff, out_rows,
    out_counts,
):  # fmt: skip
    """Write all partners of each atom within a cutoff, in the order of the module.

    Parameters
    ----------
    positions, points : (n, 3) float64 [Å]
        As given and wrapped.
    shifts : (n, 3) int64
    matrix : (3, 3) float64 [Å]
    keys : (n,) int64
        Bin of each atom (`fill_places`).
    order : (n,) int32
        Atoms by bin.
    ordered : (n, 3) float64 [Å]
        Wrapped atoms by bin.
    start : (n_bins + 1,) int32
    shape : (3,) int64
    periodic : (3,) bool
    spread : (3,) int64
        Bins to search on either side along each axis.
    cutoff : float [Å]
    out_rows : (n, capacity) int64
    out_counts : (n,) int64
        Number of partners, including those that did not fit.
    """
    n, capacity = out_rows.shape
    square = cutoff * cutoff
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            row = out_rows[i]
            count = 0
            own = keys[i]
            w0, v0, u0 = own % shape[2], (own // shape[2]) % shape[1], own // (shape[2] * shape[1])
            x, y, z = points[i, 0], points[i, 1], points[i, 2]
            for a in range(u0 - spread[0], u0 + spread[0] + 1):
                u, _ = image_and_end(a, a, shape[0])
                if u != 0 and not periodic[0]:
                    continue
                for b in range(v0 - spread[1], v0 + spread[1] + 1):
                    v, _ = image_and_end(b, b, shape[1])
                    if v != 0 and not periodic[1]:
                        continue
                    first = ((a - u * shape[0]) * shape[1] + (b - v * shape[1])) * shape[2]
                    d, last = w0 - spread[2], w0 + spread[2]
                    while d <= last:
                        w, end = image_and_end(d, last, shape[2])
                        low, high = first + d - w * shape[2], first + end - w * shape[2]
                        d = end + 1
                        if w != 0 and not periodic[2]:
                            continue
                        is_home = u == 0 and v == 0 and w == 0
                        code = np.int64(image_code(u, v, w))
                        for k in range(start[low], start[high + 1]):
                            if is_home:
                                rx, ry, rz = ordered[k, 0] - x, ordered[k, 1] - y, ordered[k, 2] - z
                                if rx * rx + ry * ry + rz * rz > square or order[k] == i:
                                    continue
                                j = np.int64(order[k])
                            else:
                                j = np.int64(order[k])
                                # as in a list that has each pair once: from the atom that sees a positive shift
                                if code > HOME:
                                    apart = square_to_image(i, j, u, v, w, positions, shifts, points, matrix)
                                else:
                                    apart = square_to_image(j, i, -u, -v, -w, positions, shifts, points, matrix)
                                if apart > square:
                                    continue
                            if count < capacity:
                                flags, seen = np.int64(0), code
                                if (
                                    shifts[j, 0] + u == shifts[i, 0]
                                    and shifts[j, 1] + v == shifts[i, 1]
                                    and shifts[j, 2] + w == shifts[i, 2]
                                ):
                                    flags = np.int64(PLAIN)
                                if j < i or (j == i and code < HOME):
                                    seen = np.int64(image_code(-u, -v, -w))
                                    flags |= np.int64(LOWER)
                                entry = (j << 32) | (seen << 2) | flags
                                at = count
                                while at > 0 and row[at - 1] > entry:
                                    row[at] = row[at - 1]
                                    at -= 1
                                row[at] = entry
                            count += 1
            out_counts[i] = count


@parallel_kernel
def fill_pairs(rows, counts, first, shifts, out_i, out_j, out_shifts):
    """Write every pair once, sorted by i, then j, then shift.

    Parameters
    ----------
    rows, counts
        Of `find_partners`.
    first : (n + 1,) int64
        First pair of each atom.
    shifts : (n, 3) int64
    out_i, out_j : (n_pairs,) int64
    out_shifts : (n_pairs, 3) int64
    """
    n = rows.shape[0]
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            k = first[i]
            for m in range(counts[i]):
                entry = rows[i, m]
                if entry & LOWER:
                    continue
                j = entry >> 32
                u, v, w = image_of(entry)
                out_i[k], out_j[k] = i, j
                out_shifts[k, 0] = shifts[j, 0] + u - shifts[i, 0]
                out_shifts[k, 1] = shifts[j, 1] + v - shifts[i, 1]
                out_shifts[k, 2] = shifts[j, 2] + w - shifts[i, 2]
                k += 1


@parallel_kernel
def count_upper(rows, counts, out_upper):
    """Write how many partners of each atom are not the lower one of the pair, (n,) int64."""
    n = rows.shape[0]
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            upper = 0
            for m in range(counts[i]):
                upper += 1 - (rows[i, m] & LOWER)
            out_upper[i] = upper


@parallel_kernel
def find_closest(
    positions, points, shifts, matrix, keys, order, ordered, start, shape, periodic, spread, species, cutoff,
    out_squares, out_i, out_j,
):  # fmt: skip
    """Write the closest two atoms of every pair of species that each chunk of atoms has.

    Parameters
    ----------
    positions, points, shifts, matrix, keys, order, ordered, start, shape, periodic, spread
        As in `find_partners`.
    species : (n,) int64
    cutoff : float [Å]
        Pairs at this distance and beyond are left out.
    out_squares : (n_chunks, n_species, n_species) float64 [Å²]
        Of a species and one that is not before it; infinite without a pair.
    out_i, out_j : (n_chunks, n_species, n_species) int64
        The atoms; of equal distances those of least i, then j.
    """
    n = positions.shape[0]
    for chunk in prange(out_squares.shape[0]):
        best, best_i, best_j = out_squares[chunk], out_i[chunk], out_j[chunk]
        best[:] = cutoff * cutoff
        best_i[:] = -1
        best_j[:] = -1
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            own = keys[i]
            w0, v0, u0 = own % shape[2], (own // shape[2]) % shape[1], own // (shape[2] * shape[1])
            x, y, z, s = points[i, 0], points[i, 1], points[i, 2], species[i]
            for a in range(u0 - spread[0], u0 + spread[0] + 1):
                u, _ = image_and_end(a, a, shape[0])
                if u != 0 and not periodic[0]:
                    continue
                for b in range(v0 - spread[1], v0 + spread[1] + 1):
                    v, _ = image_and_end(b, b, shape[1])
                    if v != 0 and not periodic[1]:
                        continue
                    first = ((a - u * shape[0]) * shape[1] + (b - v * shape[1])) * shape[2]
                    d, last = w0 - spread[2], w0 + spread[2]
                    while d <= last:
                        w, end = image_and_end(d, last, shape[2])
                        low, high = first + d - w * shape[2], first + end - w * shape[2]
                        d = end + 1
                        if w != 0 and not periodic[2]:
                            continue
                        is_home = u == 0 and v == 0 and w == 0
                        for k in range(start[low], start[high + 1]):
                            j = np.int64(order[k])
                            t = species[j]
                            if is_home:
                                rx, ry, rz = ordered[k, 0] - x, ordered[k, 1] - y, ordered[k, 2] - z
                                square = rx * rx + ry * ry + rz * rz
                            else:
                                square = square_to_image(i, j, u, v, w, positions, shifts, points, matrix)
                            if square > best[s, t] or t < s or (is_home and j == i):
                                continue
                            if square < best[s, t] or (best_i[s, t] == i and j < best_j[s, t]):
                                best[s, t], best_i[s, t], best_j[s, t] = square, i, j
        for s in range(best.shape[0]):
            for t in range(best.shape[1]):
                if best_i[s, t] < 0:
                    best[s, t] = np.inf
