"""LLVM code for lanes in registers: the intrinsics behind the arithmetic of `nakmd.kernels.simd`."""

from __future__ import annotations

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from nakmd.kernels.simd_types import (
    FLOATS,
    LANES,
    SCALARS,
    LaneType,
    as_lanes,
    call_llvm,
    common_lanes,
    expect,
    f64x8,
    float_lanes,
    i32,
    is_lanes,
    shuffle,
    suffix,
    vector_of,
)

#: The index lanes that are as wide in memory as float lanes.
INDEX_OF = {"f64": "i64", "f32": "i32"}


# ------------------------------------------------------------------------------- making lanes
@intrinsic
def splat_lanes(typingctx, x):
    def codegen(context, builder, sig, args):
        return as_lanes(context, builder, args[0], x, f64x8)

    return f64x8(x), codegen


@intrinsic
def splat_like_lanes(typingctx, x, like):
    lanes = common_lanes(x, like)
    expect(lanes is not None, "splat_like", "a number, or such lanes as are given", x, like)

    def codegen(context, builder, sig, args):
        return as_lanes(context, builder, args[0], x, lanes)

    return lanes(x, like), codegen


@intrinsic
def widen_lanes(typingctx, value):
    expect(is_lanes(value, *FLOATS), "widen", "float lanes", value)
    wide = LaneType("f64", value.width)

    def codegen(context, builder, sig, args):
        return args[0] if value == wide else builder.fpext(args[0], vector_of(wide))

    return wide(value), codegen


@intrinsic
def narrow_lanes(typingctx, value):
    expect(is_lanes(value, *FLOATS), "narrow", "float lanes", value)
    narrow = value if value.width == LANES else LaneType("f32", value.width)

    def codegen(context, builder, sig, args):
        return args[0] if value == narrow else builder.fptrunc(args[0], vector_of(narrow))

    return narrow(value), codegen


# ---------------------------------------------------------------------------- taking them apart
@intrinsic
def extract_lanes(typingctx, value, lane):
    def codegen(context, builder, sig, args):
        return builder.extract_element(args[0], builder.trunc(args[1], ir.IntType(32)))

    return SCALARS[value.kind](value, types.intp), codegen


@intrinsic
def sum_lanes(typingctx, value):
    expect(is_lanes(value, *FLOATS), "lane_sum", "float lanes", value)

    def codegen(context, builder, sig, args):
        total = args[0]
        if value.kind == "f32":
            total = builder.fpext(total, vector_of(LaneType("f64", value.width)))
        width = value.width
        while width > 1:
            width //= 2
            halves = [shuffle(builder, total, total, range(k, k + width)) for k in (0, width)]
            total = builder.fadd(*halves)
        return builder.extract_element(total, i32(0))

    return types.float64(value), codegen


# --------------------------------------------------------------------------------- arithmetic
@intrinsic
def where_lanes(typingctx, mask, a, b):
    # between two numbers: lanes that fill one register, the most frequent kind in comparisons
    lanes = common_lanes(a, b) or LaneType("f64" if mask.width == LANES else "f32", mask.width)
    if is_lanes(a, "mask") and a == b:
        lanes = a
    fits = all(is_lanes(t) is False or t == lanes for t in (a, b)) and lanes.width == mask.width
    expect(fits, "where", "a mask and two lane values of one kind, all of one width, or numbers", mask, a, b)

    def codegen(context, builder, sig, args):
        chosen = [as_lanes(context, builder, v, t, lanes) for v, t in zip(args[1:], (a, b), strict=True)]
        return builder.select(args[0], *chosen)

    return lanes(mask, a, b), codegen


def _lower_call(name, lanes):
    """Return the lowering to LLVM's function ``name`` on lanes of this type, or on numbers that become such."""

    def codegen(context, builder, sig, args):
        values = [as_lanes(context, builder, v, t, lanes) for v, t in zip(args, sig.args, strict=True)]
        return call_llvm(builder, f"{name}.{suffix(lanes)}", vector_of(lanes), values)

    return codegen


def _one(name):
    @intrinsic
    def call_one(typingctx, a):
        lanes = float_lanes(name, a)
        return lanes(a), _lower_call(name, lanes)

    return call_one


def _two(name):
    @intrinsic
    def call_two(typingctx, a, b):
        lanes = float_lanes(name, a, b)
        return lanes(a, b), _lower_call(name, lanes)

    return call_two


def _three(name):
    @intrinsic
    def call_three(typingctx, a, b, c):
        lanes = float_lanes(name, a, b, c)
        return lanes(a, b, c), _lower_call(name, lanes)

    return call_three


sqrt_lanes = _one("sqrt")
floor_lanes = _one("floor")
maximum_lanes = _two("maxnum")
minimum_lanes = _two("minnum")
fma_lanes = _three("fma")
fence_lanes = _one("arithmetic.fence")


# ---------------------------------------------------------------------------------- the stack
@intrinsic
def align_stack_lowered(typingctx):
    def codegen(context, builder, sig, args):
        # A variable of 64 bytes, aligned to 64, that the optimiser must assume to be used.
        with builder.goto_entry_block():
            slot = builder.alloca(vector_of(f64x8))
            slot.align = 64
        function_type = ir.FunctionType(ir.VoidType(), [slot.type])
        builder.asm(function_type, "", "r,~{memory}", [slot], side_effect=True)
        return context.get_dummy_value()

    return types.none(), codegen


@intrinsic
def seldom_lowered(typingctx):
    def codegen(context, builder, sig, args):
        # No instruction, only a call that LLVM treats as cold. llvmlite does not list the attribute for calls.
        marker = builder.asm(ir.FunctionType(ir.VoidType(), []), "", "", [], side_effect=True)
        set.add(marker.attributes, "cold")
        return context.get_dummy_value()

    return types.none(), codegen
