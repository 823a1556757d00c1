"""Points and figures of steps: terrace hop, hop and push-out over a step, and the Ehrlich-Schwoebel barrier."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from nakmd.potentials import Potential
from nakmd.studies.deposition_study import steps
from nakmd.studies.study import PointResults, StudyPoint, failure
from nakmd.studies.study_figures import StudyFigure

#: Adatom and crystal of each case; the step is of the crystal.
CASES: Mapping[str, tuple[str, str]] = {
    "Na on K": ("Na", "K"), "K on Na": ("K", "Na"), "K on K": ("K", "K"), "Na on Na": ("Na", "Na"),
}  # fmt: skip

#: Radii of the atoms that move [lattice constants], and images of a band.
RADII, IMAGES = (1.6, 2.0), 9

#: The quick study has the first radius and these cases.
QUICK_CASES = ("Na on K", "K on Na")

#: Ways to push out an atom of the edge.
WAYS, QUICK_WAYS = 4, 1

BARRIERS = "Barriers on (110): terrace and step"


def cases(quick: bool) -> tuple[str, ...]:
    """Return the names of the cases."""
    return QUICK_CASES if quick else tuple(CASES)


def radii(quick: bool) -> tuple[float, ...]:
    """Return the radii of the atoms that move [lattice constants]."""
    return RADII[:1] if quick else RADII


def points(models: Mapping[str, Potential], quick: bool) -> Iterator[StudyPoint]:
    """Yield the paths of every model, those of the smaller radius first."""
    for radius, (model, potential), case in product(radii(quick), models.items(), cases(quick)):
        adatom, host = CASES[case]
        shared: dict[str, Any] = {"host": host, "adatom": adatom, "radius": radius, "images": IMAGES}
        ways = QUICK_WAYS if quick else WAYS
        for kind, function, more, cost in (
            ("terrace", steps.terrace, {}, 15.0),
            ("hop", steps.hop_down, {}, 25.0),
            ("push-out", steps.push_out, {"ways": ways}, 25.0 * ways),
        ):
            yield StudyPoint(key_of(model, kind, case, radius), function, {**shared, **more}, potential, cost)


def key_of(model: str, kind: str, case: str, radius: float) -> str:
    """Return the key of one path."""
    return f"{model}/{kind}/{case}/R {radius:g}"


def figures(models: Sequence[str], quick: bool, results: PointResults) -> Iterator[StudyFigure]:
    """Yield terrace barrier, hop, push-out, barrier of the step and its excess over the terrace."""
    for model, case in product(models, cases(quick)):
        found = {
            kind: {radius: results[key_of(model, kind, case, radius)] for radius in radii(quick)}
            for kind in ("terrace", "hop", "push-out")
        }
        terrace, hop, push = (
            {radius: float(result["barrier"]) for radius, result in by_radius.items() if "barrier" in result}
            for by_radius in found.values()
        )
        both = {r: min(hop[r], push[r]) for r in hop.keys() & push.keys()}
        # with one way alone the other may be lower: an upper bound, which is kept apart
        bound = {} if both else {**hop, **push}
        ways = {r: "push-out" if push[r] < hop[r] else "hop" for r in both}
        excess, highest = ({r: way[r] - terrace[r] for r in way.keys() & terrace.keys()} for way in (both, bound))
        reasons = {kind: _reasons(kind, by_radius) for kind, by_radius in found.items()}
        every = [why for of_kind in reasons.values() for why in of_kind]
        by_way = [f"R = {r:g} a: by {ways[r]}" for r in sorted(ways)]
        uneven = _unevenness(found["terrace"])
        yield _figure(model, f"terrace.{case}", f"hop on the terrace, {case}", terrace, reasons["terrace"], uneven)
        yield _figure(model, f"hop.{case}", f"hop over a step, {case}", hop, reasons["hop"])
        yield _figure(model, f"push-out.{case}", f"push-out at a step, {case}", push, reasons["push-out"])
        yield _figure(model, f"step.{case}", f"over a step, the lower way, {case}", both, by_way)
        yield _figure(model, f"excess.{case}", f"Ehrlich-Schwoebel barrier, {case}", excess, every, uneven)
        if highest:
            title, only = f"Ehrlich-Schwoebel barrier, upper bound, {case}", "hop" if hop else "push-out"
            why = f"only the {only} over the step converged: the other way may be lower"
            yield _figure(model, f"excess bound.{case}", title, highest, [why, *every], uneven)


def _reasons(kind: str, by_radius: Mapping[float, Mapping[str, Any]]) -> list[str]:
    """Return why paths of a kind are missing."""
    return [
        f"{kind}, R = {radius:g} a, not converged: {why}"
        for radius, result in by_radius.items()
        for why in failure(result)
    ]


def _unevenness(by_radius: Mapping[float, Mapping[str, Any]]) -> float:
    """Return how much the barriers there and back [eV] differ at the largest radius: both ends are the same site."""
    found = [by_radius[radius] for radius in sorted(by_radius) if "barrier" in by_radius[radius]]
    return abs(found[-1]["barrier"] - found[-1]["reverse"]) if found else 0.0


def _figure(
    model: str, key: str, title: str, values: Mapping[float, float], notes: Sequence[str], uneven: float = 0.0
) -> StudyFigure:
    """Return a barrier at the largest radius, with its change from the one before as numerical error.

    ``uneven`` [eV] is a numerical error that is known besides.
    """
    radius = sorted(values)
    if not radius:
        return StudyFigure(
            key=key, title=title, model=model, value=None, unit="eV", group=BARRIERS,
            notes=tuple(notes) or ("no path converged",),
        )  # fmt: skip
    listed = ", ".join(f"{values[r]:.3f} eV at R = {r:g} a" for r in radius)
    change = math.hypot(values[radius[-1]] - values[radius[-2]], uneven) if len(radius) > 1 else None
    single = () if len(radius) > 1 else ("one radius only: its numerical error is unknown",)
    return StudyFigure(
        key=key, title=title, model=model, value=values[radius[-1]], unit="eV", numerical=change, group=BARRIERS,
        notes=(listed, *single, *notes),
    )  # fmt: skip
