"""Numbers derived from the records of two quantities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nakmd.analysis.base import Record


@dataclass(frozen=True)
class Derived:
    """A number derived from two measured quantities of one run.

    Attributes
    ----------
    quantity, using : str
        Names of the two quantities; the derived rows follow each record of the first.
    derive : callable
        Takes both records; raises `AnalysisError` if they are incompatible. The report cites its "References".
    """

    quantity: str
    using: str
    derive: Callable[[Any, Any], Record]
