"""Points and figures of the mechanisms: direct exchange, vacancy, interstitial, and exchange at a surface."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from nakmd.potentials import Potential
from nakmd.studies.exchange_study import defects, hops
from nakmd.studies.exchange_study.solutes import PAIRS
from nakmd.studies.study import PointResults, StudyPoint, failure
from nakmd.studies.study_figures import StudyFigure
from nakmd.studies.study_inputs import Inputs

#: Radii of the atoms that move [lattice constants], and images of a path: the last for the error of the others.
RADII, IMAGES, MORE_IMAGES = (1.6, 2.0, 2.5), 9, 15

#: Of the exchange at a surface, whose bands are longer.
SURFACE_RADII, SURFACE_IMAGES = (1.6, 2.0), 11

METALS = ("K", "Na")
ROUTES, PARTS = "Barriers by mechanism", "Parts of the barriers"


def radii(quick: bool) -> tuple[float, ...]:
    """Return the radii of the atoms that move [lattice constants]."""
    return RADII[:1] if quick else RADII


def points(models: Mapping[str, Potential], quick: bool) -> Iterator[StudyPoint]:
    """Yield the relaxations and paths of every model."""
    for (model, potential), radius in product(models.items(), radii(quick)):
        for host in METALS:
            yield _point(model, potential, "vacancy", host, defects.vacancy, 1.0, host=host, radius=radius)
        for host, solute in ((host, solute) for host, solute in product(METALS, METALS)):
            yield _point(
                model, potential, "hop", _name(solute, host), hops.vacancy_hop, 5.0, host=host, solute=solute,
                radius=radius, images=IMAGES,
            )  # fmt: skip
        for pair, (solute, host) in PAIRS.items():
            both = {"host": host, "solute": solute, "radius": radius}
            yield _point(model, potential, "solute", pair, defects.solute, 1.0, **both)
            yield _point(model, potential, "interstitial", pair, defects.interstitial, 4.0, **both)
            bumps = list(hops.BUMPS)[: 1 if quick else None]
            yield _point(
                model, potential, "direct", pair, hops.direct_exchange, 8.0 if quick else 40.0, **both, images=IMAGES,
                bumps=bumps,
            )  # fmt: skip
            if radius in SURFACE_RADII and not (quick and model != next(iter(models))):
                yield _point(
                    model, potential, "surface", pair, hops.surface_exchange, 15.0, host=host, adatom=solute,
                    radius=radius, images=SURFACE_IMAGES,
                )  # fmt: skip
    for (model, potential), (pair, (solute, host)) in product(() if quick else models.items(), PAIRS.items()):
        more = {"host": host, "solute": solute, "radius": RADII[0], "images": MORE_IMAGES}
        yield _point(model, potential, f"hop, {MORE_IMAGES} images", pair, hops.vacancy_hop, 10.0, **more)


def _name(solute: str, host: str) -> str:
    return host if solute == host else f"{solute} in {host}"


def _point(
    model: str, potential: Potential, kind: str, of: str, function: Callable[..., Mapping[str, Any]], cost: float,
    **settings: Any,
) -> StudyPoint:  # fmt: skip
    return StudyPoint(_key(model, kind, of, settings["radius"]), function, settings, potential, cost)


def _key(model: str, kind: str, of: str, radius: float) -> str:
    return f"{model}/{kind}/{of}/R {radius:g}"


class _ByRadius:
    """Numbers of one model by radius; combinations exist where all their parts do."""

    def __init__(self, model: str, quick: bool, results: PointResults, error: float) -> None:
        self._model, self._quick, self._results, self._error = model, quick, results, error

    def points(self, kind: str, of: str) -> dict[float, Mapping[str, Any]]:
        """Return the results of a kind of point by radius, failed ones included."""
        keys = {radius: _key(self._model, kind, of, radius) for radius in radii(self._quick)}
        return {radius: self._results[key] for radius, key in keys.items() if key in self._results}

    def numbers(self, kind: str, of: str, name: str) -> dict[float, float]:
        """Return one number of the points that have it."""
        return {radius: float(found[name]) for radius, found in self.points(kind, of).items() if name in found}

    def figure(
        self, key: str, title: str, values: Mapping[float, float], group: str, parts: Sequence[tuple[str, str]],
        images: float = 0.0,
    ) -> StudyFigure | None:  # fmt: skip
        """Return a figure: the value at the largest radius, its change from the one before as numerical error.

        A single radius has the numerical error that the inputs state.

        ``parts`` are the kinds of points, and of what, that it is made of; None if none of them was computed.
        """
        made = [self.points(kind, of) for kind, of in parts]
        if not any(made):
            return None
        missing = [
            f"{kind} of {of}, R = {radius:g} a: {why}"
            for (kind, of), found in zip(parts, made)
            for radius, result in found.items()
            for why in failure(result)
        ]
        if not values:
            return StudyFigure(
                key=key, title=title, model=self._model, value=None, unit="eV", group=group, notes=tuple(missing)
            )
        *before, last = sorted(values)
        change = abs(values[last] - values[before[-1]]) if before else self._error
        listed = ", ".join(f"{values[radius]:.3f} eV at R = {radius:g} a" for radius in sorted(values))
        return StudyFigure(
            key=key, title=title, model=self._model, value=values[last], unit="eV", group=group,
            numerical=math.hypot(change, images), conditions=f"R = {last:g} a", notes=(listed, *missing),
        )  # fmt: skip


def figures(models: Sequence[str], quick: bool, results: PointResults, inputs: Inputs) -> Iterator[StudyFigure]:
    """Yield the barrier of every mechanism, and the energies that it consists of."""
    for model in models:
        found = _ByRadius(model, quick, results, inputs["exchange.radius_error"].middle)
        rows = [row for pair in PAIRS for row in _of_pair(found, pair)]
        rows += [row for host in METALS for row in _of_metal(found, host)]
        yield from (row for row in rows if row is not None)


def _of_metal(found: _ByRadius, host: str) -> list[StudyFigure | None]:
    """Return formation and migration of a vacancy in a pure metal."""
    formation = found.numbers("vacancy", host, "energy")
    migration = found.numbers("hop", host, "barrier")
    of = f"in {host}"
    return [
        found.figure(f"vacancy.{host}", f"formation of a vacancy {of}", formation, PARTS, [("vacancy", host)]),
        found.figure(f"migration.{host}", f"migration of a vacancy {of}", migration, PARTS, [("hop", host)]),
    ]


def _values(found: _ByRadius, pair: str) -> dict[str, dict[float, float]]:
    """Return routes and parts of one solute by radius [eV]."""
    _, host = PAIRS[pair]
    in_sites, beside = found.numbers("solute", pair, "energy"), found.numbers("hop", pair, "energy")
    barrier, between = found.numbers("hop", pair, "barrier"), found.numbers("interstitial", pair, "energy")
    vacancy = found.numbers("vacancy", host, "energy")
    with_site = beside.keys() & in_sites.keys()
    return {
        "direct": found.numbers("direct", pair, "barrier"),
        "vacancy route": {r: beside[r] - in_sites[r] + barrier[r] for r in with_site},
        "interstitial route": {r: between[r] - in_sites[r] for r in between.keys() & in_sites.keys()},
        "surface": found.numbers("surface", pair, "barrier"),
        "surface energy": found.numbers("surface", pair, "energy"),
        "hop": barrier,
        "binding": {r: vacancy[r] + in_sites[r] - beside[r] for r in with_site & vacancy.keys()},
        "interstitial": between,
    }


def _of_pair(found: _ByRadius, pair: str) -> list[StudyFigure | None]:
    """Return routes and parts of one solute, up to the largest radius that both solutes have."""
    _, host = PAIRS[pair]
    other = next(name for name in PAIRS if name != pair)
    values, theirs = _values(found, pair), _values(found, other)
    finer = found.numbers(f"hop, {MORE_IMAGES} images", pair, "barrier")
    images = max((abs(finer[r] - values["hop"][r]) for r in finer.keys() & values["hop"].keys()), default=0.0)
    hop, site, hole = ("hop", pair), ("solute", pair), ("interstitial", pair)
    rows: list[tuple[str, str, str, list[tuple[str, str]]]] = [
        ("direct", "direct exchange", ROUTES, [("direct", pair)]),
        ("vacancy route", "by vacancies", ROUTES, [hop, site]),
        ("interstitial route", "by interstitials", ROUTES, [hole, site]),
        ("surface", "surface exchange on (110)", ROUTES, [("surface", pair)]),
        ("surface energy", "energy of the surface exchange", PARTS, [("surface", pair)]),
        ("hop", "hop into a vacancy beside it", PARTS, [hop]),
        ("binding", "binding of a vacancy", PARTS, [("vacancy", host), site, hop]),
        ("interstitial", "solute as an interstitial", PARTS, [hole]),
    ]
    figures = []
    for key, title, group, parts in rows:
        largest = max(values[key].keys() & theirs[key].keys(), default=math.inf)
        shown = {radius: value for radius, value in values[key].items() if radius <= largest}
        error = images if key in ("vacancy route", "hop") else 0.0
        figures.append(found.figure(f"{key}.{pair}", f"{title}, {pair}", shown, group, parts, error))
    return figures
