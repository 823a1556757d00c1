"""Points and figures of the series: what a wall would be like in NaK if its graphitic nitrogen had been replaced."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nakmd.errors import InputError
from nakmd.potentials import Potential
from nakmd.runs.potential_builder import load_named_or_file
from nakmd.runs.provenance import potential_hash
from nakmd.studies.replacement_study import liquid_at_wall, walls
from nakmd.studies.study import PointResults, StudyPoint, failure
from nakmd.studies.study_figures import StudyFigure
from nakmd.studies.study_inputs import Input, Inputs
from nakmd.units import J_PER_M2_PER_EV_A2

#: Shares of the nitrogen that are converted.
SHARES, QUICK_SHARES = (0.25, 0.5, 1.0), (1.0,)

#: Seeds, and lengths [ps] of the stage that settles and of the one that counts.
FULL, QUICK = (4, 20.0, 30.0), (1, 4.0, 6.0)

GROUP = "If it happened: a wall in liquid NaK"

#: Numbers of a run: key in its result, title, unit.
MEASURED: Mapping[str, tuple[str, str]] = {
    "affinity": ("affinity, each face", "J/m²"),
    "contacts": ("K in contact with a C, each face", "1"),
    "first layer": ("K over Na in the first layer", "1"),
    "enrichment": ("K over Na in the first layer, over that of the bulk", "1"),
    "bulk": ("share of K in the bulk", "1"),
}

#: Those that would be a weighted mean of both ends if sites did not know of each other.
ADDITIVE = ("affinity", "contacts")


def states(quick: bool) -> list[tuple[str, float]]:
    """Return route and share of all walls: pristine, graphitic, and the converted ones of both routes."""
    converted = [(route, share) for route in walls.ROUTES for share in (QUICK_SHARES if quick else SHARES)]
    return [(walls.PRISTINE, 0.0), (walls.GRAPHITIC, 0.0), *converted]


def points(models: Mapping[str, Potential], inputs: Inputs, quick: bool, seed: int) -> Iterator[StudyPoint]:
    """Yield the runs: all walls with the first seed, then with the next."""
    temperature = inputs["replacement.liquid_temperature"]
    for run in runs_of(quick):
        for model, potential in models.items():
            for route, share in states(quick):
                key = key_of(model, route, share, run)
                yield point(key, model, potential, (route, share), inputs, temperature, quick, seed + run)


def runs_of(quick: bool) -> range:
    """Return the numbers of the runs of each wall."""
    return range((QUICK if quick else FULL)[0])


def point(
    key: str, model: str, potential: Potential, state: tuple[str, float], inputs: Inputs, temperature: Input,
    quick: bool, seed: int,
) -> StudyPoint:  # fmt: skip
    """Return one run of a wall at a temperature."""
    _, settle, time = QUICK if quick else FULL
    route, share = state
    settings = {
        "route": route, "share": share, "x_K": inputs["common.potassium_fraction"].middle,
        "temperature": temperature.middle, "settle": settle, "time": time, "seed": seed,
    }  # fmt: skip
    doped = at_doping(model, potential, walls.doping_at(route, share))
    return StudyPoint(key, liquid_at_wall.measure, settings, doped, cost=settle + time)


def at_doping(model: str, potential: Potential, doping: float) -> Potential:
    """Return the set of a name at a fraction of graphitic nitrogen; a potential that is no named set as it is."""
    if doping == 0.0:
        return potential
    named = _named(model, 0.0)
    if named is None or potential_hash(named) != potential_hash(potential):
        return potential
    return _named(model, doping) or potential


@cache
def _named(model: str, doping: float) -> Potential | None:
    """Return the set or file of a name at a fraction of graphitic nitrogen, None if there is none."""
    try:
        return load_named_or_file(model, Path(), doping=doping or None)
    except InputError:
        return None


def key_of(model: str, route: str, share: float, run: int) -> str:
    """Return the key of a run."""
    return f"{model}/wall/{route} {share:g}/seed {run}"


def figures(models: Sequence[str], quick: bool, results: PointResults) -> Iterator[StudyFigure]:
    """Yield the numbers of every wall, and what conversion changes."""
    for model in models:
        runs = {
            (route, share): [results[key_of(model, route, share, run)] for run in runs_of(quick)]
            for route, share in states(quick)
        }
        for name in MEASURED:
            yield from _series(model, name, runs)
        for route in walls.ROUTES:
            yield from _by_hole(model, route, runs)


def name_of(route: str, share: float) -> str:
    """Return a wall in words."""
    return route if route in (walls.PRISTINE, walls.GRAPHITIC) else f"{share:.0%} turned into {route} sites"


def mean_of(found: Sequence[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], Sequence[float]]) -> list[float]:
    """Return the mean over the finished runs and its standard error, of one run its own; empty without a run."""
    read_in = [read(result) for result in found if "failed" not in result]
    pairs = np.array([pair for pair in read_in if pair], dtype=np.float64)
    if not len(pairs):
        return []
    error = pairs[0, 1] if len(pairs) == 1 else np.std(pairs[:, 0], ddof=1) / math.sqrt(len(pairs))
    return [float(pairs[:, 0].mean()), float(error)]


def number_of(result: Mapping[str, Any], name: str) -> Sequence[float]:
    """Return a number of a run and its error; empty if it has none."""
    if name != "bulk":
        return list(result.get(name, ()))
    if "x_bulk" not in result:
        return ()
    # of an odds ratio: the relative error of K/Na is that of the enrichment, which has the bulk in its denominator
    x, (ratio, error) = result["x_bulk"], result["enrichment"]
    return x, x * (1.0 - x) * error / ratio


def known(error: float | None) -> float | None:
    """Return an error, None if the frames were too few for one."""
    return None if error is None or not math.isfinite(error) else error


def _series(
    model: str, name: str, runs: Mapping[tuple[str, float], Sequence[Mapping[str, Any]]]
) -> Iterator[StudyFigure]:
    """Yield one number of every wall, its changes by nitrogen and by conversion, and the deviation from mixing."""
    title, unit = MEASURED[name]
    means = {state: mean_of(found, lambda r: number_of(r, name)) for state, found in runs.items()}

    def figure(key: str, text: str, value: float | None, error: float | None, *notes: str) -> StudyFigure:
        return StudyFigure(
            key=f"{name}.{key}", title=f"{title}: {text}", model=model, value=value, unit=unit,
            statistical=known(error), group=GROUP, notes=notes,
        )  # fmt: skip

    for (route, share), mean in means.items():
        done = sum("failed" not in result for result in runs[route, share])
        value, error = mean or (None, None)
        notes = ("one run" if done == 1 else f"{done} runs",) if mean else failure(*runs[route, share])
        yield figure(f"{route}.{share:g}", name_of(route, share), value, error, *notes)
    start, bare = means[walls.GRAPHITIC, 0.0], means[walls.PRISTINE, 0.0]
    if start and bare:
        yield figure("change.graphitic", "graphitic less pristine", start[0] - bare[0], math.hypot(start[1], bare[1]))
    for route in walls.ROUTES:
        end = means[route, 1.0]
        if not start or not end:
            continue
        yield figure(f"change.{route}", f"all {route} less graphitic", end[0] - start[0], math.hypot(end[1], start[1]))
        for (other, share), mean in means.items():
            if name in ADDITIVE and other == route and share < 1.0 and mean:
                line = (1.0 - share) * start[0] + share * end[0]
                error = math.hypot(mean[1], (1.0 - share) * start[1], share * end[1])
                yield figure(
                    f"beyond mixing.{route}.{share:g}", f"{name_of(route, share)}, less the line of linear mixing",
                    mean[0] - line, error,
                )  # fmt: skip


def _by_hole(
    model: str, route: str, runs: Mapping[tuple[str, float], Sequence[Mapping[str, Any]]]
) -> Iterator[StudyFigure]:
    """Yield the energy that a hole adds to a pristine wall, its metal atoms, and what the first of them would add."""
    end, bare = runs[route, 1.0], mean_of(runs[walls.PRISTINE, 0.0], lambda r: r["affinity"])
    atoms = mean_of(end, lambda r: _both(r["sites"][route]))
    gain = mean_of(end, lambda r: r["affinity"])
    done = next((r for r in end if "failed" not in r), None)
    if not gain or not bare or done is None:
        return

    def figure(key: str, title: str, value: float, error: float, unit: str, *notes: str) -> StudyFigure:
        return StudyFigure(
            key=f"{key}.{route}", title=title, model=model, value=value, unit=unit,
            statistical=known(error), group=GROUP, notes=notes,
        )  # fmt: skip

    per_hole = 2.0 * done["area"] / J_PER_M2_PER_EV_A2 / done["holes"]
    value, error = (gain[0] - bare[0]) * per_hole, math.hypot(gain[1], bare[1]) * per_hole
    yield figure("hole", f"energy by {route} site, beyond a pristine wall", value, error, "eV")
    yield figure("atoms", f"metal atoms at a {route} site, both faces", atoms[0], atoms[1], "1")
    if atoms[0] > 1.0:
        one = value / atoms[0]
        its_error = math.hypot(error / atoms[0], one * atoms[1] / atoms[0])
        yield figure(
            "first", f"affinity, each face: all {route}, with the first atom of a site alone", bare[0] + one / per_hole,
            math.hypot(bare[1], its_error / per_hole), "J/m²",
            "a real site is saturated by one atom; the energy of a site is divided by its atoms",
        )  # fmt: skip


def _both(counts: Mapping[str, float]) -> tuple[float, float]:
    return counts["Na"] + counts["K"], math.hypot(counts["Na error"], counts["K error"])
