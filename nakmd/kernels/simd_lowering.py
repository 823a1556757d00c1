"""LLVM code for lanes in registers: the intrinsics behind the arithmetic of `nakmd.kernels.simd`."""

from __future__ import annotations

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from nakmd.kernels.simd_types import (
    FLOATS,
    INDICES,
    LANES,
    SCALARS,
    LaneType,
    as_lanes,
    call_llvm,
    common_lanes,
    compiles_for,
    constant,
    expect,
    f64x8,
    float_lanes,
    i32,
    is_lanes,
    shuffle,
    suffix,
    undefined,
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
def index_like_lanes(typingctx, start, like):
    expect(is_lanes(like), "index_lanes", "lanes to number", like)
    lanes = LaneType("i64", like.width)

    def codegen(context, builder, sig, args):
        first = as_lanes(context, builder, args[0], types.intp, lanes)
        return builder.add(first, constant(lanes, range(lanes.width)))

    return lanes(types.intp, like), codegen


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


@intrinsic
def permute_lanes(typingctx, table, indices):
    fits = is_lanes(table, *FLOATS) and is_lanes(indices, *INDICES) and indices.width == table.width
    expect(fits, "permute", "float lanes and as many index lanes", table, indices)

    def codegen(context, builder, sig, args):
        places = _resized(builder, args[1], LaneType(INDEX_OF[table.kind], table.width))
        letters = {("f64", 8): "df", ("f32", 16): "sf"}.get((table.kind, table.width))
        if letters and compiles_for(context, "avx512f"):
            name = f"x86.avx512.permvar.{letters}.512"
            return call_llvm(builder, name, args[0].type, [args[0], places])
        places = builder.and_(places, constant(LaneType(INDEX_OF[table.kind], table.width), table.width - 1))
        value = undefined(table)
        for lane in range(table.width):
            found = builder.extract_element(args[0], builder.extract_element(places, i32(lane)))
            value = builder.insert_element(value, found, i32(lane))
        return value

    return table(table, indices), codegen


def _resized(builder, value, lanes):
    wanted = vector_of(lanes)
    if value.type == wanted:
        return value
    return (builder.trunc if lanes.kind == "i32" else builder.sext)(value, wanted)


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


@intrinsic
def rsqrt_lanes(typingctx, x):
    lanes = float_lanes("rsqrt", x)

    def codegen(context, builder, sig, args):
        value = args[0]
        if lanes.kind == "f32" and lanes.width == 16 and compiles_for(context, "avx512f"):
            # y ≈ 1/sqrt(x) to 14 bits, then one step of Newton: y + y (1 - x y²)/2. 0.44 ns for sixteen numbers on
            # Zen 5 against 1.55 with square root and division. For float64 it would be two steps, and slower.
            all_lanes = ir.Constant(ir.IntType(16), 0xFFFF)
            y = call_llvm(builder, "x86.avx512.rsqrt14.ps.512", value.type, [value, value, all_lanes])
            name = f"fma.{suffix(lanes)}"
            product = builder.fmul(value, y)
            error = call_llvm(builder, name, value.type, [builder.fneg(product), y, constant(lanes, 1.0)])
            half = builder.fmul(y, constant(lanes, 0.5))
            return call_llvm(builder, name, value.type, [half, error, y])
        root = call_llvm(builder, f"sqrt.{suffix(lanes)}", value.type, [value])
        return builder.fdiv(constant(lanes, 1.0), root)

    return lanes(x), codegen


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
