"""The values of an axis of a sweep: lists and ranges of numbers and quantities, and their labels."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from typing import Any

from nakmd.deck.quantities import KINDS, QuantityError, parse_unit
from nakmd.errors import did_you_mean

#: Keys of a range.
RANGE_KEYS = ("from", "to", "steps", "by")

#: Most values of an axis, and most points of a sweep.
MOST_VALUES = 100_000

_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\D.*?)?\s*$", re.DOTALL)

#: Digits of the values of a range: more are noise of the division.
_DIGITS = Context(prec=12)


def is_range(written: object) -> bool:
    """Return whether a table is meant as a range, and not as the keys of a table of the deck."""
    if not isinstance(written, Mapping):
        return False
    return any(key in written for key in ("from", "to", "by")) and not any(
        isinstance(value, Mapping | list) for value in written.values()
    )


def values_of_range(written: Mapping[str, Any]) -> list[Any]:
    """Return the values of ``{ from = "400 K", to = "600 K", steps = 3 }`` or ``{ from = 0, to = 1, by = 0.25 }``.

    The arithmetic is decimal, so that 0.1 by 0.1 gives 0.3. Whole numbers stay whole.

    Raises
    ------
    ValueError
        With the remedy.

    Examples
    --------
    >>> values_of_range({"from": "400 K", "to": "500 K", "steps": 3})
    ['400 K', '450 K', '500 K']
    >>> values_of_range({"from": 0.1, "to": 0.35, "by": 0.1})
    [0.1, 0.2, 0.3]
    """
    unknown = [key for key in written if key not in RANGE_KEYS]
    if unknown:
        raise ValueError(f'unknown key "{unknown[0]}" in a range. {did_you_mean(unknown[0], RANGE_KEYS)}')
    missing = [key for key in ("from", "to") if key not in written]
    if missing or ("steps" in written) == ("by" in written):
        raise ValueError('a range has from, to, and one of steps and by: { from = "400 K", to = "600 K", steps = 5 }.')
    (first, unit), (last, other) = _number(written["from"], "from"), _number(written["to"], "to")
    if other != unit:
        raise ValueError(f'from has the unit "{unit}" and to the unit "{other}": write both in the same unit.')
    if "by" in written:
        values = _by(first, last, *_number(written["by"], "by"), unit)
    else:
        values = _in_steps(first, last, written["steps"])
    whole = all(isinstance(written[key], int) for key in ("from", "to")) and all(v == int(v) for v in values)
    if unit:
        return [f"{_text(value)} {unit}" for value in values]
    return [int(value) if whole else float(value) for value in values]


def _by(first: Decimal, last: Decimal, by: Decimal, its_unit: str, unit: str) -> list[Decimal]:
    if its_unit != unit:
        raise ValueError(f'by has the unit "{its_unit}" and from the unit "{unit}": write all in the same unit.')
    if not by or (last - first) / by < 0:
        raise ValueError(f"by = {_text(by)} never comes from {_text(first)} to {_text(last)}.")
    number = int((last - first) / by) + 1
    _check_number(number)
    return [_DIGITS.plus(first + k * by) for k in range(number)]


def _in_steps(first: Decimal, last: Decimal, steps: object) -> list[Decimal]:
    if not isinstance(steps, int) or isinstance(steps, bool) or steps < 2:
        raise ValueError(f"steps = {steps!r} is the number of values: write an integer of at least 2.")
    _check_number(steps)
    return [_DIGITS.plus(first + k * (last - first) / (steps - 1)) for k in range(steps)]


def _check_number(number: int) -> None:
    if number > MOST_VALUES:
        raise ValueError(f"the range has {number:,} values; the limit is {MOST_VALUES:,}.")


def _number(value: object, key: str) -> tuple[Decimal, str]:
    """Return number and unit, which is empty for a plain number."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf"):
        return Decimal(str(value)), ""
    match = _NUMBER.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'{key} = {value!r} is neither a number nor a number with a unit, such as "400 K".')
    return Decimal(match[1]), match[2] or ""


def _text(value: Decimal) -> str:
    plain = value.normalize()
    return format(plain, "f") if -6 < plain.adjusted() < 12 else str(plain)


def labels_of(values: Sequence[Any]) -> tuple[list[Any], str]:
    """Return the values as they stand in tables, and their unit, empty if they have none in common.

    Quantities of one unit become numbers; what is neither number nor string is written as JSON.

    Examples
    --------
    >>> labels_of(["400 K", "450.5 K"]), labels_of([True, "nak"]), labels_of([["300 K", "400 K"]])
    (([400, 450.5], 'K'), ([True, 'nak'], ''), (['["300 K", "400 K"]'], ''))
    """
    split = [_quantity(value) for value in values]
    units = {part[1] for part in split if part is not None}
    if len(units) == 1 and None not in split:
        return [part[0] for part in split if part is not None], units.pop()
    plain = (str, bool, int, float)
    return [value if isinstance(value, plain) else json.dumps(value, ensure_ascii=False) for value in values], ""


def _quantity(value: object) -> tuple[int | float, str] | None:
    """Return number and unit of a quantity; None if a value is none."""
    match = _NUMBER.match(value) if isinstance(value, str) else None
    if match is None or not match[2]:
        return None
    try:
        parse_unit(match[2], KINDS[0])
    except QuantityError:
        return None
    number = float(match[1])
    return (int(number) if number == int(number) and abs(number) < 1e15 else number), match[2]
