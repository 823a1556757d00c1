"""Counting pairs and neighbours in the frames of a trajectory, over a grid of cells.

Atoms come sorted by grid cell. Neighbour cells are visited with their own periodic shift, image by image, so
that no minimum-image rule is needed and cells of any shape, size and periodicity are handled correctly.

Work is divided into fixed blocks with separate output, so results have the same bits on any number of threads.
"""

from __future__ import annotations

import math

import numpy as np

from nakmd.kernels.jit import parallel_kernel, prange, term

#: Queries per block of work; fixed, so that results do not depend on the number of threads.
BLOCK = 128


@term
def wrap_index(index, n):
    """Return (index modulo n, index // n); by repeated addition: one or two steps, faster than a division."""
    turns = 0
    while index < 0:
        index += n
        turns -= 1
    while index >= n:
        index -= n
        turns += 1
    return index, turns


@term
def neighbor_cell(cx, cy, cz, stencil, m, shape, periodic, matrix):
    """Return (inside, cell, shift) of the grid cell one step of the stencil away, with the shift [Å] of its image."""
    x, qx = wrap_index(cx + stencil[m, 0], shape[0])
    y, qy = wrap_index(cy + stencil[m, 1], shape[1])
    z, qz = wrap_index(cz + stencil[m, 2], shape[2])
    inside = (periodic[0] or qx == 0) and (periodic[1] or qy == 0) and (periodic[2] or qz == 0)
    cell = (x * shape[1] + y) * shape[2] + z
    sx = qx * matrix[0, 0] + qy * matrix[1, 0] + qz * matrix[2, 0]
    sy = qx * matrix[0, 1] + qy * matrix[1, 1] + qz * matrix[2, 1]
    sz = qx * matrix[0, 2] + qy * matrix[1, 2] + qz * matrix[2, 2]
    return inside, cell, sx, sy, sz


