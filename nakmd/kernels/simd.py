"""A value of eight float64 lanes for Numba, with ordinary operators.

Inside a kernel ``load``, ``take`` and ``take_rows`` make such values, ``+ - * / < <= > >= & | ~`` combine them with
each other and with plain numbers, and `exp`, `log`, `sqrt`, `where`, `maximum`, `minimum`, `fma` act on them lane by
lane. The same functions take plain floats, so a formula is written once and compiles for one pair and for eight.
LLVM lowers the value to AVX-512, AVX2, SSE or NEON by itself.

Without compilation (``NUMBA_DISABLE_JIT=1``) a lane value is a NumPy array of length 8 and all of this is plain
Python: that is what every function body below says.

`nakmd.kernels.simd_lowering` says what lanes are to LLVM.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numba.extending import overload

from nakmd.kernels.simd_lowering import (
    LANES,
    LaneType,
    bits_lanes,
    count_lanes,
    extract_lanes,
    floor_lanes,
    fma_lanes,
    load_index_lanes,
    load_lanes,
    mask8,
    maximum_lanes,
    minimum_lanes,
    power_of_two_lanes,
    splat_lanes,
    split_exponent_lanes,
    sqrt_lanes,
    store_chosen_lanes,
    store_lanes,
    take_lanes,
    take_rows_lanes,
    to_float_lanes,
    to_index_lanes,
    where_lanes,
)

#: What a formula takes and gives: eight lanes, or a plain number.
Lanes: TypeAlias = Any

_LANE_RANGE = range(LANES)


def for_lanes(function, lanes_version, number_version):
    """Let a function of one argument compile to one version for lanes and to another for a plain number."""

    @overload(function)
    def choose(x):
        if isinstance(x, LaneType):
            return lambda x: lanes_version(x)
        return lambda x: number_version(x)


def splat(x):
    """Return eight lanes of the same number."""
    return np.full(LANES, float(x))


@overload(splat)
def _splat_o(x):
    return lambda x: splat_lanes(x)


def load(array, start):
    """Return ``array[start:start + 8]`` of a contiguous float64 array."""
    return array[start : start + LANES].copy()


@overload(load)
def _load_o(array, start):
    return lambda array, start: load_lanes(array, start)


def load_index(array, start):
    """Return ``array[start:start + 8]`` of a contiguous int32 array, as index lanes."""
    return array[start : start + LANES].astype(np.int64)


@overload(load_index)
def _load_index_o(array, start):
    return lambda array, start: load_index_lanes(array, start)


def store(array, start, value):
    """Write lanes to ``array[start:start + 8]`` of a contiguous float64 array."""
    array[start : start + LANES] = value


@overload(store)
def _store_o(array, start, value):
    return lambda array, start, value: store_lanes(array, start, value)


def take(array, indices):
    """Return ``array[indices]`` of a contiguous float64 array, lane by lane."""
    return array[indices]


@overload(take)
def _take_o(array, indices):
    return lambda array, indices: take_lanes(array, indices)


def take_rows(rows, indices):
    """Return the four columns of ``rows[indices]`` of a contiguous (m, 4) float64 array, as four lane values."""
    chosen = rows[indices].T
    return chosen[0], chosen[1], chosen[2], chosen[3]


@overload(take_rows)
def _take_rows_o(rows, indices):
    if isinstance(indices, LaneType):
        return lambda rows, indices: take_rows_lanes(rows, indices)
    return lambda rows, indices: (rows[indices, 0], rows[indices, 1], rows[indices, 2], rows[indices, 3])


def extract(value, lane):
    """Return one lane as a plain number."""
    return value[lane]


@overload(extract)
def _extract_o(value, lane):
    return lambda value, lane: extract_lanes(value, lane)


def lane_sum(value):
    """Return the sum of all lanes, pairwise in a fixed order."""
    return ((value[0] + value[4]) + (value[2] + value[6])) + ((value[1] + value[5]) + (value[3] + value[7]))


@overload(lane_sum)
def _lane_sum_o(value):
    def impl(value):
        return (
            (extract_lanes(value, 0) + extract_lanes(value, 4)) + (extract_lanes(value, 2) + extract_lanes(value, 6))
        ) + ((extract_lanes(value, 1) + extract_lanes(value, 5)) + (extract_lanes(value, 3) + extract_lanes(value, 7)))

    return impl


def count_of(mask):
    """Return in how many lanes the mask holds."""
    return int(np.sum(mask))


@overload(count_of)
def _count_of_o(mask):
    return lambda mask: count_lanes(mask)


def store_chosen(array, start, indices, mask):
    """Write the index lanes that the mask chooses, side by side, to an int32 array; return how many."""
    chosen = indices[mask]
    array[start : start + len(chosen)] = chosen
    return len(chosen)


@overload(store_chosen)
def _store_chosen_o(array, start, indices, mask):
    return lambda array, start, indices, mask: store_chosen_lanes(array, start, indices, mask)


def any_of(condition):
    """Return whether the condition holds in any lane (a plain truth value is itself)."""
    return bool(np.any(condition))


@overload(any_of)
def _any_of_o(condition):
    if condition == mask8:
        return lambda condition: bits_lanes(condition) != 0
    return lambda condition: condition


def where(condition, a, b):
    """Return ``a`` where the condition holds and ``b`` elsewhere; both are evaluated."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, a, b)
    return a if condition else b


