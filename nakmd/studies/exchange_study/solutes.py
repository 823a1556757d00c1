"""The two solutes that are compared, and the points and figures of their stability and stress."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from nakmd.errors import InputError
from nakmd.potentials import Potential, library
from nakmd.runs.potential_builder import load_named_or_file
from nakmd.studies.exchange_study import stability
from nakmd.studies.study import PointResults, StudyPoint, failure
from nakmd.studies.study_figures import StudyFigure
from nakmd.studies.study_inputs import Inputs

#: Solute and host of each pair, by name: the claim is that the first is easier than the second.
PAIRS: Mapping[str, tuple[str, str]] = {"Na in K": ("Na", "K"), "K in Na": ("K", "Na")}

#: Cubic cells along each edge of the series; the quick one has three, which its limit needs.
CELLS, QUICK_CELLS = (2, 3, 4, 6, 8), (3, 4, 6)

#: Cells for the members of an ensemble: converged to 1 meV with the volume relaxed.
MEMBER_CELLS = 4

STABILITY, STRESS = "Stability", "Stress"

#: Figures from the series: name in the point, key, title, unit, group.
SERIES = (
    ("energy, volume free", "substitution", "energy of substitution", "eV", STABILITY),
    ("dipole", "dipole", "elastic dipole", "eV", STRESS),
    ("stress", "stress", "pressure per share of solutes", "GPa", STRESS),
    ("volume, relaxed", "volume", "change of volume", "host atoms", STRESS),
    ("first shell", "first shell", "change of the distance to the first shell", "1", STRESS),
)

#: Names of the anchors in the inputs.
ANCHORS = ("substitution", "dipole", "stress", "volume")


def points(models: Mapping[str, Potential], quick: bool) -> Iterator[StudyPoint]:
    """Yield the series in cell size of every model, and one cell for each member of an ensemble."""
    cells = QUICK_CELLS if quick else CELLS
    for (model, potential), (pair, (solute, host)), n in product(models.items(), PAIRS.items(), cells):
        settings = {"host": host, "solute": solute, "cells": n, "volume": True}
        yield StudyPoint(_key(model, pair, n), stability.measure, settings, potential, cost=0.2, format=2)
    for model, pair in product(() if quick else models, PAIRS):
        solute, host = PAIRS[pair]
        settings = {"host": host, "solute": solute, "cells": MEMBER_CELLS}
        for member in range(1, members_of(model) + 1):
            potential = load_named_or_file(model, Path(), member=member)
            yield StudyPoint(_member_key(model, pair, member), stability.energies_of, settings, potential, cost=0.2)


def members_of(model: str) -> int:
    """Return the number of members of the ensemble of a named set or model, 0 if it has none."""
    try:
        record = library.read_set(model)
    except InputError:
        return 0  # a potential from elsewhere
    records = [record, *library.parts(model)]
    return max(int(getattr(entry, "n_members", 0)) for entry in records)


def figures(models: Sequence[str], quick: bool, results: PointResults, inputs: Inputs) -> Iterator[StudyFigure]:
    """Yield energy, dipole, volume, first shell and shell stresses of both solutes, and the anchors."""
    for name, key, title, unit, group in SERIES:
        for pair in PAIRS:
            for model in models:
                yield _of_series(model, pair, quick, results, name, f"{key}.{pair}", f"{title}, {pair}", unit, group)
                if name in stability.MEMBER_NUMBERS and not quick and members_of(model):
                    yield _of_members(model, pair, results, name, f"{key}.{pair}", f"{title}, {pair}", unit, group)
            if key in ANCHORS:
                entry = inputs[f"exchange.pbe_{key}_{pair.lower().replace(' ', '_')}"]
                yield StudyFigure.of_input(entry, f"{key}.{pair}", f"{title}, {pair}", "PBE", group)
    for pair, model in product(PAIRS, models):
        yield from _stresses(model, pair, quick, results)


def _key(model: str, pair: str, cells: int) -> str:
    return f"{model}/solute/{pair}/{2 * cells**3}"


def _member_key(model: str, pair: str, member: int) -> str:
    return f"{model}/member {member}/solute/{pair}"


def series_of(model: str, pair: str, quick: bool, results: PointResults) -> dict[int, Mapping[str, Any]]:
    """Return the results of the series of cells that have one, by number of atoms."""
    cells = QUICK_CELLS if quick else CELLS
    found = {2 * n**3: results[_key(model, pair, n)] for n in cells}
    return {atoms: result for atoms, result in found.items() if "failed" not in result}


def _of_series(
    model: str, pair: str, quick: bool, results: PointResults, name: str, key: str, title: str, unit: str, group: str
) -> StudyFigure:
    series = series_of(model, pair, quick, results)
    if not series:
        cells = QUICK_CELLS if quick else CELLS
        why = failure(*(results[_key(model, pair, n)] for n in cells))
        return StudyFigure(key=key, title=title, model=model, value=None, unit=unit, group=group, notes=why)
    value, error = stability.limit_of({atoms: result[name] for atoms, result in series.items()})
    smallest, largest = min(series), max(series)
    notes: tuple[str, ...] = (f"limit of {', '.join(map(str, sorted(series)[-3:]))} atoms",)
    first, last = series[smallest][name], series[largest][name]
    if first * last < 0.0:
        notes += (f"changes its sign with the size of the cell: {first:+.2f} with {smallest} atoms",)
    return StudyFigure(
        key=key, title=title, model=model, value=value, unit=unit, numerical=error, group=group, notes=notes
    )


def _of_members(
    model: str, pair: str, results: PointResults, name: str, key: str, title: str, unit: str, group: str
) -> StudyFigure:
    found = [results[_member_key(model, pair, member)] for member in range(1, members_of(model) + 1)]
    values = np.array([result[name] for result in found if "failed" not in result])
    spread = float(values.std(ddof=1)) if len(values) > 1 else None
    notes = (
        f"mean of {len(values)} members, {2 * MEMBER_CELLS**3} atoms; model error: their standard deviation",
        *failure(*found),
    )
    mean = float(values.mean()) if len(values) else None
    return StudyFigure(
        key=key, title=title, model=f"{model} members", value=mean, unit=unit, model_error=spread, group=group,
        notes=notes,
    )  # fmt: skip


def _stresses(model: str, pair: str, quick: bool, results: PointResults) -> Iterator[StudyFigure]:
    """Yield the hydrostatic stress of the solute and of its first two shells in the largest cell."""
    series = series_of(model, pair, quick, results)
    if not series:
        return
    *_, before, last = [series[atoms] for atoms in (min(series), *sorted(series))]
    for shell, name in enumerate(("the solute", "shell 1", "shell 2")):
        yield StudyFigure(
            key=f"stress of {name}.{pair}", title=f"hydrostatic stress of {name}, {pair}", model=model,
            value=last["shell stress"][shell], unit="GPa",
            numerical=abs(last["shell stress"][shell] - before["shell stress"][shell]), group=STRESS,
        )  # fmt: skip
