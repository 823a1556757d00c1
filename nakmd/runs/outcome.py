"""A run and its files: as it ended, or opened again from its folder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource
from nakmd.errors import FileFormatError, InputError
from nakmd.io import Trajectory
from nakmd.io.checkpoint import Checkpoint
from nakmd.io.library_errors import guard
from nakmd.notebook_html import html_list, html_paragraph, html_picture, html_table
from nakmd.results.measure import measure_stored
from nakmd.results.results import Results
from nakmd.runs.engine_job import EngineJob
from nakmd.runs.folder import RunFolder
from nakmd.runs.not_a_run import what_else
from nakmd.runs.run_checkpoint import AGAIN, read_run_checkpoint
from nakmd.simulation import StageReport


class Run:
    """A finished or interrupted run, and its files.

    Parameters
    ----------
    directory : path
        The folder of the run. Alone, it opens a stored run: ``nakmd.Run("runs/first")``; the others are then read from
        its files.
    deck : Deck, optional
    status, step, stages, results, notes, us_per_atom_step
        As in the attributes.

    Attributes
    ----------
    directory : Path
    deck : Deck
    status : {"finished", "interrupted", "failed", "running"}
        Of an opened run, "interrupted" also after a kill, and "running" only while a process works on it.
    step : int
    stages : list of StageReport
        Outcome of each stage; of an opened run, up to its last checkpoint.
    results : Results
        The measured quantities; empty unless the run is finished. Of an opened run, they are measured again from the
        trajectory on first use.
    notes : list of str
        Warnings and remarks for the user.
    us_per_atom_step : float
        Speed at the end of the run [µs per atom and step]; NaN if unknown.

    Raises
    ------
    InputError
        If the folder holds no run, or its deck is not stored.
    FileFormatError
        If its files are damaged.
    """

    def __init__(
        self,
        directory: str | Path,
        deck: Deck | None = None,
        status: str = "",
        step: int = 0,
        stages: Sequence[StageReport] = (),
        results: Results | None = None,
        notes: Sequence[str] = (),
        us_per_atom_step: float = float("nan"),
    ) -> None:
        self.directory = Path(directory)
        self.status, self.step = status, step
        self.stages, self.notes = list(stages), list(notes)
        self.us_per_atom_step = us_per_atom_step
        if results is not None:
            self.results = results
        if deck is None:
            deck = self._open()
        self.deck = deck

    def _open(self) -> Deck:
        """Read status, step, stages and notes from the folder, and return the deck."""
        folder = RunFolder(self.directory)
        if not folder.holds_run:
            what = "contains no run" if self.directory.exists() else "does not exist"
            ordinary = f"{self.directory} {what}. Give the folder of a run, such as nakmd.Run('runs/first')."
            raise InputError(what_else(self.directory) or ordinary)
        stored = folder.read_status()
        self.status = str(stored.get("status", "interrupted"))
        if self.status == "running" and not folder.is_busy:
            self.status = "interrupted"
        self.step = int(stored.get("step", 0))
        self.notes += stored.get("notes", [])
        if stored.get("message"):
            self.notes.append(str(stored["message"]))
        if folder.engine.exists():
            self.stages = EngineJob.read(folder.engine).reports
        checkpoint = self._checkpoint(folder)
        if checkpoint is not None:
            with guard(checkpoint.path, "the stages of the run cannot be read", AGAIN):
                reports = checkpoint["simulation"]["reports"]
                self.stages = [StageReport(**reports[str(k)]) for k in range(len(reports))]
            return Deck.from_source(DeckSource.parse(checkpoint["deck"], str(folder.deck), Path(checkpoint["folder"])))
        if not self.trajectory.deck:
            raise InputError(f"{folder.trajectory} contains no deck: it was converted, or written by another program.")
        return Deck.from_source(DeckSource.parse(self.trajectory.deck, str(folder.deck), self.directory))

    def _checkpoint(self, folder: RunFolder) -> Checkpoint | None:
        """Return the last checkpoint; None if none can be read, and the trajectory has the deck."""
        try:
            checkpoint = read_run_checkpoint(folder.checkpoint)
        except FileFormatError as error:
            if folder.checkpoint.exists():
                self.notes.append(str(error))
            return None
        if checkpoint.note:
            self.notes.append(checkpoint.note)
        return checkpoint

    @cached_property
    def trajectory(self) -> Trajectory:
        """The stored frames."""
        return Trajectory(RunFolder(self.directory).trajectory)

    @cached_property
    def results(self) -> Results:
        """The measured quantities."""
        return measure_stored(self.trajectory, self.deck, self.notes) if self.status == "finished" else Results({})

    @property
    def files(self) -> dict[str, Path]:
        """The existing files of the run by their role."""
        folder = RunFolder(self.directory)
        paths = {
            "trajectory": folder.trajectory,
            "checkpoint": folder.checkpoint,
            "results": folder.results,
            "figure": folder.overview,
            "report": folder.report,
            "log": folder.log.path,
            "deck": folder.deck,
        }
        return {name: path for name, path in paths.items() if path.exists()}

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, numbers and strings."""
        return {
            "directory": str(self.directory),
            "status": self.status,
            "step": self.step,
            "stages": [vars(stage) for stage in self.stages],
            "us_per_atom_step": None if np.isnan(self.us_per_atom_step) else self.us_per_atom_step,
            "files": {name: str(path) for name, path in self.files.items()},
            **self.results.to_dict(),
            "notes": list(dict.fromkeys([*self.notes, *self.results.notes])),
        }

    def __repr__(self) -> str:
        return f"Run({str(self.directory)!r}: {self.status}, step {self.step})"

    def _repr_html_(self) -> str:
        """Return the run with its stored table of results, their figure and its notes, for notebooks."""
        folder = RunFolder(self.directory)
        table = [list(row.values()) for row in folder.stored_table()]
        shown = html_paragraph(repr(self))
        shown += html_table(["quantity", "value ± standard error", "note"], table) if table else ""
        picture = folder.read_overview()
        shown += html_picture(picture, f"Results of {self.directory}") if picture else ""
        return shown + html_list(self.notes)
