"""One quantity of a model with its errors, its reference and the verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nakmd.analysis import Record, combine
from nakmd.analysis.numerics.statistics import Measure, format_measure
from nakmd.studies.validation.references import Reference

#: Combined standard errors within which a value agrees with its reference.
AGREES_WITHIN = 2.0

#: Verdicts.
AGREES, MISSES, UNKNOWN, FAILED = "agrees", "misses", "no reference", "not measured"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One computed quantity and its reference.

    Attributes
    ----------
    group : str
        ``"cold"``, ``"liquid"``, ``"alloy"``, ``"surface"``, ``"carbon"`` or ``"adsorption"``.
    quantity, of : str
        Quantity and system, as in ``references.toml``.
    temperature : float [K] or None
    value, error : float
        Value and statistical standard error: 0 for static quantities, NaN if unknown.
    size_error : float
        Remaining finite-size error of the cell (or slab); NaN if unknown.
    size_note : str
        Origin of the size error.
    unit : str
    reference : Reference or None
    notes : tuple of str
        Conventions, caveats, and the reason for a missing value.
    """

    group: str
    quantity: str
    of: str
    temperature: float | None = None
    value: float
    error: float
    size_error: float = 0.0
    size_note: str = ""
    unit: str
    reference: Reference | None = None
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A unique line for this finding."""
        return f"{self.quantity}, {self.of}" + ("" if self.temperature is None else f", {self.temperature:g} K")

    @property
    def deviation(self) -> float:
        """Signed distance of the value from the reference interval [unit]; NaN without a reference."""
        if self.reference is None or not math.isfinite(self.value):
            return math.nan
        if self.value < self.reference.low:
            return self.value - self.reference.low
        return max(0.0, self.value - self.reference.high)

    @property
    def uncertainty(self) -> float:
        """Combined statistical, size and reference error [unit], as one standard error."""
        known = [e for e in (self.error, self.size_error) if math.isfinite(e)]
        return math.hypot(*known, self.reference.error if self.reference else 0.0)

    @property
    def verdict(self) -> str:
        """``"agrees"``, ``"misses"``, ``"no reference"`` or ``"not measured"``."""
        if not math.isfinite(self.value):
            return FAILED
        if self.reference is None:
            return UNKNOWN
        return AGREES if abs(self.deviation) <= AGREES_WITHIN * self.uncertainty else MISSES

    @property
    def verdict_text(self) -> str:
        """The verdict with the deviation from the nearest end of the reference, in per cent if meaningful."""
        if self.verdict != MISSES or self.reference is None:
            return self.verdict
        end = self.reference.low if self.deviation < 0.0 else self.reference.high
        if abs(end) > abs(self.deviation) / 3.0:
            percent = 100.0 * self.deviation / abs(end)
            return f"off by {percent:+.{0 if abs(percent) >= 9.5 else 1}f} %"
        return f"off by {self.deviation:+.2g} {self.unit}"

    @property
    def text(self) -> str:
        """Value and statistical error, without the unit."""
        if not math.isfinite(self.value):
            return "-"
        if self.error == 0.0:
            return rounded(self.value, whole=True)
        return format_measure(self.value, self.error)

    @property
    def reference_text(self) -> str:
        """The reference without the unit."""
        return "-" if self.reference is None else self.reference.text(rounded)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain numbers and strings; non-finite numbers become None."""
        reference = self.reference
        return {
            "key": self.key,
            "group": self.group,
            "quantity": self.quantity,
            "of": self.of,
            "temperature": self.temperature,
            "value": finite(self.value),
            "error": finite(self.error),
            "size_error": finite(self.size_error),
            "size_note": self.size_note,
            "unit": self.unit,
            "reference": None
            if reference is None
            else {
                "low": finite(reference.low),
                "high": finite(reference.high),
                "error": reference.error,
                "source": reference.source,
                "evidence": reference.evidence,
                "note": reference.note,
            },
            "text": self.text,
            "reference_text": self.reference_text,
            "deviation": finite(self.deviation),
            "verdict": self.verdict,
            "verdict_text": self.verdict_text,
            "notes": list(self.notes),
        }


def finite(value: float) -> float | None:
    """Return a finite number unchanged, else None."""
    return float(value) if math.isfinite(value) else None


def number(value: Any) -> float:
    """Return a stored number, with None as NaN."""
    return math.nan if value is None else float(value)


def rounded(value: float, whole: bool = False) -> str:
    """Return a number with four digits, without trailing zeros unless ``whole``."""
    if value == 0.0:
        return "0"
    if not 1e-3 <= abs(value) < 1e5:
        return f"{value:.2g}"
    places = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:.{places}f}"
    return text if whole or "." not in text else text.rstrip("0").rstrip(".")


def stored(measure: Measure) -> dict[str, Any]:
    """Return a measure as a dict for JSON."""
    return {
        "value": finite(measure.value),
        "error": finite(measure.error),
        "unit": measure.unit,
        "n_effective": finite(measure.n_effective),
    }


def restored(entry: dict[str, Any]) -> Measure:
    """Return the measure of a dict of `stored`."""
    return Measure(number(entry["value"]), number(entry["error"]), entry["unit"], number(entry["n_effective"]))


def together(measures: Sequence[Measure]) -> Measure:
    """Return the mean of independent runs by `nakmd.analysis.combine`; runs without a value are ignored."""
    valid = [m for m in measures if math.isfinite(m.value)]
    if not valid:
        return Measure(math.nan, math.nan, measures[0].unit if measures else "", 0.0)
    if len(valid) == 1:
        return valid[0]
    records = [
        Record(quantity="", value=m.value, error=m.error, unit=m.unit, n_effective=m.n_effective) for m in valid
    ]  # fmt: skip
    mean = combine(records)
    return Measure(float(mean.value), float(mean.error), mean.unit, mean.n_effective)
