"""Runs a deck into a folder with trajectory, checkpoint, results and figure, and resumes a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from nakmd.cell import Cell
from nakmd.deck.deck import Deck, source_of
from nakmd.deck.source import DeckSource
from nakmd.errors import FileFormatError, InputError
from nakmd.io import Trajectory
from nakmd.io.checkpoint import Checkpoint
from nakmd.io.library_errors import guard
from nakmd.kernels.jit import available_threads, nothing_is_compiled, set_threads
from nakmd.runs.compile_aside import kernels_compiled_aside
from nakmd.runs.folder import RunFolder, free_folder
from nakmd.runs.model_surface import surface_figures
from nakmd.runs.not_a_run import what_else
from nakmd.runs.outcome import Run
from nakmd.runs.plan import make_plan
from nakmd.runs.run_checkpoint import AGAIN, read_run_checkpoint
from nakmd.runs.session import ProgressReport, Session
from nakmd.runs.stored_deck import same_potential, stored_source
from nakmd.runs.walltime import deadline_of
from nakmd.system import System, Topology


def run_deck(
    deck: Deck | DeckSource | str | Path,
    directory: str | Path | None = None,
    threads: int | None = None,
    seed: int | None = None,
    progress: ProgressReport | None = None,
    overwrite: bool = False,
    walltime: str | timedelta | None = None,
    tell: Callable[[str], None] | None = None,
    finish: Callable[[Run], None] | None = None,
) -> Run:
    """Run a deck from its first stage to its results; parameters, result and errors as in `nakmd.run`, no report.

    ``finish`` is called with the run while its folder is still locked.
    """
    deadline = deadline_of(walltime)
    source = source_of(deck)
    if seed is not None:
        source = source.with_seed(seed)
    with kernels_compiled_aside(nothing_is_compiled()) as start_aside:
        plan = make_plan(source, Path(directory if directory is not None else "runs"), start_aside=start_aside)
        checked, system, potential = plan.require()
        name = Path(source.name).stem
        folder = RunFolder(Path(directory) if directory is not None else free_folder(name, checked.seed))
        threads = chosen_threads(threads)
        with folder.held(tell, create=True) as found:
            folder.prepare(source.text, overwrite)
            notes = [*found, *plan.warnings]
            surface = surface_figures(checked.model, source.folder)
            session = Session(folder, checked, source, system, potential, threads, notes, surface=surface)
            run = session.run(progress, deadline=deadline)
            if finish is not None:
                finish(run)
            return run


def resume_run(
    directory: str | Path,
    steps: int | None = None,
    threads: int | None = None,
    deck: str | Path | None = None,
    progress: ProgressReport | None = None,
    walltime: str | timedelta | None = None,
    tell: Callable[[str], None] | None = None,
    finish: Callable[[Run], None] | None = None,
) -> Run:
    """Continue a run from its checkpoint; parameters, result and errors as in `nakmd.resume` and `run_deck`."""
    deadline = deadline_of(walltime)
    folder = RunFolder(Path(directory))
    if not folder.path.is_dir():
        ordinary = f"{folder.path} holds no run: there is no such folder. Start a run with `nakmd run`."
        raise InputError(what_else(folder.path) or ordinary)
    with folder.held(tell) as notes:
        session = _stored_session(folder, threads, deck, notes)
        if tell is not None:
            tell(session.place)
        run = session.run(progress, steps, deadline)
        if finish is not None:
            finish(run)
        return run


def _stored_session(folder: RunFolder, threads: int | None, deck: str | Path | None, notes: list[str]) -> Session:
    """Rebuild the session of a checkpoint, if its deck and its potential have not changed."""
    if not folder.holds_run:
        raise InputError(
            what_else(folder.path)
            or f"{folder.path} holds no run: no checkpoint and no trajectory. Start a run with `nakmd run`, also if "
            "one was killed before its first checkpoint."
        )
    begin = time.monotonic()
    stored = read_run_checkpoint(folder.checkpoint)
    read_seconds = time.monotonic() - begin
    source, extensions = stored_source(stored["deck"], stored["folder"], folder, deck), stored["extensions"]
    checked = Deck.from_source(source)
    potential = same_potential(checked, source, stored)
    with Trajectory(folder.trajectory) as trajectory:
        topology, surface = trajectory.topology.whole, trajectory.potentials.get("surface")
    system = _stored_system(stored, topology)
    threads = chosen_threads(threads)
    notes = [*notes, stored.note] if stored.note else notes
    return Session(
        folder, checked, source, system, potential, threads, notes, stored, extensions, read_seconds, surface
    )


def _stored_system(stored: Checkpoint, topology: Topology) -> System:
    """Return the atoms of a checkpoint, of which the trajectory has the species, masses and groups."""
    state = stored["simulation"]
    with guard(stored.path, "the run cannot be continued from it", AGAIN):
        try:
            return System(
                state["positions"],
                topology.species,
                topology.species_names,
                Cell(state["cell"], topology.periodic.tolist()),
                state["velocities"],
                topology.masses,
                topology.groups,
                state.get("present"),
            )
        except InputError as error:
            raise FileFormatError(stored.path, str(error), AGAIN) from error


def chosen_threads(threads: int | None) -> int:
    """Set the number of threads, by default all that are available; return it."""
    if threads is not None and threads < 1:
        raise InputError(f"threads is {threads}: give at least 1, or None for all that are available.")
    return set_threads(threads or available_threads())
