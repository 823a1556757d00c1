"""What the figures of deposition say, in sentences that follow from them; first what cannot be tested."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from nakmd.studies.deposition_study import film_points, island_points, step_points, wall_points
from nakmd.studies.deposition_study.flux_figures import FLUX_LIMITED
from nakmd.studies.deposition_study.proxies import COUNTS, ROUGH, SMOOTH, proxies, verdict
from nakmd.studies.study import Figures
from nakmd.studies.study_figures import StudyFigure

#: What no number of this study can test.
UNTESTABLE = (
    "Untestable here: dendrites of a battery. They are micrometres long and made by transport of ions, field, solvent "
    "and cracks of the interphase, none of which this study has; and its flux is 10⁸ to 10⁹ times that of an "
    "electrode. Ordered compounds such as KNa₂ would need longer than such runs last. What follows are events on "
    "contact, and proxies."
)


def sentences(figures: Figures, models: Sequence[str]) -> Iterator[str]:
    """Yield one sentence for each question, that of dendrites first."""
    yield UNTESTABLE
    found = proxies(figures, models)
    if found:
        yield f"“Without dendrites”: {verdict(found)}."
        for word in (SMOOTH, ROUGH):
            pointing = [f"{proxy.name} ({proxy.model})" for proxy in found if proxy.points_to == word]
            if pointing:
                yield f"To {word} point: {', '.join(pointing)}."
    yield from _mixing(figures, models)
    yield from _sticking(figures)
    yield from _barriers(figures, models)
    yield from _carbon(figures)
    yield from island_points.sentences(figures)
    yield from _flux(figures)


def compare(first: StudyFigure | None, second: StudyFigure | None) -> tuple[str, float] | None:
    """Return whether the first figure is "larger" or "smaller" or "open", and the difference in standard errors.

    None if one of them was not measured; without errors it is open.
    """
    if first is None or second is None or first.value is None or second.value is None:
        return None
    error = math.nan if first.error is None or second.error is None else math.hypot(first.error, second.error)
    difference = first.value - second.value
    sigmas = difference / error if error > 0.0 else math.nan
    if not abs(sigmas) >= COUNTS:
        return "open", sigmas
    return ("larger" if difference > 0.0 else "smaller"), sigmas


def _mixing(figures: Figures, models: Sequence[str]) -> Iterator[str]:
    """Yield the sentences on who goes into whom on contact."""
    for temperature in film_points.TEMPERATURES:
        for key, name in (("mixing", "below the first plane"), ("exchanged", "in the first plane")):
            parts = []
            for model in models:
                pair = [
                    figures.get(f"{key}.{film_points.name_of(host, guest, temperature)}", model)
                    for guest, host in (("Na", "K"), ("K", "Na"))
                ]
                found = compare(*pair)
                if found is not None and pair[0] is not None and pair[1] is not None:
                    word = {"larger": "holds", "smaller": "is reversed", "open": "is open"}[found[0]]
                    parts.append(f"{model} {word} ({pair[0].text} against {pair[1].text})")
            if parts:
                yield (
                    f"That at {temperature:g} K more of the Na deposited on K ends {name} of the host than of the K "
                    f"deposited on Na: {', '.join(parts)}."
                )


def _sticking(figures: Figures) -> Iterator[str]:
    """Yield the lowest sticking on crystals, with its interval."""
    found = [
        f for f in figures if f.group == film_points.FILMS and f.key.startswith("sticking.") and f.value is not None
    ]
    if found:
        lowest = min(found, key=lambda f: f.value)  # type: ignore[arg-type, return-value]  # none is None
        low, high = lowest.interval or (math.nan, math.nan)
        film = lowest.key.removeprefix("sticking.")
        yield (
            f"Lowest sticking on crystals of {len(found)} films: {lowest.value:.3f} (95 %: {low:.3f} to {high:.3f}; "
            f"{film}, {lowest.model})."
        )


def _barriers(figures: Figures, models: Sequence[str]) -> Iterator[str]:
    """Yield what a step costs, and how far terraces and steps tell the metals apart."""
    for model in models:
        found = {
            case: figure for case in step_points.CASES
            if (figure := figures.get(f"excess.{case}", model)) is not None and figure.value is not None
        }  # fmt: skip
        if found:
            listed = ", ".join(f"{case} {figure.text}" for case, figure in found.items())
            yield (
                f"Ehrlich-Schwoebel barriers by {model}: {listed} (negative: a step is crossed more easily than a "
                "terrace)."
            )
        bounds = [f"{case} {f.text}" for case in step_points.CASES if (f := figures.get(f"excess bound.{case}", model))]
        if bounds:
            yield f"Not converged by {model}, upper bounds only: {', '.join(bounds)}."
        terraces = [f for case in found if (f := figures.get(f"terrace.{case}", model)) is not None]
        if len(found) > 1:
            of_terraces, of_steps = (
                max(values) - min(values)
                for values in ([f.value for f in some if f.value is not None] for some in (terraces, found.values()))
            )
            yield (
                f"Between these cases terrace barriers differ by {of_terraces:.3f} eV and Ehrlich-Schwoebel barriers "
                f"by {of_steps:.3f} eV ({model}): "
                + (
                    "steps tell the metals apart more than terraces do."
                    if of_steps > of_terraces else "terraces tell them apart as much as steps."
                )
            )  # fmt: skip


def _carbon(figures: Figures) -> Iterator[str]:
    """Yield whether K goes under Na on carbon, by its share of the first layer and of all metal."""
    for figure in figures:
        if not figure.key.startswith("K in first layer.Na and K in turn"):
            continue
        wall = figure.key.removeprefix("K in first layer.")
        everywhere = figures.get(f"K on the wall.{wall}", figure.model)
        found = compare(figure, everywhere)
        if found is None or everywhere is None:
            continue
        said = {"larger": "K goes under Na", "smaller": "Na goes under K", "open": "neither goes under the other"}
        yield (
            f"{wall}: {said[found[0]]}; share of K in the first layer {figure.text}, in all metal {everywhere.text} "
            f"({figure.model})."
        )


def _flux(figures: Figures) -> Iterator[str]:
    """Yield how many figures depend on the flux, of those with two fluxes."""
    groups = {film_points.FILMS, film_points.OCCUPANCY, wall_points.ON_CARBON}
    both = [f for f in figures if f.group in groups and f.numerical is not None]
    limited = [f for f in both if any(note.startswith(FLUX_LIMITED) for note in f.notes)]
    if both:
        yield (
            f"{len(limited)} of {len(both)} figures of films and of metal on carbon are flux-limited: at a flux four "
            "times as large they differ by more than two standard errors."
        )
