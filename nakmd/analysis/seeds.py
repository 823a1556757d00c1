"""Combination of independent runs (seeds) of one quantity."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import scipy

from nakmd.analysis.base import Record
from nakmd.analysis.joined_sample import joined_sample, strongest_trend
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import COLORS, Axes, Figure, draw_mean, figure_for
from nakmd.arrays import BoolArray, FloatArray
from nakmd.errors import AnalysisError


class CombinedRecord(Record):
    """One quantity from several independent runs.

    Attributes
    ----------
    values, errors : (n_runs, ...) float64
        Value and error of each run.
    between : float or array
        Standard deviation between runs in excess of their errors; 0 if the errors explain the scatter.
    measures : dict of str to Measure
        The combined value of every other single number of the records: ``per_area``, ``contacts``, and
        ``by_site N:graphitic`` for a table entry that all runs have.
    """

    values: FloatArray
    errors: FloatArray
    between: float | FloatArray
    measures: dict[str, Measure]

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the runs with their errors, and the mean with its 95 % interval (single numbers only)."""
        if self.values.ndim != 1:
            raise AnalysisError(f"{self.quantity}: combined runs of an array cannot be plotted.")
        figure, ax = figure_for(ax)
        runs = np.arange(1, len(self.values) + 1)
        ax.errorbar(runs, self.values, self.errors, fmt="o", color=COLORS[0], capsize=3, label="runs")
        draw_mean(ax, self, self.text)
        ax.set(xlabel="run", ylabel=f"{self.quantity} / {self.unit}", xticks=runs)
        ax.legend(fontsize="small")
        return figure


def combine(records: Sequence[Record]) -> CombinedRecord:
    r"""Return the mean of one quantity over independent runs (seeds).

    .. math:: \bar x = \frac{\sum_s w_s x_s}{\sum_s w_s}, \qquad w_s = \frac{1}{\sigma_s^2 + \tau^2}

    with σ_s the error of each run and τ² the variance between runs in excess of these errors, by the moment estimate
    of DerSimonian and Laird.

    Parameters
    ----------
    records : sequence of Record
        Two or more of the same class, quantity and unit, from runs that differ only in their seed.

    Returns
    -------
    CombinedRecord
        The error is the larger of 1/√Σw, from the errors of the runs (with τ²), and √(Σ w (x - x̄)² / ((n - 1) Σ w)),
        from the scatter of the runs. ``n_effective`` is the sum over the runs if τ² is zero and every run has an
        error, else the number of runs. ``trend`` is the strongest of the runs, and ``sample`` has the frames of all:
        what had not settled in a run is named with the run.

    Raises
    ------
    AnalysisError
        If there are fewer than two records, they are of different quantities, or one has no value.

    References
    ----------
    DerSimonian & Laird, Control. Clin. Trials 7, 177 (1986). doi:10.1016/0197-2456(86)90046-2

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, combine, diffusion
    >>> from nakmd.structures import liquid
    >>> melt = liquid(1.0, 450.0, n_atoms=60)
    >>> def measured(seed):
    ...     walk = np.random.default_rng(seed).normal(0.0, 0.3, (100, 60, 3)).cumsum(axis=0)
    ...     frames = [Frame(k, 0.1 * k, *melt.cell.wrap(melt.positions + x), melt.cell) for k, x in enumerate(walk)]
    ...     return diffusion(FrameList(melt.topology, frames), "K", drift=None)
    >>> combine([measured(seed) for seed in range(5)]).text
    '0.446 ± 0.009 Å²/ps'
    """
    if len(records) < 2:
        raise AnalysisError(f"combine needs the results of two or more runs, got {len(records)}.")
    kinds = {(type(record).__name__, record.quantity, record.unit, np.shape(record.value)) for record in records}
    if len(kinds) > 1:
        raise AnalysisError(
            "Only results of the same quantity can be combined, but these are of different quantities: "
            + ", ".join(sorted({f"{name} of {quantity!r} [{unit}]" for name, quantity, unit, _ in kinds}))
            + (". Their arrays have different shapes." if len({kind[3] for kind in kinds}) > 1 else ".")
        )
    values = np.array([record.value for record in records], dtype=np.float64)
    errors = np.array([record.error for record in records], dtype=np.float64)
    if values.ndim == 1 and not np.all(np.isfinite(values)):
        missing = ", ".join(str(row + 1) for row in np.flatnonzero(~np.isfinite(values)))
        raise AnalysisError(f"Run {missing} has no value of {records[0].quantity}. Omit it, or run it longer.")
    value, error, between, scattered = _mean(values, errors)
    n_effective = float(len(records)) if np.any(scattered) else float(sum(record.n_effective for record in records))
    tables = [_measures_of(record) for record in records]
    measures = {
        name: _mean_measure([table[name] for table in tables])
        for name in tables[0]
        if all(name in table for table in tables)
    }
    scalar = values.ndim == 1
    notes = [f"weighted mean of {len(records)} independent runs"]
    if np.any(between > 0.0):
        notes.append("runs differ by more than their errors: weights and error include the variance between runs")
    samples = [(f"run {number}", record.sample) for number, record in enumerate(records, start=1)]
    notes += [f"{run}: {sample.note}" for run, sample in samples if sample is not None and sample.note]
    return CombinedRecord(
        quantity=records[0].quantity,
        value=float(value) if scalar else value,
        error=float(error) if scalar else error,
        unit=records[0].unit,
        n_effective=n_effective,
        notes=tuple(notes),
        trend=strongest_trend(records),
        sample=joined_sample(samples),
        values=values,
        errors=errors,
        between=float(between) if scalar else between,
        measures=measures,
    )


