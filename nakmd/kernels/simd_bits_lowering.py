"""Conversions between floats, indices and bits in LLVM: the intrinsics behind `nakmd.kernels.simd_bits`."""

from __future__ import annotations

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from nakmd.kernels.simd_lowering import INDEX_OF
from nakmd.kernels.simd_types import FLOATS, INDICES, LaneType, compiles_for, constant, expect, is_lanes, vector_of

#: Bits of the mantissa, and the exponent of 1, in the formats of the two kinds of float lanes.
_FORMATS = {"f64": (52, 1023), "f32": (23, 127)}
#: The float lanes that are as wide in memory as index lanes.
_FLOAT_OF = {"i64": "f64", "i32": "f32"}


def _conversion(function, kinds, expected, kind_of, convert):
    """Return the intrinsic that converts lanes of these kinds by ``convert(context, builder, value, lanes)``."""

    @intrinsic
    def conversion(typingctx, value):
        expect(is_lanes(value, *kinds), function, expected, value)
        lanes = LaneType(kind_of[value.kind], value.width)

        def codegen(context, builder, sig, args):
            return convert(context, builder, args[0], lanes)

        return lanes(value), codegen

    return conversion


def _half_wide(lanes):
    return ir.VectorType(ir.IntType(32), lanes.width)


# Only AVX-512 DQ converts between float64 and int64; elsewhere LLVM converts lane by lane. An index or an exponent fits
# in 32 bits, and those conversions are instructions everywhere.
def _floats_to_indices(context, builder, value, lanes):
    if lanes.kind == "i64" and not compiles_for(context, "avx512dq"):
        return builder.sext(builder.fptosi(value, _half_wide(lanes)), vector_of(lanes))
    return builder.fptosi(value, vector_of(lanes))


def _indices_to_floats(context, builder, value, lanes):
    if lanes.kind == "f64" and not compiles_for(context, "avx512dq"):
        value = builder.trunc(value, _half_wide(lanes))
    return builder.sitofp(value, vector_of(lanes))


to_index_lanes = _conversion("to_index", FLOATS, "float lanes", INDEX_OF, _floats_to_indices)
to_float_lanes = _conversion("to_float", INDICES, "index lanes", _FLOAT_OF, _indices_to_floats)


@intrinsic
def power_of_two_lanes(typingctx, exponent):
    """2**k for index lanes in the range of normal numbers, by writing the exponent bits."""
    expect(is_lanes(exponent, *INDICES), "power_of_two", "index lanes", exponent)
    lanes = LaneType(_FLOAT_OF[exponent.kind], exponent.width)
    digits, one = _FORMATS[lanes.kind]

    def codegen(context, builder, sig, args):
        biased = builder.add(args[0], constant(exponent, one))
        return builder.bitcast(builder.shl(biased, constant(exponent, digits)), vector_of(lanes))

    return lanes(exponent), codegen


@intrinsic
def split_exponent_lanes(typingctx, value):
    """(e, m) with value = m 2**e and 1 <= m < 2, for positive normal lanes."""
    expect(is_lanes(value, *FLOATS), "split_exponent", "float lanes", value)
    index = LaneType(INDEX_OF[value.kind], value.width)
    digits, one = _FORMATS[value.kind]
    result = types.Tuple((index, value))

    def codegen(context, builder, sig, args):
        bits = builder.bitcast(args[0], vector_of(index))
        exponent = builder.sub(builder.lshr(bits, constant(index, digits)), constant(index, one))
        fraction = builder.and_(bits, constant(index, (1 << digits) - 1))
        mantissa = builder.or_(fraction, constant(index, one << digits))
        return context.make_tuple(builder, result, [exponent, builder.bitcast(mantissa, vector_of(value))])

    return result(value), codegen
