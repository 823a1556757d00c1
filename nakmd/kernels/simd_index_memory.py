"""Index lanes read from int32 arrays and written to them in LLVM, and masks that select among them."""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from nakmd.kernels.simd_memory import addresses_of, element_pointer, wide_store, width_of_array
from nakmd.kernels.simd_types import (
    INDICES,
    LANES,
    LaneType,
    call_llvm,
    compiles_for,
    expect,
    i32,
    is_lanes,
    shuffle,
    undefined,
)

#: For every mask of eight lanes, the lanes that it chooses, in order, and zeros.
_CHOSEN = bytearray(b"".join(bytes(k for k in range(8) if mask >> k & 1).ljust(8, b"\0") for mask in range(256)))


def _load_index(width):
    lanes = LaneType("i64", width)

    def codegen(context, builder, sig, args):
        # Scalar loads: the lanes become addresses in scalar registers, so a wide load would have to be split.
        pointer = element_pointer(context, builder, sig.args[-2], *args[-2:])
        value = undefined(lanes)
        for lane in range(width):
            narrow = builder.load(builder.gep(pointer, [i32(lane)]))
            value = builder.insert_element(value, builder.sext(narrow, ir.IntType(64)), i32(lane))
        return value

    return lanes, codegen


def _expect_int32(function, array):
    expect(
        isinstance(array, types.Array) and array.dtype == types.int32, function, "an array of int32 for indices", array
    )


@intrinsic
def load_index_lanes(typingctx, array, start):
    _expect_int32("load_index", array)
    lanes, codegen = _load_index(LANES)
    return lanes(array, types.intp), codegen


@intrinsic
def load_index_for_lanes(typingctx, rows, array, start):
    _expect_int32("load_index_for", array)
    lanes, codegen = _load_index(width_of_array(rows))
    return lanes(rows, array, types.intp), codegen


def _as_int32(builder, value):
    narrow = ir.VectorType(ir.IntType(32), value.type.count)
    return value if value.type == narrow else builder.trunc(value, narrow)


def _expect_chosen(function, array, mask, *lanes):
    _expect_int32(function, array)
    fits = is_lanes(mask, "mask") and all(is_lanes(t, *INDICES) and t.width == mask.width for t in lanes)
    expect(fits, function, "index lanes and a mask of one width", *lanes, mask)


def _number_in(builder, mask, result):
    """Return the number of lanes that a mask selects, as an integer type."""
    bits = builder.bitcast(mask, ir.IntType(mask.type.count))
    return builder.zext(builder.ctpop(bits), result)


@intrinsic
def bits_lanes(typingctx, mask):
    def codegen(context, builder, sig, args):
        return builder.zext(builder.bitcast(args[0], ir.IntType(mask.width)), ir.IntType(64))

    return types.int64(mask), codegen


@intrinsic
def count_lanes(typingctx, mask):
    expect(is_lanes(mask, "mask"), "count_of", "a mask", mask)

    def codegen(context, builder, sig, args):
        return _number_in(builder, args[0], ir.IntType(64))

    return types.int64(mask), codegen


def _store_chosen_by_table(builder, narrow, mask, pointer):
    """Store the chosen lanes eight by eight, permuted by a table of all masks; return their number.

    AVX2 has no instruction that compresses, and what LLVM makes of it without one goes through memory lane by lane.
    """
    byte, eight = ir.IntType(8), ir.IntType(64)(8)
    table = cgutils.global_constant(builder, "nakmd_chosen_lanes", ir.Constant(ir.ArrayType(byte, 8 * 256), _CHOSEN))
    number = ir.Constant(ir.IntType(64), 0)
    for first in range(0, mask.type.count, 8):
        part = range(first, first + 8)
        chosen = shuffle(builder, mask, mask, part)
        bits = builder.zext(builder.bitcast(chosen, byte), ir.IntType(64))
        row = builder.gep(table, [i32(0), builder.mul(bits, eight)], inbounds=True)
        order = builder.load(builder.bitcast(row, ir.VectorType(byte, 8).as_pointer()))
        order = builder.zext(order, ir.VectorType(ir.IntType(32), 8))
        values = shuffle(builder, narrow, narrow, part)
        wide_store(builder, call_llvm(builder, "x86.avx2.permd", values.type, [values, order]), pointer, 4)
        count = _number_in(builder, chosen, ir.IntType(64))
        number, pointer = builder.add(number, count), builder.gep(pointer, [count])
    return number


@intrinsic
def store_chosen_lanes(typingctx, array, start, indices, mask):
    _expect_chosen("store_chosen", array, mask, indices)

    def codegen(context, builder, sig, args):
        pointer = element_pointer(context, builder, sig.args[0], args[0], args[1])
        narrow, mask = _as_int32(builder, args[2]), args[3]
        if not compiles_for(context, "avx512f") and compiles_for(context, "avx2"):
            return _store_chosen_by_table(builder, narrow, mask, pointer)
        # Compressed in a register and stored whole: with the instruction that compresses to memory, pruning a list
        # took 4 times as long.
        rest = ir.Constant(narrow.type, ir.Undefined)
        name = f"experimental.vector.compress.v{mask.type.count}i32"
        wide_store(builder, call_llvm(builder, name, narrow.type, [narrow, mask, rest]), pointer, 4)
        return _number_in(builder, mask, ir.IntType(64))

    return types.int64(array, types.intp, indices, mask), codegen


@intrinsic
def store_index_lanes(typingctx, array, start, indices):
    _expect_int32("store_index", array)
    expect(is_lanes(indices, *INDICES), "store_index", "index lanes", indices)

    def codegen(context, builder, sig, args):
        pointer = element_pointer(context, builder, sig.args[0], args[0], args[1])
        wide_store(builder, _as_int32(builder, args[2]), pointer, 4)
        return context.get_dummy_value()

    return types.none(array, types.intp, indices), codegen


@intrinsic
def take_index_lanes(typingctx, array, indices):
    _expect_int32("take_index", array)
    expect(is_lanes(indices, *INDICES), "take_index", "index lanes", indices)
    lanes = LaneType("i64", indices.width)

    def codegen(context, builder, sig, args):
        value = undefined(lanes)
        for lane, index in enumerate(addresses_of(builder, args[1])):
            narrow = builder.load(element_pointer(context, builder, sig.args[0], args[0], index))
            value = builder.insert_element(value, builder.sext(narrow, ir.IntType(64)), i32(lane))
        return value

    return lanes(array, indices), codegen
