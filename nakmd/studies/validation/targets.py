"""What a set of Na and K aims at, from ``targets.toml``, and whether a figure reaches it."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from nakmd.potentials.files.texts import read_text
from nakmd.studies.validation.findings import AGREES_WITHIN, Finding, rounded

#: Whether a target is reached: by the value itself, or only within two errors of it; or not.
STRETCH, MET, PERHAPS, MISSED, OPEN = "stretch met", "met", "within errors", "missed", "not measured"


@dataclass(frozen=True)
class Target:
    """What one quantity aims at.

    Attributes
    ----------
    quantity : str
    of : tuple of str
        Empty: every system.
    temperatures : tuple of float [K]
        Empty: every temperature.
    target, stretch : str
        Distance from the reference: ``"1 %"`` of it, or ``"0.04"`` in the unit of the figure; empty: none.
    low, high, low_stretch : float
        Bounds of the value; infinite or NaN where there are none.
    """

    quantity: str
    of: tuple[str, ...]
    temperatures: tuple[float, ...]
    target: str
    stretch: str
    low: float
    high: float
    low_stretch: float

    def covers(self, finding: Finding) -> bool:
        """Return whether it is the target of a figure; figures without the reference it needs have none."""
        return (
            self.quantity == finding.quantity
            and (not self.of or finding.of in self.of)
            and (not self.temperatures or finding.temperature in self.temperatures)
            and (not self.target or finding.reference is not None)
        )

    @property
    def text(self) -> str:
        """The target in words."""
        if self.target:
            return f"± {self.target}" + (f" ({self.stretch})" if self.stretch else "")
        if self.low == self.high:
            return rounded(self.low)
        if math.isinf(self.high):
            more = f" ({rounded(self.low_stretch)})" if math.isfinite(self.low_stretch) else ""
            return f"above {rounded(self.low)}{more}"
        return f"below {rounded(self.high)}" if math.isinf(self.low) else f"{rounded(self.low)} … {rounded(self.high)}"

    def verdict(self, finding: Finding) -> str:
        """Return `STRETCH`, `MET`, `PERHAPS`, `MISSED` or `OPEN`."""
        if not math.isfinite(finding.value):
            return OPEN
        if self.target:
            return _reached(
                abs(finding.deviation), finding, _distance(self.target, finding), _distance(self.stretch, finding)
            )
        beyond = max(self.low - finding.value, finding.value - self.high, 0.0)
        stretched = self.low_stretch - finding.value
        return _reached(beyond, finding, 0.0, -1.0 if not stretched <= 0.0 else beyond)


def _distance(text: str, finding: Finding) -> float:
    """Return a distance in the unit of a figure; -1, which nothing reaches, for none."""
    if not text:
        return -1.0
    assert finding.reference is not None  # a target by distance covers no others
    share = text.removesuffix("%")
    return float(share) * (abs(finding.reference.middle) / 100.0 if share != text else 1.0)


def _reached(away: float, finding: Finding, target: float, stretch: float) -> str:
    """Return the verdict for a distance; errors may excuse a miss, but they earn no target."""
    if away <= stretch:
        return STRETCH
    if away <= target:
        return MET
    own = math.hypot(*(e for e in (finding.error, finding.size_error) if math.isfinite(e)))
    return PERHAPS if away - AGREES_WITHIN * own <= target else MISSED


@cache
def targets() -> tuple[Target, ...]:
    """Return all targets."""
    entries: Sequence[dict[str, Any]] = tomllib.loads(read_text(Path(__file__).with_name("targets.toml")))["target"]
    return tuple(
        Target(
            entry["quantity"], tuple(entry.get("of", ())), tuple(entry.get("temperatures", ())),
            entry.get("target", ""), entry.get("stretch", ""), float(entry.get("low", -math.inf)),
            float(entry.get("high", math.inf)), float(entry.get("low_stretch", math.nan)),
        )
        for entry in entries
    )  # fmt: skip


def target_of(finding: Finding) -> Target | None:
    """Return the target of a figure, None if it has none."""
    return next((target for target in targets() if target.covers(finding)), None)
