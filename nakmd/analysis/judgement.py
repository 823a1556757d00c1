"""Whether the measured stages of a run had settled, from all watched series; the criteria are those of `settling`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from nakmd.analysis.numerics.mean_difference import ROUNDING, CorrelatedMean, is_constant
from nakmd.analysis.numerics.trend import LEAST_SAMPLES
from nakmd.analysis.settling import CONTRAST, Settling, in_errors, settling_of
from nakmd.analysis.watched_series import BETWEEN, WatchedSeries
from nakmd.arrays import FloatArray


@dataclass(frozen=True)
class Judgement:
    """What the watched series say about the measured stages.

    Attributes
    ----------
    settlings : tuple of Settling
        Every quantity in every stage, if it varies and is long enough.
    cut : float [ps]
        End of the equilibration of the first stage, latest of all quantities; -inf if nothing is to be left out. A
        frame number if the frames have no times in order.
    unsettled, unjudged : tuple of str
        As in `Sample`.
    """

    settlings: tuple[Settling, ...]
    cut: float
    unsettled: tuple[str, ...]
    unjudged: tuple[str, ...]

    @property
    def judged(self) -> bool:
        """Whether there are series to judge, and all could be judged."""
        return bool(self.settlings) and not self.unjudged


@dataclass(frozen=True)
class Stretch:
    """Samples of one stage, and the quantities taken from them.

    Attributes
    ----------
    series : WatchedSeries
    quantities : tuple of str
    stage : str
        Name of the stage, if there are several.
    leading : bool
        Whether it is the first stage.
    """

    series: WatchedSeries
    quantities: tuple[str, ...]
    stage: str
    leading: bool

    def known(self, quantity: str, first: float = -math.inf) -> tuple[FloatArray, FloatArray]:
        """Return times and values of a quantity from a time [ps] on, where it is known."""
        values = self.series.values[quantity]
        kept = np.isfinite(values) & (self.series.time >= first)
        return self.series.time[kept], values[kept]

    def label(self, quantity: str) -> str:
        """Return the name of a quantity, with the stage if there are several."""
        return f"{quantity} in {self.stage!r}" if self.stage else quantity


def judge(frames: WatchedSeries, rows: WatchedSeries | None, discard: bool) -> Judgement:
    """Judge the measured stages.

    Parameters
    ----------
    frames : WatchedSeries
    rows : WatchedSeries, optional
        Rows of the thermo table. Quantities are taken from there, if it has them.
    discard : bool
        Whether the equilibration of the first stage is left out; otherwise it is a fault.
    """
    stretches = _stretches(frames, rows)
    settlings: list[Settling] = []
    unsettled: list[str] = []
    unjudged: list[str] = []
    cut = -math.inf
    for stretch in stretches:
        for quantity in stretch.quantities:
            time, values = stretch.known(quantity)
            settling = settling_of(quantity, (time, values), stretch.stage)
            if settling is None:
                unjudged += _missing(stretch.label(quantity), quantity, values)
                continue
            settlings.append(settling)
            late = settling.settled > settling.begin
            if late and discard and stretch.leading:
                cut = max(cut, settling.settled)
            if settling.fault:
                unsettled.append(f"{settling.label}: {settling.fault}")
            elif late and not (discard and stretch.leading):
                end = frames.moment(settling.settled)
                unsettled.append(f"{settling.label}: it equilibrates until {end}, and these frames are in the means")
            elif settling.doubt:
                unjudged.append(f"{settling.label}: {settling.doubt}")
    faults = (*_thermostat(rows, cut), *unsettled, *_differing_stages(stretches, cut))
    return Judgement(tuple(settlings), cut, faults, tuple(unjudged))


def _stretches(frames: WatchedSeries, rows: WatchedSeries | None) -> list[Stretch]:
    """Return the stages of frames and table, each with the quantities that are taken from there."""
    table = () if rows is None else tuple(rows.values)
    sources = [] if rows is None else [(rows, table)]
    sources.append((frames, tuple(name for name in frames.values if name not in table)))
    parts = [(part, names, number == 0) for series, names in sources for number, part in enumerate(series.by_stage())]
    labels = list(dict.fromkeys(str(part.stage[0]) for part, _, _ in parts if part.stage[0]))
    return [
        Stretch(
            part,
            names,
            stage=str(part.stage[0]) if len(labels) > 1 else "",
            leading=first and str(part.stage[0]) in ("", *labels[:1]),  # the frames may begin in a later stage
        )
        for part, names, first in parts
    ]


def _missing(label: str, quantity: str, values: FloatArray) -> Iterator[str]:
    """Yield why a quantity without result is not judged; nothing if it is constant, or no frame has it."""
    if len(values) >= LEAST_SAMPLES or (len(values) > 1 and is_constant(values)):
        return
    if len(values):
        yield f"{label}: {len(values)} samples, fewer than {LEAST_SAMPLES}"
    elif quantity == BETWEEN:
        yield f"{label}: the frames do not have it"


def _thermostat(rows: WatchedSeries | None, cut: float) -> Iterator[str]:
    """Yield that the temperature of the thermostat varies."""
    if rows is None:
        return
    given = rows.set_temperature[np.isfinite(rows.set_temperature) & (rows.time >= cut)]
    if len(given) and np.ptp(given) > ROUNDING * given.max():
        low, high = float(given.min()), float(given.max())
        ends = (low, high) if given[0] <= given[-1] else (high, low)
        yield f"temperature: the thermostat goes from {ends[0]:.4g} to {ends[1]:.4g} K"


def _differing_stages(stretches: Sequence[Stretch], cut: float) -> Iterator[str]:
    """Yield each quantity whose means differ between stages, with the two stages that differ most."""
    means: dict[str, list[tuple[str, CorrelatedMean]]] = {}
    for stretch in stretches:
        for quantity in stretch.quantities:
            _, values = stretch.known(quantity, cut)
            if stretch.stage and len(values) >= LEAST_SAMPLES:
                means.setdefault(quantity, []).append((stretch.stage, CorrelatedMean.of(values)))
    for quantity, each in means.items():
        pairs = [(a.difference(b), one, other) for (one, a), (other, b) in combinations(each, 2)]
        most, one, other = max(pairs, default=(0.0, "", ""))
        if most > CONTRAST:
            yield f"{quantity}: its means in {one!r} and {other!r} differ by {in_errors(most)}"
