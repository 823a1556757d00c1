"""The loop: stages in order, step by step, with observers looking on.

One step: the integrator kicks and drifts, the neighbour lists are brought up to date, the potential fills the one
preallocated `Result`, the integrator kicks again, due observers see one `Frame`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import ExplosionError, InputError, NeighborOverflowError, RunError
from nakmd.integrators import Mobility, Span, initialize_velocities, remove_momentum
from nakmd.integrators.base import KineticSums
from nakmd.kernels.jit import set_threads
from nakmd.neighbors import Neighbors
from nakmd.pace import Pace
from nakmd.potentials import Potential
from nakmd.simulation.checkpoint_arrays import pack_arrays, unpack_arrays, unpack_tethers
from nakmd.simulation.observers import Observer
from nakmd.simulation.progress import Progress
from nakmd.simulation.readings import Value, read_state, take_frame, temperature_of
from nakmd.simulation.signals import polite_signals
from nakmd.simulation.stages import Stage, StageReport, Status, check_stages
from nakmd.simulation.watch import EVERY as WATCH_EVERY
from nakmd.simulation.watch import Watch
from nakmd.system import Result, System

#: Wall time between two progress reports [s].
PROGRESS_INTERVAL = 0.5

#: Wall time over which the speed is averaged [s].
PACE_WINDOW = 20.0


class Simulation:
    """A run of one system through its stages.

    Parameters
    ----------
    system : System
        Changed in place.
    potential : Potential
    stages : sequence of Stage
    observers : sequence of Observer
    seed : int
        Of all noise.
    threads : int, optional
        All that Numba has if left out; the numbers do not depend on it.
    skin : float [Å], optional
        Of the neighbour lists.
    neighbors : Neighbors, optional
        Lists to use; made here if left out.
    checkpoint_every : int
        Steps between two calls of ``save``; 0 for none but at the end.
    save : callable, optional
        Given the state (nested dict of arrays and numbers), whenever a checkpoint is due, and when `run` returns.
    report : callable, optional
        Given a `Progress` about twice a second.

    Examples
    --------
    >>> from nakmd.cell import Cell
    >>> from nakmd.integrators import Langevin, VelocityVerlet
    >>> from nakmd.potentials import LennardJones
    >>> argon = LennardJones({("Na", "Na"): {"epsilon": 0.01, "sigma": 3.4, "cutoff": 5.0}})
    >>> grid = np.stack(np.meshgrid(*[np.arange(4) * 4.0] * 3), axis=-1).reshape(-1, 3)
    >>> system = System(grid, np.zeros(64, dtype=int), ["Na"], Cell([16, 16, 16]))
    >>> stage = Stage("produce", VelocityVerlet(0.001, Langevin(100.0)), steps=10, initial_temperature=100.0)
    >>> Simulation(system, argon, [stage], seed=1).run()
    <Status.FINISHED: 'finished'>
    """

    def __init__(
        self,
        system: System,
        potential: Potential,
        stages: Sequence[Stage],
        observers: Sequence[Observer] = (),
        *,
        seed: int = 0,
        threads: int | None = None,
        skin: float | None = None,
        neighbors: Neighbors | None = None,
        checkpoint_every: int = 0,
        save: Callable[[dict[str, Any]], None] | None = None,
        report: Callable[[Progress], None] | None = None,
    ) -> None:
        if not stages:
            raise InputError("A simulation needs at least one stage.")
        if not 0 <= seed < 2**63:
            raise InputError(f"The seed is {seed}; it must be a whole number from 0 to 2^63 - 1.")
        if threads is not None:
            set_threads(threads)
        self.system = system
        self.potential = potential
        self.evaluator = potential.bind(system.species_names)
        self.stages = list(stages)
        self.observers = list(observers)
        self.seed = seed
        self.result = Result(system.n_atoms)
        self._has_energies = True
        if neighbors is None:
            neighbors = Neighbors(self.evaluator.requests, skin)
        self.neighbors = neighbors
        self.reports: list[StageReport] = []
        self.step = 0
        self._stop_requested = False
        self._checkpoint_every = checkpoint_every
        self._save = save
        self._report = report
        self._kinetic = KineticSums(system.masses)
        self._stage_index = 0
        self._done = 0
        self._entered = False
        self._stage_time = 0.0
        self._mobility: Mobility | None = None
        self._past_work = {"thermostat": 0.0, "barostat": 0.0, "other": 0.0}
        self._conserved_before: float | None = None
        self._pace = Pace(PACE_WINDOW)
        self._last_report = 0.0
        check_stages(system, self.stages, seed)
        for observer in self.observers:
            observer.attach(self)

    # ------------------------------------------------------------------------------------------ asking
    @property
    def stage(self) -> Stage:
        """The stage that runs, or the last one."""
        return self.stages[self._stage_index]

    @property
    def time(self) -> float:
        """Simulated time [ps]; relaxations take none."""
        integrator = self.stage.integrator
        return self._stage_time + (self._done * integrator.timestep if integrator.advances_time else 0.0)

    @property
    def total_steps(self) -> int:
        """Steps planned in all: done so far, and what is left of the stages."""
        return self.step - self._done + sum(stage.steps for stage in self.stages[self._stage_index :])

    @property
    def kinetic_energy(self) -> float:
        """Kinetic energy [eV]."""
        return self._kinetic.energy(self.system.velocities)

    @property
    def temperature(self) -> float:
        """2 E_kin / (N_f k_B) [K]."""
        return temperature_of(self.kinetic_energy, self.stage.integrator.degrees_of_freedom)

    @property
    def conserved_energy(self) -> float:
        """Total energy [eV] less all that thermostats, barostats and changes of stage gave: constant but for the error.

        Continuous through all stages of dynamics.
        """
        self._complete_result()
        work = self._work()
        return self.result.energy + self.kinetic_energy - work["thermostat"] - work["barostat"] - work["other"]

    def _work(self) -> dict[str, float]:
        """Energy given so far by thermostats, barostats, and changes of stage."""
        past, integrator = self._past_work, self.stage.integrator
        if not self._entered:
            return past
        return {
            "thermostat": past["thermostat"] + integrator.thermostat_work,
            "barostat": past["barostat"] + integrator.barostat_work,
            "other": past["other"],
        }

    def thermo_row(self) -> dict[str, Value]:
        """Return the thermodynamic quantities of the current step (units: `THERMO_UNITS`)."""
        integrator = self.stage.integrator
        return {
            "step": self.step,
            "time": self.time,
            "stage": self.stage.name,
            **read_state(self.system, self.result, self._kinetic, integrator, self.step),
            **{f"{name}_work": work for name, work in self._work().items() if name != "other"},
            "conserved": self.conserved_energy,
            "tether_energy": self._mobility.tether_energy if self._mobility is not None else 0.0,
        }

    # ------------------------------------------------------------------------------------------ running
    def run(self, steps: int | None = None) -> Status:
        """Run to the end, or for a number of steps.

        Parameters
        ----------
        steps : int, optional
            Pause after so many.

        Returns
        -------
        Status

        Raises
        ------
        RunError
            If the run explodes or a disk fails; what was written stays readable.
        """
        last = None if steps is None else self.step + steps
        self._pace.mark(self.step)
        try:
            with polite_signals(self.request_stop):
                status = self._run_stages(last)
        except BaseException:
            with suppress(RunError):  # the first error is the one to tell
                self._flush()
            raise
        self._complete_result()
        self._flush()
        self.checkpoint()
        self._send_progress()
        self._stop_requested = False
        return status

    def request_stop(self) -> None:
        """Make `run` finish the step, write a checkpoint and return (from a signal, an observer, another thread)."""
        self._stop_requested = True

    def _run_stages(self, last: int | None) -> Status:
        while True:
            if not self._entered:
                self._enter_stage()
            if not self._run_stage(last):
                return Status.INTERRUPTED if self._stop_requested else Status.PAUSED
            if self._stage_index + 1 == len(self.stages):
                return Status.FINISHED
            self._leave_stage()

    def _flush(self) -> None:
        for observer in self.observers:
            observer.flush()

    def close(self) -> None:
        """Close all observers."""
        for observer in self.observers:
            observer.close()

    def extend(self, steps: int) -> None:
        """Plan more steps like those of the last stage: the same set points, or those at the end of its ramps.

        Notes
        -----
        A last stage without ramps just becomes longer: n steps and n more are the same bits as 2n.
        """
        last = self.stages[-1]
        if last.integrator.is_stationary:
            self.stages[-1] = replace(last, steps=last.steps + steps)
        else:
            self.stages.append(
                replace(last, integrator=last.integrator.settled(), steps=steps, initial_temperature=None)
            )

    def _enter_stage(self) -> None:
        """Bind the stage to the system, let velocities obey it, and compute the forces it starts from."""
        stage, system = self.stage, self.system
        mobility = self._bind_stage()
        if stage.initial_temperature is not None:
            initialize_velocities(
                system,
                stage.initial_temperature,
                self.seed,
                mobility=mobility,
                degrees_of_freedom=stage.integrator.degrees_of_freedom,
                step=self.step,
            )
        mobility.settle(system)
        if stage.integrator.conserves_momentum:
            remove_momentum(system)
        if stage.integrator.zeroes_velocities:
            system.velocities[:] = 0.0
        self._compute_forces(virial=True)
        stage.integrator.begin(self.result)
        self._watch = Watch(stage.integrator, self.temperature)
        self._entered = True
        if self._conserved_before is None:
            self._observe(self._observers_here())
        else:
            self._past_work["other"] += self.conserved_energy - self._conserved_before

    def _bind_stage(self) -> Mobility:
        stage = self.stage
        previous = self._mobility
        mobility = Mobility(self.system, stage.frozen, stage.tethered, stage.rigid)
        if previous is not None and np.array_equal(previous.tether_atoms, mobility.tether_atoms):
            mobility.tether_centres[:] = previous.tether_centres
        stage.integrator.start(self.system, mobility, self.seed, Span(self.step - self._done, stage.steps))
        self._mobility = mobility
        return mobility

    def _leave_stage(self) -> None:
        self._conserved_before = self.conserved_energy
        self._past_work = self._work()
        self._stage_time = self.time
        self._stage_index += 1
        self._done = 0
        self._entered = False

    def _run_stage(self, last: int | None) -> bool:
        """Step to the end of the stage (True), or to ``last``, or to a request to stop (False)."""
        stage, system, result, integrator = self.stage, self.system, self.result, self.stage.integrator
        observers = self._observers_here()
        frame_due = self._next_due(observers)
        while self._done < stage.steps and not integrator.is_finished:
            if self._stop_requested or self.step == last:
                return False
            self.step += 1
            self._done += 1
            step = self.step
            integrator.before_forces(system, result, step)
            watched = step % WATCH_EVERY == 0 or step == frame_due
            self._compute_forces(virial=watched or integrator.needs_virial(step))
            integrator.after_forces(system, result, step)
            if watched:
                self._watch.check(system, result, self.temperature, step)
            if step == frame_due:
                self._observe(observers)
                frame_due = self._next_due(observers)
            if self._checkpoint_every and step % self._checkpoint_every == 0:
                self.checkpoint()
            if self._report is not None and time.perf_counter() - self._last_report > PROGRESS_INTERVAL:
                self._send_progress()
        self._finish_stage()
        return True

    def _finish_stage(self) -> None:
        integrator = self.stage.integrator
        self._complete_result()
        self._watch.check(self.system, self.result, self.temperature, self.step)
        converged = integrator.converged
        largest_force = None if converged is None else integrator.largest_force
        report = StageReport(self.stage.name, self._done, converged, largest_force)
        self.reports[self._stage_index :] = [report]

    def _compute_forces(self, virial: bool) -> None:
        system, result = self.system, self.result
        try:
            self.neighbors.update(system)
            self.evaluator.compute(system, self.neighbors, result, virial)
        except (ExplosionError, NeighborOverflowError) as error:
            raise ExplosionError(f"Step {self.step}, stage {self.stage.name!r}: {error}") from error
        if self._mobility is not None:
            self._mobility.add_tethers(system, result)
        self._has_energies = virial

    def _complete_result(self) -> None:
        """Add energies and virial to the result of a step that did not need them; the forces keep their bits."""
        if self._has_energies:
            return
        whole = Result(self.system.n_atoms)
        self.evaluator.compute(self.system, self.neighbors, whole, virial=True)
        if self._mobility is not None:
            self._mobility.add_tethers(self.system, whole)
        self.result.energies[:], self.result.virial[:] = whole.energies, whole.virial
        self._has_energies = True

    # ------------------------------------------------------------------------------------------ observing
    def _observers_here(self) -> list[Observer]:
        return [observer for observer in self.observers if self.stage.is_called(observer.stages)]

    def _next_due(self, observers: Sequence[Observer]) -> int:
        """Return the next step at which a frame is due; -1 for never."""
        return min(((self.step // o.every + 1) * o.every for o in observers), default=-1)

    def _observe(self, observers: Sequence[Observer]) -> None:
        due = [observer for observer in observers if self.step % observer.every == 0]
        if due:
            needs = frozenset().union(*(observer.needs for observer in due))
            frame = take_frame(
                self.system,
                self.result,
                kinetic_energy=self.kinetic_energy,
                degrees_of_freedom=self.stage.integrator.degrees_of_freedom,
                step=self.step,
                time=self.time,
                stage=self.stage.name,
                virial="virial" in needs,
                pair_energies=self._pair_energies() if "pair_energies" in needs else None,
            )
            for observer in due:
                observer.observe(frame)

    def _pair_energies(self) -> FloatArray:
        return self.evaluator.pair_energies(self.system, self.neighbors)

    def _send_progress(self) -> None:
        self._last_report = time.perf_counter()
        self._pace.mark(self.step)
        if self._report is None:
            return
        integrator, rate = self.stage.integrator, self._pace.rate
        per_step = integrator.timestep if integrator.advances_time else 0.0
        self._report(
            Progress(
                step=self.step,
                total_steps=self.total_steps,
                stage=self.stage.name,
                stage_index=self._stage_index,
                n_stages=len(self.stages),
                time=self.time,
                temperature=self.temperature,
                steps_per_second=rate,
                ns_per_day=rate * per_step * 86.4,
                seconds_left=self._pace.seconds_left(self.total_steps),
            )
        )

    # ------------------------------------------------------------------------------------------ stopping, going on
    def checkpoint(self) -> None:
        """Flush the observers and hand the state to ``save``."""
        if self._save is None:
            return
        self._flush()
        self._save(self.state())

    def state(self) -> dict[str, Any]:
        """Return all that a run needs to go on with the same bits.

        Returns
        -------
        nested dict of str to array, number, str
            Forces are in it: what the potential said is not asked again.
        """
        self._complete_result()
        return {
            "step": self.step,
            "stage_index": self._stage_index,
            "stage_name": self.stage.name,
            "steps_in_stage": self._done,
            "entered": self._entered,
            "stage_time": self._stage_time,
            "first_temperature": self._watch.first_temperature if self._entered else 0.0,
            "past_work": dict(self._past_work),
            **pack_arrays(self.system, self.result, self._mobility),
            "integrator": self.stage.integrator.state() if self._entered else {},
            "neighbors": self.neighbors.state(),
            "reports": {str(k): asdict(report) for k, report in enumerate(self.reports)},
            "observers": {str(k): observer.state() for k, observer in enumerate(self.observers)},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to a state of a simulation that was made alike; observers drop what came later.

        Raises
        ------
        InputError
            If the state belongs to other atoms or other stages.
        """
        index = int(state["stage_index"])
        if not index < len(self.stages) or self.stages[index].name != state["stage_name"]:
            raise InputError(
                f"The checkpoint stands in stage {index + 1}, {state['stage_name']!r}; this run has "
                f"{', '.join(repr(stage.name) for stage in self.stages)}: they are of different runs."
            )
        unpack_arrays(state, self.system, self.result)
        self._has_energies = True
        self.step, self._stage_index, self._done = int(state["step"]), index, int(state["steps_in_stage"])
        self._stage_time = float(state["stage_time"])
        self._past_work = {name: float(work) for name, work in state["past_work"].items()}
        self.reports = [StageReport(**state["reports"][str(k)]) for k in range(len(state["reports"]))]
        self._entered = bool(state["entered"])
        if self._entered:
            unpack_tethers(state, self._bind_stage())
            self.stage.integrator.restore(state["integrator"])
            self._watch = Watch(self.stage.integrator, float(state["first_temperature"]))
        self.neighbors.restore(self.system, state["neighbors"])
        for k, observer in enumerate(self.observers):
            observer.restore(state["observers"].get(str(k), {}))
