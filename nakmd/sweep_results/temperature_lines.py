"""Arrhenius and van 't Hoff lines of the numbers of a sweep whose class declares a temperature law."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import scipy  # its modules load on first use

from nakmd.analysis import ArrheniusRecord, Record, VanTHoffRecord, arrhenius, van_t_hoff
from nakmd.errors import AnalysisError
from nakmd.sweep_results.run_figure import FigureKey
from nakmd.sweep_results.seed_average import CombinedFigure, condition_of
from nakmd.sweep_results.seed_scatter import SeedScatter
from nakmd.sweep_results.stored_sweep import Label, StoredAxis

#: No line is fitted if the temperature of the runs differs from the axis by more than this share of it, which changes
#: an activation energy by about as much, and by more than this number of standard errors.
MOST_DEVIATION, MOST_ERRORS = 0.02, 4.0


@dataclass(frozen=True, kw_only=True)
class TemperatureLine:
    """The fit of one number against the inverse temperature, at one point of the other axes.

    Attributes
    ----------
    key : FigureKey
    labels : mapping of str to Label
        Value of each axis but seed and temperature.
    fit : ArrheniusRecord, VanTHoffRecord or None
        None if it could not be made; ``reason`` says why.
    reason : str
    notes : tuple of str
        On its points and their errors; those of the fit are in ``fit.notes``.
    """

    key: FigureKey
    labels: Mapping[str, Label]
    fit: ArrheniusRecord | VanTHoffRecord | None
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def chi2_per_degree(self) -> float | None:
        """χ² per degree of freedom; None without a fit."""
        return None if self.fit is None else self.fit.chi2 / (len(self.fit.temperatures) - 2)

    @property
    def probability(self) -> float | None:
        """Probability of a larger χ² if the law holds; None without a fit."""
        if self.fit is None:
            return None
        return float(scipy.special.chdtrc(len(self.fit.temperatures) - 2, self.fit.chi2))

    @property
    def second(self) -> str:
        """What the intercept is, with its value: the prefactor or the entropy; empty without a fit."""
        if isinstance(self.fit, ArrheniusRecord):
            return f"prefactor {self.fit.prefactor.text}"
        return "" if self.fit is None else f"ΔS = {self.fit.entropy.text}"

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain numbers and strings."""
        common = {**self.key._asdict(), "labels": dict(self.labels)}
        if self.fit is None:
            return {**common, "reason": self.reason}
        return {
            **common,
            "kind": "arrhenius" if isinstance(self.fit, ArrheniusRecord) else "van 't hoff",
            "fit": self.fit.to_dict(),
            "chi2_per_degree": self.chi2_per_degree,
            "probability": self.probability,
            "notes": list(self.notes),
        }


def temperature_lines(
    combined: Sequence[CombinedFigure], axis: StoredAxis, tied: Sequence[str], scatter: Mapping[FigureKey, SeedScatter]
) -> list[TemperatureLine]:
    """Return the line of each number with a law, at each point of the axes other than the temperature.

    Parameters
    ----------
    combined : sequence of CombinedFigure
    axis : StoredAxis
        The axis of the temperature.
    tied : sequence of str
        Names of axes that the temperature determines.
    scatter : mapping of FigureKey to SeedScatter

    Notes
    -----
    The points are weighted by the errors within the runs, times the factor that the scatter between the seeds of the
    whole sweep demands: a variance from two or three seeds alone is too uncertain for weights. A point without an
    error within its runs has the error from its seeds if there are at least four.
    """
    groups: dict[tuple[FigureKey, str], list[tuple[float, CombinedFigure]]] = defaultdict(list)
    measured = {condition_of(figure.labels, ()): figure for figure in combined if figure.law == "temperature"}
    for figure in combined:
        kelvin = axis.kelvin(figure.labels[axis.name])
        if figure.law not in (None, "temperature") and kelvin is not None:
            groups[figure.key, condition_of(figure.labels, (axis.name, *tied))].append((kelvin, figure))
    order = list(dict.fromkeys(key for key, _ in groups))
    return [
        _line(key, sorted(points, key=lambda point: point[0]), (axis.name, *tied), scatter.get(key), measured)
        for (key, _), points in sorted(groups.items(), key=lambda group: order.index(group[0][0]))
        if len(points) > 1
    ]


def _line(
    key: FigureKey,
    points: Sequence[tuple[float, CombinedFigure]],
    without: Sequence[str],
    scatter: SeedScatter | None,
    measured: Mapping[str, CombinedFigure],
) -> TemperatureLine:
    first = points[0][1]
    labels = {name: value for name, value in first.labels.items() if name not in without}
    wrong = _wrong_temperature(points, measured)
    if wrong:
        return TemperatureLine(key=key, labels=labels, fit=None, reason=wrong)
    factor = scatter.factor if scatter is not None else 1.0
    temperatures, records, left_out = [], [], []
    for kelvin, figure in points:
        error = _error(figure, factor)
        if not error > 0.0:
            left_out.append(f"{kelvin:g} K")
            continue
        temperatures.append(kelvin)
        records.append(
            Record(
                quantity=figure.name,
                value=figure.value,
                error=error,
                unit=figure.unit,
                n_effective=figure.measure.n_effective,
            )
        )
    notes = [f"without {', '.join(left_out)}: no error there"] if left_out else []
    if factor > 1.0:
        notes.append(f"errors of the points: within the runs, times {factor:.2g} (scatter between the seeds)")
    unsettled = sum(figure.unsettled for _, figure in points)
    if unsettled:
        notes.append(f"unsettled: {unsettled} of {sum(figure.runs for _, figure in points)} runs")
    notes += _notes_of_points([figure for _, figure in points])
    try:
        fit: ArrheniusRecord | VanTHoffRecord
        if first.law in ("arrhenius", "inverse-arrhenius"):
            fit = arrhenius(temperatures, records, 1 if first.law == "arrhenius" else -1)
        else:
            fit = van_t_hoff(temperatures, records, "ratio" if first.law == "ratio" else "free-energy")
    except AnalysisError as error:
        return TemperatureLine(key=key, labels=labels, fit=None, reason="; ".join([str(error), *notes]))
    return TemperatureLine(key=key, labels=labels, fit=fit, notes=tuple(notes))


def _notes_of_points(figures: Sequence[CombinedFigure]) -> list[str]:
    """Return what the analyses note at the points of a line, without the numbers, which differ from point to point."""
    words = Counter(word for f in figures for word in {note.partition(":")[0] for note in f.run_notes})
    return [f"{word}: {number} of {len(figures)} temperatures" for word, number in words.items()]


def _wrong_temperature(points: Sequence[tuple[float, CombinedFigure]], measured: Mapping[str, CombinedFigure]) -> str:
    """Return where the runs have another temperature than the axis says; empty if they have it."""
    for kelvin, figure in points:
        found = measured.get(condition_of(figure.labels, ()))
        if found is None:
            continue
        error = max(found.error or 0.0, found.within_error or 0.0)
        if abs(found.value - kelvin) > max(MOST_ERRORS * error, MOST_DEVIATION * kelvin):
            return (
                f"at {kelvin:g} K of the axis the runs have {found.text}: the axis is not their temperature, or they "
                "have not reached it"
            )
    return ""


def _error(figure: CombinedFigure, factor: float) -> float:
    """Return the error of a point of a line; NaN if there is none."""
    if figure.within_error:
        return factor * figure.within_error
    return figure.error if figure.runs >= 4 and figure.error is not None else math.nan
