"""One process that runs a deck: starts or resumes the run, writes its files and measures at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nakmd._version import __version__
from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource
from nakmd.errors import RunError
from nakmd.io import TrajectoryWriter
from nakmd.io.checkpoint import write_checkpoint
from nakmd.potentials import Potential
from nakmd.results.measure import Measuring
from nakmd.results.results import Results
from nakmd.runs.folder import RunFolder
from nakmd.runs.outcome import Run
from nakmd.runs.provenance import describe_run, potential_hash
from nakmd.runs.rates import store_rate
from nakmd.runs.stage_builder import build_stages
from nakmd.simulation import (
    THERMO_UNITS,
    FrameWriter,
    Observer,
    Progress,
    Simulation,
    Status,
    ThermoWriter,
)
from nakmd.system import System

ProgressReport = Callable[[Progress], None]

#: Minimum steps and atoms of a rate that is stored; below them, overheads dominate over the kernels.
LEAST_TIMED_STEPS = 1000
LEAST_TIMED_ATOMS = 1000


class Session:
    """One process that runs a deck: starts or resumes the run, writes its files and measures."""

    def __init__(
        self,
        folder: RunFolder,
        deck: Deck,
        source: DeckSource,
        system: System,
        potential: Potential,
        threads: int,
        notes: list[str],
        stored: Mapping[str, Any] | None = None,
        extensions: list[int] | None = None,
    ) -> None:
        self.folder, self.deck, self.source = folder, deck, source
        self.system, self.potential, self.threads = system, potential, threads
        self.notes = list(notes)
        self.stored = stored
        self.extensions = extensions or []
        self._digest = potential_hash(potential)
        self._pace = float("nan")

    def run(self, progress: ProgressReport | None, more_steps: int | None = None) -> Run:
        """Run to the end or to an interruption."""
        has_velocities = bool(np.any(self.system.velocities))
        if self.stored is not None:
            has_velocities = bool(self.stored["began_with_velocities"])
        self._began_with_velocities = has_velocities
        stages = build_stages(self.deck, has_velocities)
        writer = self._open_trajectory([stage.name for stage in stages])
        try:
            measuring = Measuring(self.deck, self.system.topology)
            output = self.deck.output
            observers: list[Observer] = [
                FrameWriter(writer, output.trajectory_every),
                ThermoWriter(writer, output.thermo_every),
                *measuring.observers,
            ]
            simulation = Simulation(
                self.system,
                self.potential,
                stages,
                observers,
                seed=self.deck.seed,
                checkpoint_every=output.checkpoint_every,
                save=self._save,
                report=lambda now: self._report(now, progress),
            )
            self._restore(simulation, measuring, more_steps)
            status = self._drive(simulation)
        finally:
            writer.close()
        return self._finish(simulation, status, measuring)

    def _open_trajectory(self, stages: list[str]) -> TrajectoryWriter:
        parameters = {
            "deck": self.source.text,
            "provenance": describe_run(self.deck.seed, self.threads),
            "potentials": {"hash": self._digest, "model": self.potential.describe()},
            "stages": stages,
            "thermo_units": THERMO_UNITS,
            "creator_version": __version__,
            "title": self.deck.title,
        }
        return TrajectoryWriter(
            self.folder.trajectory,
            self.system.topology,
            parameters,
            precision=self.deck.output.precision,
            mode="w" if self.stored is None else "a",
        )

    def _restore(self, simulation: Simulation, measuring: Measuring, more_steps: int | None) -> None:
        for steps in self.extensions:
            simulation.extend(steps)
        if self.stored is not None:
            simulation.restore(self.stored["simulation"])
            self.notes += measuring.catch_up(self.folder.trajectory, simulation.step)
        if more_steps is not None:
            simulation.extend(more_steps)
            self.extensions.append(more_steps)

    def _save(self, state: dict[str, Any]) -> None:
        write_checkpoint(
            self.folder.checkpoint,
            {
                "nakmd": __version__,
                "deck": self.source.text,
                "folder": str(self.source.folder.resolve()),
                "potential_hash": self._digest,
                "provenance": describe_run(self.deck.seed, self.threads),
                "extensions": list(self.extensions),
                "began_with_velocities": self._began_with_velocities,
                "simulation": state,
            },
        )

    def _report(self, now: Progress, progress: ProgressReport | None) -> None:
        self._pace = now.steps_per_second
        self.folder.update(
            step=now.step,
            total_steps=now.total_steps,
            stage=now.stage,
            time_ps=now.time,
            temperature=now.temperature,
            ns_per_day=now.ns_per_day,
            seconds_left=now.seconds_left,
        )
        if progress is not None:
            progress(now)

    def _drive(self, simulation: Simulation) -> Status:
        self.folder.begin(
            {
                "title": self.deck.title,
                "step": simulation.step,
                "total_steps": simulation.total_steps,
                "n_atoms": self.system.n_atoms,
                "threads": self.threads,
                "nakmd": __version__,
            }
        )
        try:
            status = simulation.run()
        except KeyboardInterrupt:
            # the second signal: the run can be resumed from the last checkpoint
            self.folder.update(force=True, status="interrupted", step=simulation.step)
            raise
        except BaseException as error:
            self.folder.update(force=True, status="failed", step=simulation.step, message=str(error))
            if isinstance(error, RunError):
                raise type(error)(f"{error}\nThe files written so far are in {self.folder.path}.") from error
            raise
        self.folder.update(force=True, status=status.value, step=simulation.step, seconds_left=0.0)
        return status

    def _finish(self, simulation: Simulation, status: Status, measuring: Measuring) -> Run:
        rate = float("nan")
        if self._pace > 0.0 and self.system.n_atoms:
            rate = 1e6 / (self._pace * self.system.n_atoms)
            if simulation.step >= LEAST_TIMED_STEPS and self.system.n_atoms >= LEAST_TIMED_ATOMS:
                store_rate(self.potential, self.threads, rate)
        for report in simulation.reports:
            if report.converged is False:
                self.notes.append(
                    f"Stage {report.name!r} did not converge in {report.steps} steps: the largest force is "
                    f"{report.largest_force:.3g} eV/Å. Increase steps, or the force tolerance."
                )
        results = Results({})
        if status is Status.FINISHED:
            results = measuring.measure(self.folder.trajectory)
            results.write(self.folder.results)
            results.overview(self.folder.overview, self.deck.title)
        return Run(
            self.folder.path,
            self.deck,
            status.value,
            simulation.step,
            list(simulation.reports),
            results,
            self.notes,
            rate,
        )
