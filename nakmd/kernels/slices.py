"""The sliced neighbour list: eight central atoms of one species side by side, their neighbours column by column.

Entry ``8 (first[s, b] + k) + l`` of a slice s is the k-th neighbour of species b of the central atom in lane l
(sliced ELLPACK, SELL-8). Every column is eight int32 rows of the coordinate table; lanes that have no k-th neighbour
point to a padding row far away, so the loop over columns has no branch and no remainder.
"""

from __future__ import annotations

import numpy as np

from nakmd.kernels.cells import bin_of
from nakmd.kernels.jit import fast_parallel_kernel, kernel, parallel_kernel, prange
from nakmd.kernels.simd import LANES, count_of, load, load_index, store_chosen

#: Centres searched by one iteration of the parallel loop.
CHUNK = 64

#: Central atoms are sorted by their number of neighbours within windows of this many: under 3 % of the lanes are
#: padding then, and atoms of a slice stay close in space.
WINDOW = 128

_LANE_NUMBERS = np.arange(LANES, dtype=np.int32)


@fast_parallel_kernel
def find_neighbors(xs, ys, zs, start, low, inverse_edges, shape, centers, center_species, radii, out_found, out_counts):
    """Write the neighbours of every central atom, species by species.

    Parameters
    ----------
    xs, ys, zs : (n_rows + 8,) float64 [Å]
        Coordinates in bin order; the last eight are padding that may be read but never counts.
    start : (n_species * n_bins + 1,) int64
    low, inverse_edges, shape : (3,)
        The grid, as in `cells.sort_into_bins`.
    centers : (n_centers,) int32
        Rows of the central atoms.
    center_species : (n_centers,) int32
    radii : (n_species, n_species) float64 [Å]
        List radius [centre, neighbour]; 0 where the two do not see each other.
    out_found : (n_centers, capacity) int32
        Rows of the neighbours; more than ``capacity - 8`` may not fit and are not written.
    out_counts : (n_centers, n_species) int32
        How many there are, even if they did not fit.
    """
    n_centers = centers.shape[0]
    n_species = radii.shape[0]
    n_bins = shape[0] * shape[1] * shape[2]
    lanes = load_index(_LANE_NUMBERS, 0)
    room = out_found.shape[1] - LANES
    for chunk in prange((n_centers + CHUNK - 1) // CHUNK):
        for c in range(chunk * CHUNK, min(n_centers, (chunk + 1) * CHUNK)):
            center = centers[c]
            a = center_species[c]
            x, y, z = xs[center], ys[center], zs[center]
            found = out_found[c]
            total = 0
            for b in range(n_species):
                begin = total
                radius = radii[a, b]
                if radius > 0.0:
                    x0 = bin_of(x - radius, low[0], inverse_edges[0], shape[0])
                    x1 = bin_of(x + radius, low[0], inverse_edges[0], shape[0])
                    y0 = bin_of(y - radius, low[1], inverse_edges[1], shape[1])
                    y1 = bin_of(y + radius, low[1], inverse_edges[1], shape[1])
                    z0 = bin_of(z - radius, low[2], inverse_edges[2], shape[2])
                    z1 = bin_of(z + radius, low[2], inverse_edges[2], shape[2])
                    square = radius * radius
                    for w in range(z0, z1 + 1):
                        for v in range(y0, y1 + 1):
                            run = b * n_bins + (w * shape[1] + v) * shape[0]
                            end = start[run + x1 + 1]
                            for q in range(start[run + x0], end, LANES):
                                dx = load(xs, q) - x
                                dy = load(ys, q) - y
                                dz = load(zs, q) - z
                                r2 = dx * dx + dy * dy + dz * dz
                                itself = center - q
                                near = (r2 < square) & (lanes < end - q) & ((lanes < itself) | (lanes > itself))
                                if total <= room:
                                    total += store_chosen(found, total, lanes + q, near)
                                else:
                                    total += count_of(near)
                out_counts[c, b] = total - begin


@kernel
def sort_by_count(center_species, counts, out_order):
    """Order the central atoms, which come grouped by species, by number of neighbours within windows of `WINDOW`.

    Parameters
    ----------
    center_species : (n_centers,) int32
        Never decreasing.
    counts : (n_centers, n_species) int32
    out_order : (n_centers,) int64
    """
    n = center_species.shape[0]
    totals = counts.sum(axis=1)
    begin = 0
    while begin < n:
        end = begin
        while end < n and end < begin + WINDOW and center_species[end] == center_species[begin]:
            out_order[end] = end
            k = end  # insertion keeps equal counts in place
            while k > begin and totals[out_order[k - 1]] < totals[end]:
                out_order[k] = out_order[k - 1]
                k -= 1
            out_order[k] = end
            end += 1
        begin = end


@kernel
def lay_out_slices(order, center_species, counts, out_members, out_species, out_first):
    """Cut the ordered centres into slices of one species each and size their columns.

    Parameters
    ----------
    order : (n_centers,) int64
    center_species : (n_centers,) int32
    counts : (n_centers, n_species) int32
    out_members : (max_slices * 8,) int64
        Centre in each lane, -1 in lanes left over.
    out_species : (max_slices,) int32
    out_first : (max_slices, n_species + 1) int64
        First column of the neighbours of each species; the last is the end.

    Returns
    -------
    int
        Number of slices.
    """
    n = order.shape[0]
    n_species = counts.shape[1]
    k = 0
    n_slices = 0
    column = 0
    while k < n:
        a = center_species[order[k]]
        out_species[n_slices] = a
        filled = 0
        while filled < LANES and k < n and center_species[order[k]] == a:
            out_members[n_slices * LANES + filled] = order[k]
            filled += 1
            k += 1
        for lane in range(filled, LANES):
            out_members[n_slices * LANES + lane] = -1
        for b in range(n_species):
            out_first[n_slices, b] = column
            width = 0
            for lane in range(filled):
                width = max(width, counts[out_members[n_slices * LANES + lane], b])
            column += width
        out_first[n_slices, n_species] = column
        n_slices += 1
    return n_slices


@parallel_kernel
def fill_entries(members, first, found, counts, padding, out_entries):
    """Write the entries of every slice, column by column.

    Parameters
    ----------
    members : (n_slices * 8,) int64
    first : (n_slices, n_species + 1) int64
    found : (n_centers, capacity) int32
    counts : (n_centers, n_species) int32
    padding : int
        Row that stands for "no neighbour".
    out_entries : (8 n_columns,) int32
    """
    for s in prange(first.shape[0]):
        for lane in range(LANES):
            center = members[s * LANES + lane]
            q = 0
            for b in range(first.shape[1] - 1):
                count = counts[center, b] if center >= 0 else 0
                for k in range(first[s, b + 1] - first[s, b]):
                    entry = (first[s, b] + k) * LANES + lane
                    if k < count:
                        out_entries[entry] = found[center, q]
                        q += 1
                    else:
                        out_entries[entry] = padding


@parallel_kernel
def sort_found_by_distance(xs, ys, zs, centers, counts, found):
    """Reorder each central atom's neighbours, within a species, from near to far (in place; ties keep their order)."""
    for c in prange(centers.shape[0]):
        x, y, z = xs[centers[c]], ys[centers[c]], zs[centers[c]]
        begin = 0
        for b in range(counts.shape[1]):
            for k in range(begin, begin + counts[c, b]):
                row = found[c, k]
                r2 = (xs[row] - x) ** 2 + (ys[row] - y) ** 2 + (zs[row] - z) ** 2
                m = k
                while m > begin:
                    other = found[c, m - 1]
                    if (xs[other] - x) ** 2 + (ys[other] - y) ** 2 + (zs[other] - z) ** 2 <= r2:
                        break
                    found[c, m] = other
                    m -= 1
                found[c, m] = row
            begin += counts[c, b]


@parallel_kernel
def fill_reverse(members, centers, first, entries, center_of_atom, lane_of_center, atoms, shifts, padding, out_reverse):
    """Write, for every entry i to j, the entry j to i.

    Parameters
    ----------
    members : (n_slices * 8,) int64
    centers : (n_centers,) int32
    first : (n_slices, n_species + 1) int64
    entries : (8 n_columns,) int32
    center_of_atom : (n_atoms,) int64
        Centre that is the atom itself, -1 if it is none.
    lane_of_center : (n_centers,) int64
        ``8 slice + lane`` of a centre.
    atoms : (n_rows,) int32
    shifts : (n_rows, 3) int32
        Lattice shift of each row.
    padding : int
        Row of the padding.
    out_reverse : (8 n_columns,) int32
        Padding entries, and entries whose reverse is missing, get ``8 n_columns``.

    Notes
    -----
    The reverse of "atom i sees atom j shifted by S_j" is "atom j, where it is at home, sees atom i shifted by
    S_i + S_j(home) - S_j".
    """
    n_species = first.shape[1] - 1
    for s in prange(first.shape[0]):
        for lane in range(LANES):
            center = members[s * LANES + lane]
            for column in range(first[s, 0], first[s, n_species]):
                entry = column * LANES + lane
                out_reverse[entry] = entries.shape[0]
                row = entries[entry]
                if center < 0 or row == padding:
                    continue
                home_i = centers[center]
                other = center_of_atom[atoms[row]]
                if other < 0:
                    continue
                home_j = centers[other]
                place = lane_of_center[other]
                slice_j, lane_j = place // LANES, place % LANES
                for column_j in range(first[slice_j, 0], first[slice_j, n_species]):
                    candidate = entries[column_j * LANES + lane_j]
                    if candidate == padding or atoms[candidate] != atoms[home_i]:
                        continue
                    same = True
                    for c in range(3):
                        want = shifts[home_i, c] + shifts[home_j, c] - shifts[row, c]
                        same = same and shifts[candidate, c] == want
                    if same:
                        out_reverse[entry] = column_j * LANES + lane_j
                        break
