"""Neighbour lists at two levels: candidates by atom, and slices of those within the inner radius.

The outer level, built by `candidates.find_neighbors` over bins, holds for every central atom the rows within the outer
radius, species by species. The force loops read the inner level: eight central atoms of one species form a slice
(sixteen in mixed precision), and their neighbours are stored column by column. Entry ``lanes (begin[s, b] + k) + l`` of
slice s is the k-th neighbour of species b of the central atom in lane l (sliced ELLPACK, SELL-8). Every column is a
whole vector of rows of the coordinate table. Lanes that have no k-th neighbour point to a padding row far away, so the
loop over columns has no branch and no remainder. `fill_entries` builds the inner level from the outer one, at a tenth
of the cost of a search.

Both levels are built in blocks of central atoms, so that the unpacked arrays, with room for the largest number of
neighbours, are only as long as a block and stay in the cache.
"""

from __future__ import annotations

import numpy as np

from nakmd.kernels.fetches import fetch_rows
from nakmd.kernels.jit import fast_parallel_kernel, kernel, parallel_kernel, prange
from nakmd.kernels.simd import LANES
from nakmd.kernels.simd_arrays import load_index, store_chosen, store_index, take_index, take_rows

#: Slices or lanes in one iteration of a parallel loop.
CHUNK = 64

_LANE_NUMBERS = np.arange(LANES, dtype=np.int32)


@kernel
def lay_out_slices(
    order, center_species, counts, lanes, centers, row_atoms,
    out_members, out_atoms, out_centers, out_first, out_species, out_room,
):  # fmt: skip
    """Divide the ordered centres of a block into slices of one species each, with room for all candidates.

    Parameters
    ----------
    order : (n_centers,) int32
    center_species : (n_centers,) int32
        Few changes along ``order``: a slice ends at each.
    counts : (n_centers, n_species) int32
    lanes : int
        Centres in a slice.
    centers : (n_centers,) int32
        Their rows.
    row_atoms : (n_rows,) int32
    out_members : (max_slices * lanes,) int32
        Centre of the block in each lane, -1 in unused lanes.
    out_atoms, out_centers : (max_slices * lanes,) int32
        Atom in each lane and its row; -1 and the padding of centres, ``n_rows + 1``, in unused lanes.
    out_first : (max_slices * lanes + 1,) int64
        First candidate of each lane; the last is the end. On entry the first element is the begin of the block.
    out_species : (max_slices,) int32
    out_room : (max_slices, n_species) int64
        First column that the neighbours of each species may need.

    Returns
    -------
    n_slices, n_columns, widest : int
        The last is the largest number of columns of one slice.
    """
    n = order.shape[0]
    n_species = counts.shape[1]
    k = 0
    n_slices = 0
    column = 0
    widest = 0
    while k < n:
        a = center_species[order[k]]
        out_species[n_slices] = a
        filled = 0
        at = n_slices * lanes
        while filled < lanes and k < n and center_species[order[k]] == a:
            out_members[at + filled] = order[k]
            out_centers[at + filled] = centers[order[k]]
            out_atoms[at + filled] = row_atoms[centers[order[k]]]
            out_first[at + filled + 1] = out_first[at + filled] + counts[order[k]].sum()
            filled += 1
            k += 1
        for lane in range(filled, lanes):
            out_members[at + lane] = -1
            out_centers[at + lane] = row_atoms.shape[0] + 1
            out_atoms[at + lane] = -1
            out_first[at + lane + 1] = out_first[at + lane]
        before = column
        for b in range(n_species):
            out_room[n_slices, b] = column
            width = 0
            for lane in range(filled):
                width = max(width, counts[out_members[at + lane], b])
            column += width
        widest = max(widest, column - before)
        n_slices += 1
    return n_slices, column, widest


