"""One figure of a study, with its three errors apart, and tables of them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from nakmd.analysis.numerics.statistics import format_measure
from nakmd.studies.study_inputs import Input


@dataclass(frozen=True, kw_only=True)
class StudyFigure:
    """One number that a study found.

    Attributes
    ----------
    key : str
        What it is: ``"substitution.Na in K"``. Unique in a study together with ``model``.
    title : str
        The same in words, for tables.
    model : str
        Parameter set that it was computed with, ``"PBE"`` or ``"experiment"`` for an anchor, empty if there is none.
    value : float or None
        None if it could not be measured; the notes say why.
    unit : str
        ``"1"`` for a pure number.
    statistical, numerical, model_error : float or None
        Standard errors, apart: of the sampling; of cell size, mobile radius and images; of the model
        (`with_model_error`). None if unknown or not applicable, 0 if there is none.
    interval : (float, float) or None
        95 % confidence interval where it is not symmetric, such as that of a count.
    conditions : str
        Under which it holds: ``"R = 2 a"``. Figures are compared only under equal conditions.
    group : str
        Title of the table that it belongs to.
    notes : tuple of str
        Conventions and caveats, and the reason for a missing value.
    source, doi, evidence : str
        Of an anchor, as in ``inputs.toml``.

    Examples
    --------
    >>> from nakmd.studies import StudyFigure
    >>> figure = StudyFigure(
    ...     key="barrier", title="Barrier", value=0.12, unit="eV", statistical=0.01, numerical=0.02
    ... )
    >>> figure.text, round(figure.error, 3)
    ('0.12 ± 0.02 eV', 0.022)
    """

    key: str
    title: str
    model: str = ""
    value: float | None
    unit: str
    statistical: float | None = None
    numerical: float | None = None
    model_error: float | None = None
    interval: tuple[float, float] | None = None
    conditions: str = ""
    group: str = ""
    notes: tuple[str, ...] = ()
    source: str = ""
    doi: str = ""
    evidence: str = ""

    def __post_init__(self) -> None:
        if self.value is not None and not math.isfinite(self.value):
            object.__setattr__(self, "value", None)

    @classmethod
    def of_input(cls, entry: Input, key: str, title: str, model: str, group: str = "") -> StudyFigure:
        """Return an input as a figure: an anchor beside computed ones; its error is in ``numerical``."""
        return cls(
            key=key, title=title, model=model, value=entry.middle, unit=entry.unit,
            numerical=entry.deviation if entry.distribution != "exact" else None, group=group,
            notes=(entry.note,) if entry.note else (), source=entry.source, doi=entry.doi, evidence=entry.evidence,
        )  # fmt: skip

    @property
    def error(self) -> float | None:
        """Statistical and numerical error combined, as one standard error; None if neither is known."""
        known = [e for e in (self.statistical, self.numerical) if e is not None]
        return math.hypot(*known) if known else None

    @property
    def text(self) -> str:
        """Value with combined statistical and numerical error and unit."""
        if self.value is None:
            return "not measured"
        if not self.error:
            return f"{self.value:.4g} {'' if self.unit == '1' else self.unit}".strip()
        return format_measure(self.value, self.error, self.unit)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields that are not empty as plain numbers and strings; ``value`` always."""
        fields = {name: entry for name, entry in asdict(self).items() if entry not in (None, "", ())}
        return {"key": self.key, "value": self.value, **fields}


def with_model_error(figures: Sequence[StudyFigure]) -> list[StudyFigure]:
    """Return the figures with their model error: half the range over the models (anchors included) that have the key.

    Figures without a model, alone, or with a model error of their own keep what they have.
    """
    values: dict[str, list[float]] = defaultdict(list)
    for figure in figures:
        if figure.model and figure.value is not None:
            values[figure.key].append(figure.value)
    return [
        replace(figure, model_error=0.5 * (max(values[figure.key]) - min(values[figure.key])))
        if figure.model and figure.value is not None and figure.model_error is None and len(values[figure.key]) > 1
        else figure
        for figure in figures
    ]


@dataclass(frozen=True)
class StudyTable:
    """A table of a page: texts only.

    Attributes
    ----------
    title : str
    columns : sequence of str
    rows : sequence of sequence of str
    note : str
        Below the table.

    Examples
    --------
    >>> from nakmd.studies import StudyTable
    >>> StudyTable("Barriers", ["of", "barrier"], [["Na in K", "0.12 ± 0.02 eV"]]).columns
    ['of', 'barrier']
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def tables_by_group(figures: Sequence[StudyFigure]) -> list[StudyTable]:
    """Return a table of each group of figures, one row each with its errors apart."""
    groups: dict[str, list[StudyFigure]] = defaultdict(list)
    for figure in figures:
        groups[figure.group].append(figure)
    columns = ("quantity", "model", "value", "unit", "statistical", "numerical", "model error", "note")
    return [
        StudyTable(
            group or "Figures",
            columns,
            [
                (
                    f.title, f.model, _rounded(f.value), "" if f.unit == "1" else f.unit, _error(f.statistical),
                    _error(f.numerical), _error(f.model_error), "; ".join(f.notes),
                )
                for f in members
            ],
        )
        for group, members in groups.items()
    ]  # fmt: skip


def tables_by_model(figures: Sequence[StudyFigure]) -> list[StudyTable]:
    """Return a table of each group of figures, one row for each key and a column for each model."""
    groups: dict[str, list[StudyFigure]] = defaultdict(list)
    for figure in figures:
        groups[figure.group].append(figure)
    return [_by_model(group or "Figures", members) for group, members in groups.items()]


def _by_model(title: str, figures: Sequence[StudyFigure]) -> StudyTable:
    models = list(dict.fromkeys(f.model for f in figures))
    rows = []
    for key in dict.fromkeys(f.key for f in figures):
        found = {f.model: f for f in figures if f.key == key}
        one = next(iter(found.values()))
        spread = next((f.model_error for f in found.values() if f.model_error is not None), None)
        unit = "" if one.unit == "1" else one.unit
        cells = [_with_error(found[model]) if model in found else "" for model in models]
        rows.append((one.title, unit, *cells, _error(spread)))
    note = "± is the statistical and numerical error; model error: half the range over the models."
    return StudyTable(title, ("quantity", "unit", *models, "model error"), rows, note)


def _with_error(figure: StudyFigure) -> str:
    if figure.value is None:
        return "–"
    return format_measure(figure.value, figure.error) if figure.error else _rounded(figure.value)


def _rounded(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _error(error: float | None) -> str:
    return "" if error is None else f"{error:.2g}"
