"""Atoms that arrive one by one on the (110) face of a warm crystal: one run of molecular dynamics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nakmd.analysis import Growth, Sticking
from nakmd.analysis.growth_record import GrowthRecord
from nakmd.analysis.numerics.counts import Share
from nakmd.integrators import Deposit, Langevin, VelocityVerlet
from nakmd.potentials import Potential
from nakmd.simulation import LiveAnalysis, Simulation, Stage
from nakmd.simulation.observers import Observer
from nakmd.simulation.stages import Status
from nakmd.structures import crystal_slab, park
from nakmd.studies.deposition_study.sequences import SEQUENCES
from nakmd.studies.exchange_study.embedding import LATTICE_CELLS, MEASURE, REFLECTIONS, SETTLE, order_of
from nakmd.studies.exchange_study.slabs import AXES
from nakmd.studies.validation.solid import warm_crystal
from nakmd.system import Frame, System

#: Face, held layers, layers of the bath, and vacuum on either side [Å].
FACE, FIXED, BATH, VACUUM = "110", 2, 4, 30.0

#: Time step, bath, time before the first arrival, and time after the last, in which that lands [ps].
TIMESTEP, TAU, WARM_UP, REST = 0.003, 1.0, 6.0, 3.0

#: Time between frames [ps].
LOOK = 0.6

#: Times of the course of the roughness.
COURSE = 12

#: Kinetic energy of an arriving atom [eV]: some kT, not that of an ion in a field.
ENERGY = 0.1


def run(
    potential: Potential, host: str, sequence: str, temperature: float, every: float, repeats: Sequence[int],
    layers: int, monolayers: float, seed: int, a: float | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return what becomes of atoms that arrive on a crystal.

    Parameters
    ----------
    potential : Potential
    host : {"K", "Na"}
    sequence : str
        Of `SEQUENCES`.
    temperature : float [K]
        Of the bath, and of the lattice constant.
    every : float [ps]
        Between two arrivals.
    repeats : (int, int)
        Rectangular surface cells.
    layers : int
    monolayers : float
        Arrivals per site of a plane.
    seed : int
    a : float [Å], optional
        Lattice constant at the temperature; by default measured first.

    Returns
    -------
    dict
        Counts as (number, total) of ``"stuck"``, ``"mixed"`` (below the highest plane of the slab) and ``"exchanged"``
        (in it); ``"promoted"`` atoms; ``"roughness"`` and ``"bare roughness"`` [Å]; ``"relative roughness"``, w/(d √θ);
        ``"course"``, θ and w [Å] at some times; ``"bragg"``; ``"layers"`` with ``"deposited"`` and ``"host"`` per site;
        ``"order"``, the share of the order of the movable crystal that is left; ``"rise"`` [K] of the atoms without
        bath; ``"flux"`` [1/nm²/s]; ``"a"`` [Å].
    """
    if a is None:
        a = warm_crystal(potential, host, temperature, LATTICE_CELLS, SETTLE, MEASURE, seed).lattice.value
    cells = (int(repeats[0]), int(repeats[1]))
    slab = crystal_slab(host, FACE, cells, layers, a, vacuum=VACUUM, fixed_layers=FIXED, bath_layers=BATH)
    count = round(monolayers * int(slab.groups["layer_1"].sum()))
    system = park(slab, SEQUENCES[sequence](count))
    steps = round(every / TIMESTEP)
    deposit = Deposit(count, steps, ENERGY)

    def bath() -> VelocityVerlet:
        return VelocityVerlet(TIMESTEP, Langevin(temperature, TAU, group="bath"))

    stages = [
        # half of the kinetic energy of a crystal at rest becomes potential energy
        Stage(
            "warm", bath(), round(WARM_UP / TIMESTEP), initial_temperature=2.0 * temperature, frozen=("fixed",)
        ),
        Stage("deposit", bath(), deposit.steps, frozen=("fixed",), deposit=deposit),
        Stage("rest", bath(), round(REST / TIMESTEP), frozen=("fixed",)),
    ]  # fmt: skip
    later, look = ["deposit", "rest"], max(1, round(LOOK / TIMESTEP))
    growth = LiveAnalysis(Growth(), system.topology, look, later)
    sticking = LiveAnalysis(Sticking(), system.topology, look, later)
    order = _Order(system, a, look)
    simulation = Simulation(system, potential, stages, [growth, sticking, order], seed=seed)
    if simulation.run() is Status.INTERRUPTED:
        raise KeyboardInterrupt
    film, stuck = growth.result(), sticking.result()
    area = float(slab.cell.lengths[0] * slab.cell.lengths[1])
    return {
        "stuck": _counts(stuck.stuck),
        "mixed": _counts(film.mixing),
        "exchanged": _counts(film.exchanged),
        "promoted": film.promoted.count,
        "sites": int(slab.groups["layer_1"].sum()),
        "theta": float(film.theta[-1]),
        "roughness": film.roughness.value,
        "bare roughness": _number(film.bare_roughness),
        "relative roughness": _number(film.value),
        "bragg": film.bragg.value,
        "course": _course(film),
        "layers": film.layers.tolist(),
        "deposited": film.deposited[-1].tolist(),
        "host": film.host[-1].tolist(),
        "in flight": int(film.in_flight[-1]),
        "width": _number(film.profile_width.value),
        "order": order.left,
        "rise": _rise(simulation, temperature),
        "flux": 1e14 / (area * every),
        "a": a,
    }


class _Order(Observer):
    """Order of the atoms of the slab that move, by the {110} reflections of the bare crystal."""

    def __init__(self, system: System, a: float, every: int) -> None:
        super().__init__(every)
        inside = [mask for name, mask in system.groups.items() if name.startswith("layer_")]
        self._atoms = np.any(inside, axis=0) & ~system.groups["fixed"]
        self._waves = 2.0 * math.pi / a * REFLECTIONS @ AXES[FACE].T
        self._warm: list[float] = []
        self._later: list[float] = []

    def observe(self, frame: Frame) -> None:
        """Add a frame."""
        there = frame.present
        atoms = self._atoms if there is None else self._atoms & there
        found = order_of(frame.positions[atoms], self._waves)
        (self._warm if frame.stage == "warm" else self._later).append(found)

    @property
    def left(self) -> float:
        """Order in the last quarter of the deposition, relative to that in the second half before it."""
        last = self._later[-max(1, len(self._later) // 4) :]
        return float(np.mean(last) / np.mean(self._warm[len(self._warm) // 2 :]))


def _course(film: GrowthRecord) -> list[list[float]]:
    """Return θ and w [Å] at times evenly spread over those with a film."""
    there = np.flatnonzero(film.theta > 0.0)
    chosen = there[np.unique(np.linspace(0, len(there) - 1, COURSE).astype(int))] if len(there) else there
    return [[float(film.theta[k]), float(film.height_roughness[k])] for k in chosen]


def _counts(share: Share) -> list[int]:
    return [share.count, share.total]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _rise(simulation: Simulation, temperature: float) -> float | None:
    """Return how much warmer [K] than the bath the free atoms were while atoms arrived."""
    found = simulation.reports[1].free_temperature
    return None if found is None else found - temperature
