"""Points and figures of films against islands of as many atoms on sheets of carbon, at rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from nakmd.potentials import Potential
from nakmd.studies.deposition_study import film_or_island
from nakmd.studies.deposition_study.film_or_island import SHEETS
from nakmd.studies.replacement_study.conversion import at_doping
from nakmd.studies.study import Figures, PointResults, StudyPoint, failure
from nakmd.studies.study_figures import StudyFigure
from nakmd.studies.verdict_rule import AGAINST, FOR, OPEN, says_of

METALS = ("K", "Na")

#: Rectangular cells of the sheets, the largest last: 12, 48 and 90 K, or 16, 64 and 120 Na.
SIZES, QUICK_SIZES = ((6, 4), (12, 8), (18, 10)), ((6, 4), (12, 8))

#: What quick studies compare.
QUICK_STATES = (("graphene", "K"),)

ISLANDS = "A film against an island on graphene, at rest"

#: Begins the keys of the differences.
DIFFERENCE = "film less island."


def states(quick: bool) -> list[tuple[str, str]]:
    """Return sheet and metal of all comparisons."""
    return list(QUICK_STATES) if quick else list(product(SHEETS, METALS))


def sizes(quick: bool) -> tuple[tuple[int, int], ...]:
    """Return the rectangular cells of the sheets."""
    return QUICK_SIZES if quick else SIZES


def points(models: Mapping[str, Potential], quick: bool) -> Iterator[StudyPoint]:
    """Yield the relaxations, of the smallest sheets first."""
    for size, (model, potential), (sheet, metal) in product(sizes(quick), models.items(), states(quick)):
        settings: dict[str, Any] = {"sheet": sheet, "metal": metal, "repeats": list(size)}
        doped = at_doping(model, potential, SHEETS[sheet].get("graphitic", 0.0))
        yield StudyPoint(key_of(model, sheet, metal, size), film_or_island.compare, settings, doped, cost=5.0)


def key_of(model: str, sheet: str, metal: str, size: tuple[int, int]) -> str:
    """Return the key of one comparison."""
    return f"{model}/island/{metal} on {sheet}/{size[0]}x{size[1]}"


def figures(models: Sequence[str], quick: bool, results: PointResults) -> Iterator[StudyFigure]:
    """Yield the difference of both by number of atoms, and both at the largest number."""
    for model, (sheet, metal) in product(models, states(quick)):
        for size in sizes(quick):
            result = results[key_of(model, sheet, metal, size)]
            name = f"{metal} on {sheet}.{film_or_island.atoms_of(metal, size)} atoms"
            yield _figure(f"{DIFFERENCE}{name}", "film less island, per atom", model, result)
            if size == sizes(quick)[-1]:
                for kind in ("film", "island"):
                    yield _figure(f"{kind}.{name}", f"energy of the {kind}, per atom", model, result, f"{kind}s")


def _figure(key: str, title: str, model: str, result: Mapping[str, Any], kind: str = "") -> StudyFigure:
    """Return the lowest energy of a kind, or the difference of both.

    The error is how far the second lowest island is: a measure of how well the lowest is known.
    """
    name = key.partition(".")[2].replace(".", ", ")
    shared: dict[str, Any] = {"key": key, "title": f"{title}, {name}", "model": model, "unit": "eV", "group": ISLANDS}
    if "failed" in result:
        return StudyFigure(value=None, notes=failure(result), **shared)
    lowest = {one: min(result[one], key=result[one].get) for one in ("films", "islands")}
    energy = {one: result[one][start] for one, start in lowest.items()}
    islands = sorted(result["islands"].values())
    error = islands[1] - islands[0] if len(islands) > 1 and kind != "films" else None
    value = energy[kind] if kind else energy["films"] - energy["islands"]
    named = [lowest[kind]] if kind else list(lowest.values())
    return StudyFigure(value=value, numerical=error, notes=(f"lowest: {', '.join(named)}",), **shared)


def sentences(found: Figures) -> Iterator[str]:
    """Yield which of both is lower on each sheet, by number of atoms."""
    of = [figure for figure in found if figure.key.startswith(DIFFERENCE) and figure.value is not None]
    for model, name in dict.fromkeys((f.model, f.key.removeprefix(DIFFERENCE).rpartition(".")[0]) for f in of):
        members = [f for f in of if f.model == model and f.key.startswith(f"{DIFFERENCE}{name}.")]
        said = [f"{_lower(f)} with {f.key.rpartition('.')[2]} ({f.text})" for f in members]
        yield f"{name}, at rest by {model}: {', '.join(said)}."


def _lower(figure: StudyFigure) -> str:
    """Return what has the lower energy, by the difference and how well the island is known."""
    said = says_of(figure.value or 0.0, figure.error or 0.0)
    return {FOR: "the island is lower", AGAINST: "the film is lower", OPEN: "open"}[said]
