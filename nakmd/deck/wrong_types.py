"""What to write in place of a value of the wrong type."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Annotated, Any, get_args, get_origin

#: A number in quotes, perhaps as a percentage.
_QUOTED = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(%?)\s*")

_NAMES = {
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "a string in quotes",
    "bool_type": "true or false",
    "tuple_type": "an array [...]",
}


def type_remedy(fault: str, value: object, annotation: Any) -> str:
    """Return what to write in place of a value of the wrong type, or an empty text for another fault.

    Parameters
    ----------
    fault : str
        Pydantic's name of the fault.
    value : object
    annotation : type
        The type that is expected.

    Examples
    --------
    >>> type_remedy("float_type", "3 %", float)
    'Write the fraction 0.03, without quotes.'
    >>> type_remedy("tuple_type", 4, tuple[int, int, int])
    'Write an array, such as [4, 4, 4].'
    """
    if fault not in _NAMES:
        return ""
    quoted = _QUOTED.fullmatch(value) if isinstance(value, str) else None
    if quoted and fault == "float_type" and quoted[2]:
        return f"Write the fraction {float(quoted[1]) / 100.0:.10g}, without quotes."
    if quoted and fault in ("float_type", "int_type") and not quoted[2]:
        return f"Write {quoted[1]}, without quotes."
    if fault == "tuple_type" and isinstance(value, int | float) and not isinstance(value, bool):
        entries = [_plain(entry) for entry in get_args(annotation)]
        if entries and set(entries) <= {int, float, Ellipsis}:
            length = 1 if Ellipsis in entries else len(entries)
            return f"Write an array, such as [{', '.join([str(value)] * length)}]."
    return f"Write {_NAMES[fault]}."


def _plain(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def is_of_a_deck(value: object) -> bool:
    """Return whether a value is one that TOML has; a deck made in Python may be given any other."""
    return value is None or isinstance(value, str | bool | int | float | date | time | dict | list | tuple)
