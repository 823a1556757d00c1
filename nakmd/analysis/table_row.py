"""One line of the table of results."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nakmd.analysis.numerics.statistics import Measure, format_measure

if TYPE_CHECKING:
    from nakmd.analysis.base import Record


@dataclass(frozen=True)
class Row:
    """One line of the table of results.

    Attributes
    ----------
    quantity, text : str
        Name, and value with error and unit. A name that begins with two spaces is a part of the line above.
    note : str
        Why the number should be taken with care, if so.
    measured : Measure or Record, optional
        The number itself, for its interval; None where the row has no error.
    """

    quantity: str
    text: str
    note: str = ""
    measured: Measure | Record | None = None

    @classmethod
    def of(cls, quantity: str, measured: Measure | Record, note: str = "") -> Row:
        """Return the row of a number with an error; without a note it says if the error is uncertain."""
        text = format_measure(float(measured.value), float(measured.error), measured.unit)
        return cls(quantity, text, note or trust_note(measured), measured)


def trust_note(measured: Measure | Record) -> str:
    """Return a warning if the error of a number rests on too few independent samples, else an empty text."""
    if measured.trusted or not math.isfinite(measured.n_effective) or not measured.n_effective:
        return ""
    if np.ndim(measured.error) or not math.isfinite(measured.error) or measured.error == 0.0:
        return ""
    return f"error uncertain: {measured.n_effective:.1f} independent samples"
