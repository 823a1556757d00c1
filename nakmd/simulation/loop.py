"""The loop: stages in order, step by step, with observers.

One step: the integrator kicks and drifts, the neighbour lists are updated, the potential fills the one preallocated
`Result`, the integrator kicks again, moves that are due are made, the observers that are due read one `Frame`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from nakmd.errors import ExplosionError, InputError, ModelError, NeighborOverflowError, RunError
from nakmd.kernels.jit import set_threads
from nakmd.neighbors import Neighbors
from nakmd.potentials import Potential
from nakmd.simulation.arguments import check_arguments
from nakmd.simulation.arrivals import Arrivals
from nakmd.simulation.checkpoint_arrays import pack_arrays, unpack_arrays
from nakmd.simulation.current_stage import CurrentStage
from nakmd.simulation.deadline import Deadline
from nakmd.simulation.exchanges import Exchanges
from nakmd.simulation.forces import Forces
from nakmd.simulation.last_step import LastStep
from nakmd.simulation.model_faults import model_faults
from nakmd.simulation.observer_group import ObserverGroup
from nakmd.simulation.observers import Observer
from nakmd.simulation.progress import Progress, ProgressReporter
from nakmd.simulation.readings import Readings, Value
from nakmd.simulation.restored_state import check_restored
from nakmd.simulation.restraining import Restraints
from nakmd.simulation.schedule import Schedule
from nakmd.simulation.signals import polite_signals
from nakmd.simulation.stages import Stage, StageReport, Status, check_stages, check_virial
from nakmd.simulation.watch import EVERY as WATCH_EVERY
from nakmd.simulation.work_account import WorkAccount
from nakmd.system import Result, System

#: Wall time between two progress reports [s].
PROGRESS_INTERVAL = 0.5


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
        Seed of all random numbers.
    threads : int, optional
        Number of threads; all that Numba has if omitted. Results do not depend on it.
    skin : float [Å], optional
        Skin of the neighbour lists.
    neighbors : Neighbors, optional
        Lists to use; created if omitted.
    checkpoint_every : int
        Steps between two calls of ``save``; 0 for a call at the end only.
    save : callable, optional
        Called with the state (nested dict of arrays and numbers) when a checkpoint is due and when `run` returns.
    report : callable, optional
        Called with a `Progress` about twice a second.
    deadline : Deadline, optional
        The run stops in time for a last checkpoint.

    Examples
    --------
    >>> from nakmd.cell import Cell
    >>> from nakmd.integrators import Langevin, VelocityVerlet
    >>> from nakmd.potentials import LennardJones
    >>> argon = LennardJones({("Na", "Na"): {"epsilon": 0.01, "sigma": 3.4, "cutoff": 5.0}})
    >>> import numpy as np
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
        deadline: Deadline | None = None,
    ) -> None:
        check_arguments(system, potential, stages, observers)
        if not 0 <= seed < 2**63:
            raise InputError(f"The seed is {seed}; it must be a whole number from 0 to 2^63 - 1.")
        if threads is not None:
            set_threads(threads)
        self.system = system
        self.potential = potential
        self.evaluator = potential.bind(system.species_names)
        self.seed = seed
        self.neighbors = Neighbors(self.evaluator.requests, skin) if neighbors is None else neighbors
        self._schedule = Schedule(stages)
        self._restraints = Restraints(system, stages)
        self._forces = Forces(system, self.evaluator, self.neighbors, self._restraints)
        self._work = WorkAccount(stages)
        self._observer_group = ObserverGroup(observers)
        self._progress = ProgressReporter(report)
        self._exchanges = Exchanges(system, self.evaluator, seed, stages)
        self._arrivals = Arrivals(system, self.evaluator.cutoff, seed, stages)
        parts = self._forces, self._schedule, self._work, self._exchanges, self._arrivals, self._restraints
        self._readings = Readings(system, *parts)
        self._current = CurrentStage(system, *parts, self._readings, seed)
        self._stop_requested = False
        self._checkpoint_every = checkpoint_every
        self._save = save
        self._deadline = deadline
        check_stages(system, self.stages, seed)
        check_virial(self.stages, [term.label for term in potential.terms if not term.has_virial])
        self._last_step = LastStep.of(potential, system, self.result, self._schedule, self._restraints, self._arrivals)
        for _, fault in model_faults(system, self.evaluator, self.stages):
            raise fault
        for observer in self.observers:
            observer.attach(self)

    # ------------------------------------------------------------------------------------------ current values
    @property
    def stages(self) -> list[Stage]:
        """All stages."""
        return self._schedule.stages

    @property
    def stage(self) -> Stage:
        """The current stage, or the last one."""
        return self._schedule.stage

    @property
    def reports(self) -> list[StageReport]:
        """How the stages ended."""
        return self._current.reports

    @property
    def observers(self) -> list[Observer]:
        """All observers."""
        return self._observer_group.members

    @property
    def step(self) -> int:
        """Steps done."""
        return self._schedule.step

    @property
    def total_steps(self) -> int:
        """Planned steps: done so far, and left in the current and the following stages."""
        return self._schedule.total_steps

    @property
    def time(self) -> float:
        """Simulated time [ps]; a minimisation does not advance it."""
        return self._schedule.time

    @property
    def result(self) -> Result:
        """Forces, and energies and virial if computed, of the current step."""
        return self._forces.result

    @property
    def kinetic_energy(self) -> float:
        """Kinetic energy [eV]."""
        return self._readings.kinetic_energy

    @property
    def temperature(self) -> float:
        """2 E_kin / (N_f k_B) [K]."""
        return self._readings.temperature

    @property
    def conserved_energy(self) -> float:
        """Total energy [eV] minus all work from outside and the jumps between stages.

        The work is that of thermostats, barostats, exchanges and moving restraints. Constant up to the integration
        error, and continuous through all stages of dynamics.
        """
        return self._readings.conserved_energy

    def thermo_row(self) -> dict[str, Value]:
        """Return the thermodynamic quantities of the current step (units: `THERMO_UNITS`)."""
        return self._readings.thermo_row()

    def heat_row(self) -> dict[str, Value]:
        """Return the heat current of each element; an observer must need ``"virials"``."""
        return self._readings.heat_row()

    # ------------------------------------------------------------------------------------------ the loop
    def run(self, steps: int | None = None) -> Status:
        """Run to the end, or for a number of steps.

        Parameters
        ----------
        steps : int, optional
            Pause after this number of steps.

        Returns
        -------
        Status

        Raises
        ------
        RunError
            If the run explodes, a model outside nakmd fails, or the disk; files written so far stay readable.
        """
        last = None if steps is None else self.step + steps
        self._progress.begin(self.step)
        if self._deadline is not None:
            self._deadline.begin()
        try:
            with polite_signals(self.request_stop):
                status = self._run_stages(last)
        except BaseException:
            with suppress(RunError):  # report the first error, not one of the flush that follows it
                self._observer_group.flush()
            raise
        self._forces.complete()
        self._observer_group.flush()
        self.checkpoint()
        self._progress.send(self._schedule, self.temperature)
        self._stop_requested = False
        return status

    def _run_stages(self, last: int | None) -> Status:
        while True:
            if not self._schedule.entered:
                self._enter_stage()
            if not self._run_stage(last):
                return Status.INTERRUPTED if self._stop_requested else Status.PAUSED
            if self._schedule.is_last_stage:
                return Status.FINISHED
            self._current.leave()

    def _run_stage(self, last: int | None) -> bool:
        """Step to the end of the stage (True), or to ``last``, or to a request to stop (False)."""
        system, result, schedule, integrator = self.system, self.result, self._schedule, self.stage.integrator
        frame_due = self._observer_group.next_step(self.stage, self.step)
        while not schedule.is_stage_done:
            if self._stop_requested or self.step == last:
                return False
            if self._last_step is not None:
                self._last_step.take()
            step = schedule.advance()
            integrator.before_forces(system, result, step)
            watched = step % WATCH_EVERY == 0 or step == frame_due
            complete = watched or self._last_step is not None or integrator.needs_virial(step)
            self._restraints.begin_step(step)
            self._compute_forces(complete, observed=step == frame_due)
            self._restraints.book()
            integrator.after_forces(system, result, step)
            for moved in self._exchanges.make_due(step, integrator.set_temperature(step)):
                if moved.present:
                    self._current.rebind()
                if moved.positions:
                    self.neighbors.invalidate()
                    self._compute_forces(virial=True, observed=step == frame_due)
            if self._arrivals.are_planned and self._arrivals.are_due(schedule):
                self._change_atoms(observed=step == frame_due)
            if watched:
                self._current.check()
            if step == frame_due:
                self._observe()
                frame_due = self._observer_group.next_step(self.stage, step)
            if self._checkpoint_every and step % self._checkpoint_every == 0:
                self.checkpoint()
            if self._progress.is_due(PROGRESS_INTERVAL):
                self._progress.send(schedule, self.temperature)
            if self._deadline is not None and self._deadline.is_near():
                self.request_stop()
        self._current.finish()
        return True

    def _compute_forces(self, virial: bool, observed: bool) -> None:
        """Compute the forces; virials by atom only if an observer of this step needs them."""
        virials = observed and "virials" in self._observer_group.needs(self.stage, self.step)
        try:
            self._forces.compute(virial, virials)
        except (ExplosionError, NeighborOverflowError) as error:
            raise ExplosionError(f"Step {self.step}, stage {self.stage.name!r}: {error}") from error
        except ModelError as error:
            failed = f"Step {self.step}, stage {self.stage.name!r}: {error}"
            kept = self._last_step.save(self.checkpoint) if self._save is not None and self._last_step else ""
            raise ModelError(failed + kept) from error

    def _change_atoms(self, observed: bool) -> None:
        """Let the atoms come and go that are due, and book the energy that comes and goes with them."""
        before = self.conserved_energy
        self._arrivals.make(self._schedule)
        self._current.rebind()
        self.neighbors.invalidate()
        self._compute_forces(virial=True, observed=observed)
        self._arrivals.work += self.conserved_energy - before

    def _observe(self) -> None:
        """Show this step to all observers that are due, and one frame to those that read it."""
        frame_of = cache(lambda: self._readings.frame(self._observer_group.needs(self.stage, self.step)))
        for observer in self._observer_group.due(self.stage, self.step):
            observer.look(frame_of)

    # ------------------------------------------------------------------------------------------ between stages
    def _enter_stage(self) -> None:
        """Begin the stage of the schedule; the first frame of a run is that of its first stage."""
        is_first = self._work.is_first_stage
        self._current.prepare()
        self._compute_forces(virial=True, observed=is_first)
        self._current.begin()
        if is_first:
            self._observe()

    # ------------------------------------------------------------------------------------------ stop, extend, resume
    def request_stop(self) -> None:
        """Make `run` finish the step, write a checkpoint and return (from a signal, an observer, another thread)."""
        self._stop_requested = True

    def close(self) -> None:
        """Close all observers."""
        self._observer_group.close()

    def extend(self, steps: int) -> None:
        """Add steps at the set points of the last stage: those at the end of its ramps, if it has any.

        Notes
        -----
        A last stage without ramps becomes longer: n steps extended by n give the same bits as 2n.
        """
        self._schedule.extend(steps)

    def checkpoint(self) -> None:
        """Flush the observers and pass the state to ``save``."""
        if self._save is None:
            return
        begin = time.monotonic()
        self._observer_group.flush()
        self._save(self.state())
        if self._deadline is not None:
            self._deadline.saved(time.monotonic() - begin)

    def state(self) -> dict[str, Any]:
        """Return the state from which a run resumes with the same bits.

        Returns
        -------
        nested dict of str to array, number, str
            Forces are included, so that a resumed run does not evaluate the potential again.
        """
        self._forces.complete()
        return {
            **self._schedule.state(),
            "past_work": self._work.state(),
            **pack_arrays(self.system, self.result, self._forces.mobility),
            **self._current.state(),
            "neighbors": self.neighbors.state(),
            "exchanges": self._exchanges.state(),
            "arrivals": self._arrivals.state(),
            "restraints": self._restraints.state(),
            "observers": self._observer_group.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from the state of a simulation with the same arguments; observers drop later output.

        Raises
        ------
        InputError
            If the state belongs to other atoms or other stages, or is not one that `state` returned.
        """
        self._schedule.check_state(state)
        unpack_arrays(state, self.system, self.result)
        self._forces.restored()
        self._schedule.restore(state)
        self._work.restore(state["past_work"])
        self._exchanges.restore(state.get("exchanges", {}))
        self._arrivals.restore(state.get("arrivals", {}), self.stages, self._schedule.stage_index)
        self._current.restore(state)
        self._restraints.restore(state.get("restraints", {}))
        self.neighbors.restore(self.system, state["neighbors"])
        self._observer_group.restore(state["observers"])
        now = self.state()
        if not len(now["neighbors"]["outer_positions"]):
            del now["neighbors"]  # without lists there is nothing to rebuild
        check_restored(state, now)
