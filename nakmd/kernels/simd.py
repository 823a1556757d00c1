"""A value of eight float64 lanes for Numba, with ordinary operators.

Inside a kernel ``load``, ``take`` and ``take_rows`` make such values, ``+ - * / < <= > >= & | ~`` combine them with
each other and with plain numbers, and `exp`, `log`, `sqrt`, `where`, `maximum`, `minimum`, `fma` act on them lane by
lane. The same functions take plain floats, so a formula is written once and compiles for one pair and for eight.
LLVM lowers the value to AVX-512, AVX2, SSE or NEON by itself.

Without compilation (``NUMBA_DISABLE_JIT=1``) a lane value is a NumPy array of length 8 and all of this is plain
Python: that is what every function body below says.

Only this file knows that lanes are ``<8 x double>`` to LLVM.
"""

from __future__ import annotations

import math
import operator

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import (
    intrinsic,
    lower_builtin,
    models,
    overload,
    register_jitable,
    register_model,
    type_callable,
)

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


# ---------------------------------------------------------------------------------------------- operators
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


# ------------------------------------------------------------------------------------------ memory and lanes
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
def _splat_i(typingctx, x):
    def codegen(context, builder, sig, args):
        return _as_lanes(context, builder, args[0], sig.args[0], "f64")

    return f64x8(x), codegen


@intrinsic
def _load_i(typingctx, array, start):
    def codegen(context, builder, sig, args):
        pointer = _element_pointer(context, builder, sig.args[0], *args)
        return _wide_load(builder, pointer, ir.DoubleType(), LANES, 8)

    return f64x8(array, types.intp), codegen


@intrinsic
def _load_index_i(typingctx, array, start):
    def codegen(context, builder, sig, args):
        pointer = _element_pointer(context, builder, sig.args[0], *args)
        narrow = _wide_load(builder, pointer, ir.IntType(32), LANES, 4)
        return builder.sext(narrow, ir.VectorType(ir.IntType(64), LANES))

    return i64x8(array, types.intp), codegen


@intrinsic
def _store_i(typingctx, array, start, value):
    def codegen(context, builder, sig, args):
        pointer = _element_pointer(context, builder, sig.args[0], args[0], args[1])
        store = builder.store(args[2], builder.bitcast(pointer, args[2].type.as_pointer()))
        store.align = 8
        return context.get_dummy_value()

    return types.none(array, types.intp, value), codegen


@intrinsic
def _take_i(typingctx, array, indices):
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
def _take_rows_i(typingctx, rows, indices):
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
        columns = [_shuffle(builder, *half, order) for half in (low, high) for order in (first, second)]
        return context.make_tuple(builder, result, columns)

    return result(rows, indices), codegen


@intrinsic
def _extract_i(typingctx, value, lane):
    result = {"f64": types.float64, "i64": types.int64}[value.kind]

    def codegen(context, builder, sig, args):
        return builder.extract_element(args[0], builder.trunc(args[1], ir.IntType(32)))

    return result(value, types.intp), codegen


@intrinsic
def _bits_i(typingctx, mask):
    def codegen(context, builder, sig, args):
        return builder.zext(builder.bitcast(args[0], ir.IntType(LANES)), ir.IntType(64))

    return types.int64(mask), codegen


@intrinsic
def _lowest_bit_i(typingctx, bits):
    def codegen(context, builder, sig, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), codegen


@intrinsic
def _where_i(typingctx, mask, a, b):
    def codegen(context, builder, sig, args):
        chosen = [
            _as_lanes(context, builder, v, t, "f64") for v, t in zip(args[1:], sig.args[1:], strict=True)
        ]
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


_sqrt_i = _llvm_call("sqrt", 1)
_floor_i = _llvm_call("floor", 1)
_maximum_i = _llvm_call("maxnum", 2)
_minimum_i = _llvm_call("minnum", 2)
_fma_i = _llvm_call("fma", 3)


