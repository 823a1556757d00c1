"""One call that lets LAMMPS make the steps of a deck: starts or continues it, takes its output over, and measures."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nakmd._version import __version__
from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource
from nakmd.engines.exported_run import ExportedRun
from nakmd.engines.lammps_build import LAMMPSBuild
from nakmd.engines.lammps_collection import LAMMPSCollection, begun_stages
from nakmd.engines.lammps_process import LAMMPSProcess
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
from nakmd.runs.provenance import describe_run, potential_hash
from nakmd.runs.session import ProgressReport
from nakmd.runs.stage_builder import build_stages
from nakmd.runs.stage_notes import note_endings
from nakmd.simulation import THERMO_UNITS, Deadline, Progress, Status
from nakmd.simulation.progress import PACE_WINDOW
from nakmd.simulation.signals import polite_signals
from nakmd.system import System

#: Time [s] between two looks at what LAMMPS has written.
_INTERVAL = 0.3

#: Lines of the output of LAMMPS in a message, if none of them is an error.
_LAST_LINES = 3


class LAMMPSSession:
    """One call that runs a deck in LAMMPS.

    Parameters
    ----------
    folder : RunFolder
        Held by this process.
    deck, source, system, potential
        As in `nakmd.runs.session.Session`; the system as exported.
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
        self.notes = list(dict.fromkeys([*earlier, *notes, *exported.notes]))
        self._surface = surface
        self._stages = build_stages(deck, bool(np.any(system.velocities)))
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
        writer = GuardedWriter(self._open_trajectory(), self.folder.confirm)
        step = 0
        try:
            start, collection = self._begin(writer)
            step = start.step
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
