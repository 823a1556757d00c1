"""Named cases of `nakmd bench`: systems and models whose forces and steps are timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nakmd.integrators import VelocityVerlet
from nakmd.neighbors import Neighbors
from nakmd.potentials import EAM, FinnisSinclair, Hybrid, Potential
from nakmd.potentials.export import finnis_sinclair_table
from nakmd.potentials.library import load
from nakmd.simulation import Simulation, Stage
from nakmd.structures.crystal import crystal, substitute
from nakmd.structures.doping import dope
from nakmd.structures.liquid import fill
from nakmd.structures.nanotube import nanotube
from nakmd.structures.regions import outside_tube
from nakmd.system import Result, System

#: Each timing repeats until it has taken so long [s], and at least so often.
LEAST_TIME = 0.5
LEAST_REPEATS = 5

#: Thermal disorder of the crystals [Å], about that of the liquid's first peak.
DISORDER = 0.35

#: Time step [ps] of the timed loop.
TIMESTEP = 0.001


@dataclass(frozen=True)
class Case:
    """What is timed.

    Attributes
    ----------
    name, summary : str
    build : callable
        Returns the system and the potential.
    """

    name: str
    summary: str
    build: Callable[[], tuple[System, Potential]]


@dataclass(frozen=True)
class Timing:
    """What came out.

    Attributes
    ----------
    name : str
    n_atoms : int
    first_call : float [s]
        First force call, compilation or its loading from the cache included.
    forces, forces_median : float [µs per atom]
        Best and median force call with a valid list.
    build : float [µs per atom]
        Best building of the neighbour lists.
    step : float [µs per atom and step]
        The whole loop: constant energy, rebuilds included.
    ns_per_day : float
        At a time step of 1 fs.
    """

    name: str
    n_atoms: int
    first_call: float
    forces: float
    forces_median: float
    build: float
    step: float
    ns_per_day: float

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return asdict(self)


def _shaken_alloy(repeats: int) -> System:
    system = substitute(crystal("K", (repeats,) * 3, lattice_constant=5.15), "K", "Na", fraction=0.33, seed=1)
    system.positions += np.random.default_rng(1).normal(0.0, DISORDER, system.positions.shape)
    return system


def _tube(length: float) -> System:
    system = nanotube(10, 10, length=length, bond=1.4388)
    system.positions += np.random.default_rng(1).normal(0.0, 0.05, system.positions.shape)
    return system


def _wetted_tube() -> System:
    bare = nanotube(10, 10, length=40.0, bond=1.4388, box=(43.0, 43.0))
    wall = dope(bare, {"graphitic": 0.02, "pyridinic": 0.02}, seed=1)
    return fill(wall, 0.67, 450.0, region=outside_tube(wall), seed=1)


def _on_tables() -> Potential:
    model = load("nak")
    term = model.terms[0] if isinstance(model, Hybrid) else model
    assert isinstance(term, FinnisSinclair)
    return EAM(finnis_sinclair_table(term))


CASES = (
    Case("nak", "NaK, 8,192 atoms, Finnis-Sinclair formulas", lambda: (_shaken_alloy(16), load("nak"))),
    Case("nak-table", "the same on eam.fs tables", lambda: (_shaken_alloy(16), _on_tables())),
    Case("cn", "(10,10) nanotube, 4,000 atoms, Tersoff", lambda: (_tube(250.0), load("cn"))),
    Case("nak-cn", "liquid NaK around an N-doped nanotube, all terms", lambda: (_wetted_tube(), load("nak-cn"))),
)


def time_case(case: Case) -> Timing:
    """Time forces, neighbour lists and whole steps of a case."""
    system, potential = case.build()
    potential.prepare(system.species_names)
    neighbors = Neighbors(potential.requests)
    result = Result(system.n_atoms)

    def forces() -> None:
        neighbors.update(system)
        potential.compute(system, neighbors, result, virial=False)

    def rebuild() -> None:
        neighbors.invalidate()
        neighbors.update(system)

    begin = time.perf_counter()
    forces()
    first = time.perf_counter() - begin
    force_times, build_times = _repeat(forces), _repeat(rebuild)
    per_atom = 1e6 / system.n_atoms
    step = _time_steps(system, potential)
    return Timing(
        case.name,
        system.n_atoms,
        first,
        min(force_times) * per_atom,
        float(np.median(force_times)) * per_atom,
        min(build_times) * per_atom,
        step * per_atom,
        86400.0 / step * TIMESTEP * 1e-3,
    )


def _repeat(work: Callable[[], None]) -> list[float]:
    times: list[float] = []
    while len(times) < LEAST_REPEATS or sum(times) < LEAST_TIME:
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return times


def _time_steps(system: System, potential: Potential) -> float:
    """Return the seconds that a step of the loop takes, after some to settle."""
    # random displacements are far from rest: a little heat and a short step keep the run calm
    stage = Stage("produce", VelocityVerlet(TIMESTEP), steps=10**9, initial_temperature=100.0)
    simulation = Simulation(system, potential, [stage], seed=1)
    simulation.run(steps=10)
    steps = 20
    while True:
        begin = time.perf_counter()
        simulation.run(steps=steps)
        elapsed = time.perf_counter() - begin
        if elapsed > LEAST_TIME:
            return elapsed / steps
        steps = min(steps * 4, int(steps * 1.5 * LEAST_TIME / elapsed) + 1)
