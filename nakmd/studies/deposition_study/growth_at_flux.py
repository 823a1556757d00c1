"""Figures of growth at the flux of an electrode, with the errors of all inputs propagated."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.studies.deposition_study import mean_field, step_points
from nakmd.studies.study import Figures, PointResults
from nakmd.studies.study_figures import StudyFigure
from nakmd.studies.study_inputs import Inputs

#: Samples of the inputs.
SAMPLES = 20_000

GROWTH = "Growth at the flux of an electrode: order of magnitude, no SEI"

CAVEAT = "order of magnitude, no SEI: mean-field nucleation on a clean terrace"


def figures(
    models: Sequence[str], quick: bool, barriers: Figures, results: PointResults, inputs: Inputs, seed: int
) -> Iterator[StudyFigure]:
    """Yield spacing of islands and second layers per island for every case whose barriers are known."""
    for model in models:
        for case in step_points.cases(quick):
            terrace, excess = barriers.get(f"terrace.{case}", model), barriers.get(f"excess.{case}", model)
            a = _lattice(model, case, quick, results)
            if terrace is None or excess is None or terrace.value is None or excess.value is None or a is None:
                yield _missing(model, case)
                continue
            unknown = (
                ("numerical error of a barrier unknown, so taken as none",)
                if terrace.numerical is None or excess.numerical is None else ()
            )  # fmt: skip
            attempts, drawn_current, drawn_temperature, constant = (
                inputs[f"deposition.{name}"].draw(SAMPLES, seed)
                for name in ("attempts", "current", "temperature", "island_constant")
            )
            found = mean_field.islands(
                _draw(terrace, model, seed), _draw(excess, model, seed), attempts, drawn_current, drawn_temperature,
                constant, a,
            )  # fmt: skip
            current, temperature = inputs["deposition.current"].text, inputs["deposition.temperature"].text
            notes = (CAVEAT, f"at {current} and {temperature}", *unknown)
            for key, title, unit, samples in (
                ("mobility", "D/F", "1", found.mobility),
                ("spacing", "distance of islands", "nm", found.spacing),
                ("second layers", "second layers per island, upper bound", "1", found.second_layers),
            ):
                yield _of_samples(f"{key}.{case}", f"{title}, {case}", model, samples, unit, notes)


def _lattice(model: str, case: str, quick: bool, results: PointResults) -> float | None:
    """Return the lattice constant [Å] that the paths of a case were computed with."""
    keys = [step_points.key_of(model, "terrace", case, radius) for radius in step_points.radii(quick)]
    return next((float(results[key]["a"]) for key in keys if "a" in results[key]), None)


def _draw(figure: StudyFigure, model: str, seed: int) -> FloatArray:
    """Return samples of a barrier [eV] from its error; a terrace barrier is not negative."""
    rng = np.random.default_rng([seed, *f"{figure.key} {model}".encode()])
    assert figure.value is not None  # checked by the caller
    samples = figure.value + (figure.error or 0.0) * rng.standard_normal(SAMPLES)
    return np.maximum(samples, 0.0) if figure.key.startswith("terrace") else samples


def _of_samples(
    key: str, title: str, model: str, samples: FloatArray, unit: str, notes: tuple[str, ...]
) -> StudyFigure:
    """Return the median with the 95 % range, and half the range of 68 % as its error."""
    low, lower, middle, upper, high = np.percentile(samples, [2.5, 16.0, 50.0, 84.0, 97.5])
    if not math.isfinite(middle):
        return StudyFigure(key=key, title=title, model=model, value=None, unit=unit, group=GROWTH, notes=notes)
    return StudyFigure(
        key=key, title=title, model=model, value=float(middle), unit=unit, numerical=float(0.5 * (upper - lower)),
        interval=(float(low), float(high)), group=GROWTH, notes=notes,
    )  # fmt: skip


def _missing(model: str, case: str) -> StudyFigure:
    return StudyFigure(
        key=f"second layers.{case}", title=f"second layers per island, upper bound, {case}", model=model, value=None,
        unit="1", group=GROWTH, notes=("the barriers of the terrace and the step did not both converge",),
    )  # fmt: skip
