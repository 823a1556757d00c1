"""The order of central atoms in which the columns of a slice have little padding."""

from __future__ import annotations

import numpy as np

from nakmd.kernels.jit import kernel, parallel_kernel, prange

#: Central atoms are sorted by their numbers of neighbours of the most frequent species within windows of this length,
#: and by those of the other species in blocks of a window. 7 % of the lanes of liquid NaK are then padding; sorted by
#: the total number within 128 atoms it was 27 %.
WINDOW = 512
BLOCK = 64


# Not inlined: inlining takes two seconds of compilation and gains nothing.
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
    """Order central atoms so that those of a slice have similar numbers of neighbours of every species.

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
