"""Timings of a case: forces, neighbour lists and whole steps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nakmd.bench.cases import Prepared
from nakmd.neighbors import Neighbors
from nakmd.system import Result

#: Least total time [s] and least number of repeats of each timing.
LEAST_TIME = 0.5
LEAST_REPEATS = 5

#: Wall time of one loop [s], and its least simulated time [ps], which covers several rebuilds of the lists.
LOOP_TIME = 1.0
LOOP_SPAN = 0.2

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Spread:
    """Median, quartiles, range and values of repeated measurements."""

    median: float
    quartiles: tuple[float, float]
    range: tuple[float, float]
    values: tuple[float, ...]

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        """Return the spread of a sequence of values.

        Examples
        --------
        >>> Spread.of([4.0, 1.0, 2.0, 3.0, 5.0]).quartiles
        (2.0, 4.0)
        """
        low, median, high = (float(x) for x in np.percentile(values, [25, 50, 75]))
        return Spread(median, (low, high), (float(min(values)), float(max(values))), tuple(values))

    def scaled(self, factor: float) -> Spread:
        """Return the spread of all values times a factor, as for another unit."""
        return Spread.of([factor * value for value in self.values])

    def text(self, digits: int = 3) -> str:
        """Return median and quartiles as text."""
        return f"{self.median:.{digits}f} ({self.quartiles[0]:.{digits}f}-{self.quartiles[1]:.{digits}f})"


@dataclass(frozen=True)
class Loop:
    """One timed NVE run.

    Attributes
    ----------
    seconds : float [s]
    steps : int
    builds : int
        Neighbour lists built in the loop.
    us_per_atom_step : float [µs]
    energy_drift : float [eV]
        Total energy at the end minus that at the beginning.
    skin : float [Å]
        Skin at the end; the lists adapt it.
    """

    seconds: float
    steps: int
    builds: int
    us_per_atom_step: float
    energy_drift: float
    skin: float


@dataclass(frozen=True)
class CaseResult:
    """Common part of all measurements of a case: its name and number of atoms."""

    name: str
    n_atoms: int

    def to_dict(self) -> dict[str, Any]:
        """Return all fields by name, nested records as dictionaries."""
        return asdict(self)


@dataclass(frozen=True)
class Timing(CaseResult):
    """Timings of a case.

    Attributes
    ----------
    temperature : float [K]
        At the start of the loops.
    timestep : float [ps]
    skin : float [Å]
        At the end of the loops.
    first_call : float [s]
        Time of the first lists and forces, including compilation or loading from the cache.
    forces : Spread [µs per atom]
        A force call with valid lists.
    build : Spread [µs per atom]
        A build of the neighbour lists.
    step : Spread [µs per atom and step]
        The whole NVE loop.
    rebuild_share : float
        Share of the loop time spent on builds: their number times the median build time.
    ns_per_day : float
    loops : tuple of Loop
    """

    temperature: float
    timestep: float
    skin: float
    first_call: float
    forces: Spread
    build: Spread
    step: Spread
    rebuild_share: float
    ns_per_day: float
    loops: tuple[Loop, ...]


def time_case(prepared: Prepared, repeats: int, tell: Tell = lambda text: None) -> Timing:
    """Time forces, neighbour lists and whole steps of a case; ``tell`` receives the current task."""
    system, timestep = prepared.system, prepared.case.timestep
    force_times, build_times = _time_calls(prepared, tell)
    tell("steps")
    steps = steps_for(prepared)
    loops = tuple(time_loop(prepared, steps) for _ in range(repeats))
    step = Spread.of([loop.us_per_atom_step for loop in loops])
    share = [loop.builds * float(np.median(build_times)) / loop.seconds for loop in loops]
    return Timing(
        name=prepared.case.name,
        n_atoms=system.n_atoms,
        temperature=system.temperature(3 * system.n_atoms - 3),
        timestep=timestep,
        skin=loops[-1].skin,
        first_call=prepared.first_call,
        forces=Spread.of(force_times).scaled(1e6 / system.n_atoms),
        build=Spread.of(build_times).scaled(1e6 / system.n_atoms),
        step=step,
        rebuild_share=float(np.median(share)),
        ns_per_day=ns_per_day(step.median, system.n_atoms, timestep),
        loops=loops,
    )


def _time_calls(prepared: Prepared, tell: Tell) -> tuple[list[float], list[float]]:
    """Return the times [s] of force calls with valid lists, and of builds of the lists.

    Their lists are freed before the loops, which build new ones: the process never holds two sets of lists.
    """
    system = prepared.system
    evaluator = prepared.potential.bind(system.species_names)
    neighbors = Neighbors(evaluator.requests)
    result = Result(system.n_atoms)

    def forces() -> None:
        evaluator.compute(system, neighbors, result, virial=False)

    def rebuild() -> None:
        neighbors.invalidate()
        neighbors.update(system)

    rebuild()
    tell("forces")
    force_times = _repeat(forces)
    tell("neighbour lists")
    return force_times, _repeat(rebuild)


def ns_per_day(us_per_atom_step: float, n_atoms: int, timestep: float) -> float:
    """Return the speed of a run [ns/day].

    Examples
    --------
    >>> ns_per_day(0.1, 10_000, timestep=0.001)
    86.4
    """
    return 86400.0e6 / (us_per_atom_step * n_atoms) * timestep * 1e-3


def steps_for(prepared: Prepared) -> int:
    """Return the number of steps of a loop that satisfies `LOOP_TIME` and `LOOP_SPAN`."""
    trial = time_loop(prepared, 20)
    return max(math.ceil(LOOP_SPAN / prepared.case.timestep), round(LOOP_TIME / trial.seconds * trial.steps))


def time_loop(prepared: Prepared, steps: int) -> Loop:
    """Time an NVE run from the configuration of a case; set-up is not timed.

    With two time steps, steps are those of the bonds, and their number is rounded up to whole outer steps.
    """
    simulation, inner = prepared.simulation(), prepared.case.inner_steps
    before, builds = simulation.conserved_energy, simulation.neighbors.n_builds
    outer = math.ceil(steps / inner)
    steps = outer * inner
    begin = time.perf_counter()
    simulation.run(steps=outer)
    seconds = time.perf_counter() - begin
    return Loop(
        seconds,
        steps,
        simulation.neighbors.n_builds - builds,
        1e6 * seconds / (steps * simulation.system.n_atoms),
        simulation.conserved_energy - before,
        float(simulation.neighbors.skin),
    )


def _repeat(work: Callable[[], None]) -> list[float]:
    times: list[float] = []
    while len(times) < LEAST_REPEATS or sum(times) < LEAST_TIME:
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return times
