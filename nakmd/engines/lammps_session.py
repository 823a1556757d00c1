"""One call that lets LAMMPS make the steps of a deck: starts or continues it, takes its output over, and measures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from nakmd._version import __version__
from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource
from nakmd.engines.exported_run import ExportedRun
from nakmd.engines.kept_part import KeptPart
from nakmd.engines.lammps_build import LAMMPSBuild
from nakmd.engines.lammps_collection import LAMMPSCollection, begun_stages
from nakmd.engines.lammps_process import SCREEN, LAMMPSProcess, errors_of
from nakmd.engines.lammps_readings import LAMMPSReadings
from nakmd.engines.lammps_script import HALT_EVERY
from nakmd.engines.lammps_start import LAMMPSStart
from nakmd.errors import FileFormatError, RunError
from nakmd.io import Trajectory, TrajectoryWriter
from nakmd.io.lammps.growing_dump import GrowingDump
from nakmd.io.process_identity import ProcessIdentity
from nakmd.pace import Pace
from nakmd.potentials import Potential
from nakmd.results.measure import measure_stored
from nakmd.results.results import Results
from nakmd.runs.conclusion import store_results
from nakmd.runs.engine_job import EngineJob, JobProcess
from nakmd.runs.folder import RunFolder
from nakmd.runs.guarded_writer import GuardedWriter
from nakmd.runs.outcome import Run
from nakmd.runs.provenance import describe_run
from nakmd.runs.session import ProgressReport
from nakmd.runs.stage_notes import note_endings
from nakmd.runs.trajectory_file import open_trajectory
from nakmd.simulation import Deadline, Progress, Stage, Status
from nakmd.simulation.progress import PACE_WINDOW
from nakmd.simulation.signals import polite_signals
from nakmd.system import System

#: Time [s] between two looks at what LAMMPS has written.
_INTERVAL = 0.3

#: Largest difference of potential energies [eV/atom] that is not noted: a thousand times that at the start.
MOST_DIFFERENCE = 1e-6


class LAMMPSSession:
    """One call that runs a deck in LAMMPS.

    Parameters
    ----------
    folder : RunFolder
        Held by this process.
    deck, source, system, potential
        As in `nakmd.runs.session.Session`; the system as exported.
    stages : sequence of Stage
    exported : ExportedRun
    job : EngineJob
        Without processes for a new run.
    build : LAMMPSBuild
    ranks, threads : int
        Ranks of LAMMPS, and threads of what nakmd computes.
    notes : list of str
    surface : mapping, optional
    """

    def __init__(
        self,
        folder: RunFolder,
        deck: Deck,
        source: DeckSource,
        system: System,
        potential: Potential,
        stages: Sequence[Stage],
        exported: ExportedRun,
        job: EngineJob,
        build: LAMMPSBuild,
        ranks: int,
        threads: int,
        notes: Sequence[str],
        surface: Any = None,
    ) -> None:
        self.folder, self.deck, self.source = folder, deck, source
        self.system, self.potential, self.exported = system, potential, exported
        self.job, self.build, self.ranks, self.threads = job, build, ranks, threads
        earlier = folder.read_status().get("notes", []) if job.processes else []
        own = (
            f"LAMMPS made the steps of this run ({build.version}). The energies between species and the virial of "
            "frames are computed by nakmd from the positions of LAMMPS; the work of thermostats and barostats, "
            "heat currents and virials by atom are absent."
        )
        self.notes = list(dict.fromkeys([*earlier, *notes, own, *exported.notes]))
        self._surface = surface
        self._stages = stages
        self._ending: list[str] = []
        self._stop = False
        self._pace = Pace(PACE_WINDOW)

    @property
    def program(self) -> str:
        """Name and version of the engine."""
        return f"LAMMPS {self.build.version}"

    def run(self, progress: ProgressReport | None, deadline: Deadline | None = None) -> Run:
        """Run LAMMPS to the end, to an interruption, or until a deadline is near, and measure at the end.

        Raises
        ------
        RunError
            If LAMMPS fails, with its own message, or a file cannot be written.
        KeyboardInterrupt
            If a second signal arrives before LAMMPS has stopped.
        """
        writer = GuardedWriter(self._open_trajectory(), self.folder.confirm, self.folder.log.add_row)
        step = 0
        try:
            start, collection = self._begin(writer)
            step = start.step
            self._report_begin(start)
            status = Status.FINISHED
            if start.stage <= len(self.exported.stages):
                status = self._drive(start, collection, progress, deadline)
            step = collection.step
        except KeyboardInterrupt:
            self.folder.update(force=True, status="interrupted")
            raise KeyboardInterrupt(f"Continue with: nakmd resume {self.folder.path}") from None
        except BaseException as error:
            self.folder.update(force=True, status="failed", message=str(error))
            raise
        finally:
            writer.close()
        return self._finish(status, step)

    # ------------------------------------------------------------------------------------------ the trajectory
    def _open_trajectory(self) -> TrajectoryWriter:
        if self.job.processes and not self.folder.trajectory.exists():
            raise FileFormatError(
                self.folder.trajectory, "the trajectory of the run is missing.", "Start the run again with --overwrite."
            )
        provenance = describe_run(self.deck.seed, self.threads) | {"engine": self.program, "ranks": self.ranks}
        return open_trajectory(
            self.folder.trajectory,
            "a" if self.job.processes else "w",
            self.deck,
            self.source,
            self.system.topology,
            self.potential,
            self._stages,
            provenance,
            self._surface,
        )

    def _begin(self, writer: GuardedWriter) -> tuple[LAMMPSStart, LAMMPSCollection]:
        """Return where LAMMPS begins, and what takes its output; the trajectory then ends there."""
        start = LAMMPSStart(0, 1)
        kept = KeptPart()
        if self.job.processes:
            if self.job.end_launcher():
                self.notes.append("LAMMPS was still running when the run was resumed, and was ended.")
            logs = [process.log for process in self.job.processes]
            start = LAMMPSStart.latest(self.folder.lammps, self.exported, begun_stages(self.folder.lammps, logs))
            kept = KeptPart.of(self.folder.trajectory, start.step)
            writer.truncate(kept.frames, kept.rows)
            left = self._collection(logs[-1], writer, kept)
            left.advance(until=start.step)
            writer.flush()
            self.job.note_reports(left.reports())
            for stage in self.exported.stages:
                GrowingDump(self.folder.lammps / stage.dump, self.system.n_atoms).drop_after(start.step)
            self.folder.remove_results()
            kept = KeptPart.of(self.folder.trajectory, start.step)
        start.remove_later(self.folder.lammps, self.exported)
        number = len(self.job.processes) + 1
        return start, self._collection("log.lammps" if number == 1 else f"log_{number}.lammps", writer, kept)

    def _collection(self, log: str, writer: GuardedWriter, kept: KeptPart) -> LAMMPSCollection:
        readings = LAMMPSReadings(
            self.system, self.potential, self._stages, self.deck.seed, self.exported, kept.conserved
        )
        return LAMMPSCollection(
            self.folder.lammps,
            self.exported,
            log,
            readings,
            writer,
            self.system.n_atoms,
            kept.frame_step,
            kept.row_step,
        )

    # ------------------------------------------------------------------------------------------ the process
    def _drive(
        self,
        start: LAMMPSStart,
        collection: LAMMPSCollection,
        progress: ProgressReport | None,
        deadline: Deadline | None,
    ) -> Status:
        """Run LAMMPS from a place on; return how it ended."""
        if deadline is not None and deadline.is_near():
            self._note_walltime(deadline)
            return Status.INTERRUPTED
        log = collection.log.path.name
        with polite_signals(self._request_stop):
            # recorded first: a process that is not in the record would not be taken over
            self.job.processes.append(JobProcess(log, self.ranks, self.program))
            self.job.write(self.folder.engine)
            process = LAMMPSProcess(
                self.build,
                self.folder.lammps,
                self.ranks,
                log,
                [*start.variables, ("more", str(self.job.more))],
            )
            try:
                self.job.launcher = ProcessIdentity.of(process.pid)
                self.job.write(self.folder.engine)
                self._follow(process, start, collection, progress, deadline)
            finally:
                process.end()
        collection.advance()
        self._check_ranks(collection)
        self.job.note_reports(collection.reports())
        if collection.difference > MOST_DIFFERENCE:
            self.notes.append(
                f"The potential energies of LAMMPS and nakmd differ by up to {collection.difference:.1e} eV/atom in "
                "the frames of this run: results that use the energies between species are uncertain by that."
            )
        return self._outcome(process, collection)

    def _follow(
        self,
        process: LAMMPSProcess,
        start: LAMMPSStart,
        collection: LAMMPSCollection,
        progress: ProgressReport | None,
        deadline: Deadline | None,
    ) -> None:
        """Take over what LAMMPS writes until it ends, and ask it to stop if the user or the wall time wants that."""
        self._pace.mark(start.step)
        while process.is_running:
            if collection.advance():
                self._pace.mark(collection.step)
                self._report(collection, progress)
            self._check_ranks(collection)
            self.folder.confirm()
            if deadline is not None:
                deadline.saved(HALT_EVERY / self._pace.rate if self._pace.rate > 0.0 else 0.0)
                if deadline.is_near() and not self._stop:
                    self._note_walltime(deadline)
                    self._stop = True
            if self._stop:
                process.ask_to_stop()
            time.sleep(_INTERVAL)

    def _check_ranks(self, collection: LAMMPSCollection) -> None:
        """Raise `RunError` if the launcher has started several runs instead of one on several ranks."""
        if collection.log.ranks not in (None, self.ranks):
            raise RunError(
                f"{self.program} runs on {collection.log.ranks} ranks, not on {self.ranks}: {self.build.mpiexec} is of "
                f"another MPI than {self.build.executable}. Put the mpiexec of its MPI beside it, or use 1 rank."
            )

    def _request_stop(self) -> None:
        self._stop = True

    def _note_walltime(self, deadline: Deadline) -> None:
        self._ending.append(f"The wall time is nearly over ({deadline.seconds:.0f} s were available for the run).")

    def _outcome(self, process: LAMMPSProcess, collection: LAMMPSCollection) -> Status:
        """Return how LAMMPS ended.

        Raises
        ------
        RunError
            If it has failed.
        """
        if process.exit_code == 0:
            collection.check_end()
            return Status.FINISHED if self.exported.stages[-1].number in collection.log.ends else Status.INTERRUPTED
        where = f"at step {collection.step}"
        again = f"Continue with: nakmd resume {self.folder.path}"
        if process.ended_from_outside and not collection.log.errors:
            if not self._stop:
                self._ending.append(f"LAMMPS was ended from outside {where} (exit code {process.exit_code}).")
            return Status.INTERRUPTED
        words = collection.log.errors or errors_of(self.folder.lammps)
        raise RunError(
            f"{self.program} failed {where} (exit code {process.exit_code}): {' '.join(words) or 'it said nothing'}\n"
            f"Its output is in {self.folder.lammps}: {collection.log.path.name}, {SCREEN}. The files written so far "
            f"are in {self.folder.path}. {again}"
        )

    # ------------------------------------------------------------------------------------------ reports
    def _report_begin(self, start: LAMMPSStart) -> None:
        self.folder.begin(
            {
                "title": self.deck.title,
                "step": start.step,
                "total_steps": start.step + self.exported.steps_from(start.stage),
                "n_atoms": self.system.n_atoms,
                "threads": self.threads,
                "engine": self.program,
                "ranks": self.ranks,
                "nakmd": __version__,
                "notes": self.notes,
            }
        )

    def _report(self, collection: LAMMPSCollection, progress: ProgressReport | None) -> None:
        newest = collection.last
        if newest is None:
            return
        stage = self.exported.stages[newest.stage - 1]
        begin, step = collection.log.begins[stage.number], int(newest.values["Step"])
        degrees = self._stages[stage.number - 1].integrator.degrees_of_freedom
        total, rate = begin + self.exported.steps_from(stage.number), self._pace.rate
        now = Progress(
            step=step,
            total_steps=total,
            stage=stage.name,
            stage_index=stage.number - 1,
            n_stages=len(self.exported.stages),
            time=self.exported.time_before(stage.number) + stage.time(step - begin),
            temperature=collection.temperature(degrees),
            steps_per_second=rate,
            ns_per_day=rate * (stage.timestep or 0.0) * 86.4,
            seconds_left=self._pace.seconds_left(total),
        )
        self.folder.show_progress(now)
        if progress is not None:
            progress(now)

    def _finish(self, status: Status, step: int) -> Run:
        """Measure a finished run; write its results and its last status."""
        self.job.launcher = None
        self.job.write(self.folder.engine)
        note_endings(self.notes, self.job.reports, self.deck)
        self.folder.update(force=True, notes=self.notes)
        results = Results({}, [*self.notes, *self._ending])
        if status is Status.FINISHED:
            with Trajectory(self.folder.trajectory) as trajectory:
                results = measure_stored(trajectory, self.deck, self.notes)
            store_results(self.folder, results, self.deck.title, self.notes)
        ending = {"message": " ".join(self._ending)} if self._ending else {}
        self.folder.update(force=True, status=status.value, step=step, seconds_left=0.0, **ending)
        rate = 1e6 / (self._pace.rate * self.system.n_atoms) if self._pace.rate > 0.0 else float("nan")
        notes = [*self.notes, *self._ending]
        return Run(self.folder.path, self.deck, status.value, step, self.job.reports, results, notes, rate)
