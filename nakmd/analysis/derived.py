"""Numbers that follow from the records of two quantities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nakmd.analysis.base import Record


@dataclass(frozen=True)
class Derived:
    """A number that a run gives when it has measured two quantities.

    Attributes
    ----------
    quantity, using : str
        Names of both; the rows come after each record of the first.
    derive : callable
        Takes both records; raises `AnalysisError` where they do not fit. The report cites its "References".
    """

    quantity: str
    using: str
    derive: Callable[[Any, Any], Record]
