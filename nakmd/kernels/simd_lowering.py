"""What LLVM sees of a lane value: its type, its operators, and the intrinsics behind `nakmd.kernels.simd`.

A lane value is ``<8 x double>`` (or ``<8 x i64>``, ``<8 x i1>``); this file and `jit` alone touch Numba's internals.
"""

from __future__ import annotations

import operator

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

#: Central atoms to a slice: eight float64 fill one AVX-512 register (two of AVX2, four of SSE).
LANES = 8

_LANE_RANGE = range(LANES)
_KINDS = {"f64": ir.DoubleType(), "i64": ir.IntType(64), "mask": ir.IntType(1)}


class LaneType(types.Type):
    """Numba type of a lane value; ``kind`` is ``f64``, ``i64`` or ``mask``."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(name=f"lanes({kind})")


f64x8 = LaneType("f64")
i64x8 = LaneType("i64")
mask8 = LaneType("mask")


@register_model(LaneType)
class _LaneModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, ir.VectorType(_KINDS[fe_type.kind], LANES))


def _is_number(value) -> bool:
    return isinstance(value, (types.Float, types.Integer))


def _splat(builder, scalar, element):
    vector = ir.Constant(ir.VectorType(element, LANES), ir.Undefined)
    first = builder.insert_element(vector, scalar, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, vector, zeros)


def _as_lanes(context, builder, value, numba_type, kind):
    """Return ``value`` as lanes of ``kind``, broadcasting a plain number."""
    if isinstance(numba_type, LaneType):
        return value
    scalar_type = {"f64": types.float64, "i64": types.int64, "mask": types.boolean}[kind]
    scalar = context.cast(builder, value, numba_type, scalar_type)
    if kind == "mask" and scalar.type != ir.IntType(1):
        scalar = builder.trunc(scalar, ir.IntType(1))
    return _splat(builder, scalar, _KINDS[kind])


def _common_kind(a, b) -> str | None:
    """Return the kind of lanes that two operands meet in, if at least one is lanes and they agree."""
    kinds = {t.kind for t in (a, b) if isinstance(t, LaneType)}
    if len(kinds) != 1 or not all(isinstance(t, LaneType) or _is_number(t) for t in (a, b)):
        return None
    kind = kinds.pop()
    if kind == "i64" and any(isinstance(t, types.Float) for t in (a, b)):
        return None
    return kind


def _register_binary(op, emit, kinds, result_kind=None):
    @type_callable(op)
    def type_op(context):
        def typer(a, b):
            kind = _common_kind(a, b)
            if kind in kinds:
                return LaneType(result_kind or kind)
            return None

        return typer

    def lower(context, builder, sig, args):
        kind = _common_kind(*sig.args)
        a, b = (_as_lanes(context, builder, v, t, kind) for v, t in zip(args, sig.args, strict=True))
        return emit(builder, kind, a, b)

    for left, right in [(LaneType, LaneType), (LaneType, types.Number), (types.Number, LaneType)]:
        lower_builtin(op, left, right)(lower)


def _arithmetic(name):
    def emit(builder, kind, a, b):
        return getattr(builder, ("f" if kind == "f64" else "") + name)(a, b)

    return emit


def _comparison(symbol):
    def emit(builder, kind, a, b):
        compare = builder.fcmp_ordered if kind == "f64" else builder.icmp_signed
        return compare(symbol, a, b)

    return emit


for _op, _name in [(operator.add, "add"), (operator.sub, "sub"), (operator.mul, "mul")]:
    _register_binary(_op, _arithmetic(_name), {"f64", "i64"})
_register_binary(operator.truediv, _arithmetic("div"), {"f64"})
for _op, _symbol in [(operator.lt, "<"), (operator.le, "<="), (operator.gt, ">"), (operator.ge, ">=")]:
    _register_binary(_op, _comparison(_symbol), {"f64", "i64"}, "mask")
_register_binary(operator.and_, lambda builder, kind, a, b: builder.and_(a, b), {"mask"})
_register_binary(operator.or_, lambda builder, kind, a, b: builder.or_(a, b), {"mask"})


@type_callable(operator.neg)
def _type_neg(context):
    def typer(a):
        return a if isinstance(a, LaneType) and a.kind == "f64" else None

    return typer


@lower_builtin(operator.neg, LaneType)
def _lower_neg(context, builder, sig, args):
    return builder.fneg(args[0])


@type_callable(operator.invert)
def _type_invert(context):
    def typer(a):
        return a if isinstance(a, LaneType) and a.kind == "mask" else None

    return typer


@lower_builtin(operator.invert, LaneType)
def _lower_invert(context, builder, sig, args):
    return builder.not_(args[0])


def _element_pointer(context, builder, array_type, array, index):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [index])


def _lane(index):
    return ir.Constant(ir.IntType(32), index)


def _wide_load(builder, pointer, element, count, align):
    vector = ir.VectorType(element, count)
    load = builder.load(builder.bitcast(pointer, vector.as_pointer()))
    load.align = align
    return load


@intrinsic
def splat_lanes(typingctx, x):
    def codegen(context, builder, sig, args):
        return _as_lanes(context, builder, args[0], sig.args[0], "f64")

    return f64x8(x), codegen


@intrinsic
def load_lanes(typingctx, array, start):
    def codegen(context, builder, sig, args):
        pointer = _element_pointer(context, builder, sig.args[0], *args)
        return _wide_load(builder, pointer, ir.DoubleType(), LANES, 8)

    return f64x8(array, types.intp), codegen


@intrinsic
def load_index_lanes(typingctx, array, start):
    def codegen(context, builder, sig, args):
        # One by one: the lanes end up as addresses in scalar registers, where a wide load would have to be taken apart.
        pointer = _element_pointer(context, builder, sig.args[0], *args)
        lanes = ir.Constant(ir.VectorType(ir.IntType(64), LANES), ir.Undefined)
        for lane in _LANE_RANGE:
            narrow = builder.load(builder.gep(pointer, [_lane(lane)]))
            lanes = builder.insert_element(lanes, builder.sext(narrow, ir.IntType(64)), _lane(lane))
        return lanes

    return i64x8(array, types.intp), codegen


@intrinsic
def store_lanes(typingctx, array, start, value):
    def codegen(context, builder, sig, args):
        pointer = _element_pointer(context, builder, sig.args[0], args[0], args[1])
        store = builder.store(args[2], builder.bitcast(pointer, args[2].type.as_pointer()))
        store.align = 8
        return context.get_dummy_value()

    return types.none(array, types.intp, value), codegen


@intrinsic
def take_lanes(typingctx, array, indices):
    def codegen(context, builder, sig, args):
        lanes = ir.Constant(ir.VectorType(ir.DoubleType(), LANES), ir.Undefined)
        for lane in _LANE_RANGE:
            index = builder.extract_element(args[1], _lane(lane))
            pointer = _element_pointer(context, builder, sig.args[0], args[0], index)
            lanes = builder.insert_element(lanes, builder.load(pointer), _lane(lane))
        return lanes

    return f64x8(array, indices), codegen


def _shuffle(builder, a, b, order):
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), LANES), list(order)))


@intrinsic
def take_rows_lanes(typingctx, rows, indices):
    result = types.UniTuple(f64x8, 4)

    def codegen(context, builder, sig, args):
        # Eight rows of 32 bytes loaded whole, then an 8 x 4 transposition in registers: four gathers would
        # cost about three times as much.
        whole = []
        for lane in _LANE_RANGE:
            index = builder.extract_element(args[1], _lane(lane))
            start = builder.mul(index, ir.Constant(ir.IntType(64), 4))
            pointer = _element_pointer(context, builder, sig.args[0], args[0], start)
            whole.append(_wide_load(builder, pointer, ir.DoubleType(), 4, 8))
        pairs = [_shuffle(builder, whole[k], whole[k + 1], range(8)) for k in (0, 2, 4, 6)]
        low = [_shuffle(builder, pairs[k], pairs[k + 1], (0, 4, 8, 12, 1, 5, 9, 13)) for k in (0, 2)]
        high = [_shuffle(builder, pairs[k], pairs[k + 1], (2, 6, 10, 14, 3, 7, 11, 15)) for k in (0, 2)]
        first, second = (0, 1, 2, 3, 8, 9, 10, 11), (4, 5, 6, 7, 12, 13, 14, 15)
        columns = [_shuffle(builder, half[0], half[1], order) for half in (low, high) for order in (first, second)]
        return context.make_tuple(builder, result, columns)

    return result(rows, indices), codegen


@intrinsic
def extract_lanes(typingctx, value, lane):
    result = {"f64": types.float64, "i64": types.int64}[value.kind]

    def codegen(context, builder, sig, args):
        return builder.extract_element(args[0], builder.trunc(args[1], ir.IntType(32)))

    return result(value, types.intp), codegen


@intrinsic
def bits_lanes(typingctx, mask):
    def codegen(context, builder, sig, args):
        return builder.zext(builder.bitcast(args[0], ir.IntType(LANES)), ir.IntType(64))

    return types.int64(mask), codegen


@intrinsic
def count_lanes(typingctx, mask):
    def codegen(context, builder, sig, args):
        return builder.zext(builder.ctpop(builder.bitcast(args[0], ir.IntType(LANES))), ir.IntType(64))

    return types.int64(mask), codegen


@intrinsic
def store_chosen_lanes(typingctx, array, start, indices, mask):
    def codegen(context, builder, sig, args):
        # one instruction on AVX-512, a branch for each lane elsewhere
        pointer = _element_pointer(context, builder, sig.args[0], args[0], args[1])
        narrow = builder.trunc(args[2], ir.VectorType(ir.IntType(32), LANES))
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [narrow.type, pointer.type, args[3].type]),
            f"llvm.masked.compressstore.v{LANES}i32",
        )
        builder.call(function, [narrow, pointer, args[3]])
        return builder.zext(builder.ctpop(builder.bitcast(args[3], ir.IntType(LANES))), ir.IntType(64))

    return types.int64(array, types.intp, indices, mask), codegen


@intrinsic
def where_lanes(typingctx, mask, a, b):
    def codegen(context, builder, sig, args):
        chosen = [_as_lanes(context, builder, v, t, "f64") for v, t in zip(args[1:], sig.args[1:], strict=True)]
        return builder.select(args[0], *chosen)

    return f64x8(mask, a, b), codegen


def _llvm_call(name, count):
    """Make an intrinsic that calls LLVM's function ``name`` on ``count`` lane values or numbers."""

    def codegen(context, builder, sig, args):
        vector = ir.VectorType(ir.DoubleType(), LANES)
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(vector, [vector] * count), f"llvm.{name}.v{LANES}f64"
        )
        lanes = [_as_lanes(context, builder, v, t, "f64") for v, t in zip(args, sig.args, strict=True)]
        return builder.call(function, lanes)

    if count == 1:

        @intrinsic
        def call_one(typingctx, a):
            return f64x8(a), codegen

        return call_one
    if count == 2:

        @intrinsic
        def call_two(typingctx, a, b):
            return f64x8(a, b), codegen

        return call_two

    @intrinsic
    def call_three(typingctx, a, b, c):
        return f64x8(a, b, c), codegen

    return call_three


