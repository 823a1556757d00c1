"""The type of a lane value, its operators, and what the lowering files share.

A lane value is an LLVM vector: ``<8 x double>``, ``<16 x float>``, ``<8 x i64>``, ``<16 x i1>`` and so on. Only `jit`
and the files whose names begin with `simd` touch Numba's internals.
"""

from __future__ import annotations

import operator

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.extending import lower_builtin, models, register_model, type_callable

#: Central atoms in a slice: eight float64 fill one AVX-512 register (two of AVX2, four of SSE).
LANES = 8

#: Float32 lanes that fill the same register.
WIDE_LANES = 16

FLOATS = {"f64", "f32"}
INDICES = {"i64", "i32"}

ELEMENTS = {
    "f64": ir.DoubleType(),
    "f32": ir.FloatType(),
    "i64": ir.IntType(64),
    "i32": ir.IntType(32),
    "mask": ir.IntType(1),
}
SCALARS = {
    "f64": types.float64,
    "f32": types.float32,
    "i64": types.int64,
    "i32": types.int32,
    "mask": types.boolean,
}


class LaneType(types.Type):
    """Numba type of a lane value.

    Attributes
    ----------
    kind : str
        ``f64``, ``f32``, ``i64`` (index), ``i32`` (what `to_index` makes of f32) or ``mask``.
    width : int
        Number of lanes.
    """

    def __init__(self, kind: str, width: int = LANES) -> None:
        self.kind = kind
        self.width = width
        super().__init__(name=f"lanes({kind}x{width})")


f64x8 = LaneType("f64")
i64x8 = LaneType("i64")
mask8 = LaneType("mask")
f64x16 = LaneType("f64", WIDE_LANES)
f32x16 = LaneType("f32", WIDE_LANES)
i64x16 = LaneType("i64", WIDE_LANES)
mask16 = LaneType("mask", WIDE_LANES)


def vector_of(lanes: LaneType):
    """Return the LLVM type of lanes of this type."""
    return ir.VectorType(ELEMENTS[lanes.kind], lanes.width)


@register_model(LaneType)
class _LaneModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, vector_of(fe_type))


# ------------------------------------------------------------------------------------- typing
def is_lanes(value, *kinds) -> bool:
    """Return whether a Numba type is lanes, of one of these kinds if any are given."""
    return isinstance(value, LaneType) and (not kinds or value.kind in kinds)


def is_number(value) -> bool:
    """Return whether a Numba type is a plain number."""
    return isinstance(value, (types.Float, types.Integer))


def common_lanes(*operands) -> LaneType | None:
    """Return the one type of lanes among operands that are such lanes or plain numbers, else None.

    Numbers take the element type of the lanes; fractions do not go into index lanes.
    """
    lanes = {t for t in operands if isinstance(t, LaneType)}
    if len(lanes) != 1 or not all(isinstance(t, LaneType) or is_number(t) for t in operands):
        return None
    meeting = lanes.pop()
    if meeting.kind in INDICES and any(isinstance(t, types.Float) for t in operands):
        return None
    if meeting.kind == "mask" and any(is_number(t) for t in operands):
        return None
    return meeting


def expect(fits, function: str, wanted: str, *found) -> None:
    """Raise a typing error with the arguments that a function takes, unless they fit."""
    if not fits:
        raise TypingError(f"{function} takes {wanted}, not {', '.join(map(str, found))}")


def float_lanes(function: str, *operands) -> LaneType:
    """Return the common type of float lanes of the operands of a function; raise a typing error if there is none."""
    lanes = common_lanes(*operands)
    expect(is_lanes(lanes, *FLOATS), function, "float lanes of one kind and width, and numbers", *operands)
    return lanes


# ----------------------------------------------------------------------------------- lowering
def constant(lanes: LaneType, value):
    """Return a constant lane value, the same in all lanes or one number for each."""
    values = list(value) if isinstance(value, (list, tuple, range)) else [value] * lanes.width
    return ir.Constant(vector_of(lanes), values)


def i32(number: int):
    """Return the LLVM constant that names a lane."""
    return ir.Constant(ir.IntType(32), number)


def undefined(lanes: LaneType):
    """Return an undefined value into which lanes are inserted."""
    return ir.Constant(vector_of(lanes), ir.Undefined)


