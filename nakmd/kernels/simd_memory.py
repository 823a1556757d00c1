"""Float lanes read from arrays and written to them in LLVM: the intrinsics behind `nakmd.kernels.simd_arrays`."""

from __future__ import annotations

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from nakmd.kernels.simd_types import (
    INDICES,
    LANES,
    WIDE_LANES,
    LaneType,
    call_llvm,
    expect,
    i32,
    is_lanes,
    shuffle,
    undefined,
    vector_of,
)

_WIDTHS = {types.float64: LANES, types.float32: WIDE_LANES}
_KINDS = {types.float64: "f64", types.float32: "f32"}
_BYTES = {"f64": 8, "f32": 4}


def _is_floats(array) -> bool:
    return isinstance(array, types.Array) and array.dtype in _KINDS


def width_of_array(array) -> int:
    """Return the number of elements of an array (its Numba type) in one register of 512 bits."""
    expect(_is_floats(array), "width_of", "an array of float64 or float32", array)
    return _WIDTHS[array.dtype]


def element_pointer(context, builder, array_type, array, index):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [index])


def _wide_load(builder, pointer, element, count, align):
    load = builder.load(builder.bitcast(pointer, ir.VectorType(element, count).as_pointer()))
    load.align = align
    return load


def wide_store(builder, value, pointer, align):
    store = builder.store(value, builder.bitcast(pointer, value.type.as_pointer()))
    store.align = align


def _load(array, width):
    """Return the type and the lowering of ``width`` consecutive elements."""
    expect(_is_floats(array), "load", "an array of float64 or float32", array)
    lanes = LaneType(_KINDS[array.dtype], width)

    def codegen(context, builder, sig, args):
        pointer = element_pointer(context, builder, sig.args[0], args[0], args[1])
        return _wide_load(builder, pointer, vector_of(lanes).element, lanes.width, _BYTES[lanes.kind])

    return lanes, codegen


@intrinsic
def load_lanes(typingctx, array, start):
    lanes, codegen = _load(array, width_of_array(array))
    return lanes(array, types.intp), codegen


@intrinsic
def store_lanes(typingctx, array, start, value):
    fits = _is_floats(array) and is_lanes(value, _KINDS[array.dtype])
    expect(fits, "store", "lanes of the array's own kind", array, value)

    def codegen(context, builder, sig, args):
        pointer = element_pointer(context, builder, sig.args[0], args[0], args[1])
        wide_store(builder, args[2], pointer, _BYTES[value.kind])
        return context.get_dummy_value()

    return types.none(array, types.intp, value), codegen


@intrinsic
def take_lanes(typingctx, array, indices):
    expect(_is_floats(array), "take", "an array of float64 or float32", array)
    expect(is_lanes(indices, *INDICES), "take", "index lanes", indices)
    lanes = LaneType(_KINDS[array.dtype], indices.width)

    def codegen(context, builder, sig, args):
        value = undefined(lanes)
        for lane, index in enumerate(addresses_of(builder, args[1])):
            pointer = element_pointer(context, builder, sig.args[0], args[0], index)
            value = builder.insert_element(value, builder.load(pointer), i32(lane))
        return value

    return lanes(array, indices), codegen


def addresses_of(builder, indices):
    """Return index lanes as separate int64 values."""
    alone = [builder.extract_element(indices, i32(lane)) for lane in range(indices.type.count)]
    return [index if index.type == ir.IntType(64) else builder.sext(index, ir.IntType(64)) for index in alone]


def _whole_rows(context, builder, sig, args, lanes):
    whole = []
    for index in addresses_of(builder, args[1]):
        start = builder.mul(index, ir.Constant(ir.IntType(64), 4))
        pointer = element_pointer(context, builder, sig.args[0], args[0], start)
        whole.append(_wide_load(builder, pointer, vector_of(lanes).element, 4, _BYTES[lanes.kind]))
    return whole


def _columns_of_eight(builder, whole):
    # Pairs such that cheap shuffles, inside quarters and of whole quarters, give the natural order.
    halves = [shuffle(builder, whole[a], whole[b], range(8)) for a, b in ((0, 2), (1, 3), (4, 6), (5, 7))]
    even, odd = (0, 8, 2, 10, 4, 12, 6, 14), (1, 9, 3, 11, 5, 13, 7, 15)
    xz = [shuffle(builder, halves[k], halves[k + 1], even) for k in (0, 2)]
    yw = [shuffle(builder, halves[k], halves[k + 1], odd) for k in (0, 2)]
    first, second = (0, 1, 4, 5, 8, 9, 12, 13), (2, 3, 6, 7, 10, 11, 14, 15)
    return [shuffle(builder, part[0], part[1], order) for order in (first, second) for part in (xz, yw)]


def _interleaved(builder, a, b, order):
    """Shuffle each quarter (128 bits, inside which shuffles are cheap) of two vectors of 16 in the same way."""
    return shuffle(builder, a, b, [4 * q + k % 4 + (16 if k >= 4 else 0) for q in range(4) for k in order])


def _columns_of_sixteen(builder, whole):
    # rows q, 4 + q, 8 + q, 12 + q in one vector: the 4 x 4 transposition inside every quarter gives the natural order
    quads = []
    for q in range(4):
        low = shuffle(builder, whole[q], whole[q + 4], range(8))
        high = shuffle(builder, whole[q + 8], whole[q + 12], range(8))
        quads.append(shuffle(builder, low, high, range(16)))
    xy = [_interleaved(builder, quads[k], quads[k + 1], (0, 4, 1, 5)) for k in (0, 2)]
    zw = [_interleaved(builder, quads[k], quads[k + 1], (2, 6, 3, 7)) for k in (0, 2)]
    first, second = (0, 1, 4, 5), (2, 3, 6, 7)
    return [_interleaved(builder, half[0], half[1], order) for half in (xy, zw) for order in (first, second)]


@intrinsic
def take_rows_lanes(typingctx, rows, indices):
    fits = _is_floats(rows) and is_lanes(indices, *INDICES) and indices.width == _WIDTHS[rows.dtype]
    expect(fits, "take_rows", "rows of float64 and 8 index lanes, or rows of float32 and 16", rows, indices)
    lanes = LaneType(_KINDS[rows.dtype], indices.width)
    result = types.UniTuple(lanes, 4)

    def codegen(context, builder, sig, args):
        # Rows (32 bytes of float64, 16 of float32) are loaded whole and transposed in registers: four gathers would
        # cost about three times as much.
        whole = _whole_rows(context, builder, sig, args, lanes)
        columns = (_columns_of_eight if lanes.width == LANES else _columns_of_sixteen)(builder, whole)
        return context.make_tuple(builder, result, columns)

    return result(rows, indices), codegen


@intrinsic
def prefetch_lowered(typingctx, array, index):
    expect(isinstance(array, types.Array) and array.layout == "C", "prefetch", "a contiguous array", array)

    def codegen(context, builder, sig, args):
        pointer = builder.bitcast(element_pointer(context, builder, sig.args[0], *args), ir.IntType(8).as_pointer())
        call_llvm(builder, "prefetch.p0", ir.VoidType(), [pointer, i32(0), i32(2), i32(1)])  # to read; to L2; data
        return context.get_dummy_value()

    return types.none(array, types.intp), codegen
