"""Points and figures of the metal at the sites of a wall in liquid NaK, warm and at room temperature."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from nakmd.potentials import Potential
from nakmd.studies.replacement_study import conversion, walls
from nakmd.studies.replacement_study.conversion import known, mean_of, number_of
from nakmd.studies.study import PointResults, StudyPoint, failure
from nakmd.studies.study_figures import StudyFigure
from nakmd.studies.study_inputs import Inputs
from nakmd.units import K_B

SITES = "Metal at the sites in liquid NaK"

#: Walls whose sites are counted.
COUNTED = [(walls.PRISTINE, 0.0), (walls.GRAPHITIC, 0.0), *((route, 1.0) for route in walls.ROUTES)]

#: End of the keys at room temperature.
COOL = ".cool"


def cool_points(models: Mapping[str, Potential], inputs: Inputs, quick: bool, seed: int) -> Iterator[StudyPoint]:
    """Yield the runs at room temperature; those of the series are the warm ones. None in a quick study."""
    if quick:
        return
    temperature = inputs["replacement.cool_temperature"]
    for run in conversion.runs_of(quick):
        for model, potential in models.items():
            for state in COUNTED:
                key = _cool_key(model, *state, run)
                yield conversion.point(key, model, potential, state, inputs, temperature, quick, seed + run)


def _cool_key(model: str, route: str, share: float, run: int) -> str:
    return conversion.key_of(model, route, share, run) + " cool"


def figures(models: Sequence[str], inputs: Inputs, quick: bool, results: PointResults) -> Iterator[StudyFigure]:
    """Yield the metal at the sites."""
    runs = conversion.runs_of(quick)
    warm, cool = (inputs[f"replacement.{name}_temperature"].middle for name in ("liquid", "cool"))
    for model in models:
        for route, share in COUNTED:
            found = [results[conversion.key_of(model, route, share, run)] for run in runs]
            yield from _at_sites(model, route, found, warm, "")
        for route, share in () if quick else COUNTED:
            found = [results[_cool_key(model, route, share, run)] for run in runs]
            yield from _at_sites(model, route, found, cool, COOL)


def _count(result: Mapping[str, Any], kind: str, metal: str) -> tuple[float, float]:
    """Return the number of atoms of a metal at a site and its error."""
    counts = result["sites"][kind]
    return counts[metal], counts[f"{metal} error"]


def _at_sites(
    model: str, route: str, found: Sequence[Mapping[str, Any]], temperature: float, end: str
) -> Iterator[StudyFigure]:
    r"""Yield the metal at the sites of a wall, and how much more the site favours K than the liquid does.

    .. math:: \Delta\Delta G = -k_B T \ln \left[ \frac{n_K}{n_{Na}} \frac{1 - x}{x} \right]
    """
    done = [result for result in found if "failed" not in result]
    kind = "carbon" if route == walls.PRISTINE else route
    where = f"at a {kind} site, {temperature:g} K"
    counts = {}
    for metal in ("K", "Na"):
        counts[metal] = mean_of(done, partial(_count, kind=kind, metal=metal))
        value, error = counts[metal] or (None, None)
        yield StudyFigure(
            key=f"at site.{metal}.{kind}{end}", title=f"{metal} {where}", model=model, value=value, unit="1",
            statistical=known(error), group=SITES, notes=() if done else failure(*found),
        )  # fmt: skip
    bulk = mean_of(done, lambda r: number_of(r, "bulk"))
    if not done or not bulk:
        return
    thermal, x = K_B * temperature, bulk[0]
    missing = [metal for metal, count in counts.items() if not count[0] > 0.0]
    odds = math.prod(count[0] ** sign for count, sign in zip(counts.values(), (1, -1))) if not missing else 1.0
    relative = [count[1] / count[0] for count in counts.values()] if not missing else []
    error = None if missing else thermal * math.hypot(*relative, bulk[1] / (x * (1.0 - x)))
    yield StudyFigure(
        key=f"preference.{kind}{end}", title=f"ΔΔG of K against Na {where}", model=model,
        value=None if missing else -thermal * math.log(odds * (1.0 - x) / x), unit="eV", statistical=known(error),
        group=SITES,
        notes=(f"no {' or '.join(missing)} was at one" if missing else "negative: the site favours K beyond the bulk",),
    )  # fmt: skip
