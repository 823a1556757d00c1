"""Floating-point operations of a formula or a kernel, counted while it runs as plain Python.

Arrays that record their operands replace NumPy's. The counted source is the compiled source, with the loop, the mask
and the sums of the driver, so no table of numbers can become outdated.

Each of + - * / √, minimum, maximum, floor and comparison of floats is one operation, a fused multiply-add two. e^x,
ln x, sin x and cos x are the operations of the polynomials that stand for them on lanes. Loads, choices by a mask,
changes of sign, conversions, scaling by powers of two and integers are none. Unused results are not counted, because
the compiler removes them: the energy of a pair in a loop over forces, the column loaded after the last. Scalar
arithmetic, done once for all lanes, is not counted either. An expression written twice counts twice, even where the
compiler merges the two.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from nakmd.kernels import elementary

#: Functions that are one operation per float lane, and functions that are none.
_ONE = {
    np.add, np.subtract, np.multiply, np.divide, np.sqrt, np.minimum, np.maximum, np.floor, np.less, np.less_equal,
    np.greater, np.greater_equal,
}  # fmt: skip
_NONE = {
    np.negative, np.positive, np.absolute, np.frexp, np.ldexp, np.logical_and, np.logical_or, np.logical_not,
    np.bitwise_and, np.bitwise_or, np.invert,
}  # fmt: skip


class _Tally:
    """Number of operations over all lanes."""

    total = 0


class _Step:
    """An operation on lanes: its cost and the steps that produced its operands, until it is counted."""

    __slots__ = ("cost", "sources", "tally")

    def __init__(self, tally: _Tally, cost: int = 0, sources: tuple[_Step, ...] = ()) -> None:
        self.tally, self.cost, self.sources = tally, cost, sources

    def count(self) -> None:
        """Add the cost of this step and of the steps before it to the tally, each once."""
        waiting = [self]
        while waiting:
            step = waiting.pop()
            step.tally.total += step.cost
            waiting.extend(step.sources)
            step.cost, step.sources = 0, ()


class CountingArray(np.ndarray):
    """An array with the step that produced it; a value that is written, branched on or used as an index is counted."""

    step: _Step

    def __array_finalize__(self, source: Any) -> None:
        """Give slices and copies the same step."""
        if isinstance(source, CountingArray):
            self.step = source.step

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Apply the function and record the step."""
        arrays = [x for x in inputs if isinstance(x, np.ndarray)]
        result = getattr(ufunc, method)(*map(_plain, inputs), **options)
        cost = 0
        if method == "__call__" and any(x.dtype.kind == "f" for x in arrays):
            lanes = result[0] if isinstance(result, tuple) else result
            single = any(x.dtype == np.float32 for x in arrays)
            cost = _operations_of(ufunc, single) * np.size(lanes)
        return self._made(result, cost, arrays)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        """Apply the function at no cost: it is a choice."""
        return self._made(super().__array_function__(function, types, inputs, options), 0, inputs)

    def _made(self, result: Any, cost: int, inputs: Iterable[Any]) -> Any:
        """Return a result with its step; a plain number is used for a decision, so it is counted."""
        step = _Step(self.step.tally, cost, tuple(x.step for x in inputs if isinstance(x, CountingArray)))
        if isinstance(result, tuple):
            return tuple(_with_step(x, step) for x in result)
        if isinstance(result, np.ndarray):
            return _with_step(result, step)
        step.count()
        return result

    def __getitem__(self, place: Any) -> Any:
        """Return a part, or one lane as a number."""
        part = super().__getitem__(place)
        if not isinstance(part, np.ndarray):
            self.step.count()
        return part

    def __setitem__(self, place: Any, value: Any) -> None:
        """Write lanes, and count them."""
        if isinstance(value, CountingArray):
            value.step.count()
        super().__setitem__(place, value)

    def astype(self, dtype: Any, *arguments: Any, **options: Any) -> Any:
        """Convert, and count what becomes an index."""
        if np.dtype(dtype).kind == "i":
            self.step.count()
        return super().astype(dtype, *arguments, **options)


def count_operations(function: Callable[..., Any], *arguments: Any) -> int:
    """Run a formula, or a compiled kernel as plain Python, and return its operations over all lanes.

    Parameters
    ----------
    function : callable
    *arguments
        Operations on arrays of floats, and on their results, are counted. Output arguments are written.

    Raises
    ------
    TypeError
        If the function applies an operation of unknown cost to lanes.

    Examples
    --------
    >>> count_operations(lambda r: 2.0 * r * r + 1.0, np.ones(8))
    24
    """
    tally = _Tally()
    given = [_with_step(x, _Step(tally)) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in arguments]
    with np.errstate(all="ignore"):  # lanes that a mask discards may overflow
        results = getattr(function, "py_func", function)(*given)
    for result in results if isinstance(results, tuple) else (results,):
        if isinstance(result, CountingArray):
            result.step.count()
    return tally.total


def _with_step(array: np.ndarray, step: _Step) -> CountingArray:
    view = array.view(CountingArray)
    view.step = step
    return view


def _plain(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, CountingArray) else x


def _operations_of(ufunc: np.ufunc, single: bool) -> int:
    if ufunc in _ONE:
        return 1
    if ufunc in _NONE:
        return 0
    if ufunc in _POLYNOMIALS:
        return _polynomial_operations(ufunc, single)
    raise TypeError(f"The cost of numpy.{ufunc.__name__} on lanes is unknown: add it to the tables in {__name__}.")


#: Functions of NumPy in plain Python, and the polynomials that compiled float64 and float32 lanes use instead.
_POLYNOMIALS: dict[np.ufunc, tuple[Callable[..., Any], Callable[..., Any]]] = {
    np.exp: (elementary._exp_lanes, elementary._exp_single_lanes),
    np.log: (elementary._log_lanes, elementary._log_single_lanes),
    np.sin: (elementary._sin_cos_lanes, elementary._sin_cos_single_lanes),
    np.cos: (elementary._sin_cos_lanes, elementary._sin_cos_single_lanes),
}


@functools.cache
def _polynomial_operations(ufunc: np.ufunc, single: bool) -> int:
    lanes = np.ones(1, np.float32 if single else np.float64)
    function = _POLYNOMIALS[ufunc][single]
    total = count_operations(function, lanes)
    if ufunc is np.exp:
        return total - 2  # the clamps of the argument are separate operations in plain Python
    if ufunc is np.log:
        return total
    # cosine and sine share operations: the cosine costs the rest
    sine = count_operations(lambda x: function(x)[0], lanes)
    return sine if ufunc is np.sin else total - sine
