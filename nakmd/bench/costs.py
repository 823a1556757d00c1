"""`nakmd bench --costs`: cost of thermostats, barostat and output, gain from mixed precision and threads."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nakmd.bench.cases import Prepared
from nakmd.bench.timing import CaseResult, Spread, Tell, steps_for
from nakmd.integrators import Bussi, CellRescaling, Langevin, VelocityVerlet
from nakmd.integrators.groups import AXES
from nakmd.io import TrajectoryWriter
from nakmd.kernels.jit import set_threads
from nakmd.simulation import FrameWriter, Observer, Simulation, Stage, ThermoWriter
from nakmd.system import Frame, System

#: Steps between two frames and between two rows of the thermo table.
FRAMES_EVERY = 100
ROWS_EVERY = 10

#: Time constants of thermostats and barostat [ps], the defaults of decks.
TIME_CONSTANT = 0.5
BAROSTAT_TIME_CONSTANT = 1.0


@dataclass(frozen=True)
class Cost:
    """Cost of one variant of a run.

    Ratios are taken within each round. In `Costs.added` they are the time over that of NVE on as many threads, in
    `Costs.scaling` the time on one thread over this time, the speed-up.

    Attributes
    ----------
    what : str
    threads : int
    step : Spread [µs per atom and step]
    ratio : Spread
    """

    what: str
    threads: int
    step: Spread
    ratio: Spread


@dataclass(frozen=True)
class Costs(CaseResult):
    """Costs of all variants of a case.

    Attributes
    ----------
    steps : int
        Steps of each round.
    added : tuple of Cost
        NVE first.
    scaling : tuple of Cost
        NVE on 1, 2, 4, ... threads.
    """

    steps: int
    added: tuple[Cost, ...]
    scaling: tuple[Cost, ...]


def measure_costs(prepared: Prepared, threads: int, repeats: int, tell: Tell) -> Costs:
    """Run every variant of a case once per round, so that the load of the machine affects all of them equally.

    Parameters
    ----------
    prepared : Prepared
    threads : int
        Threads of all variants; the largest number in the scaling.
    repeats : int
        Rounds.
    tell : callable
        Callback for progress messages.
    """
    inner = prepared.case.inner_steps
    steps = FRAMES_EVERY * math.ceil(steps_for(prepared) / (inner * FRAMES_EVERY))
    counts = [*(2**k for k in range(16) if 2**k < threads), threads]
    with tempfile.TemporaryDirectory(prefix="nakmd-bench-") as folder:
        variants = {what: make for what, make in VARIANTS.items() if make is not _mixed or prepared.potential.has_mixed}
        runs = {what: (threads, make(prepared, Path(folder))) for what, make in variants.items()}
        plain = next(iter(runs))
        runs |= {f"{plain}, {used}": (used, _constant_energy(prepared, Path(folder))) for used in counts}
        times: dict[str, list[float]] = {what: [] for what in runs}
        for k in range(-1, repeats):  # the first round loads kernels and is discarded
            for what, (used, simulation) in runs.items():
                tell(f"round {k + 1} of {repeats}: {what}" if k >= 0 else f"warming up: {what}")
                set_threads(used)
                begin = time.perf_counter()
                simulation.run(steps=steps if k >= 0 else FRAMES_EVERY)
                if k >= 0:
                    seconds = time.perf_counter() - begin
                    times[what].append(1e6 * seconds / (inner * steps * prepared.system.n_atoms))
        for _, simulation in runs.values():
            simulation.close()
    set_threads(threads)

    def over(times: Sequence[float], reference: Sequence[float]) -> Spread:
        return Spread.of([float(ratio) for ratio in np.divide(times, reference)])

    one_thread = times[f"{plain}, 1"]
    return Costs(
        prepared.case.name,
        prepared.system.n_atoms,
        steps,
        tuple(Cost(what, threads, Spread.of(times[what]), over(times[what], times[plain])) for what in variants),
        tuple(
            Cost(plain, used, Spread.of(times[f"{plain}, {used}"]), over(one_thread, times[f"{plain}, {used}"]))
            for used in counts
        ),
    )


def _simulate(prepared: Prepared, integrator: VelocityVerlet, *observers: Callable[[System], Observer]) -> Simulation:
    system = prepared.system.copy()
    stage = Stage("produce", integrator, steps=10**9)
    return Simulation(system, prepared.potential, [stage], [make(system) for make in observers])


def _constant_energy(prepared: Prepared, folder: Path) -> Simulation:
    return _simulate(prepared, prepared.integrator())


def _mixed(prepared: Prepared, folder: Path) -> Simulation:
    mixed = replace(prepared, potential=prepared.potential.with_precision("mixed"))
    return _constant_energy(mixed, folder)


def _langevin(prepared: Prepared, folder: Path) -> Simulation:
    case = prepared.case
    return _simulate(prepared, prepared.integrator(Langevin(case.temperature, TIME_CONSTANT)))


def _bussi(prepared: Prepared, folder: Path) -> Simulation:
    case = prepared.case
    return _simulate(prepared, prepared.integrator(Bussi(case.temperature, TIME_CONSTANT)))


def _barostat(prepared: Prepared, folder: Path) -> Simulation:
    case = prepared.case
    axes = "".join(axis for axis, repeats in zip(AXES, prepared.system.cell.periodic, strict=True) if repeats)
    bath = Bussi(case.temperature, TIME_CONSTANT)
    barostat = CellRescaling(0.0, axes, BAROSTAT_TIME_CONSTANT)
    return _simulate(prepared, prepared.integrator(bath, barostat))


def _frames(prepared: Prepared, folder: Path) -> Simulation:
    return _simulate(
        prepared,
        prepared.integrator(),
        lambda system: FrameWriter(TrajectoryWriter(folder / "frames.h5md", system.topology), FRAMES_EVERY),
    )


def _rows(prepared: Prepared, folder: Path) -> Simulation:
    return _simulate(
        prepared,
        prepared.integrator(),
        lambda system: ThermoWriter(TrajectoryWriter(folder / "rows.h5md", system.topology), ROWS_EVERY),
    )


def _currents(prepared: Prepared, folder: Path) -> Simulation:
    return _simulate(
        prepared,
        prepared.integrator(),
        lambda system: ThermoWriter(
            TrajectoryWriter(folder / "currents.h5md", system.topology), ROWS_EVERY, heat_current=True
        ),
    )


class _Virials(Observer):
    """Needs the virials of the atoms in every step, and does nothing with them."""

    needs = frozenset({"virials"})

    def observe(self, frame: Frame) -> None:
        """Do nothing."""


def _virials(prepared: Prepared, folder: Path) -> Simulation:
    return _simulate(prepared, prepared.integrator(), lambda system: _Virials(1))


#: The variants of a run, NVE first.
VARIANTS: dict[str, Callable[[Prepared, Path], Simulation]] = {
    "constant energy": _constant_energy,
    "mixed precision": _mixed,
    "Langevin thermostat": _langevin,
    "Bussi thermostat": _bussi,
    "Bussi thermostat and barostat": _barostat,
    f"a frame every {FRAMES_EVERY} steps": _frames,
    f"a row of thermodynamics every {ROWS_EVERY} steps": _rows,
    f"a row with the heat current every {ROWS_EVERY} steps": _currents,
    "virials of the atoms in every step": _virials,
}
