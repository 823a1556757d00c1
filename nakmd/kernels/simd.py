"""A value of several lanes for Numba, with ordinary operators: eight float64, or sixteen float32.

Inside a kernel ``load``, ``take`` and ``take_rows`` (`nakmd.kernels.simd_arrays`) make such values. The operators
``+ - * / < <= > >= & | ~`` combine them with each other and with plain numbers; `exp`, `log`, `sqrt`, `where`,
`maximum`, `minimum` and `fma` act on them lane by lane. The same functions take plain floats, so a formula is written
once and compiles for one pair and for eight. LLVM lowers the value to AVX-512, AVX2, SSE or NEON.

Both kinds of float lanes fill one register of 512 bits, and the array that they are read from decides which they are:
float64 arrays give 8 lanes of float64, float32 arrays 16 of float32. A number combined with lanes takes their kind.
Lanes of different kinds cannot be combined: `widen` converts 16 lanes of float32 to float64 (two registers), for sums.
Index lanes are int64, except those that `to_index` makes of float32 lanes, which are int32.

Without compilation (``NUMBA_DISABLE_JIT=1``) a lane value is a NumPy array of length 8 or 16 and all of this is plain
Python: the function bodies below. NumPy converts float32 to float64 in combination with a float64 number; a result is
then more precise than the compiled one.

`nakmd.kernels.simd_types` defines how LLVM represents lanes.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numba.extending import overload

from nakmd.kernels.simd_index_memory import (
    bits_lanes,
    count_lanes,
)
from nakmd.kernels.simd_lowering import (
    align_stack_lowered,
    extract_lanes,
    fence_lanes,
    floor_lanes,
    fma_lanes,
    maximum_lanes,
    minimum_lanes,
    narrow_lanes,
    seldom_lowered,
    splat_lanes,
    splat_like_lanes,
    sqrt_lanes,
    sum_lanes,
    where_lanes,
    widen_lanes,
)
from nakmd.kernels.simd_types import LANES, WIDE_LANES, LaneType, is_lanes

#: Argument and result of a formula: lanes, or a plain number.
Lanes: TypeAlias = Any


def for_lanes(function, lanes_version, number_version, single_version=None):
    """Let a function of one argument compile to one version for lanes and to another for a plain number.

    ``single_version`` is for float32 lanes, if they need a different one.
    """

    @overload(function)
    def choose(x):
        if single_version is not None and is_lanes(x, "f32"):
            return lambda x: single_version(x)
        if isinstance(x, LaneType):
            return lambda x: lanes_version(x)
        return lambda x: number_version(x)


def for_two_lanes(function, lanes_version, number_version):
    """Let a function of two arguments compile to one version if either is lanes and to another for plain numbers."""

    @overload(function)
    def choose(a, b):
        if isinstance(a, LaneType) or isinstance(b, LaneType):
            return lambda a, b: lanes_version(a, b)
        return lambda a, b: number_version(a, b)


def align_stack():
    """Put the stack frame of a kernel at a multiple of 64 bytes.

    LLVM aligns a frame only if it knows before register allocation that a variable needs it. Registers spilled later
    would otherwise cross cache lines, at two accesses each. Call this inside the parallel loop, whose body becomes a
    function of its own.
    """


@overload(align_stack)
def _align_stack_o():
    return lambda: align_stack_lowered()


def seldom():
    """Tell the compiler, as the first statement of a branch, that the branch is rare.

    Registers are then allocated in favour of the other branch.
    """


@overload(seldom)
def _seldom_o():
    return lambda: seldom_lowered()


# -------------------------------------------------------------------------------------------------- making lanes
def lanes_in(value):
    """Return the number of lanes; constant in a kernel."""
    return len(value)


@overload(lanes_in)
def _lanes_in_o(value):
    width = value.width
    return lambda value: width


def splat(x):
    """Return eight float64 lanes of the same number."""
    return np.full(LANES, float(x))


@overload(splat)
def _splat_o(x):
    return lambda x: splat_lanes(x)


def splat_like(x, like):
    """Return lanes of the same number, as many and of the same kind as ``like`` (a plain number if that is one)."""
    return np.full(len(like), x, like.dtype) if isinstance(like, np.ndarray) else float(x)


@overload(splat_like)
def _splat_like_o(x, like):
    if isinstance(like, LaneType):
        return lambda x, like: splat_like_lanes(x, like)
    return lambda x, like: float(x)


def widen(x):
    """Return float lanes as float64, a plain number as itself."""
    return x.astype(np.float64) if isinstance(x, np.ndarray) else float(x)


for_lanes(widen, widen_lanes, float)


def narrow(x):
    """Return 16 float lanes as float32; 8 lanes, and a plain number, as they are: the reverse of `widen`."""
    if isinstance(x, np.ndarray):
        return x.astype(np.float32) if len(x) == WIDE_LANES else x
    return float(x)


for_lanes(narrow, narrow_lanes, float)


# ---------------------------------------------------------------------------------------------- lanes to numbers
def extract(value, lane):
    """Return one lane as a plain number."""
    return value[lane]


@overload(extract)
def _extract_o(value, lane):
    return lambda value, lane: extract_lanes(value, lane)


def lane_sum(value):
    """Return the sum of all lanes in float64, pairwise in a fixed order: each half is added to the other."""
    value = value.astype(np.float64)
    while len(value) > 1:
        value = value[: len(value) // 2] + value[len(value) // 2 :]
    return value[0]


@overload(lane_sum)
def _lane_sum_o(value):
    return lambda value: sum_lanes(value)


def count_of(mask):
    """Return the number of lanes in which the mask is true."""
    return int(np.sum(mask))


@overload(count_of)
def _count_of_o(mask):
    return lambda mask: count_lanes(mask)


def any_of(condition):
    """Return whether the condition is true in any lane (a plain truth value is returned as it is)."""
    return bool(np.any(condition))


@overload(any_of)
def _any_of_o(condition):
    if is_lanes(condition, "mask"):
        return lambda condition: bits_lanes(condition) != 0
    return lambda condition: condition


# ---------------------------------------------------------------------------------------------------- arithmetic
def where(condition, a, b):
    """Return ``a`` where the condition is true and ``b`` elsewhere; both are evaluated.

    Two numbers become the float lanes that fill a register: float32 under a mask of 16.
    """
    if isinstance(condition, np.ndarray):
        return np.where(condition, a, b)
    return a if condition else b


@overload(where)
def _where_o(condition, a, b):
    if is_lanes(condition, "mask"):
        return lambda condition, a, b: where_lanes(condition, a, b)
    return lambda condition, a, b: a if condition else b


def sqrt(x):
    """Return the square root."""
    return np.sqrt(x)


for_lanes(sqrt, sqrt_lanes, math.sqrt)


def floor(x):
    """Return the largest whole number not above x, as a float."""
    return np.floor(x)


for_lanes(floor, floor_lanes, np.floor)


def maximum(a, b):
    """Return the larger of two."""
    return np.maximum(a, b)


for_two_lanes(maximum, maximum_lanes, max)


def minimum(a, b):
    """Return the smaller of two."""
    return np.minimum(a, b)


for_two_lanes(minimum, minimum_lanes, min)


def fma(a, b, c):
    """Return a b + c; fused when compiled for lanes, which no reassociation takes apart."""
    return a * b + c


@overload(fma)
def _fma_o(a, b, c):
    if any(isinstance(t, LaneType) for t in (a, b, c)):
        return lambda a, b, c: fma_lanes(a, b, c)
    return lambda a, b, c: a * b + c


def fence(x):
    """Return x, for a second use: of what is computed from it the compiler shares nothing with the first.

    It contracts and reassociates a product with one use differently from one with two. Numbers that must have the same
    bits with and without a second quantity are computed from x, the second quantity from fence(x).
    """
    return x


@overload(fence)
def _fence_o(x):
    if isinstance(x, LaneType):
        return lambda x: fence_lanes(x)
    return lambda x: x