def _measures_of(record: Record) -> dict[str, Measure]:
    """Return every single number of a record by field name, those of tables by the names of field and entry."""
    measures: dict[str, Measure] = {}
    for item in dataclasses.fields(record):
        content = getattr(record, item.name)
        if isinstance(content, Measure):
            measures[item.name] = content
        elif isinstance(content, dict):
            for key, entry in content.items():
                if isinstance(entry, Measure):
                    label = "-".join(map(str, key)) if isinstance(key, tuple) else key
                    measures[f"{item.name} {label}"] = entry
    return measures


def _mean_measure(runs: Sequence[Measure]) -> Measure:
    """Return the mean of a single number over independent runs."""
    values, errors = np.array([[run.value, run.error] for run in runs]).T
    value, error, _, scattered = _mean(values, errors)
    n_effective = float(len(runs)) if np.any(scattered) else float(sum(run.n_effective for run in runs))
    return Measure(float(value), float(error), runs[0].unit, n_effective, strongest_trend(runs))


def _mean(values: FloatArray, errors: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    """Return mean, error, standard deviation between runs, and whether the scatter determines the error."""
    n = len(values)
    known = np.all(np.isfinite(errors) & (errors > 0.0), axis=0)
    variances = np.where(known, errors, 1.0) ** 2  # equal weights if a run has no error
    w = 1.0 / variances
    mean = np.sum(w * values, axis=0) / w.sum(axis=0)
    q = np.sum(w * (values - mean) ** 2, axis=0)
    # only if significant (5 %): half of all samples of equal runs scatter by more than their errors
    beyond = q > float(scipy.special.chdtri(n - 1, 0.05))
    scale = w.sum(axis=0) - np.sum(w**2, axis=0) / w.sum(axis=0)
    between = np.where(known & beyond, np.maximum(q - (n - 1), 0.0) / scale, 0.0)
    w = 1.0 / (variances + between)
    mean = np.sum(w * values, axis=0) / w.sum(axis=0)
    scatter = np.sqrt(np.sum(w * (values - mean) ** 2, axis=0) / ((n - 1) * w.sum(axis=0)))
    inner = np.where(known, np.sqrt(1.0 / w.sum(axis=0)), 0.0)
    scattered = (between > 0.0) | ~known
    return mean, np.maximum(inner, scatter), np.sqrt(between), scattered
