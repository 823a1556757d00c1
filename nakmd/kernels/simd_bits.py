"""Conversions between floats, indices and the bits of floats, for lanes and plain numbers: the rest of `simd`."""

from __future__ import annotations

import numpy as np
from numba.extending import overload

from nakmd.kernels.simd import for_lanes
from nakmd.kernels.simd_bits_lowering import power_of_two_lanes, split_exponent_lanes, to_float_lanes, to_index_lanes


def to_index(x):
    """Return whole-number lanes as index lanes (truncated toward zero): int64 of float64, int32 of float32."""
    if isinstance(x, np.ndarray):
        return x.astype(np.int32 if x.dtype == np.float32 else np.int64)
    return int(x)


for_lanes(to_index, to_index_lanes, int)


def to_float(x):
    """Return index lanes as numbers: float64 of int64, float32 of int32."""
    if isinstance(x, np.ndarray):
        return x.astype(np.float32 if x.dtype == np.int32 else np.float64)
    return float(x)


for_lanes(to_float, to_float_lanes, float)


def power_of_two(exponent):
    """Return 2^k of index lanes: -1022 <= k <= 1023 of int64, -126 <= k <= 127 of int32."""
    return np.ldexp(np.ones_like(to_float(exponent)), exponent)


@overload(power_of_two)
def _power_of_two_o(exponent):
    return lambda exponent: power_of_two_lanes(exponent)


def split_exponent(x):
    """Return e (index lanes) and m with x = m 2^e and 1 <= m < 2, for positive normal lanes."""
    mantissa, exponent = np.frexp(x)
    return (exponent - 1).astype(np.int32 if x.dtype == np.float32 else np.int64), 2.0 * mantissa


@overload(split_exponent)
def _split_exponent_o(x):
    return lambda x: split_exponent_lanes(x)
