"""The verdict of a check: level, text, number and remedy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Verdict:
    """One check of one thing.

    Attributes
    ----------
    check : str
        Name of the check.
    of : str
        The element, pair or file.
    level : {"ok", "warning", "fault"}
        A warning is for the user to judge; with a fault results are wrong.
    text : str
        The result, with numbers.
    value : float or None
        The number behind the level, in ``unit``.
    unit : str
    remedy : str
        What to do; empty at level ``"ok"``.
    """

    check: str
    of: str
    level: Level
    text: str
    value: float | None = None
    unit: str = ""
    remedy: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict, JSON-able: JSON has no infinities and no NaN."""
        return asdict(self) | {"value": finite_or_none(self.value)}


def finite_or_none(value: float | None) -> float | None:
    """Return a finite number unchanged, else None."""
    return value if value is not None and math.isfinite(value) else None


def level_of(value: float, warning: float, fault: float) -> Level:
    """Return the level of a number for which larger is worse; NaN is a fault."""
    if value < warning:
        return "ok"
    return "warning" if value < fault else "fault"


def worst(levels: Sequence[Level]) -> Level:
    """Return the worst of the levels."""
    for level in ("fault", "warning"):
        if level in levels:
            return level
    return "ok"
