"""What points to growth with or without dendrites: proxies only, whose verdict is never more than undecided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nakmd.studies.deposition_study import film_points
from nakmd.studies.study import Figures
from nakmd.studies.study_figures import StudyFigure

#: Standard errors from which a proxy counts.
COUNTS = 2.0

#: Share of the order of the crystal below which its top is taken as liquid.
LIQUID = 0.6

SMOOTH, ROUGH, SILENT = "smooth growth", "mounds", "neither"

#: Films of the alloy whose proxies count: both metals arrive, or one on the other.
ALLOYS = (("K", "Na"), ("Na", "K"), ("K", "Na and K in turn"), ("Na", "Na and K in turn"))


@dataclass(frozen=True)
class Proxy:
    """One figure that points to smooth growth of the alloy, or to mounds.

    Attributes
    ----------
    name : str
    model : str
    points_to : str
        `SMOOTH`, `ROUGH` or `SILENT`.
    """

    name: str
    model: str
    points_to: str


def proxies(figures: Figures, models: Sequence[str], temperature: float = film_points.TEMPERATURES[0]) -> list[Proxy]:
    """Return all proxies that were measured.

    A figure counts if it is two standard errors beyond its threshold. One whose error is unknown is silent.

    - Ehrlich-Schwoebel barrier of Na over a step of K and of K over a step of Na: below 0 smooth, above 0 mounds.
    - Second layers per island at the flux of the electrode: the 95 % range below 1 smooth, above 1 mounds.
    - Roughness relative to random growth: below 1 smooth, above 1 mounds.
    - Order of the crystal below a film of the alloy: below 0.6 smooth, because a liquid levels; else silent.
    - Mixing of Na with K against that of K with K: larger smooth, because the film is no crystal of its own; else
      silent.
    """
    return [proxy for model in models for proxy in _of_model(figures, model, temperature)]


def _of_model(figures: Figures, model: str, temperature: float) -> Iterator[Proxy]:
    for case in ("Na on K", "K on Na"):
        step = figures.get(f"excess.{case}", model)
        yield from _side(step, f"Ehrlich-Schwoebel barrier, {case}", model, 0.0)
        # without an error of the barriers the range is too narrow to count
        known = step is not None and step.numerical is not None
        yield from _range(figures.get(f"second layers.{case}", model), f"second layers, {case}", model, known)
    for host, sequence in ALLOYS:
        film = film_points.name_of(host, sequence, temperature)
        yield from _side(figures.get(f"relative roughness.{film}", model), f"roughness, {film}", model, 1.0)
        yield from _side(figures.get(f"order.{film}", model), f"order, {film}", model, LIQUID, above=SILENT)
    mixed, pure = (
        figures.get(f"mixing.{film_points.name_of('K', sequence, temperature)}", model) for sequence in ("Na", "K")
    )
    if mixed is not None and pure is not None and mixed.value is not None and pure.value is not None:
        error = None if mixed.error is None or pure.error is None else (mixed.error**2 + pure.error**2) ** 0.5
        # larger mixing is smooth: the sign is that of the pure film less the mixed one
        yield Proxy("mixing of Na with K", model, _decide(pure.value - mixed.value, error, above=SILENT))


def _side(figure: StudyFigure | None, name: str, model: str, threshold: float, above: str = ROUGH) -> Iterator[Proxy]:
    """Yield the proxy of a figure whose side of a threshold counts."""
    if figure is not None and figure.value is not None:
        yield Proxy(name, model, _decide(figure.value - threshold, figure.error, above))


def _decide(difference: float, error: float | None, above: str = ROUGH) -> str:
    if error is None or abs(difference) < COUNTS * error or difference == 0.0:
        return SILENT
    return SMOOTH if difference < 0.0 else above


def _range(figure: StudyFigure | None, name: str, model: str, known: bool) -> Iterator[Proxy]:
    """Yield the proxy of a number whose 95 % range is on one side of 1."""
    if figure is None or figure.value is None or figure.interval is None:
        return
    low, high = figure.interval
    yield Proxy(name, model, SILENT if not known else SMOOTH if high < 1.0 else ROUGH if low > 1.0 else SILENT)


def verdict(found: Sequence[Proxy]) -> str:
    """Return what the proxies say of "without dendrites": undecided, whatever they are, and where they point.

    Dendrites themselves are out of reach, so that no proxy can support or dispute the claim.
    """
    smooth, rough = (sum(proxy.points_to == word for proxy in found) for word in (SMOOTH, ROUGH))
    if not smooth and not rough:
        return "undecided, no proxy counts"
    if smooth and rough:
        return f"undecided, proxies point both ways ({smooth} to {SMOOTH}, {rough} to {ROUGH})"
    return f"undecided, proxies point to {SMOOTH if smooth else ROUGH} ({smooth + rough} of {len(found)})"
