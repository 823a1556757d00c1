"""Points and figures of films on the (110) faces of K and Na."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from nakmd.errors import InputError, NakmdError
from nakmd.potentials import Potential
from nakmd.potentials.library import warm_lattice, warm_lattice_range
from nakmd.studies.deposition_study import arrivals_on_crystals
from nakmd.studies.deposition_study.flux_figures import Deposited, Metric
from nakmd.studies.deposition_study.sequences import SEQUENCES
from nakmd.studies.study import PointResults, StudyPoint
from nakmd.studies.study_figures import StudyFigure

HOSTS = ("K", "Na")

#: Temperatures [K]: at 350 K K is liquid in these models. The first is that of the answers and of the layers.
TEMPERATURES = (300.0, 250.0)

#: Rectangular surface cells (40 and 24 atoms in a layer), layers, and arrivals per site.
FULL, QUICK = ((5, 4), 7, 1.5), ((4, 3), 7, 0.75)

#: Time between two arrivals [ps], the longer one first: a factor of four.
EVERY, EVERY_QUICK = (12.0, 3.0), (9.6,)

SEEDS = 4

#: What quick runs deposit, on which host: the two that the question compares.
QUICK_STATES = (("K", "Na", TEMPERATURES[0]), ("Na", "K", TEMPERATURES[0]))

METRICS = (
    Metric("sticking", "share that sticks", is_share=True, entry="stuck"),
    Metric("mixing", "share below the first plane of the slab", is_share=True, entry="mixed"),
    Metric("exchanged", "share in the first plane of the slab", is_share=True),
    Metric("promoted", "atoms of the slab that were pushed up", "ML", per="sites"),
    Metric("roughness", "roughness w", "Å"),
    Metric("relative roughness", "w/(d √θ), 1 for random growth"),
    Metric("bragg", "Bragg anti-phase signal G"),
    Metric("width", "10-90 % width of the composition", "Å"),
    Metric("order", "order of the crystal that is left"),
    Metric("rise", "free atoms above the bath", "K"),
)  # fmt: skip

#: Layers whose occupancy is shown: 0 is the highest plane of the slab.
LAYERS = range(-2, 4)

FILMS, OCCUPANCY = "Films on crystals", "Layers of the films: deposited atoms per site"


def states(quick: bool) -> list[tuple[str, str, float]]:
    """Return host, sequence and temperature [K] of all films, those of the answers first."""
    if quick:
        return list(QUICK_STATES)
    return [(host, sequence, t) for t, sequence, host in product(TEMPERATURES, SEQUENCES, HOSTS)]


def intervals(quick: bool) -> tuple[float, ...]:
    """Return the times between arrivals [ps]."""
    return EVERY_QUICK if quick else EVERY


def points(models: Mapping[str, Potential], quick: bool, seed: int) -> Iterator[StudyPoint]:
    """Yield the runs: all films at the higher flux first, because they are short."""
    repeats, layers, monolayers = QUICK if quick else FULL
    warm = {(host, temperature) for host, _, temperature in states(quick)}
    lattices = {(model, *state): _lattice(model, *state) for model, state in product(models, sorted(warm))}
    for every in sorted(intervals(quick)):
        for (model, potential), k in product(models.items(), range(1 if quick else SEEDS)):
            for host, sequence, temperature in states(quick):
                settings = {
                    "host": host, "sequence": sequence, "temperature": temperature, "every": every,
                    "repeats": list(repeats), "layers": layers, "monolayers": monolayers, "seed": seed + k,
                    "a": lattices[model, host, temperature],
                }  # fmt: skip
                key = key_of(model, host, sequence, temperature, every, k)
                cost = repeats[0] * repeats[1] * monolayers * every / 6.0
                yield StudyPoint(key, arrivals_on_crystals.run, settings, potential, cost)


def has_crystals(model: str) -> bool:
    """Return whether a set has crystals of both hosts at all temperatures of the films.

    A set whose record has lattice constants by temperature has none where they end: its crystal did not survive there
    (``potentials/lattices.py``). Of another set it is not known before its crystals are run.
    """
    try:
        known = [warm_lattice_range(model, host) for host in HOSTS]
    except InputError:  # potentials that were given with names of their own
        return True
    return all(low <= temperature <= high for low, high in filter(None, known) for temperature in TEMPERATURES)


def _lattice(model: str, host: str, temperature: float) -> float | None:
    """Return the lattice constant [Å] of a set that has those by temperature; None of another, which measures it."""
    try:
        return warm_lattice(model, host, temperature)
    except NakmdError:
        return None


def key_of(model: str, host: str, sequence: str, temperature: float, every: float, number: int) -> str:
    """Return the key of one run."""
    return f"{model}/film/{sequence} on {host}/{temperature:g} K/{every:g} ps/{number}"


def name_of(host: str, sequence: str, temperature: float) -> str:
    """Return the name of a film in keys of figures."""
    return f"{sequence} on {host}.{temperature:g} K"


def figures(models: Sequence[str], quick: bool, results: PointResults) -> Iterator[StudyFigure]:
    """Yield all figures of all films that were run."""
    for model, (host, sequence, temperature) in product(models, states(quick)):
        runs = [
            [
                results[key_of(model, host, sequence, temperature, every, k)]
                for k in range(1 if quick else SEEDS)
            ]
            for every in intervals(quick)
        ]  # fmt: skip
        slow, fast = runs[0], (runs[1] if len(runs) > 1 else [])
        ratio = intervals(quick)[0] / intervals(quick)[-1]
        film = Deposited(name_of(host, sequence, temperature), model, slow, fast, ratio)
        for metric in METRICS:
            yield film.figure(metric, FILMS)
        if temperature == TEMPERATURES[0]:
            by_layer = [[_by_layer(run) for run in some] for some in (slow, fast)]
            of_layers = Deposited(film.name, model, by_layer[0], by_layer[1], ratio)
            for layer in LAYERS:
                yield of_layers.figure(Metric(f"layer {layer}", f"layer {layer}", "ML"), OCCUPANCY)


def _by_layer(run: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the deposited atoms of each layer by the name of the figure; none in a layer that is not there."""
    if "failed" in run:
        return run
    found = dict(zip(run["layers"], run["deposited"]))
    return {"flux": run["flux"], "rise": run["rise"], **{f"layer {n}": found.get(n, 0.0) for n in LAYERS}}
