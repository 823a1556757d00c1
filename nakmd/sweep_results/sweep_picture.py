"""Figures of a sweep: a quantity against the first axis, and lines against the inverse temperature."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from nakmd.analysis import ArrheniusRecord
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for, logarithmic
from nakmd.sweep_results.model_mean import ModelMean
from nakmd.sweep_results.run_figure import FigureKey, RunFigure
from nakmd.sweep_results.seed_average import CombinedFigure, condition_of
from nakmd.sweep_results.stored_sweep import Label, StoredAxis
from nakmd.sweep_results.temperature_lines import TemperatureLine
from nakmd.units import K_B

#: Markers of series, which differ where colours repeat or are not seen.
MARKERS = "osD^vP*X"

#: Most series of one figure with a legend that can be read.
_MOST_SERIES = 14

#: Width by which the series are set apart at the same place, as a share of the smallest distance of two places.
_APART = 0.3

#: Distance of the dots of single runs from the bar of their mean, as a share of that of two series.
_BESIDE = 0.3

#: Characters of a line of a label.
_LINE = 42

_Drawn = CombinedFigure | ModelMean


def draw_quantity(
    key: FigureKey,
    means: Sequence[CombinedFigure],
    runs: Sequence[RunFigure],
    model_means: Sequence[ModelMean],
    conditions: Sequence[StoredAxis],
    model_axes: Sequence[str],
    ax: Axes | None = None,
) -> Figure:
    """Draw a quantity against the first numeric condition, with a series for each value of the others.

    Parameters
    ----------
    key : FigureKey
    means, runs, model_means : sequences
        All of this quantity. With means over models, these are drawn, and the spread of the models as a wide pale bar.
    conditions : sequence of StoredAxis
    model_axes : sequence of str
    ax : Axes, optional
    """
    figure, ax = figure_for(ax)
    x_axis = next((axis for axis in conditions if axis.numeric), conditions[0] if conditions else None)
    others = [axis for axis in conditions if axis is not x_axis]
    places = _places(x_axis)
    averaged = {condition_of(mean.labels, ()) for mean in model_means}
    alone = [mean for mean in means if condition_of(mean.labels, model_axes) not in averaged]  # of one model only
    drawn: list[_Drawn] = [*model_means, *alone]
    by_model = () if model_means else tuple(model_axes)
    series = list(dict.fromkeys(_series(item.labels, others, by_model) for item in drawn))
    step = _APART * _least_distance(places.values()) / max(1, len(series))
    for number, name in enumerate(series):
        color, marker = COLORS[number % len(COLORS)], MARKERS[number % len(MARKERS)]
        shift = (number - 0.5 * (len(series) - 1)) * step
        members = [item for item in drawn if _series(item.labels, others, by_model) == name]
        members.sort(key=lambda item: _place(item.labels, x_axis, places))
        at = [_place(item.labels, x_axis, places) + shift for item in members]
        single = [run for run in runs if _series(run.labels, others, by_model) == name]
        beside = [_place(run.labels, x_axis, places) + shift + _BESIDE * step for run in single]
        values = np.array([run.value for run in single], dtype=np.float64)
        ax.plot(beside, values, ".", ms=5, color=color, alpha=0.5, zorder=1)
        for x, item in zip(at, members, strict=True):
            if item.model_spread:
                ends = (item.value - item.model_spread, item.value + item.model_spread)
                ax.plot([x, x], ends, color=color, lw=7, alpha=0.22, solid_capstyle="butt", zorder=0)
        ax.errorbar(
            at, [item.value for item in members], _bars(members), fmt=marker, color=color, ms=5, capsize=3, lw=1.2,
            label=name if len(series) > 1 else None, zorder=3,
        )  # fmt: skip
        if x_axis is not None and x_axis.numeric:
            ax.plot(at, [item.value for item in members], color=color, lw=0.8, alpha=0.6, zorder=2)
    _finish(ax, key, x_axis, places)
    limits = _limits(drawn, runs)
    if limits is not None:
        ax.set_ylim(*limits)
    if 1 < len(series) <= _MOST_SERIES:
        title = ", ".join([*(axis.label for axis in others), *by_model])
        ax.legend(fontsize="small", title=title, title_fontsize="small")
    return figure


def _finish(ax: Axes, key: FigureKey, x_axis: StoredAxis | None, places: Mapping[Label, float]) -> None:
    ax.set(ylabel=_label(key.name, key.unit), xlabel=x_axis.label if x_axis is not None else "all runs")
    if x_axis is None:
        ax.set(xticks=[], xlim=(-1.0, 1.0))
    elif not x_axis.numeric:
        ax.set_xticks(list(places.values()), [str(value) for value in places])
    ax.ticklabel_format(axis="y", useOffset=False)


def _limits(members: Sequence[_Drawn], runs: Sequence[RunFigure]) -> tuple[float, float] | None:
    """Return limits that show all means with two standard errors, and all runs; intervals of few runs may be cut."""
    shown = [run.value for run in runs if run.value is not None]
    for item in members:
        width = max(2.0 * (item.error or 0.0), item.model_spread or 0.0)
        shown += [item.value - width, item.value + width]
    low, high = min(shown), max(shown)
    margin = 0.08 * (high - low)
    return (low - margin, high + margin) if margin > 1e-12 * max(abs(low), abs(high)) else None


def _label(name: str, unit: str = "") -> str:
    """Return the label of an axis, in lines short enough for the figure."""
    return "\n".join(textwrap.wrap(f"{name} / {unit}" if unit not in ("", "1") else name, _LINE))


def _bars(members: Sequence[_Drawn]) -> list[list[float]]:
    """Return the lengths of the error bars below and above: 95 % intervals, or standard errors of means over models."""
    bars: list[list[float]] = [[], []]
    for item in members:
        low, high = math.nan, math.nan
        if isinstance(item, CombinedFigure):
            if item.low is not None and item.high is not None:
                low, high = item.value - item.low, item.high - item.value
        elif item.error is not None:
            low = high = item.error
        bars[0].append(low)
        bars[1].append(high)
    return bars


def _places(axis: StoredAxis | None) -> dict[Label, float]:
    if axis is None:
        return {}
    return {value: float(value) if axis.numeric else float(k) for k, value in enumerate(axis.values)}


def _place(labels: Mapping[str, Label], axis: StoredAxis | None, places: Mapping[Label, float]) -> float:
    return 0.0 if axis is None else places[labels[axis.name]]


def _series(labels: Mapping[str, Label], axes: Sequence[StoredAxis], by_model: Sequence[str]) -> str:
    return ", ".join(str(labels[name]) for name in (*(axis.name for axis in axes), *by_model) if name in labels)


def _least_distance(places: Iterable[float]) -> float:
    ordered = sorted(set(places))
    return min((b - a for a, b in itertools.pairwise(ordered)), default=1.0)


def draw_lines(lines: Sequence[TemperatureLine], ax: Axes | None = None) -> Figure:
    """Draw the lines of one quantity against 1000 K/T, over the temperatures measured only.

    Parameters
    ----------
    lines : sequence of TemperatureLine
        All of one quantity; those without a fit are left out.
    ax : Axes, optional
    """
    figure, ax = figure_for(ax)
    fitted = [(line, line.fit) for line in lines if line.fit is not None]
    for number, (line, fit) in enumerate(fitted):
        color, marker = COLORS[number % len(COLORS)], MARKERS[number % len(MARKERS)]
        inverse = 1000.0 / fit.temperatures
        ends = np.array([inverse.min(), inverse.max()])
        energy = 1e-3 * ends / K_B * float(fit.value)
        if isinstance(fit, ArrheniusRecord):
            drawn, symbol = fit.prefactor.value * np.exp(-fit.sign * energy), "E"
            logarithmic(ax)
            ax.set(ylabel=_label(line.key.name, line.key.unit))
        else:
            drawn, symbol = fit.entropy.value - energy, "ΔH"
            ax.set(ylabel=_label(f"ln K, {line.key.name}"))
        where = ", ".join(str(value) for value in line.labels.values())
        label = ": ".join(filter(None, (where, f"{symbol} = {fit.text}")))
        ax.errorbar(inverse, fit.values, fit.errors, fmt=marker, color=color, ms=5, capsize=3, lw=1.2, label=label)
        ax.plot(ends, drawn, color=color, lw=1.0)
    ax.set_xlabel("1000 K / T")
    ax.legend(fontsize="small")
    return figure