sqrt_lanes = _llvm_call("sqrt", 1)
floor_lanes = _llvm_call("floor", 1)
maximum_lanes = _llvm_call("maxnum", 2)
minimum_lanes = _llvm_call("minnum", 2)
fma_lanes = _llvm_call("fma", 3)


@intrinsic
def to_index_lanes(typingctx, value):
    def codegen(context, builder, sig, args):
        return builder.fptosi(args[0], ir.VectorType(ir.IntType(64), LANES))

    return i64x8(value), codegen


@intrinsic
def to_float_lanes(typingctx, value):
    def codegen(context, builder, sig, args):
        return builder.sitofp(args[0], ir.VectorType(ir.DoubleType(), LANES))

    return f64x8(value), codegen


@intrinsic
def power_of_two_lanes(typingctx, exponent):
    """2**k for integer lanes -1022 <= k <= 1023, by writing the exponent bits."""

    def codegen(context, builder, sig, args):
        wide = ir.VectorType(ir.IntType(64), LANES)
        biased = builder.add(args[0], ir.Constant(wide, [1023] * LANES))
        return builder.bitcast(
            builder.shl(biased, ir.Constant(wide, [52] * LANES)), ir.VectorType(ir.DoubleType(), LANES)
        )

    return f64x8(exponent), codegen


@intrinsic
def split_exponent_lanes(typingctx, value):
    """(e, m) with value = m 2**e and 1 <= m < 2, for positive normal lanes."""
    result = types.Tuple((i64x8, f64x8))

    def codegen(context, builder, sig, args):
        wide = ir.VectorType(ir.IntType(64), LANES)

        def constant(number):
            return ir.Constant(wide, [number] * LANES)

        bits = builder.bitcast(args[0], wide)
        exponent = builder.sub(builder.lshr(bits, constant(52)), constant(1023))
        mantissa = builder.or_(builder.and_(bits, constant((1 << 52) - 1)), constant(1023 << 52))
        lanes = builder.bitcast(mantissa, ir.VectorType(ir.DoubleType(), LANES))
        return context.make_tuple(builder, result, [exponent, lanes])

    return result(value), codegen
