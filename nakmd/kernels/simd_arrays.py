"""Lanes read from arrays and written to them: the memory side of `nakmd.kernels.simd`.

Float arrays are float64 or float32, index arrays int32; all are contiguous. Index lanes in registers are int64.

Compiled code checks no index, and NUMBA_BOUNDSCHECK does not see these functions. As plain Python (NUMBA_DISABLE_JIT=1)
they check the index of every lane that is read or written: that is the debug mode of the kernels.
"""

from __future__ import annotations

import numpy as np
from numba.extending import overload

from nakmd.kernels.simd_index_memory import (
    load_index_for_lanes,
    load_index_lanes,
    store_chosen_lanes,
    store_index_lanes,
    take_index_lanes,
)
from nakmd.kernels.simd_memory import (
    load_lanes,
    prefetch_lowered,
    store_lanes,
    take_lanes,
    take_rows_lanes,
    width_of_array,
)
from nakmd.kernels.simd_types import LANES, WIDE_LANES, LaneType


def width_of(array):
    """Return the number of lanes for the elements of an array: 8 for float64, 16 for float32; constant in a kernel."""
    return WIDE_LANES if array.dtype == np.float32 else LANES


@overload(width_of)
def _width_of_o(array):
    width = width_of_array(array)
    return lambda array: width


def _span(array, start, count):
    """Return ``array[start:start + count]``, which NumPy would shorten or take from the end without an error."""
    if not 0 <= start <= len(array) - count:
        raise IndexError(f"lanes {start} to {start + count - 1} of an array of {len(array)}")
    return array[start : start + count]


def _rows(array, indices):
    """Return ``array[indices]``; a negative index is an error, not a row counted from the end."""
    if np.any(outside := (indices < 0) | (indices >= len(array))):
        raise IndexError(f"lanes {np.asarray(indices)[outside]} of an array of {len(array)}")
    return array[indices]


def load(array, start):
    """Return ``array[start:start + 8]`` of a contiguous float64 array, or 16 lanes of a float32 array."""
    return _span(array, start, width_of(array)).copy()


@overload(load)
def _load_o(array, start):
    return lambda array, start: load_lanes(array, start)


def load_index(array, start):
    """Return ``array[start:start + 8]`` of a contiguous int32 array, as index lanes."""
    return _span(array, start, LANES).astype(np.int64)


@overload(load_index)
def _load_index_o(array, start):
    return lambda array, start: load_index_lanes(array, start)


def load_index_for(rows, array, start):
    """Return ``array[start:start + width_of(rows)]`` of a contiguous int32 array, as index lanes."""
    return _span(array, start, width_of(rows)).astype(np.int64)


@overload(load_index_for)
def _load_index_for_o(rows, array, start):
    return lambda rows, array, start: load_index_for_lanes(rows, array, start)


def store(array, start, value):
    """Write lanes to consecutive elements of a contiguous array of their kind, from ``array[start]`` on."""
    _span(array, start, len(value))[:] = value


@overload(store)
def _store_o(array, start, value):
    return lambda array, start, value: store_lanes(array, start, value)


def store_index(array, start, indices):
    """Write index lanes to consecutive elements of a contiguous int32 array, from ``array[start]`` on."""
    _span(array, start, len(indices))[:] = indices


@overload(store_index)
def _store_index_o(array, start, indices):
    return lambda array, start, indices: store_index_lanes(array, start, indices)


def store_chosen(array, start, indices, mask):
    """Write the index lanes selected by the mask contiguously to an int32 array; return their number.

    Compiled code writes as many elements as there are lanes, the last ones undefined: the array needs room for them.
    """
    chosen = indices[mask]
    _span(array, start, len(indices))[: len(chosen)] = chosen
    return len(chosen)


@overload(store_chosen)
def _store_chosen_o(array, start, indices, mask):
    return lambda array, start, indices, mask: store_chosen_lanes(array, start, indices, mask)


def take(array, indices):
    """Return ``array[indices]`` of a contiguous float64 or float32 array, lane by lane."""
    return _rows(array, indices)


@overload(take)
def _take_o(array, indices):
    return lambda array, indices: take_lanes(array, indices)


def take_index(array, indices):
    """Return ``array[indices]`` of a contiguous int32 array, as index lanes."""
    return _rows(array, indices).astype(np.int64)


@overload(take_index)
def _take_index_o(array, indices):
    return lambda array, indices: take_index_lanes(array, indices)


def take_rows(rows, indices):
    """Return the four columns of ``rows[indices]`` of a contiguous (m, 4) array, as four lane values.

    8 index lanes go with float64, 16 with float32.
    """
    chosen = _rows(rows, indices).T
    return chosen[0], chosen[1], chosen[2], chosen[3]


@overload(take_rows)
def _take_rows_o(rows, indices):
    if isinstance(indices, LaneType):
        return lambda rows, indices: take_rows_lanes(rows, indices)
    return lambda rows, indices: (rows[indices, 0], rows[indices, 1], rows[indices, 2], rows[indices, 3])


def prefetch(array, index):
    """Request the cache line of an element of a contiguous array without waiting; ``index`` is into the flat array."""


@overload(prefetch)
def _prefetch_o(array, index):
    return lambda array, index: prefetch_lowered(array, index)
