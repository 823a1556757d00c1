"""What a check says: a verdict with its number, and what to do about it."""

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
        What was looked at.
    of : str
        The element, pair or file.
    level : {"ok", "warning", "fault"}
        A warning is for the user to judge; with a fault the numbers cannot be right.
    text : str
        What was found, with numbers.
    value : float or None
        The number that decided, in ``unit``.
    unit : str
    remedy : str
        What to do; empty where all is well.
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
    """Return a number if it is one."""
    return value if value is not None and math.isfinite(value) else None


def level_of(value: float, warning: float, fault: float) -> Level:
    """Return what a number means of which more is worse; NaN is a fault."""
    if value < warning:
        return "ok"
    return "warning" if value < fault else "fault"


def worst(levels: Sequence[Level]) -> Level:
    """Return the worst of some levels."""
    for level in ("fault", "warning"):
        if level in levels:
            return level
    return "ok"
