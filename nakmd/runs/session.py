"""One process that runs a deck: starts or resumes the run, writes its files and measures at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from nakmd._version import __version__
from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource
from nakmd.errors import RunError
from nakmd.io import TrajectoryWriter
from nakmd.io.checkpoint import write_checkpoint
from nakmd.io.library_errors import guard
from nakmd.potentials import Potential
from nakmd.results.measure import Measuring
from nakmd.results.results import Results
from nakmd.runs.conclusion import store_results
from nakmd.runs.folder import RunFolder
from nakmd.runs.guarded_writer import GuardedWriter
from nakmd.runs.outcome import Run
from nakmd.runs.provenance import describe_run, potential_hash
from nakmd.runs.run_checkpoint import AGAIN
from nakmd.runs.stage_builder import build_stages
from nakmd.runs.stage_notes import note_endings
from nakmd.runs.trajectory_file import open_trajectory
from nakmd.simulation import (
    Deadline,
    FrameWriter,
    Observer,
    Progress,
    Simulation,
    Stage,
    Status,
    ThermoWriter,
)
from nakmd.system import System

ProgressReport = Callable[[Progress], None]


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
        read_seconds: float = 0.0,
        surface: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder, self.deck, self.source = folder, deck, source
        self.system, self.potential, self.threads = system, potential, threads
        # a resumed run keeps what it noted before the interruption
        earlier = folder.read_status().get("notes", []) if stored is not None else []
        self.notes = list(dict.fromkeys([*earlier, *notes]))
        self.stored = stored
        self.extensions = extensions or []
        self._read_seconds = read_seconds
        self._surface = surface
        self._digest = potential_hash(potential)
        self._pace = float("nan")
        self._first_step = 0
        self._ending: list[str] = []  # how this process ended; a later one does not repeat it

    def run(
        self, progress: ProgressReport | None, more_steps: int | None = None, deadline: Deadline | None = None
    ) -> Run:
        """Run to the end, to an interruption, or until a deadline is near."""
        has_velocities = bool(np.any(self.system.velocities))
        if self.stored is not None:
            has_velocities = self.stored["began_with_velocities"]
        self._began_with_velocities = has_velocities
        stages = build_stages(self.deck, has_velocities)
        writer = GuardedWriter(self._open_trajectory(stages), self.folder.confirm, self.folder.log.add_row)
        try:
            measuring = Measuring(self.deck, self.system.topology, self._surface)
            output = self.deck.output
            observers: list[Observer] = [
                FrameWriter(writer, output.trajectory_every, virials=output.virials),
                ThermoWriter(writer, output.thermo_every, heat_current=output.heat_current),
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
                deadline=deadline,
            )
            self._restore(simulation, measuring, more_steps)
            if deadline is not None:
                deadline.saved(self._read_seconds)  # reading a checkpoint takes about as long as writing it
            self._begin(simulation)
            with self._failures_recorded(simulation):
                if self.stored is None:
                    # from here on a run that is killed can be resumed, for example while it compiles
                    simulation.checkpoint()
                    self.folder.commit()
                status = self._drive(simulation, deadline)
        finally:
            writer.close()
        if more_steps is not None and status is Status.FINISHED and simulation.step == self._first_step:
            self._ending.append("No step was added: the last stage is a relaxation that has converged.")
        with self._failures_recorded(simulation):
            return self._finish(simulation, status, measuring)

    @property
    def place(self) -> str:
        """Where the run continues, for its user."""
        step = 0 if self.stored is None else int(self.stored["simulation"]["step"])
        return f"{self.folder.path} continues at step {step:,}."

    def _open_trajectory(self, stages: list[Stage]) -> TrajectoryWriter:
        return open_trajectory(
            self.folder.trajectory,
            "w" if self.stored is None else "a",
            self.deck,
            self.source,
            self.system.topology,
            self.potential,
            stages,
            describe_run(self.deck.seed, self.threads),
            self._surface,
        )

    def _restore(self, simulation: Simulation, measuring: Measuring, more_steps: int | None) -> None:
        for steps in self.extensions:
            simulation.extend(steps)
        if self.stored is not None:
            with guard(self.folder.checkpoint, "the run cannot be continued from it", AGAIN):
                simulation.restore(self.stored["simulation"])
            self.notes += measuring.catch_up(self.folder.trajectory, simulation.step)
        if more_steps is not None:
            simulation.extend(more_steps)
            self.extensions.append(more_steps)
        self._first_step = simulation.step

    def _save(self, state: dict[str, Any]) -> None:
        self.folder.confirm()
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
        if self.stored is not None and state["step"] > self._first_step:
            self.folder.remove_results()  # they are those of a shorter run

    def _report(self, now: Progress, progress: ProgressReport | None) -> None:
        self._pace = now.steps_per_second
        self.folder.confirm()
        self.folder.show_progress(now)
        if progress is not None:
            progress(now)

    def _begin(self, simulation: Simulation) -> None:
        self.folder.begin(
            {
                "title": self.deck.title,
                "step": simulation.step,
                "total_steps": simulation.total_steps,
                "n_atoms": self.system.n_atoms,
                "threads": self.threads,
                "nakmd": __version__,
                "notes": self.notes,
            }
        )

    @contextmanager
    def _failures_recorded(self, simulation: Simulation) -> Iterator[None]:
        """Write into the status how the block fails, and where to continue."""
        try:
            yield
        except KeyboardInterrupt:  # a signal that did not wait for the end of a step
            self.folder.update(force=True, status="interrupted", step=simulation.step)
            if self.folder.is_resumable:
                raise KeyboardInterrupt(f"Continue with: nakmd resume {self.folder.path}") from None
            raise
        except BaseException as error:
            self.folder.update(force=True, status="failed", step=simulation.step, message=str(error))
            if isinstance(error, RunError) and self.folder.is_resumable:
                raise type(error)(f"{error}\nThe files written so far are in {self.folder.path}.") from error
            raise

    def _drive(self, simulation: Simulation, deadline: Deadline | None) -> Status:
        # without time for the first step, the checkpoint at hand is the last one
        no_time = deadline is not None and deadline.is_near()
        status = Status.INTERRUPTED if no_time else simulation.run()
        if status is Status.INTERRUPTED and deadline is not None and deadline.was_near:
            self._ending.append(f"The wall time is nearly over ({deadline.seconds:.0f} s were available for the run).")
        return status

    def _finish(self, simulation: Simulation, status: Status, measuring: Measuring) -> Run:
        rate = float("nan")
        if self._pace > 0.0 and self.system.n_atoms:
            rate = 1e6 / (self._pace * self.system.n_atoms)
        note_endings(self.notes, simulation.reports, self.deck)
        self.folder.update(force=True, notes=self.notes)
        results = Results({}, [*self.notes, *self._ending])
        if status is Status.FINISHED:
            results = measuring.measure(self.folder.trajectory, self.notes)
            store_results(self.folder, results, self.deck.title, self.notes)
        # a run that is killed while it measures is not finished: resuming it measures again
        ending = {"message": " ".join(self._ending)} if self._ending else {}
        self.folder.update(force=True, status=status.value, step=simulation.step, seconds_left=0.0, **ending)
        return Run(
            self.folder.path,
            self.deck,
            status.value,
            simulation.step,
            list(simulation.reports),
            results,
            [*self.notes, *self._ending],
            rate,
        )
