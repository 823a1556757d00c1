"""Neighbour lists at two levels: candidates by atom, and slices of those now in reach.

The outer level, built by `find_neighbors` over bins, holds for every central atom the rows within a generous radius,
species by species. The inner level is what the force loops read: eight central atoms of one species side by side
(sixteen in mixed precision), their neighbours column by column. Entry ``lanes (begin[s, b] + k) + l`` of a slice s is
the k-th neighbour of species b of the central atom in lane l (sliced ELLPACK, SELL-8). Every column is a whole vector
of rows of the coordinate table; lanes that have no k-th neighbour point to a padding row far away, so the loop over
columns has no branch and no remainder. `fill_entries` makes the inner level from the outer one, which costs a tenth
of a search.

Both levels are made block by block of central atoms: what is as long as the largest number of neighbours, and must be
packed, is then as large as a block and stays in the cache.
"""

from __future__ import annotations

import math

import numpy as np

from nakmd.kernels.cells import bin_of
from nakmd.kernels.jit import fast_parallel_kernel, kernel, parallel_kernel, prange, term
from nakmd.kernels.simd import LANES, count_of, load, load_index, store_chosen, store_index, take_index, take_rows

#: Centres searched by one iteration of the parallel loop.
CHUNK = 64

#: Entries kept free at the end of a row of candidates: a vector read from its last entry stays inside.
ROOM = 16

#: Central atoms are sorted by their numbers of neighbours within windows of so many; in blocks of a window by those of
#: the other species. 7 % of the lanes of liquid NaK are padding then; sorted by the total within 128 it was 27 %.
WINDOW = 512
BLOCK = 64

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
        Coordinates in bin order; the last eight are padding that may be read but never counts.
    start : (n_species * n_bins + 1,) int32
        First row of each species and bin.
    low, inverse_edges, shape, ranks
        The grid, as in `cells.fill_keys`.
    centers : (n_centers,) int32
        Rows of the central atoms.
    center_species : (n_centers,) int32
    radii, near_radii : (n_species, n_species) float64 [Å]
        Radius of the candidates [centre, neighbour] and that of the inner level; 0 where the two do not see each other.
    padding : int
        Row that stands for "no neighbour".
    out_found : (n_centers, capacity) int32
        Rows of the candidates, followed by `ROOM` times ``padding``; more than ``capacity - ROOM`` may not fit.
    out_counts : (n_centers, n_species) int32
        How many there are, even if they did not fit.
    out_near : (n_centers, n_species) int32
        How many of them are within ``near_radii``.
    """
    n_centers = centers.shape[0]
    n_species = radii.shape[0]
    n_bins = shape[0] * shape[1] * shape[2]
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
                            gap_y = outside(y, low[1], inverse_edges[1], v)
                            chord = square - gap_y * gap_y - gap_z * gap_z
                            if chord < 0.0:
                                continue
                            half = math.sqrt(chord)
                            x0 = bin_of(x - half, low[0], inverse_edges[0], shape[0])
                            x1 = bin_of(x + half, low[0], inverse_edges[0], shape[0])
                            run = b * n_bins + ranks[w, v] * shape[0]
                            end = start[run + x1 + 1]
                            for q in range(start[run + x0], end, LANES):
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
def outside(coordinate, low, inverse_edge, k):
    """Return how far a coordinate lies outside bin k along one axis [Å], a little less to be safe from rounding."""
    below = low + k / inverse_edge - coordinate
    above = coordinate - low - (k + 1) / inverse_edge
    return max(0.0, max(below, above) - 1.0e-6)


# Compiled once, not inlined where it is called: that took two seconds of compilation and gains nothing.
@kernel
def sort_descending(keys, members, begin, end, spare, histogram):
    """Order ``members[begin:end]`` by the key of each, largest first; equal keys keep their order."""
    histogram[:] = 0
    largest = histogram.shape[0] - 1
    for k in range(begin, end):
        spare[k] = members[k]
        histogram[largest - keys[members[k]]] += 1
    place = begin
    for key in range(histogram.shape[0]):
        count = histogram[key]
        histogram[key] = place
        place += count
    for k in range(begin, end):
        key = largest - keys[spare[k]]
        members[histogram[key]] = spare[k]
        histogram[key] += 1


@parallel_kernel
def order_centers(windows, near, out_order):
    """Order central atoms so that those of a slice have about as many neighbours of every species.

    Parameters
    ----------
    windows : (n_windows + 1,) int64
        First centre of each window; centres of a window are of one species.
    near : (n_centers, n_species) int32
    out_order : (n_centers,) int32

    Notes
    -----
    Within a window by the number of neighbours of the most frequent species, within blocks of it by that of the others.
    """
    n_species = near.shape[1]
    for w in prange(windows.shape[0] - 1):
        begin, end = windows[w], windows[w + 1]
        lead, most = 0, -1
        for b in range(n_species):
            count = 0
            for c in range(begin, end):
                count += near[c, b]
            if count > most:
                lead, most = b, count
        leading = np.empty(end - begin, np.int64)
        others = np.empty(end - begin, np.int64)
        members = np.empty(end - begin, np.int64)
        spare = np.empty(end - begin, np.int64)
        largest = 0
        for c in range(begin, end):
            total = 0
            for b in range(n_species):
                total += near[c, b]
            leading[c - begin] = near[c, lead]
            others[c - begin] = total - near[c, lead]
            members[c - begin] = c - begin
            largest = max(largest, total)
        histogram = np.empty(largest + 1, np.int64)
        sort_descending(leading, members, 0, end - begin, spare, histogram)
        for block in range(0, end - begin, BLOCK):
            sort_descending(others, members, block, min(end - begin, block + BLOCK), spare, histogram)
        for k in range(end - begin):
            out_order[begin + k] = begin + members[k]


@kernel
def lay_out_slices(
    order, center_species, counts, lanes, centers, row_atoms,
    out_members, out_atoms, out_centers, out_first, out_species, out_room,
):  # fmt: skip
    """Cut the ordered centres of a block into slices of one species each, with room for the columns of all candidates.

    Parameters
    ----------
    order : (n_centers,) int32
    center_species : (n_centers,) int32
        Changing seldom along ``order``: where it does, a slice ends.
    counts : (n_centers, n_species) int32
    lanes : int
        Centres to a slice.
    centers : (n_centers,) int32
        Their rows.
    row_atoms : (n_rows,) int32
    out_members : (max_slices * lanes,) int32
        Centre of the block in each lane, -1 in lanes left over.
    out_atoms, out_centers : (max_slices * lanes,) int32
        Atom in each lane and its row; -1 and the padding of centres, ``n_rows + 1``, in lanes left over.
    out_first : (max_slices * lanes + 1,) int64
        First candidate of each lane; the last is the end. On entry the first is where the block begins.
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
    """Write the candidates of all lanes one after the other, in the order in which `fill_entries` reads them.

    Parameters
    ----------
    members : (n_lanes,) int32
    first : (n_lanes + 1,) int64
    found : (n_centers, capacity) int32
    counts : (n_centers, n_species) int32
    out_candidates : (first[-1] + ROOM,) int32
        The last `ROOM` are left alone.
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
    rows, centers, species, begin, first, candidates, counts, radii, padding, scratch, out_entries, out_end
):
    """Write the columns of every slice: those candidates that are within the inner radius now.

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
        Row that stands for "no neighbour".
    scratch : (n_chunks, lanes (room + 1)) int32
        Room for the neighbours of the centres of one slice, and for their numbers.
    out_entries : (lanes n_columns,) int32
    out_end : (n_slices, n_species) int64
        Column after the last.
    """
    n_slices = species.shape[0]
    n_chunks = scratch.shape[0]
    lanes = centers.shape[0] // max(1, n_slices)
    room = scratch.shape[1] // lanes - 1
    numbers = load_index(_LANE_NUMBERS, 0)
    nobody = numbers * 0 + padding
    for chunk in prange(n_chunks):
        work = scratch[chunk]
        heights = work[lanes * room :]
        for s in range(chunk * n_slices // n_chunks, (chunk + 1) * n_slices // n_chunks):
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
                # whole vectors: left to itself, the compiler turns these short loops into scatters
                for lane in range(lanes):
                    for k in range(heights[lane], width, LANES):
                        store_index(work, lane * room + k, nobody)
                at = begin[s, b] * lanes
                for k in range(width):
                    for part in range(0, lanes, LANES):
                        chosen = take_index(work, (numbers + part) * room + k)
                        store_index(out_entries, at + k * lanes + part, chosen)
                out_end[s, b] = begin[s, b] + width


@fast_parallel_kernel
def pack_columns(room, wide, lanes, column, out_begin, out_end, out_entries):
    """Copy the columns of a block of slices to where they follow each other.

    Parameters
    ----------
    room : (n_slices, n_species) int64
        First column in ``wide`` for the neighbours of each species.
    wide : (at least lanes n_columns,) int32
        Entries as `fill_entries` wrote them, with gaps.
    lanes : int
        Centres to a slice.
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


