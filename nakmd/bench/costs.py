"""`nakmd bench --costs`: what baths and files add to a step, what mixed precision and threads take off."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nakmd.bench.cases import Prepared
from nakmd.bench.timing import Spread, Tell, steps_for
from nakmd.integrators import Bussi, CellRescaling, Langevin, VelocityVerlet
from nakmd.integrators.groups import AXES
from nakmd.io import TrajectoryWriter
from nakmd.kernels.jit import set_threads
from nakmd.simulation import FrameWriter, Observer, Simulation, Stage, ThermoWriter
from nakmd.system import System

#: Steps between two frames and between two rows of the thermo table.
FRAMES_EVERY = 100
ROWS_EVERY = 10

#: Of thermostats and barostat [ps]; as decks have them if they say nothing.
TIME_CONSTANT = 0.5
BAROSTAT_TIME_CONSTANT = 1.0


@dataclass(frozen=True)
class Cost:
    """One way to run a case.

    Attributes
    ----------
    what : str
    threads : int
    step : Spread [µs per atom and step]
    ratio : Spread
        Round by round. Of `Costs.added` to constant energy on as many threads; of `Costs.scaling` the time on one
        thread to this one, the speed-up.
    """

    what: str
    threads: int
    step: Spread
    ratio: Spread


@dataclass(frozen=True)
class Costs:
    """What came out for a case.

    Attributes
    ----------
    name : str
    n_atoms, steps : int
        ``steps`` of each round.
    added : tuple of Cost
        Constant energy first.
    scaling : tuple of Cost
        At constant energy on 1, 2, 4, ... threads.
    """

    name: str
    n_atoms: int
    steps: int
    added: tuple[Cost, ...]
    scaling: tuple[Cost, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return asdict(self)


def measure_costs(prepared: Prepared, threads: int, repeats: int, tell: Tell) -> Costs:
    """Run a case in every way in turn, round after round: what happens on the machine meets all of them alike.

    Parameters
    ----------
    prepared : Prepared
    threads : int
        Of thermostats, barostat and files; the most for the scaling.
    repeats : int
        Rounds.
    tell : callable
        Given what is being done.
    """
    steps = FRAMES_EVERY * math.ceil(steps_for(prepared) / FRAMES_EVERY)
    counts = [*(2**k for k in range(16) if 2**k < threads), threads]
    with tempfile.TemporaryDirectory(prefix="nakmd-bench-") as folder:
        ways = {what: make for what, make in WAYS.items() if make is not _mixed or prepared.potential.has_mixed}
        runs = {what: (threads, make(prepared, Path(folder))) for what, make in ways.items()}
        plain = next(iter(runs))
        runs |= {f"{plain}, {used}": (used, _constant_energy(prepared, Path(folder))) for used in counts}
        times: dict[str, list[float]] = {what: [] for what in runs}
        for k in range(-1, repeats):  # the first round loads kernels and is not counted
            for what, (used, simulation) in runs.items():
                tell(f"round {k + 1} of {repeats}: {what}" if k >= 0 else f"warming up: {what}")
                set_threads(used)
                begin = time.perf_counter()
                simulation.run(steps=steps if k >= 0 else FRAMES_EVERY)
                if k >= 0:
                    times[what].append(1e6 * (time.perf_counter() - begin) / (steps * prepared.system.n_atoms))
        for _, simulation in runs.values():
            simulation.close()
    set_threads(threads)

    def over(one: Sequence[float], other: Sequence[float]) -> Spread:
        return Spread.of([float(ratio) for ratio in np.divide(one, other)])

    one = times[f"{plain}, 1"]
    return Costs(
        prepared.case.name,
        prepared.system.n_atoms,
        steps,
        tuple(Cost(what, threads, Spread.of(times[what]), over(times[what], times[plain])) for what in ways),
        tuple(
            Cost(plain, used, Spread.of(times[f"{plain}, {used}"]), over(one, times[f"{plain}, {used}"]))
            for used in counts
        ),
    )


def _simulate(prepared: Prepared, integrator: VelocityVerlet, *observers: Callable[[System], Observer]) -> Simulation:
    system = prepared.system.copy()
    stage = Stage("produce", integrator, steps=10**9)
    return Simulation(system, prepared.potential, [stage], [make(system) for make in observers])


def _constant_energy(prepared: Prepared, folder: Path) -> Simulation:
    return _simulate(prepared, VelocityVerlet(prepared.case.timestep))


def _mixed(prepared: Prepared, folder: Path) -> Simulation:
    mixed = replace(prepared, potential=prepared.potential.with_precision("mixed"))
    return _constant_energy(mixed, folder)


def _langevin(prepared: Prepared, folder: Path) -> Simulation:
    case = prepared.case
    return _simulate(prepared, VelocityVerlet(case.timestep, Langevin(case.temperature, TIME_CONSTANT)))


def _bussi(prepared: Prepared, folder: Path) -> Simulation:
    case = prepared.case
    return _simulate(prepared, VelocityVerlet(case.timestep, Bussi(case.temperature, TIME_CONSTANT)))


def _barostat(prepared: Prepared, folder: Path) -> Simulation:
    case = prepared.case
    axes = "".join(axis for axis, repeats in zip(AXES, prepared.system.cell.periodic, strict=True) if repeats)
    bath = Bussi(case.temperature, TIME_CONSTANT)
    barostat = CellRescaling(0.0, axes, BAROSTAT_TIME_CONSTANT)
    return _simulate(prepared, VelocityVerlet(case.timestep, bath, barostat))


def _frames(prepared: Prepared, folder: Path) -> Simulation:
    return _simulate(
        prepared,
        VelocityVerlet(prepared.case.timestep),
        lambda system: FrameWriter(TrajectoryWriter(folder / "frames.h5md", system.topology), FRAMES_EVERY),
    )


def _rows(prepared: Prepared, folder: Path) -> Simulation:
    return _simulate(
        prepared,
        VelocityVerlet(prepared.case.timestep),
        lambda system: ThermoWriter(TrajectoryWriter(folder / "rows.h5md", system.topology), ROWS_EVERY),
    )


#: What is run, constant energy first.
WAYS: dict[str, Callable[[Prepared, Path], Simulation]] = {
    "constant energy": _constant_energy,
    "mixed precision": _mixed,
    "Langevin thermostat": _langevin,
    "Bussi thermostat": _bussi,
    "Bussi thermostat and barostat": _barostat,
    f"a frame every {FRAMES_EVERY} steps": _frames,
    f"a row of thermodynamics every {ROWS_EVERY} steps": _rows,
}
