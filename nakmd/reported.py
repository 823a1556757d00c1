"""`nakmd.run` and `nakmd.resume`: runs that end with a report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Literal, get_args

from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource
from nakmd.errors import InputError, did_you_mean
from nakmd.runs.folder import RunFolder
from nakmd.runs.more_steps import steps_of
from nakmd.runs.outcome import Run
from nakmd.runs.run import resume_run, run_deck
from nakmd.runs.session import ProgressReport

#: Programs that make the steps of a run.
Engine = Literal["nakmd", "lammps"]


def run(
    deck: Deck | DeckSource | str | Path,
    directory: str | Path | None = None,
    threads: int | None = None,
    seed: int | None = None,
    progress: ProgressReport | None = None,
    overwrite: bool = False,
    walltime: str | timedelta | None = None,
    tell: Callable[[str], None] | None = None,
    engine: Engine = "nakmd",
    ranks: int | None = None,
) -> Run:
    """Run a deck from its first stage to its results and its report.

    Parameters
    ----------
    deck : Deck, DeckSource or path
    directory : path, optional
        Output folder; by default a new one in ``runs``, with the name of the deck and the seed.
    threads : int, optional
        By default all cores; the results do not depend on it. With LAMMPS, of what nakmd computes itself.
    seed : int, optional
        Replaces the seed of the deck.
    progress : callable, optional
        Called with a `nakmd.simulation.Progress` about twice a second.
    overwrite : bool
        Replace a run in this folder. Files with other names than those of a run, and a deck of the user, are never
        touched, and the old files are kept until the new run has written its first checkpoint.
    walltime : str or timedelta, optional
        Time available, from this call on: ``"23:50:00"``, ``"10 min"``. The run stops with status "interrupted" early
        enough to write a checkpoint.
    tell : callable, optional
        Called with a sentence before the start waits for the lock of another machine.
    engine : {"nakmd", "lammps"}
        What makes the steps. LAMMPS on this machine is found as by `nakmd bench`; ``NAKMD_LMP`` names another one. The
        trajectory, the results and the report are those of any run, and say which engine it was.
    ranks : int, optional
        MPI processes of LAMMPS; by default one for each usable core.

    Returns
    -------
    Run

    Raises
    ------
    DeckError
        Lists all errors of the deck.
    InputError
        If the folder holds a run and ``overwrite`` is false, if another process is running there, or if it cannot be
        written.
    RunError
        If the run becomes unstable or a file cannot be written; the files written so far stay readable.

    Examples
    --------
    >>> import nakmd
    >>> deck = nakmd.Deck(
    ...     model={"potential": "nak"},
    ...     structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 500}},
    ...     stage=[{"kind": "produce", "steps": 1000, "temperature": "450 K"}],
    ... )
    >>> run = nakmd.run(deck, directory="runs/small")      # doctest: +SKIP
    >>> run.results["diffusion K"].value                   # doctest: +SKIP
    0.61
    """
    if _is_lammps(engine, ranks):
        from nakmd.engines.lammps_run import run_in_lammps  # noqa: PLC0415  (few runs need it)

        return run_in_lammps(deck, directory, ranks, threads, seed, progress, overwrite, walltime, tell, _report)
    return run_deck(deck, directory, threads, seed, progress, overwrite, walltime, tell, _report)


def resume(
    directory: str | Path,
    steps: int | None = None,
    threads: int | None = None,
    deck: str | Path | None = None,
    progress: ProgressReport | None = None,
    walltime: str | timedelta | None = None,
    tell: Callable[[str], None] | None = None,
    ranks: int | None = None,
    duration: str | None = None,
) -> Run:
    """Continue a run from its checkpoint, to the bit as without the interruption, and write its report.

    A run in LAMMPS continues from its last restart file, with other random numbers.

    Parameters
    ----------
    directory : path
    steps : int, optional
        Additional steps of the last stage.
    threads : int, optional
    deck : path, optional
        The run continues only if this deck is the one it was started with.
    progress : callable, optional
    walltime, tell
        As in `run`.
    ranks : int, optional
        Only of a run in LAMMPS; by default those that it had.
    duration : str, optional
        Time of the additional steps, such as ``"5 ps"``, in place of their number; rounded to whole steps.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If there is no run, it is running, the deck or the potential has changed, or a duration is given with steps, or
        for a last stage that has no time.
    """
    if duration is not None:
        if steps is not None:
            raise InputError("steps and duration mean the same: give one of them.")
        steps = steps_of(duration, Path(directory))
    if RunFolder(Path(directory)).is_of_engine:
        from nakmd.engines.lammps_run import resume_in_lammps  # noqa: PLC0415  (few runs need it)

        return resume_in_lammps(directory, steps, ranks, threads, deck, progress, walltime, tell, _report)
    if ranks is not None:
        raise InputError(f"{directory} is a run of nakmd, which has threads and no ranks: use threads.")
    return resume_run(directory, steps, threads, deck, progress, walltime, tell, _report)


def _is_lammps(engine: str, ranks: int | None) -> bool:
    """Return whether LAMMPS makes the steps; refuse unknown engines, and ranks without LAMMPS."""
    known = get_args(Engine)
    if engine not in known:
        raise InputError(f"No engine is called {engine!r}. {did_you_mean(engine, known)}")
    if engine == "nakmd" and ranks is not None:
        raise InputError(f"ranks is {ranks}, but nakmd has threads and no ranks: use threads, or LAMMPS as the engine.")
    return engine == "lammps"


def _report(run: Run) -> None:
    """Write the report of a finished run. A failure only adds a note: trajectory and results are already stored."""
    if run.status != "finished":
        return
    from nakmd.report.page import write_report  # noqa: PLC0415  (plots and templates are slow to import)

    try:
        write_report(run.directory, run.results)
    except Exception as error:
        run.notes.append(
            f"The report was not written ({type(error).__name__}: {error}); the run and its results are complete. "
            f"Retry with `nakmd report {run.directory}`."
        )
