"""Points and figures of metal that arrives on graphene and on tubes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from nakmd.potentials import Potential
from nakmd.studies.deposition_study import arrivals_on_walls
from nakmd.studies.deposition_study.arrivals_on_walls import TUBES, WALLS
from nakmd.studies.deposition_study.flux_figures import Deposited, Metric
from nakmd.studies.deposition_study.sequences import SEQUENCES
from nakmd.studies.replacement_study.conversion import at_doping
from nakmd.studies.study import PointResults, StudyPoint
from nakmd.studies.study_figures import StudyFigure

TEMPERATURE = 300.0

#: Arrivals: 4 to 5 per nm², less than a full layer of K (5 per nm²).
COUNT, QUICK_COUNT = 45, 16

#: Time between two arrivals [ps], the longer one first: a factor of four.
EVERY, EVERY_QUICK = (12.0, 3.0), (6.0,)

SEEDS = 4

QUICK_STATES = (("graphene", "Na and K in turn"),)

METRICS = (
    Metric("sticking", "share that sticks", is_share=True, entry="stuck"),
    Metric("first layer", "share in the first layer", is_share=True),
    Metric("K in first layer", "share of K in the first layer", is_share=True),
    Metric("K on the wall", "share of K in all metal on the wall", is_share=True),
    Metric("islands", "islands of two or more atoms"),
    Metric("single", "single atoms"),
    Metric("largest", "atoms of the largest island"),
    Metric("rise", "metal above its bath", "K"),
)  # fmt: skip

ON_CARBON = "Metal on carbon"


def states(quick: bool) -> list[tuple[str, str]]:
    """Return wall and sequence of all runs."""
    return list(QUICK_STATES) if quick else list(product(WALLS, SEQUENCES))


def intervals(quick: bool) -> tuple[float, ...]:
    """Return the times between arrivals [ps]."""
    return EVERY_QUICK if quick else EVERY


def points(models: Mapping[str, Potential], quick: bool, seed: int) -> Iterator[StudyPoint]:
    """Yield the runs, those at the higher flux first."""
    count = QUICK_COUNT if quick else COUNT
    for every in sorted(intervals(quick)):
        for (model, potential), k in product(models.items(), range(1 if quick else SEEDS)):
            for wall, sequence in states(quick):
                settings: dict[str, Any] = {
                    "wall": wall, "sequence": sequence, "temperature": TEMPERATURE, "every": every, "count": count,
                    "seed": seed + k,
                }  # fmt: skip
                doped = at_doping(model, potential, TUBES.get(wall, {}).get("graphitic", 0.0))
                yield StudyPoint(
                    key_of(model, wall, sequence, every, k), arrivals_on_walls.run, settings, doped,
                    count * every / 8.0, format=2,
                )  # fmt: skip


def key_of(model: str, wall: str, sequence: str, every: float, number: int) -> str:
    """Return the key of one run."""
    return f"{model}/wall/{sequence} on {wall}/{every:g} ps/{number}"


def figures(models: Sequence[str], quick: bool, results: PointResults) -> Iterator[StudyFigure]:
    """Yield all figures of all walls."""
    for model, (wall, sequence) in product(models, states(quick)):
        runs = [
            [results[key_of(model, wall, sequence, every, k)] for k in range(1 if quick else SEEDS)]
            for every in intervals(quick)
        ]
        ratio = intervals(quick)[0] / intervals(quick)[-1]
        metal = Deposited(f"{sequence} on {wall}", model, runs[0], runs[1] if len(runs) > 1 else [], ratio)
        for metric in METRICS:
            yield metal.figure(metric, ON_CARBON)