def shuffle(builder, a, b, order):
    """Return the elements of a and b, in this order."""
    order = list(order)
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), len(order)), order))


def splat_value(builder, scalar, lanes: LaneType):
    """Return lanes of one LLVM value."""
    first = builder.insert_element(undefined(lanes), scalar, i32(0))
    return shuffle(builder, first, undefined(lanes), [0] * lanes.width)


def as_lanes(context, builder, value, numba_type, lanes: LaneType):
    """Return ``value`` as lanes of this type, broadcasting a plain number."""
    if isinstance(numba_type, LaneType):
        return value
    return splat_value(builder, context.cast(builder, value, numba_type, SCALARS[lanes.kind]), lanes)


def call_llvm(builder, name, result, arguments):
    """Call LLVM's function ``llvm.name``."""
    function_type = ir.FunctionType(result, [a.type for a in arguments])
    function = cgutils.get_or_insert_function(builder.module, function_type, f"llvm.{name}")
    return builder.call(function, arguments)


def suffix(lanes: LaneType) -> str:
    """Return the suffix of LLVM function names for this type."""
    return f"v{lanes.width}{lanes.kind}"


def compiles_for(context, feature: str) -> bool:
    """Return whether code is compiled for processors with a feature, according to ``NUMBA_CPU_FEATURES`` or the host.

    The same words are part of the key of Numba's cache. An empty list (all that ``NUMBA_CPU_NAME`` implies) counts as
    none: LLVM aborts on an instruction that is missing, and has an alternative for one that is present.
    """
    words = [word for word in context.codegen().magic_tuple()[2].split(",") if word[1:] == feature]
    return bool(words) and words[-1][0] == "+"


# ---------------------------------------------------------------------------------- operators
def _register_binary(op, emit, kinds, result_kind=None):
    def meeting(a, b):
        lanes = common_lanes(a, b)
        return lanes if lanes is not None and lanes.kind in kinds else None

    @type_callable(op)
    def type_op(context):
        def typer(a, b):
            lanes = meeting(a, b)
            return lanes and LaneType(result_kind or lanes.kind, lanes.width)

        return typer

    def lower(context, builder, sig, args):
        lanes = meeting(*sig.args)
        a, b = (as_lanes(context, builder, v, t, lanes) for v, t in zip(args, sig.args, strict=True))
        return emit(builder, lanes.kind, a, b)

    for left, right in [(LaneType, LaneType), (LaneType, types.Number), (types.Number, LaneType)]:
        lower_builtin(op, left, right)(lower)


def _arithmetic(name):
    def emit(builder, kind, a, b):
        return getattr(builder, ("f" if kind in FLOATS else "") + name)(a, b)

    return emit


def _comparison(symbol):
    def emit(builder, kind, a, b):
        compare = builder.fcmp_ordered if kind in FLOATS else builder.icmp_signed
        return compare(symbol, a, b)

    return emit


for _op, _name in [(operator.add, "add"), (operator.sub, "sub"), (operator.mul, "mul")]:
    _register_binary(_op, _arithmetic(_name), FLOATS | INDICES)
_register_binary(operator.truediv, _arithmetic("div"), FLOATS)
for _op, _symbol in [(operator.lt, "<"), (operator.le, "<="), (operator.gt, ">"), (operator.ge, ">=")]:
    _register_binary(_op, _comparison(_symbol), FLOATS | INDICES, "mask")
_register_binary(operator.and_, lambda builder, kind, a, b: builder.and_(a, b), {"mask"})
_register_binary(operator.or_, lambda builder, kind, a, b: builder.or_(a, b), {"mask"})


@type_callable(operator.neg)
def _type_neg(context):
    def typer(a):
        return a if is_lanes(a, *FLOATS) else None

    return typer


@lower_builtin(operator.neg, LaneType)
def _lower_neg(context, builder, sig, args):
    return builder.fneg(args[0])


@type_callable(operator.invert)
def _type_invert(context):
    def typer(a):
        return a if is_lanes(a, "mask") else None

    return typer


@lower_builtin(operator.invert, LaneType)
def _lower_invert(context, builder, sig, args):
    return builder.not_(args[0])
