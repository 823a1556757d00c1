"""What LLVM does when lanes are read from arrays and written to them: the intrinsics behind `nakmd.kernels.simd`."""

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
    compiles_for,
    constant,
    expect,
    i32,
    is_lanes,
    shuffle,
    splat_value,
    undefined,
    vector_of,
)

_WIDTHS = {types.float64: LANES, types.float32: WIDE_LANES}
_KINDS = {types.float64: "f64", types.float32: "f32"}
_BYTES = {"f64": 8, "f32": 4}


def _is_floats(array) -> bool:
    return isinstance(array, types.Array) and array.dtype in _KINDS


def width_of_array(array) -> int:
    """Return how many elements of an array (its Numba type) fill one register of 512 bits."""
    expect(_is_floats(array), "width_of", "an array of float64 or float32", array)
    return _WIDTHS[array.dtype]


def _element_pointer(context, builder, array_type, array, index):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [index])


def _wide_load(builder, pointer, element, count, align):
    load = builder.load(builder.bitcast(pointer, ir.VectorType(element, count).as_pointer()))
    load.align = align
    return load


def _wide_store(builder, value, pointer, align):
    store = builder.store(value, builder.bitcast(pointer, value.type.as_pointer()))
    store.align = align


def _load(array, width):
    """Return the type and the lowering of ``width`` elements that lie side by side."""
    expect(_is_floats(array), "load", "an array of float64 or float32", array)
    lanes = LaneType(_KINDS[array.dtype], width)

    def codegen(context, builder, sig, args):
        pointer = _element_pointer(context, builder, sig.args[0], args[0], args[1])
        return _wide_load(builder, pointer, vector_of(lanes).element, lanes.width, _BYTES[lanes.kind])

    return lanes, codegen


@intrinsic
def load_lanes(typingctx, array, start):
    lanes, codegen = _load(array, width_of_array(array))
    return lanes(array, types.intp), codegen


@intrinsic
def load_like_lanes(typingctx, array, start, like):
    expect(is_lanes(like), "load_like", "lanes to load as many as", like)
    lanes, codegen = _load(array, like.width)
    return lanes(array, types.intp, like), codegen


def _load_index(width):
    lanes = LaneType("i64", width)

    def codegen(context, builder, sig, args):
        # One by one: the lanes end up as addresses in scalar registers, where a wide load would have to be taken apart.
        pointer = _element_pointer(context, builder, sig.args[-2], *args[-2:])
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


@intrinsic
def store_lanes(typingctx, array, start, value):
    fits = _is_floats(array) and is_lanes(value, _KINDS[array.dtype])
    expect(fits, "store", "lanes of the array's own kind", array, value)

    def codegen(context, builder, sig, args):
        pointer = _element_pointer(context, builder, sig.args[0], args[0], args[1])
        _wide_store(builder, args[2], pointer, _BYTES[value.kind])
        return context.get_dummy_value()

    return types.none(array, types.intp, value), codegen


@intrinsic
def take_lanes(typingctx, array, indices):
    expect(_is_floats(array), "take", "an array of float64 or float32", array)
    expect(is_lanes(indices, *INDICES), "take", "index lanes", indices)
    lanes = LaneType(_KINDS[array.dtype], indices.width)

    def codegen(context, builder, sig, args):
        value = undefined(lanes)
        for lane, index in enumerate(_addresses(builder, args[1])):
            pointer = _element_pointer(context, builder, sig.args[0], args[0], index)
            value = builder.insert_element(value, builder.load(pointer), i32(lane))
        return value

    return lanes(array, indices), codegen


def _addresses(builder, indices):
    """Return index lanes one by one, as int64."""
    alone = [builder.extract_element(indices, i32(lane)) for lane in range(indices.type.count)]
    return [index if index.type == ir.IntType(64) else builder.sext(index, ir.IntType(64)) for index in alone]


def _whole_rows(context, builder, sig, args, lanes):
    whole = []
    for index in _addresses(builder, args[1]):
        start = builder.mul(index, ir.Constant(ir.IntType(64), 4))
        pointer = _element_pointer(context, builder, sig.args[0], args[0], start)
        whole.append(_wide_load(builder, pointer, vector_of(lanes).element, 4, _BYTES[lanes.kind]))
    return whole


def _columns_of_eight(builder, whole):
    # Pairs chosen so that cheap shuffles, inside quarters and of whole quarters, end in natural order.
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
    # rows q, 4 + q, 8 + q, 12 + q side by side: the transposition of 4 x 4 inside every quarter ends in natural order
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


def _number_in(builder, mask, result):
    """Return how many lanes a mask chooses, as an integer type."""
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


def _as_int32(builder, value):
    narrow = ir.VectorType(ir.IntType(32), value.type.count)
    return value if value.type == narrow else builder.trunc(value, narrow)


