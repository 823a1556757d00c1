"""The tables of the page of a sweep, as texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nakmd.analysis.numerics.statistics import format_measure
from nakmd.arrays import FloatArray
from nakmd.report.tables import interval_text, typeset
from nakmd.sweep_results.run_figure import FigureKey
from nakmd.sweep_results.seed_average import CombinedFigure
from nakmd.sweep_results.stored_sweep import StoredAxis
from nakmd.sweep_results.sweep import Sweep
from nakmd.sweep_results.temperature_lines import TemperatureLine

#: Most rows of the means that are shown without being asked for.
_MOST_OPEN = 300

#: A row by the names that the template uses.
Cells = dict[str, Any]


def combined_groups(sweep: Sweep) -> list[Cells]:
    """Return the means over seeds, in a group for each quantity."""
    axes = [axis for axis in sweep.axes if axis.role != "seed"]
    groups: dict[FigureKey, list[CombinedFigure]] = {}
    for figure in sweep.combined():
        groups.setdefault(figure.key, []).append(figure)
    total = sum(len(members) for members in groups.values() if not members[0].part)
    return [
        {
            "title": key.name,
            "open": not members[0].part and total <= _MOST_OPEN,
            "axes": [axis.label for axis in axes],
            "rows": [
                {
                    "labels": [_label(figure.labels.get(axis.name)) for axis in axes],
                    "text": typeset(figure.text),
                    "interval": interval_text(figure.measure),
                    "runs": str(figure.runs) if figure.runs == figure.planned else f"{figure.runs} of {figure.planned}",
                    "within": _short(figure.within_error),
                    "ratio": _short(figure.variance_ratio),
                    "bad": figure.contradicts,
                    "spread": _short(figure.model_spread),
                    "note": "; ".join(figure.notes),
                }
                for figure in members
            ],
        }
        for key, members in groups.items()
    ]


def model_rows(sweep: Sweep) -> list[Cells]:
    """Return the means over models."""
    return [
        {
            "name": mean.name,
            "labels": [_label(mean.labels.get(axis.name)) for axis in model_free_axes(sweep)],
            "text": typeset(format_measure(mean.value, math.nan if mean.error is None else mean.error, mean.unit)),
            "spread": _short(mean.model_spread),
            "models": str(mean.models),
        }
        for mean in sorted(sweep.model_means, key=lambda mean: sweep.quantities().index(mean.key))
    ]


def model_free_axes(sweep: Sweep) -> list[StoredAxis]:
    """Return the axes that means over models still have."""
    return [axis for axis in sweep.axes if axis.role == "condition"]


def long_rows(sweep: Sweep) -> list[Cells]:
    """Return all numbers of all runs."""
    return [
        {
            "point": figure.point,
            "labels": [_label(figure.labels.get(axis.name)) for axis in sweep.axes],
            "name": figure.name,
            "text": typeset(figure.text),
            "frames": figure.frames,
            "note": figure.note,
        }
        for figure in sweep.figures
    ]


def scatter_rows(sweep: Sweep) -> list[Cells]:
    """Return the scatter between the seeds, the most suspicious quantity first."""
    ordered = sorted(sweep.scatter.values(), key=lambda scatter: (scatter.p_value, -scatter.ratio))
    return [
        {
            "name": scatter.name,
            "ratio": f"{scatter.ratio:.3g}",
            "degrees": str(scatter.degrees),
            "p": f"{scatter.p_value:.2g}",
            "verdict": scatter.verdict,
            "bad": scatter.too_small,
        }
        for scatter in ordered
    ]


def line_rows(lines: Sequence[TemperatureLine]) -> list[Cells]:
    """Return the temperature laws; a line without a fit has the reason as its note."""
    return [
        {
            "name": line.key.name,
            "where": ", ".join(_label(value) for value in line.labels.values()),
            "points": "" if line.fit is None else _span(line.fit.temperatures),
            "energy": "" if line.fit is None else typeset(line.fit.text),
            "interval": "" if line.fit is None else interval_text(line.fit),
            "second": typeset(line.second),
            "chi2": _short(line.chi2_per_degree),
            "note": line.reason if line.fit is None else "; ".join([*_enlarged(line), *line.notes]),
        }
        for line in lines
    ]


def _span(temperatures: FloatArray) -> str:
    return f"{len(temperatures)}, {temperatures.min():g} to {temperatures.max():g} K"


def _enlarged(line: TemperatureLine) -> list[str]:
    """Return the note on the scatter of the points about the line, if `weighted_line` enlarged its errors for it."""
    scale = math.sqrt(line.chi2_per_degree or 0.0)
    return [f"errors enlarged by {scale:.2g}: the points scatter about the line"] if scale > 1.05 else []


def _label(value: Any) -> str:
    return "" if value is None else typeset(f"{value:.6g}" if isinstance(value, float) else str(value))


def _short(number: float | None) -> str:
    return "" if number is None or not math.isfinite(number) else typeset(f"{number:.2g}")