@overload(where)
def _where_o(condition, a, b):
    if condition == mask8:
        return lambda condition, a, b: where_lanes(condition, a, b)
    return lambda condition, a, b: a if condition else b


def sqrt(x):
    """Return the square root."""
    return np.sqrt(x)


@overload(sqrt)
def _sqrt_o(x):
    if isinstance(x, LaneType):
        return lambda x: sqrt_lanes(x)
    return lambda x: math.sqrt(x)


def floor(x):
    """Return the largest whole number not above x, as a float."""
    return np.floor(x)


@overload(floor)
def _floor_o(x):
    if isinstance(x, LaneType):
        return lambda x: floor_lanes(x)
    return lambda x: np.floor(x)


def maximum(a, b):
    """Return the larger of two."""
    return np.maximum(a, b)


@overload(maximum)
def _maximum_o(a, b):
    if isinstance(a, LaneType) or isinstance(b, LaneType):
        return lambda a, b: maximum_lanes(a, b)
    return lambda a, b: max(a, b)


def minimum(a, b):
    """Return the smaller of two."""
    return np.minimum(a, b)


@overload(minimum)
def _minimum_o(a, b):
    if isinstance(a, LaneType) or isinstance(b, LaneType):
        return lambda a, b: minimum_lanes(a, b)
    return lambda a, b: min(a, b)


def fma(a, b, c):
    """Return a b + c; fused when compiled for lanes, which no reassociation takes apart."""
    return a * b + c


@overload(fma)
def _fma_o(a, b, c):
    if any(isinstance(t, LaneType) for t in (a, b, c)):
        return lambda a, b, c: fma_lanes(a, b, c)
    return lambda a, b, c: a * b + c


def to_index(x):
    """Return whole-number lanes as index lanes (truncated toward zero)."""
    return np.asarray(x).astype(np.int64) if isinstance(x, np.ndarray) else int(x)


@overload(to_index)
def _to_index_o(x):
    if isinstance(x, LaneType):
        return lambda x: to_index_lanes(x)
    return lambda x: int(x)


def to_float(x):
    """Return index lanes as numbers."""
    return np.asarray(x, dtype=np.float64) if isinstance(x, np.ndarray) else float(x)


@overload(to_float)
def _to_float_o(x):
    if isinstance(x, LaneType):
        return lambda x: to_float_lanes(x)
    return lambda x: float(x)


def power_of_two(exponent):
    """Return 2^k of index lanes, -1022 <= k <= 1023."""
    return np.ldexp(1.0, exponent)


@overload(power_of_two)
def _power_of_two_o(exponent):
    return lambda exponent: power_of_two_lanes(exponent)


def split_exponent(x):
    """Return e (index lanes) and m with x = m 2^e and 1 <= m < 2, for positive normal lanes."""
    mantissa, exponent = np.frexp(x)
    return (exponent - 1).astype(np.int64), 2.0 * mantissa


@overload(split_exponent)
def _split_exponent_o(x):
    return lambda x: split_exponent_lanes(x)
