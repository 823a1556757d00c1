"""Means over seeds: the error from the scatter between runs, beside the error within the runs."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy  # its modules load on first use

from nakmd.analysis.numerics.statistics import Measure, student_factor
from nakmd.analysis.table_row import TemperatureLaw
from nakmd.arrays import FloatArray
from nakmd.sweep_results.run_figure import FigureKey, RunFigure
from nakmd.sweep_results.stored_sweep import Label

#: Probability (two-sided) below which the scatter between seeds contradicts the errors within the runs.
CONTRADICTION = 0.01


@dataclass(frozen=True, kw_only=True)
class CombinedFigure:
    """A number at one point of the axes, as the mean over the seeds.

    Attributes
    ----------
    labels : mapping of str to Label
        Value of each axis but the seed.
    record, name, unit, law, part
        As in `RunFigure`.
    value : float
        Mean over the runs.
    error : float or None
        Standard error of the mean: from the scatter between the runs, or of the run if there is one only. None if
        it is unknown.
    low, high : float or None
        95 % confidence interval of the mean, with Student's t for ``n_effective`` - 1 degrees of freedom.
    n_effective : float or None
        Number of runs, or of independent samples in the only one; None if it is unknown.
    runs, planned : int
        Runs with the number, and runs of the sweep at this point of the axes.
    within_error : float or None
        Standard error of the mean from the errors within the runs alone: √(mean e²)/√n.
    variance_ratio : float or None
        Variance between the runs over mean e²; 1 is expected.
    p_above : float or None
        Probability of a larger ratio by chance, by an F test.
    unsettled : int
        Number of runs that had not settled.
    notes : tuple of str
    model_spread : float or None
        Standard deviation between the models at the same conditions beyond their statistical errors; None without
        several models. It is part of no other error.
    models : int
        Number of models behind it.
    run_notes : tuple of str
        Those of `notes` that the analyses of the runs made, such as "not diffusive".
    """

    labels: Mapping[str, Label]
    record: str
    name: str
    unit: str
    law: TemperatureLaw | None
    part: bool
    value: float
    error: float | None
    low: float | None
    high: float | None
    n_effective: float | None
    runs: int
    planned: int
    within_error: float | None
    variance_ratio: float | None
    p_above: float | None
    unsettled: int
    notes: tuple[str, ...] = ()
    run_notes: tuple[str, ...] = ()
    model_spread: float | None = None
    models: int = 1

    @property
    def key(self) -> FigureKey:
        """What it may be compared with."""
        return FigureKey(self.record, self.name, self.unit)

    @property
    def measure(self) -> Measure:
        """The mean with its error; NaN where something is unknown."""
        error, n_effective = (math.nan if x is None else x for x in (self.error, self.n_effective))
        return Measure(self.value, error, self.unit, n_effective)

    @property
    def text(self) -> str:
        """Value, standard error and unit."""
        return self.measure.text

    @property
    def p_value(self) -> float | None:
        """Probability of a ratio as far from what is expected or farther (two-sided)."""
        return None if self.p_above is None else two_sided(self.p_above)

    @property
    def contradicts(self) -> bool:
        """Whether the scatter between the runs contradicts their errors."""
        return self.p_value is not None and self.p_value < CONTRADICTION

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain numbers and strings."""
        return {
            **asdict(self),
            "labels": dict(self.labels),
            "notes": list(self.notes),
            "p_value": self.p_value,
            "text": self.text,
        }


def condition_of(labels: Mapping[str, Label], without: Sequence[str]) -> str:
    """Return the values of all axes but some, as a text that is equal for equal values only."""
    return json.dumps({name: value for name, value in labels.items() if name not in without}, sort_keys=True)


def combine_seeds(
    figures: Sequence[RunFigure], seeds: Sequence[str], planned: Mapping[str, int]
) -> list[CombinedFigure]:
    r"""Return the mean over the seeds of each number at each point of the other axes.

    .. math:: \bar x \pm t_{n-1}\, \frac{s}{\sqrt n}, \qquad
              F = \frac{s^2}{\overline{e^2}}, \qquad \nu = \frac{(\sum_k e_k^2)^2}{\sum_k e_k^4 / \nu_k}

    with s² the variance between the n runs and e_k the error within run k, of ν_k degrees of freedom.

    Parameters
    ----------
    figures : sequence of RunFigure
    seeds : sequence of str
        Names of the axes of seeds.
    planned : mapping of str to int
        Number of runs of the sweep by `condition_of` without the seeds.

    Notes
    -----
    Numbers of different records, names or units are never averaged. If the F test contradicts the errors within the
    runs, a note says so: they are too small if runs were not sampled long enough to be independent of their start.
    Weights are equal, unlike in `nakmd.analysis.combine`, so that the interval does not rest on these errors.

    References
    ----------
    Degrees of freedom of mean e²: Satterthwaite, Biometrics Bull. 2, 110 (1946). doi:10.2307/3002019
    """
    groups: dict[tuple[FigureKey, str], list[RunFigure]] = defaultdict(list)
    without: dict[tuple[str, str, str], list[RunFigure]] = defaultdict(list)
    for figure in figures:
        condition = condition_of(figure.labels, seeds)
        if figure.value is None:
            without[figure.record, figure.name, condition].append(figure)
        else:
            groups[figure.key, condition].append(figure)
    return [
        _combined(members, without.get((key.record, key.name, condition), ()), seeds, planned[condition])
        for (key, condition), members in groups.items()
    ]