@parallel_kernel
def pack_candidates(members, first, found, counts, out_candidates, out_counts):
    """Write the candidates of all lanes contiguously, in the order in which `fill_entries` reads them.

    Parameters
    ----------
    members : (n_lanes,) int32
    first : (n_lanes + 1,) int64
    found : (n_centers, capacity) int32
    counts : (n_centers, n_species) int32
    out_candidates : (first[-1] + ROOM,) int32
        The last `ROOM` are not changed.
    out_counts : (n_lanes, n_species) int32
    """
    n_lanes = members.shape[0]
    for chunk in prange((n_lanes + CHUNK - 1) // CHUNK):
        for lane in range(chunk * CHUNK, min(n_lanes, (chunk + 1) * CHUNK)):
            member = members[lane]
            for b in range(out_counts.shape[1]):
                out_counts[lane, b] = counts[member, b] if member >= 0 else 0
            for k in range(first[lane + 1] - first[lane]):
                out_candidates[first[lane] + k] = found[member, k]


@fast_parallel_kernel
def fill_entries(
    rows, centers, species, begin, first, candidates, counts, fetches, radii, padding, scratch, out_entries, out_end
):
    """Write the columns of every slice: the candidates that are within the inner radius.

    Parameters
    ----------
    rows : (n_rows + 2, 4) float64 [Å]
    centers : (n_slices * lanes,) int32
    species : (n_slices,) int32
    begin : (n_slices, n_species) int64
    first : (n_slices * lanes + 1,) int64
    candidates : (first[-1] + ROOM,) int32
    counts : (n_slices * lanes, n_species) int32
    radii : (n_species, n_species) float64 [Å]
    padding : int
        Row that means "no neighbour".
    scratch : (n_chunks, lanes (room + 1)) int32
        Scratch for the neighbours of the centres of one slice, and for their numbers.
    out_entries : (lanes n_columns,) int32
    out_end : (n_slices, n_species) int64
        Column after the last.
    """
    n_slices = species.shape[0]
    n_chunks = scratch.shape[0]
    lanes = centers.shape[0] // max(1, n_slices)
    room = scratch.shape[1] // lanes - 1
    numbers = load_index(_LANE_NUMBERS, 0)
    no_neighbor = numbers * 0 + padding
    for chunk in prange(n_chunks):
        work = scratch[chunk]
        heights = work[lanes * room :]
        for s in range(chunk * n_slices // n_chunks, (chunk + 1) * n_slices // n_chunks):
            fetch_rows(rows, fetches, s)
            a = species[s]
            for b in range(begin.shape[1]):
                square = radii[a, b] * radii[a, b]
                width = 0
                for lane in range(lanes):
                    at = s * lanes + lane
                    center = centers[at]
                    x, y, z = rows[center, 0], rows[center, 1], rows[center, 2]
                    q = first[at]
                    for c in range(b):
                        q += counts[at, c]
                    end = q + counts[at, b]
                    height = 0
                    for k in range(q, end, LANES):
                        chosen = load_index(candidates, k)
                        xj, yj, zj, _ = take_rows(rows, chosen)
                        dx = xj - x
                        dy = yj - y
                        dz = zj - z
                        near = (dx * dx + dy * dy + dz * dz < square) & (numbers < end - k)
                        height += store_chosen(work, lane * room + height, chosen, near)
                    heights[lane] = height
                    width = max(width, height)
                # whole vectors: otherwise the compiler turns these short loops into scatters
                for lane in range(lanes):
                    for k in range(heights[lane], width, LANES):
                        store_index(work, lane * room + k, no_neighbor)
                at = begin[s, b] * lanes
                for k in range(width):
                    for part in range(0, lanes, LANES):
                        chosen = take_index(work, (numbers + part) * room + k)
                        store_index(out_entries, at + k * lanes + part, chosen)
                out_end[s, b] = begin[s, b] + width


@fast_parallel_kernel
def pack_columns(room, wide, lanes, column, out_begin, out_end, out_entries):
    """Copy the columns of a block of slices so that they are contiguous.

    Parameters
    ----------
    room : (n_slices, n_species) int64
        First column in ``wide`` for the neighbours of each species.
    wide : (at least lanes n_columns,) int32
        Entries as `fill_entries` wrote them, with gaps.
    lanes : int
        Centres in a slice.
    column : int
        Columns of all blocks before.
    out_begin : (n_slices, n_species) int64
        First column in ``out_entries``.
    out_end : (n_slices, n_species) int64
        On entry the column after the last in ``wide``, on return that in ``out_entries``.
    out_entries : (at least lanes n_columns,) int32

    Returns
    -------
    int
        Columns of all blocks up to this one.
    """
    n_slices, n_species = room.shape
    for s in range(n_slices):
        for b in range(n_species):
            width = out_end[s, b] - room[s, b]
            out_begin[s, b] = column
            column += width
            out_end[s, b] = column
    for chunk in prange((n_slices + CHUNK - 1) // CHUNK):
        for s in range(chunk * CHUNK, min(n_slices, (chunk + 1) * CHUNK)):
            for b in range(n_species):
                to, of = lanes * out_begin[s, b], lanes * room[s, b]
                for k in range(0, lanes * (out_end[s, b] - out_begin[s, b]), LANES):
                    store_index(out_entries, to + k, load_index(wide, of + k))
    return column