@parallel_kernel
def fill_reverse(
    members, centers, begin, end, entries, center_of_atom, lane_of_center, atoms, shifts, padding, out_reverse
):
    """Write, for every entry i to j, the entry j to i.

    Parameters
    ----------
    members : (n_slices * lanes,) int32
    centers : (n_centers,) int32
    begin, end : (n_slices, n_species) int64
    entries : (lanes n_columns,) int32
    center_of_atom : (n_atoms,) int64
        Centre that is the atom itself, -1 if it is none.
    lane_of_center : (n_centers,) int64
        ``lanes slice + lane`` of a centre.
    atoms : (n_rows,) int32
    shifts : (n_rows, 3) int32
        Lattice shift of each row.
    padding : int
        Row of the padding.
    out_reverse : (lanes n_columns,) int32
        Padding entries, and entries whose reverse is missing, get ``lanes n_columns``.

    Notes
    -----
    The reverse of "atom i sees atom j shifted by S_j" is "atom j, where it is at home, sees atom i shifted by
    S_i + S_j(home) - S_j".
    """
    lanes = members.shape[0] // max(1, begin.shape[0])
    for s in prange(begin.shape[0]):
        for b in range(begin.shape[1]):
            for column in range(begin[s, b], end[s, b]):
                for lane in range(lanes):
                    member = members[s * lanes + lane]
                    entry = column * lanes + lane
                    out_reverse[entry] = entries.shape[0]
                    row = entries[entry]
                    if member < 0 or row == padding:
                        continue
                    home_i = centers[member]
                    other = center_of_atom[atoms[row]]
                    if other < 0:
                        continue
                    home_j = centers[other]
                    place = lane_of_center[other]
                    slice_j, lane_j = place // lanes, place % lanes
                    for c in range(begin.shape[1]):
                        for column_j in range(begin[slice_j, c], end[slice_j, c]):
                            candidate = entries[column_j * lanes + lane_j]
                            if candidate == padding or atoms[candidate] != atoms[home_i]:
                                continue
                            same = True
                            for k in range(3):
                                same = same and (
                                    shifts[candidate, k] == shifts[home_i, k] + shifts[home_j, k] - shifts[row, k]
                                )
                            if same:
                                out_reverse[entry] = column_j * lanes + lane_j
