"""The figure of a claim: what each model and anchor has for A and B, with their errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nakmd.analysis.plotting import COLORS, Figure, figure_for
from nakmd.studies.claims.claim_result import ClaimResult
from nakmd.studies.claims.inequality import ComparedSide
from nakmd.studies.claims.published_claim import PublishedClaim

#: Markers of the two figures.
MARKERS: Mapping[str, str] = {"A": "o", "B": "s"}

#: Size of a picture: width, height without rows, height of a row [inches].
WIDTH, FRAME, ROW = 6.4, 0.9, 0.32


def draw(claim: PublishedClaim, result: ClaimResult) -> Figure | None:
    """Draw one row for each voter, filled if its vote counts; None if there is no figure with a value.

    Error bars are 95 % intervals: those of the figures, or two standard errors. A dashed line is the bound or the value
    that is claimed, with twice its error.
    """
    rows = [vote for vote in result.votes if any(_value(f) is not None for f in vote["figures"].values())]
    if not rows:
        return None
    figure, axes = figure_for(None)
    figure.set_size_inches(WIDTH, FRAME + ROW * len(rows))
    for row, vote in enumerate(rows):
        for letter, entry in vote["figures"].items():
            value = _value(entry)
            if value is None:
                continue
            below, above = _ends(entry, value)
            color = COLORS[0] if letter == "A" else COLORS[1]
            axes.errorbar(
                [value], [row + (0.12 if letter == "B" else -0.12)], xerr=[[below], [above]], fmt=MARKERS[letter],
                color=color, mfc=color if vote["counts"] else "white", ms=6, lw=1.2, capsize=2.5,
            )  # fmt: skip
    bound = _bound(claim)
    if bound is not None:
        axes.axvline(bound, color="0.4", lw=1.0, ls="--")
    if claim.value is not None and claim.error:
        axes.axvspan(claim.value - 2.0 * claim.error, claim.value + 2.0 * claim.error, color="0.9", zorder=0)
    axes.set_yticks(range(len(rows)), [str(vote["voter"]) for vote in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    unit = next((f["unit"] for vote in rows for f in vote["figures"].values()), "1")
    axes.set_xlabel(claim.quantity + ("" if unit == "1" else f" / {unit}"), fontsize=9)
    axes.tick_params(labelsize=9)
    return figure


def _value(entry: Mapping[str, Any]) -> float | None:
    return None if entry["value"] is None else float(entry["value"])


def _ends(entry: Mapping[str, Any], value: float) -> Sequence[float]:
    """Return the lengths of an error bar below and above a value; 0 where the error is unknown."""
    if entry.get("interval"):
        low, high = entry["interval"]
        return max(0.0, value - low), max(0.0, high - value)
    error = 2.0 * math.hypot(entry.get("statistical") or 0.0, entry.get("numerical") or 0.0)
    return error, error


def _bound(claim: PublishedClaim) -> float | None:
    """Return the number that A is held against, if it is one."""
    if claim.value is not None:
        return claim.value
    inequality = claim.inequality
    sides: Sequence[ComparedSide] = () if inequality is None else (inequality.less, inequality.more)
    return next((side.number for side in sides if not side.letter), None)