@intrinsic
def _to_index_i(typingctx, value):
    def codegen(context, builder, sig, args):
        return builder.fptosi(args[0], ir.VectorType(ir.IntType(64), LANES))

    return i64x8(value), codegen


@intrinsic
def _to_float_i(typingctx, value):
    def codegen(context, builder, sig, args):
        return builder.sitofp(args[0], ir.VectorType(ir.DoubleType(), LANES))

    return f64x8(value), codegen


@intrinsic
def _power_of_two_i(typingctx, exponent):
    """2**k for integer lanes -1022 <= k <= 1023, by writing the exponent bits."""

    def codegen(context, builder, sig, args):
        wide = ir.VectorType(ir.IntType(64), LANES)
        biased = builder.add(args[0], ir.Constant(wide, [1023] * LANES))
        return builder.bitcast(
            builder.shl(biased, ir.Constant(wide, [52] * LANES)), ir.VectorType(ir.DoubleType(), LANES)
        )

    return f64x8(exponent), codegen


@intrinsic
def _split_exponent_i(typingctx, value):
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


# -------------------------------------------------------------------- what kernels call; bodies are plain Python
def splat(x):
    """Return eight lanes of the same number."""
    return np.full(LANES, float(x))


@overload(splat)
def _splat_o(x):
    return lambda x: _splat_i(x)


def load(array, start):
    """Return ``array[start:start + 8]`` of a contiguous float64 array."""
    return array[start : start + LANES].copy()


@overload(load)
def _load_o(array, start):
    return lambda array, start: _load_i(array, start)


def load_index(array, start):
    """Return ``array[start:start + 8]`` of a contiguous int32 array, as index lanes."""
    return array[start : start + LANES].astype(np.int64)


@overload(load_index)
def _load_index_o(array, start):
    return lambda array, start: _load_index_i(array, start)


def store(array, start, value):
    """Write lanes to ``array[start:start + 8]`` of a contiguous float64 array."""
    array[start : start + LANES] = value


@overload(store)
def _store_o(array, start, value):
    return lambda array, start, value: _store_i(array, start, value)


def take(array, indices):
    """Return ``array[indices]`` of a contiguous float64 array, lane by lane."""
    return array[indices]


@overload(take)
def _take_o(array, indices):
    return lambda array, indices: _take_i(array, indices)


def take_rows(rows, indices):
    """Return the four columns of ``rows[indices]`` of a contiguous (m, 4) float64 array, as four lane values."""
    chosen = rows[indices].T
    return chosen[0], chosen[1], chosen[2], chosen[3]


@overload(take_rows)
def _take_rows_o(rows, indices):
    if isinstance(indices, LaneType):
        return lambda rows, indices: _take_rows_i(rows, indices)
    return lambda rows, indices: (rows[indices, 0], rows[indices, 1], rows[indices, 2], rows[indices, 3])


def extract(value, lane):
    """Return one lane as a plain number."""
    return value[lane]


@overload(extract)
def _extract_o(value, lane):
    return lambda value, lane: _extract_i(value, lane)


def lane_sum(value):
    """Return the sum of all lanes, pairwise in a fixed order."""
    return ((value[0] + value[4]) + (value[2] + value[6])) + ((value[1] + value[5]) + (value[3] + value[7]))


@overload(lane_sum)
def _lane_sum_o(value):
    def impl(value):
        return (
            (_extract_i(value, 0) + _extract_i(value, 4)) + (_extract_i(value, 2) + _extract_i(value, 6))
        ) + ((_extract_i(value, 1) + _extract_i(value, 5)) + (_extract_i(value, 3) + _extract_i(value, 7)))

    return impl


def bits_of(mask):
    """Return the mask as an integer: bit l is lane l."""
    return sum(1 << lane for lane in _LANE_RANGE if mask[lane])


@overload(bits_of)
def _bits_of_o(mask):
    return lambda mask: _bits_i(mask)


def lowest_bit(bits):
    """Return the position of the lowest set bit of a non-zero integer."""
    return (bits & -bits).bit_length() - 1


