"""What a force loop loads into the cache before it is used: rows, entries and results of later slices.

Beyond some 100,000 atoms rows and lists do not fit in the last-level cache, and a row that comes from memory stops the
loop for half as long as a slice takes. Among the 300 entries of a slice are about 8 rows in cache lines that no slice
before it has touched: only those are fetched. A million atoms of NaK took 0.156 µs per atom and step on Zen 5, and
0.177 when all rows of a slice were fetched.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nakmd.kernels.jit import kernel, parallel_kernel, prange, term
from nakmd.kernels.simd_arrays import prefetch, width_of

#: Slices from the fetch of rows, of results and of entries to their use.
ROWS_AHEAD, RESULTS_AHEAD, ENTRIES_AHEAD = 4, 2, 4

#: Rows for which there is room in the list of fetches, for each slice of a block.
ROOM = 16


class Fetches(NamedTuple):
    """Rows whose cache lines a slice is the first of its block to touch.

    Attributes
    ----------
    parts : (n_slices, 2) int32
        Begin and end of those of each slice in ``rows``; empty where all rows fit in a cache.
    rows : (ROOM n_slices,) int32
    """

    parts: np.ndarray
    rows: np.ndarray


def room_for_fetches(n_slices: int) -> Fetches:
    """Return arrays for the fetches of a number of slices."""
    return Fetches(np.empty((n_slices, 2), np.int32), np.empty(ROOM * n_slices, np.int32))


# A separate function: inside `prange`, Numba takes the place that advances for a sum over the blocks.
@kernel
def _find_in_block(begin, end, lanes, first, candidates, rows_in_line, n_rows, out_fetches):
    is_fetched = np.zeros(n_rows // rows_in_line + 1, np.bool_)
    place, room = ROOM * begin, ROOM * end
    for s in range(begin, end):
        out_fetches.parts[s, 0] = place
        for k in range(first[s * lanes], first[(s + 1) * lanes]):
            line = candidates[k] // rows_in_line
            if not is_fetched[line] and place < room:
                is_fetched[line] = True
                out_fetches.rows[place] = candidates[k]
                place += 1
        out_fetches.parts[s, 1] = place


@parallel_kernel
def find_fetches(blocks, lanes, first, candidates, rows_in_line, n_rows, out_fetches):
    """Write the rows whose cache lines each slice is the first of its block to touch.

    Parameters
    ----------
    blocks : (n_blocks + 1,) int64
        First slice of each block, and the end. The rows of a block fit in a cache.
    lanes : int
        Central atoms in a slice.
    first : (n_slices * lanes + 1,) int64
        First candidate of each lane.
    candidates : (at least first[-1],) int32
        Rows.
    rows_in_line : int
    n_rows : int
    out_fetches : Fetches
        Rows for which there is no room are left out: a fetch changes no result.
    """
    for block in prange(blocks.shape[0] - 1):
        _find_in_block(
            blocks[block], blocks[block + 1], lanes, first, candidates, rows_in_line, n_rows, out_fetches
        )  # fmt: skip


@term
def fetch_rows(rows, fetches, s):
    """Fetch the rows of a later slice."""
    t = s + ROWS_AHEAD
    if t < fetches.parts.shape[0]:
        for k in range(fetches.parts[t, 0], fetches.parts[t, 1]):
            prefetch(rows, 4 * fetches.rows[k])


@term
def fetch_entries(rows, begin, end, entries, fetches, s):
    """Fetch entries of a later slice."""
    t = s + ENTRIES_AHEAD
    if t < fetches.parts.shape[0]:
        lanes = width_of(rows)
        for k in range(begin[t, 0] * lanes, end[t, begin.shape[1] - 1] * lanes, 16):
            prefetch(entries, k)


@term
def fetch_results(rows, atoms, fetches, s, values):
    """Fetch the elements of an array over atoms that a later slice writes."""
    t = s + RESULTS_AHEAD
    if t < fetches.parts.shape[0]:
        stride = values.size // values.shape[0]
        lanes = width_of(rows)
        for lane in range(lanes):
            prefetch(values, stride * max(atoms[t * lanes + lane], 0))
