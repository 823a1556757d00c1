"""The current stage of a run: bound to the system, watched, and reported when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from nakmd.integrators import Mobility
from nakmd.simulation.arrivals import Arrivals
from nakmd.simulation.checkpoint_arrays import unpack_tethers
from nakmd.simulation.exchanges import Exchanges
from nakmd.simulation.forces import Forces
from nakmd.simulation.readings import Readings
from nakmd.simulation.restraining import Restraints
from nakmd.simulation.schedule import Schedule
from nakmd.simulation.stages import StageReport, check_virial
from nakmd.simulation.watch import Watch
from nakmd.simulation.work_account import WorkAccount
from nakmd.system import System


class CurrentStage:
    """Binds the stages of the schedule to the system, one after the other.

    Parameters
    ----------
    system : System
    forces : Forces
    schedule : Schedule
    work : WorkAccount
    exchanges : Exchanges
    arrivals : Arrivals
    restraints : Restraints
    readings : Readings
    seed : int

    Attributes
    ----------
    reports : list of StageReport
        Of the stages that have ended.
    """

    def __init__(
        self,
        system: System,
        forces: Forces,
        schedule: Schedule,
        work: WorkAccount,
        exchanges: Exchanges,
        arrivals: Arrivals,
        restraints: Restraints,
        readings: Readings,
        seed: int,
    ) -> None:
        self._system, self._forces, self._schedule = system, forces, schedule
        self._work, self._exchanges, self._arrivals, self._readings = work, exchanges, arrivals, readings
        self._restraints, self._seed = restraints, seed
        self.reports: list[StageReport] = []

    def prepare(self) -> None:
        """Bind the stage and prepare the velocities."""
        schedule = self._schedule
        self._exchanges.enter()
        self._arrivals.enter()
        schedule.stage.prepare_velocities(self._system, self._bind(), self._seed, schedule.step)

    def begin(self) -> None:
        """Begin with the first forces, which have been computed."""
        stage, result = self._schedule.stage, self._forces.result
        check_virial([stage], ["the model"] if np.any(np.isnan(result.virial)) else [])
        stage.integrator.begin(result)
        self._watch = Watch(stage.integrator, self._readings.temperature)
        self._schedule.entered = True
        if not self._work.is_first_stage:
            self._work.begin_stage(self._readings.conserved_energy)

    def rebind(self) -> None:
        """Bind the stage again after atoms have come or gone; the integrator keeps its state."""
        integrator = self._schedule.stage.integrator
        state = integrator.state()
        self._bind()
        integrator.restore(state)

    def check(self) -> None:
        """Check that the run has not exploded; raises `ExplosionError`."""
        self._watch.check(self._system, self._forces.result, self._readings.temperature, self._schedule.step)

    def finish(self) -> None:
        """Check and report the stage, which has done all its steps."""
        stage = self._schedule.stage
        self._forces.complete()
        self.check()
        converged = stage.integrator.converged
        largest_force = None if converged is None else stage.integrator.largest_force
        steps = self._schedule.steps_in_stage
        counts = *self._exchanges.of_stage, *self._arrivals.of_stage
        report = StageReport(stage.name, steps, converged, largest_force, *counts)
        self.reports[self._schedule.stage_index :] = [report]

    def leave(self) -> None:
        """Book the work of the stage and move on to the next one."""
        self._work.end_stage(self._schedule.stage.integrator, self._readings.conserved_energy)
        self._schedule.next_stage()

    def _bind(self) -> Mobility:
        forces, schedule = self._forces, self._schedule
        mobility, bound = schedule.stage.bind(
            self._system, self._seed, schedule.span, forces.mobility, self._restraints.bound
        )
        forces.bind(mobility, schedule.stage.integrator)
        self._restraints.begin_stage(schedule.stage, bound)
        self._exchanges.bind(schedule.stage)
        self._arrivals.bind(schedule.stage, mobility)
        return mobility

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint stores of the stage, and the reports."""
        entered = self._schedule.entered
        return {
            "first_temperature": self._watch.first_temperature if entered else 0.0,
            "integrator": self._schedule.stage.integrator.state() if entered else {},
            "reports": {str(k): asdict(report) for k, report in enumerate(self.reports)},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Bind the stage of the schedule, which has been restored, and set the states of its parts."""
        self.reports = [StageReport(**state["reports"][str(k)]) for k in range(len(state["reports"]))]
        if self._schedule.entered:
            unpack_tethers(state, self._bind())
            self._schedule.stage.integrator.restore(state["integrator"])
            self._watch = Watch(self._schedule.stage.integrator, float(state["first_temperature"]))