def _expect_chosen(function, array, mask, *lanes):
    _expect_int32(function, array)
    fits = is_lanes(mask, "mask") and all(is_lanes(t, *INDICES) and t.width == mask.width for t in lanes)
    expect(fits, function, "index lanes and a mask of one width", *lanes, mask)


@intrinsic
def store_chosen_lanes(typingctx, array, start, indices, mask):
    _expect_chosen("store_chosen", array, mask, indices)

    def codegen(context, builder, sig, args):
        # Compressed in a register and stored whole: with the instruction that compresses to memory, pruning a list
        # took 4 times as long.
        pointer = _element_pointer(context, builder, sig.args[0], args[0], args[1])
        narrow = _as_int32(builder, args[2])
        rest = ir.Constant(narrow.type, ir.Undefined)
        name = f"experimental.vector.compress.v{mask.width}i32"
        _wide_store(builder, call_llvm(builder, name, narrow.type, [narrow, args[3], rest]), pointer, 4)
        return _number_in(builder, args[3], ir.IntType(64))

    return types.int64(array, types.intp, indices, mask), codegen


@intrinsic
def store_index_lanes(typingctx, array, start, indices):
    _expect_int32("store_index", array)
    expect(is_lanes(indices, *INDICES), "store_index", "index lanes", indices)

    def codegen(context, builder, sig, args):
        pointer = _element_pointer(context, builder, sig.args[0], args[0], args[1])
        _wide_store(builder, _as_int32(builder, args[2]), pointer, 4)
        return context.get_dummy_value()

    return types.none(array, types.intp, indices), codegen


@intrinsic
def take_index_lanes(typingctx, array, indices):
    _expect_int32("take_index", array)
    expect(is_lanes(indices, *INDICES), "take_index", "index lanes", indices)
    lanes = LaneType("i64", indices.width)

    def codegen(context, builder, sig, args):
        value = undefined(lanes)
        for lane, index in enumerate(_addresses(builder, args[1])):
            narrow = builder.load(_element_pointer(context, builder, sig.args[0], args[0], index))
            value = builder.insert_element(value, builder.sext(narrow, ir.IntType(64)), i32(lane))
        return value

    return lanes(array, indices), codegen


def _store_all(builder, values, addresses, mask):
    """Store lane by lane without a branch: lanes that are not chosen go to a place on the stack that nobody reads."""
    lanes = LaneType("i64", mask.type.count)
    with builder.goto_entry_block():
        nowhere = builder.alloca(ir.IntType(32))
    nowhere = splat_value(builder, builder.ptrtoint(nowhere, ir.IntType(64)), lanes)
    addresses = builder.select(mask, addresses, nowhere)
    for lane in range(lanes.width):
        pointer = builder.inttoptr(builder.extract_element(addresses, i32(lane)), ir.IntType(32).as_pointer())
        builder.store(builder.extract_element(values, i32(lane)), pointer)


@intrinsic
def store_scattered_lanes(typingctx, array, positions, values, mask):
    _expect_chosen("store_scattered", array, mask, positions, values)
    expect(positions.kind == "i64", "store_scattered", "positions of int64", positions)
    lanes = LaneType("i64", mask.width)

    def codegen(context, builder, sig, args):
        # Eight lanes take 9 cycles on Zen 5 with AVX-512's scatter, and as many as stores to redirected addresses. A
        # branch for each lane, which is what LLVM makes of a scatter elsewhere, takes 40 to 100.
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        base = splat_value(builder, builder.ptrtoint(data, ir.IntType(64)), lanes)
        addresses = builder.add(base, builder.shl(args[1], constant(lanes, 2)))
        narrow = _as_int32(builder, args[2])
        if compiles_for(context, "avx512f"):
            pointers = builder.inttoptr(addresses, ir.VectorType(ir.IntType(32).as_pointer(), mask.width))
            name = f"masked.scatter.v{mask.width}i32.v{mask.width}p0"
            call_llvm(builder, name, ir.VoidType(), [narrow, pointers, i32(4), args[3]])
        else:
            _store_all(builder, narrow, addresses, args[3])
        return context.get_dummy_value()

    return types.none(array, positions, values, mask), codegen


@intrinsic
def prefetch_lowered(typingctx, array, index):
    expect(isinstance(array, types.Array) and array.layout == "C", "prefetch", "a contiguous array", array)

    def codegen(context, builder, sig, args):
        pointer = builder.bitcast(_element_pointer(context, builder, sig.args[0], *args), ir.IntType(8).as_pointer())
        call_llvm(builder, "prefetch.p0", ir.VoidType(), [pointer, i32(0), i32(2), i32(1)])  # to read; to L2; data
        return context.get_dummy_value()

    return types.none(array, types.intp), codegen