def _combined(
    members: Sequence[RunFigure], without: Sequence[RunFigure], seeds: Sequence[str], planned: int
) -> CombinedFigure:
    first, n = members[0], len(members)
    values = np.array([member.value for member in members], dtype=np.float64)
    errors = np.array([math.nan if m.error is None else m.error for m in members], dtype=np.float64)
    freedoms = np.array([_freedom(member.n_effective) for member in members])
    within = float(np.sqrt(np.mean(errors**2) / n))
    ratio = above = None
    notes = []
    n_effective = float(n) if n > 1 else first.n_effective
    if n > 1:
        error = float(np.std(values, ddof=1)) / math.sqrt(n)
        ratio, above = compare_variances(values, errors, freedoms)
        notes += _on_scatter(values, errors, ratio, above)
    else:
        error = within
        notes.append("one run: the error is that within the run")
    if len(without):
        notes.append(f"{len(without)} of {n + len(without)} runs without a number: {without[0].text or 'none'}")
    half = error * student_factor(math.nan if n_effective is None else n_effective)
    known = math.isfinite(half)
    doubtful = sum(member.doubtful for member in members)
    if doubtful:
        notes.append(f"unsettled: {doubtful} of {n} runs")
    shared = tuple(_shared_notes(members))
    return CombinedFigure(
        labels={name: value for name, value in first.labels.items() if name not in seeds},
        record=first.record,
        name=first.name,
        unit=first.unit,
        law=first.law,
        part=first.part,
        value=float(values.mean()),
        error=error if math.isfinite(error) else None,
        low=float(values.mean()) - half if known else None,
        high=float(values.mean()) + half if known else None,
        n_effective=n_effective,
        runs=n,
        planned=planned,
        within_error=within if math.isfinite(within) else None,
        variance_ratio=ratio,
        p_above=above,
        unsettled=doubtful,
        notes=(*notes, *shared),
        run_notes=shared,
    )


def compare_variances(
    values: FloatArray, errors: FloatArray, freedoms: FloatArray
) -> tuple[float | None, float | None]:
    """Return the variance between runs over the mean square of their errors, and the p of a larger one by the F test.

    Parameters
    ----------
    values, errors, freedoms : (n,) float64
        Of the runs, with the degrees of freedom of the errors; inf if they are exact.

    Returns
    -------
    ratio, p_above : float or None
        None if an error is unknown or all are zero.
    """
    squares = errors**2
    if not np.all(np.isfinite(squares)) or not squares.sum() > 0.0:
        return None, None
    n = len(values)
    ratio = float(np.var(values, ddof=1) / squares.mean())
    spread = float(np.sum(squares**2 / freedoms))
    freedom = squares.sum() ** 2 / spread if spread > 0.0 else math.inf
    if math.isfinite(freedom):
        above = float(scipy.special.fdtrc(n - 1, freedom, ratio))
    else:
        above = float(scipy.special.chdtrc(n - 1, ratio * (n - 1)))
    return ratio, above


def two_sided(above: float) -> float:
    """Return the two-sided probability from that of a larger value."""
    return min(1.0, 2.0 * min(above, 1.0 - above))


def _freedom(n_effective: float | None) -> float:
    """Return the degrees of freedom of the error of a run."""
    return math.inf if n_effective is None or not math.isfinite(n_effective) else max(n_effective - 1.0, 1.0)


def _on_scatter(values: FloatArray, errors: FloatArray, ratio: float | None, above: float | None) -> list[str]:
    if ratio is None or above is None:
        constant = bool(np.all(errors == 0.0)) and np.ptp(values) > 1e-12 * np.abs(values).max()
        return ["constant within each run, but different between them"] if constant else []
    p = two_sided(above)
    if p >= CONTRADICTION:
        return []
    size = "small" if above < 0.5 else "large"
    return [
        f"the errors within the runs are too {size}: the variance between the runs is {ratio:.2g} times theirs "
        f"(F test, p = {p:.1g})"
    ]


def _shared_notes(members: Sequence[RunFigure]) -> list[str]:
    """Return what the runs note on the number beyond their errors, once, with the number of runs that note it."""
    counts: dict[str, list[str]] = defaultdict(list)
    for member in members:
        for note in member.note.split("; "):
            if note and not note.startswith(("not settled", "error uncertain")):  # judged by the scatter, and counted
                counts[re.sub(r"[\d.]+", "#", note)].append(note)
    n = len(members)
    return [notes[0] if len(notes) == n == 1 else f"{notes[0]} ({len(notes)} of {n} runs)" for notes in counts.values()]