@term
def count_pairs_of_block(block, positions, kinds, first, shape, periodic, matrix, stencil, pair_of, r_max, out_counts):
    """Count the pairs whose first atom lies in one block of grid cells."""
    n_blocks, _, n_bins = out_counts.shape
    n_cells = len(first) - 1
    scale = n_bins / r_max
    out_counts[block] = 0
    for c in range(block * n_cells // n_blocks, (block + 1) * n_cells // n_blocks):
        if first[c] == first[c + 1]:
            continue
        cz = c % shape[2]
        cy = (c // shape[2]) % shape[1]
        cx = c // (shape[1] * shape[2])
        for m in range(len(stencil)):
            inside, other, sx, sy, sz = neighbor_cell(cx, cy, cz, stencil, m, shape, periodic, matrix)
            if not inside:
                continue
            for i in range(first[c], first[c + 1]):
                x = positions[i, 0] - sx
                y = positions[i, 1] - sy
                z = positions[i, 2] - sz
                a = kinds[i]
                for j in range(i + 1 if m == 0 else first[other], first[other + 1]):
                    dx = positions[j, 0] - x
                    dy = positions[j, 1] - y
                    dz = positions[j, 2] - z
                    k = int(math.sqrt(dx * dx + dy * dy + dz * dz) * scale)
                    if k < n_bins:
                        pair = pair_of[a, kinds[j]]
                        if pair >= 0:
                            out_counts[block, pair, k] += 1


@parallel_kernel
def count_pair_histogram(positions, kinds, first, shape, periodic, matrix, stencil, pair_of, r_max, out_counts) -> None:
    """Count the pairs of each pair of kinds by distance, each pair once.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
        Wrapped, sorted by grid cell.
    kinds : (n,) int64
        Row and column of ``pair_of``.
    first : (n_cells + 1,) int64
        First atom of each grid cell.
    shape : (3,) int64
        Grid cells along each cell vector.
    periodic : (3,) bool
    matrix : (3, 3) float64 [Å]
        Rows are the cell vectors.
    stencil : (m, 3) int64
        Half of the steps to neighbour cells: of each ±pair one, row 0 is (0, 0, 0).
    pair_of : (k, k) int64
        Symmetric; row of the histogram, -1 to exclude.
    r_max : float [Å]
        Not above half the smallest height of the periodic cell, so that each pair has one image within reach.
    out_counts : (n_blocks, n_pairs, n_bins) int64
        Overwritten; the histogram is the sum over blocks.
    """
    for block in prange(len(out_counts)):
        count_pairs_of_block(
            block, positions, kinds, first, shape, periodic, matrix, stencil, pair_of, r_max, out_counts
        )


@term
def count_neighbors_of_block(
    block, queries, query_cells, query_ids, positions, kinds, ids, first, shape, periodic, matrix, stencil,
    inner, outer, out_counts,
):  # fmt: skip
    """Count the neighbours of one block of queries."""
    for i in range(block * BLOCK, min(len(queries), (block + 1) * BLOCK)):
        out_counts[i] = 0.0
        cx, cy, cz = query_cells[i]
        for m in range(len(stencil)):
            inside, other, sx, sy, sz = neighbor_cell(cx, cy, cz, stencil, m, shape, periodic, matrix)
            if not inside:
                continue
            home = sx == 0.0 and sy == 0.0 and sz == 0.0
            x = queries[i, 0] - sx
            y = queries[i, 1] - sy
            z = queries[i, 2] - sz
            for j in range(first[other], first[other + 1]):
                dx = positions[j, 0] - x
                dy = positions[j, 1] - y
                dz = positions[j, 2] - z
                r = math.sqrt(dx * dx + dy * dy + dz * dz)
                k = kinds[j]
                if r < outer[k] and not (home and ids[j] == query_ids[i]):
                    if r <= inner[k]:
                        out_counts[i, k] += 1.0
                    else:
                        u = (r - inner[k]) / (outer[k] - inner[k])
                        out_counts[i, k] += 1.0 + u * u * (2.0 * u - 3.0)


@parallel_kernel
def count_neighbors(
    queries, query_cells, query_ids, positions, kinds, ids, first, shape, periodic, matrix, stencil, inner, outer,
    out_counts,
) -> None:  # fmt: skip
    """Count the neighbours of each query by kind, sharply or with a smooth edge.

    A neighbour at distance r counts 1 up to ``inner``, 0 from ``outer``, and in between
    1 - 3u² + 2u³ with u = (r - inner)/(outer - inner). With inner = outer the count is sharp: r < outer.

    Parameters
    ----------
    queries : (q, 3) float64 [Å]
        Wrapped.
    query_cells : (q, 3) int64
        Grid cell of each.
    query_ids, ids : (q,), (n,) int64
        Atom numbers: an atom is not its own neighbour, but its images are.
    positions, kinds, first, shape, periodic, matrix
        As in `count_pair_histogram`.
    stencil : (m, 3) int64
        All steps to neighbour cells.
    inner, outer : (k,) float64 [Å]
        By kind of the neighbour.
    out_counts : (q, k) float64
        Overwritten.
    """
    for block in prange((len(queries) + BLOCK - 1) // BLOCK):
        count_neighbors_of_block(
            block, queries, query_cells, query_ids, positions, kinds, ids, first, shape, periodic, matrix, stencil,
            inner, outer, out_counts,
        )  # fmt: skip


@term
def find_nearest_of_block(
    block, queries, query_cells, positions, first, shape, periodic, matrix, stencil, limit, out_distances
):
    """Find the nearest atom to each of one block of queries."""
    for i in range(block * BLOCK, min(len(queries), (block + 1) * BLOCK)):
        nearest = limit * limit
        found = False
        cx, cy, cz = query_cells[i]
        for m in range(len(stencil)):
            inside, other, sx, sy, sz = neighbor_cell(cx, cy, cz, stencil, m, shape, periodic, matrix)
            if not inside:
                continue
            x = queries[i, 0] - sx
            y = queries[i, 1] - sy
            z = queries[i, 2] - sz
            for j in range(first[other], first[other + 1]):
                dx = positions[j, 0] - x
                dy = positions[j, 1] - y
                dz = positions[j, 2] - z
                r2 = dx * dx + dy * dy + dz * dz
                if r2 < nearest:
                    nearest = r2
                    found = True
        out_distances[i] = math.sqrt(nearest) if found else np.inf


@parallel_kernel
def find_nearest(
    queries, query_cells, positions, first, shape, periodic, matrix, stencil, limit, out_distances
) -> None:
    """Find the distance from each query to the nearest atom, infinite beyond ``limit``.

    Parameters
    ----------
    queries, query_cells, positions, first, shape, periodic, matrix, stencil
        As in `count_neighbors`.
    limit : float [Å]
    out_distances : (q,) float64 [Å]
        Overwritten.
    """
    for block in prange((len(queries) + BLOCK - 1) // BLOCK):
        find_nearest_of_block(
            block, queries, query_cells, positions, first, shape, periodic, matrix, stencil, limit, out_distances
        )


@term
def average_squares_of_block(block, paths, first, out_squares):
    """Average the squared displacements of one block of particles."""
    n = len(paths)
    start, stop = block * BLOCK, min(paths.shape[1], (block + 1) * BLOCK)
    for row in range(len(out_squares)):
        lag = first + row
        for i in range(start, stop):
            out_squares[row, i] = 0.0
        for t in range(n - lag):
            for i in range(start, stop):
                square = 0.0
                for c in range(paths.shape[2]):
                    step = paths[t + lag, i, c] - paths[t, i, c]
                    square += step * step
                out_squares[row, i] += square
        for i in range(start, stop):
            out_squares[row, i] /= n - lag


@parallel_kernel
def average_squared_displacements(paths, first, out_squares) -> None:
    """Average each particle's squared displacement over all time origins, pair by pair of frames.

    Parameters
    ----------
    paths : (n, m, d) float64 [Å]
        Unwrapped.
    first : int
        Lag of the first row, in frames.
    out_squares : (lags, m) float64 [Å²]
        Overwritten.
    """
    for block in prange((paths.shape[1] + BLOCK - 1) // BLOCK):
        average_squares_of_block(block, paths, first, out_squares)