@overload(lowest_bit)
def _lowest_bit_o(bits):
    return lambda bits: _lowest_bit_i(bits)


def any_of(condition):
    """Return whether the condition holds in any lane (a plain truth value is itself)."""
    return bool(np.any(condition))


@overload(any_of)
def _any_of_o(condition):
    if condition == mask8:
        return lambda condition: _bits_i(condition) != 0
    return lambda condition: condition


def where(condition, a, b):
    """Return ``a`` where the condition holds and ``b`` elsewhere; both are evaluated."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, a, b)
    return a if condition else b


@overload(where)
def _where_o(condition, a, b):
    if condition == mask8:
        return lambda condition, a, b: _where_i(condition, a, b)
    return lambda condition, a, b: a if condition else b


def sqrt(x):
    """Return the square root."""
    return np.sqrt(x)


@overload(sqrt)
def _sqrt_o(x):
    if isinstance(x, LaneType):
        return lambda x: _sqrt_i(x)
    return lambda x: math.sqrt(x)


def floor(x):
    """Return the largest whole number not above x, as a float."""
    return np.floor(x)


@overload(floor)
def _floor_o(x):
    if isinstance(x, LaneType):
        return lambda x: _floor_i(x)
    return lambda x: np.floor(x)


def maximum(a, b):
    """Return the larger of two."""
    return np.maximum(a, b)


@overload(maximum)
def _maximum_o(a, b):
    if isinstance(a, LaneType) or isinstance(b, LaneType):
        return lambda a, b: _maximum_i(a, b)
    return lambda a, b: max(a, b)


def minimum(a, b):
    """Return the smaller of two."""
    return np.minimum(a, b)


@overload(minimum)
def _minimum_o(a, b):
    if isinstance(a, LaneType) or isinstance(b, LaneType):
        return lambda a, b: _minimum_i(a, b)
    return lambda a, b: min(a, b)


def fma(a, b, c):
    """Return a b + c; fused when compiled for lanes, which no reassociation takes apart."""
    return a * b + c


@overload(fma)
def _fma_o(a, b, c):
    if any(isinstance(t, LaneType) for t in (a, b, c)):
        return lambda a, b, c: _fma_i(a, b, c)
    return lambda a, b, c: a * b + c


def to_index(x):
    """Return whole-number lanes as index lanes (truncated toward zero)."""
    return np.asarray(x).astype(np.int64) if isinstance(x, np.ndarray) else int(x)


@overload(to_index)
def _to_index_o(x):
    if isinstance(x, LaneType):
        return lambda x: _to_index_i(x)
    return lambda x: int(x)


def to_float(x):
    """Return index lanes as numbers."""
    return np.asarray(x, dtype=np.float64) if isinstance(x, np.ndarray) else float(x)


@overload(to_float)
def _to_float_o(x):
    if isinstance(x, LaneType):
        return lambda x: _to_float_i(x)
    return lambda x: float(x)


_LOG2_E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01  # fdlibm's split: the high part has 21 trailing zero bits
_LN2_LOW = 1.90821492927058770002e-10


@register_jitable
def _exp_lanes(x):
    # exp(x) = 2^k exp(r), |r| <= ln 2 / 2; the Taylor polynomial of degree 13 leaves 2e-17. Clamped to normal range.
    x = _minimum_i(_maximum_i(x, -708.0), 709.0)
    k = _floor_i(_fma_i(x, _LOG2_E, 0.5))
    r = _fma_i(k, -_LN2_LOW, _fma_i(k, -_LN2_HIGH, x))
    p = _fma_i(r, 1.0 / 6227020800.0, 1.0 / 479001600.0)
    p = _fma_i(p, r, 1.0 / 39916800.0)
    p = _fma_i(p, r, 1.0 / 3628800.0)
    p = _fma_i(p, r, 1.0 / 362880.0)
    p = _fma_i(p, r, 1.0 / 40320.0)
    p = _fma_i(p, r, 1.0 / 5040.0)
    p = _fma_i(p, r, 1.0 / 720.0)
    p = _fma_i(p, r, 1.0 / 120.0)
    p = _fma_i(p, r, 1.0 / 24.0)
    p = _fma_i(p, r, 1.0 / 6.0)
    p = _fma_i(p, r, 0.5)
    p = _fma_i(p, r, 1.0)
    p = _fma_i(p, r, 1.0)
    return p * _power_of_two_i(_to_index_i(k))


def exp(x):
    """Return e^x: below 2 ulp on lanes for -708 <= x <= 709, clamped beyond."""
    return np.exp(x)


@overload(exp)
def _exp_o(x):
    if isinstance(x, LaneType):
        return lambda x: _exp_lanes(x)
    return lambda x: math.exp(x)


@register_jitable
def _log_lanes(x):
    # x = 2^e m with sqrt(1/2) <= m < sqrt(2); log m = 2 artanh(s), s = (m - 1)/(m + 1), coefficients of fdlibm's e_log.c.
    e, m = _split_exponent_i(x)
    large = m > 1.4142135623730951
    m = _where_i(large, m * 0.5, m)
    k = _to_float_i(e) + _where_i(large, 1.0, 0.0)
    f = m - 1.0
    s = f / (f + 2.0)
    z = s * s
    p = _fma_i(z, 1.479819860511658591e-01, 1.531383769920937332e-01)
    p = _fma_i(p, z, 1.818357216161805012e-01)
    p = _fma_i(p, z, 2.222219843214978396e-01)
    p = _fma_i(p, z, 2.857142874366239149e-01)
    p = _fma_i(p, z, 3.999999999940941908e-01)
    p = _fma_i(p, z, 6.666666666666735130e-01)
    half_square = 0.5 * f * f
    tail = _fma_i(s, _fma_i(p, z, half_square), k * _LN2_LOW)
    return _fma_i(k, _LN2_HIGH, f - (half_square - tail))


def log(x):
    """Return the natural logarithm: below 2 ulp on lanes for positive normal numbers."""
    return np.log(x)


@overload(log)
def _log_o(x):
    if isinstance(x, LaneType):
        return lambda x: _log_lanes(x)
    return lambda x: math.log(x)


@register_jitable
def _sin_cos_lanes(x):
    # Kernel polynomials of fdlibm (k_sin.c, k_cos.c) on the half angle, |x| <= pi/2, then the double-angle formulas.
    h = 0.5 * x
    z = h * h
    p = _fma_i(z, 1.58969099521155010221e-10, -2.50507602534068634195e-08)
    p = _fma_i(p, z, 2.75573137070700676789e-06)
    p = _fma_i(p, z, -1.98412698298579493134e-04)
    p = _fma_i(p, z, 8.33333333332248946124e-03)
    p = _fma_i(p, z, -1.66666666666666324348e-01)
    sine = _fma_i(z * h, p, h)
    q = _fma_i(z, -1.13596475577881948265e-11, 2.08757232129817482790e-09)
    q = _fma_i(q, z, -2.75573143513906633035e-07)
    q = _fma_i(q, z, 2.48015872894767294178e-05)
    q = _fma_i(q, z, -1.38888888888741095749e-03)
    q = _fma_i(q, z, 4.16666666666666019037e-02)
    cosine = _fma_i(z * z, q, _fma_i(z, -0.5, 1.0))
    return 2.0 * sine * cosine, _fma_i(-2.0 * sine, sine, 1.0)


def sin_cos(x):
    """Return sin x and cos x for -pi/2 <= x <= pi/2 (lanes) to 2e-16 absolute."""
    return np.sin(x), np.cos(x)


@overload(sin_cos)
def _sin_cos_o(x):
    if isinstance(x, LaneType):
        return lambda x: _sin_cos_lanes(x)
    return lambda x: (math.sin(x), math.cos(x))
