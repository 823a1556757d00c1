"""Atoms that arrive one by one on a frozen wall of carbon: one run of molecular dynamics."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from nakmd.analysis import Islands, Sticking
from nakmd.analysis.numerics.counts import Share
from nakmd.integrators import Deposit, Fire, Langevin, VelocityVerlet
from nakmd.potentials import Hybrid, Potential
from nakmd.simulation import LiveAnalysis, Simulation, Stage
from nakmd.simulation.stages import Status
from nakmd.structures import dope, graphene, nanotube, park
from nakmd.structures.assembly import combine
from nakmd.studies.deposition_study.arrivals_on_crystals import ENERGY, LOOK, REST, TIMESTEP
from nakmd.studies.deposition_study.sequences import SEQUENCES
from nakmd.system import System

#: Vacuum beside the wall [Å]: room for the film and for atoms that arrive from beyond the reach of all others.
VACUUM = 30.0

#: Sheet of about 10 nm² [Å], and tubes.
SHEET, CHIRALITY, LENGTH = (32.0, 31.0), (10, 10), 24.6

#: Share of nitrogen of the doped tubes.
NITROGEN = 0.03

#: Coupling of the metal to its bath [ps]: the frozen wall takes no heat away.
TAU = 1.0

#: Atoms that are there from the beginning, their height [Å], the golden section, which spreads them, and the largest
#: number of steps of their relaxation.
FIRST, FIRST_HEIGHT, GOLDEN, RELAXATION = 8, 3.0, 0.6180339887498949, 2000

METALS = ("K", "Na")


#: Tubes and their nitrogen.
TUBES: Mapping[str, Mapping[str, float]] = {
    "pristine tube": {},
    "tube with graphitic N": {"graphitic": NITROGEN},
    "tube with pyridinic N": {"pyridinic": NITROGEN},
}


def _tube(doping: Mapping[str, float]) -> tuple[System, str]:
    tube = nanotube(*CHIRALITY, length=LENGTH, vacuum=VACUUM)
    return (dope(tube, doping) if doping else tube), "around"


#: Wall and side of arrivals, by name.
WALLS: Mapping[str, Callable[[], tuple[System, str]]] = {
    "graphene": lambda: (graphene(lengths=SHEET, vacuum=VACUUM), "above"),
    **{name: partial(_tube, doping) for name, doping in TUBES.items()},
}


def run(
    potential: Potential, wall: str, sequence: str, temperature: float, every: float, count: int, seed: int
) -> dict[str, Any]:
    """Return what becomes of atoms that arrive on carbon.

    Parameters
    ----------
    potential : Potential
        Covers Na, K and the wall.
    wall : str
        Of `WALLS`.
    sequence : str
        Of `nakmd.studies.deposition_study.sequences.SEQUENCES`.
    temperature : float [K]
        Of the metal.
    every : float [ps]
        Between two arrivals.
    count : int
    seed : int

    Returns
    -------
    dict
        Counts as (number, total) of ``"stuck"``, ``"first layer"`` (of the metal on the wall), and of K among the
        metals there, ``"K in first layer"`` and ``"K on the wall"``; numbers of ``"islands"``, ``"single"`` atoms, and
        atoms of the ``"largest"`` island; ``"rise"`` [K] of the metal above the bath; ``"coverage"`` [1/nm²];
        ``"flux"`` [1/nm²/s].

    Notes
    -----
    The first eight atoms are on the wall from the beginning, at rest in the minima nearest to evenly spread places: a
    bath needs atoms that move, and the heat of an atom that falls into a trap is shared.
    """
    bare, side = WALLS[wall]()
    order = SEQUENCES[sequence](count)
    first, later = order[:FIRST], order[FIRST:]
    system = park(_with_first(bare, side, first), later)
    steps = round(every / TIMESTEP)
    deposit = Deposit(len(later), steps, ENERGY, side=side)
    stages = [
        Stage("relax", Fire(), RELAXATION, frozen=("carbon",)),
        *(
            Stage(
                name, VelocityVerlet(TIMESTEP, Langevin(temperature, TAU)), length, frozen=("carbon",),
                initial_temperature=start, deposit=arriving,
            )
            for name, length, start, arriving in (
                ("deposit", deposit.steps, temperature, deposit), ("rest", round(REST / TIMESTEP), None, None),
            )
        ),
    ]  # fmt: skip
    look = max(1, round(LOOK / TIMESTEP))
    live = [LiveAnalysis(kind(), system.topology, look, ["deposit", "rest"]) for kind in (Islands, Sticking)]
    simulation = Simulation(system, of_frozen_wall(potential, system), stages, live, seed=seed)
    if simulation.run() is Status.INTERRUPTED:
        raise KeyboardInterrupt
    found, stuck = (analysis.result() for analysis in live)
    heat = simulation.reports[1].free_temperature
    area = _area(bare, side)
    none = Share.of(0, found.in_first_layer.count), Share.of(0, found.in_first_layer.total)
    return {
        "stuck": _counts(stuck.stuck),
        "first layer": _counts(found.in_first_layer),
        "K in first layer": _counts(found.first_layer_shares.get("K", none[0])),
        "K on the wall": _counts(found.shares.get("K", none[1])),
        "islands": int(found.value),
        "single": int(found.single[-1]),
        "largest": found.largest.count,
        "in flight": int(found.in_flight[-1]),
        "rise": None if heat is None else heat - temperature,
        "coverage": count / area,
        "flux": 1e12 / (area * every),
    }


def _with_first(wall: System, side: str, species: Sequence[str]) -> System:
    """Return a wall with atoms beside it, evenly spread."""
    n = len(species)
    first, second = (np.arange(n) + 0.5) / n, np.arange(n) * GOLDEN % 1.0
    if side == "above":
        height = np.full(n, wall.positions[:, 2].max() + FIRST_HEIGHT)
        places = np.column_stack([first * wall.cell.lengths[0], second * wall.cell.lengths[1], height])
    else:
        angle, radius = 2.0 * np.pi * second, _radius(wall) + FIRST_HEIGHT
        middle = wall.positions.mean(axis=0)
        places = np.column_stack(
            [
                middle[0] + radius * np.cos(angle), middle[1] + radius * np.sin(angle),
                first * wall.cell.lengths[2],
            ]
        )  # fmt: skip
    names = list(dict.fromkeys(species))
    atoms = System(places, np.array([names.index(name) for name in species]), names, wall.cell)
    return combine([wall, atoms], wall.cell)


def _radius(tube: System) -> float:
    """Return the radius of a tube along z [Å]."""
    positions = tube.positions[tube.groups["tube"]][:, :2]
    return float(np.sqrt(((positions - positions.mean(axis=0)) ** 2).sum(axis=1).mean()))


def of_frozen_wall(potential: Potential, system: System) -> Potential:
    """Return a potential without the terms that act in a wall only: they do not move a frozen wall, and cost time."""
    wall = [name for name in system.species_names if name not in METALS]
    terms = [term for term in potential.terms if any(term.covers(metal, metal) for metal in METALS)]
    return Hybrid(terms, none=[(a, b) for a in wall for b in wall], name=f"{potential.describe()['name']}, frozen wall")


def _area(wall: System, side: str) -> float:
    """Return the area [nm²] of a sheet, or of the wall of a tube."""
    lengths = wall.cell.lengths
    if side == "above":
        return float(lengths[0] * lengths[1]) / 100.0
    return 2.0 * math.pi * _radius(wall) * float(lengths[2]) / 100.0


def _counts(share: Share) -> list[int]:
    return [share.count, share.total]
