"""Runs that end with a report: what `nakmd.run` and `nakmd.resume` are."""

from __future__ import annotations

from pathlib import Path

from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource
from nakmd.runs.run import resume_run, run_deck
from nakmd.runs.session import ProgressReport, Run


def run(
    deck: Deck | DeckSource | str | Path,
    directory: str | Path | None = None,
    threads: int | None = None,
    seed: int | None = None,
    progress: ProgressReport | None = None,
    overwrite: bool = False,
) -> Run:
    """Run a deck from its first stage to its results and its report.

    Parameters
    ----------
    deck : Deck, DeckSource or path
    directory : path, optional
        For the files of the run; a free one below ``runs`` if left out.
    threads : int, optional
        All cores if left out; the results do not depend on it.
    seed : int, optional
        Instead of the deck's.
    progress : callable, optional
        Called with a `nakmd.simulation.Progress` about twice a second.
    overwrite : bool
        Whether a run that the folder holds is replaced.

    Returns
    -------
    Run

    Raises
    ------
    DeckError
        All faults of the deck.
    RunError
        If the run explodes or a disk fails; what was written stays readable.

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
    return _reported(run_deck(deck, directory, threads, seed, progress, overwrite))


def resume(
    directory: str | Path,
    steps: int | None = None,
    threads: int | None = None,
    deck: str | Path | None = None,
    progress: ProgressReport | None = None,
) -> Run:
    """Continue a run from its checkpoint: the same bits as if it had never stopped; then write its report.

    Parameters
    ----------
    directory : path
    steps : int, optional
        More steps of the last stage.
    threads : int, optional
    deck : path, optional
        The run is only continued if this deck says what it began with.
    progress : callable, optional

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If there is no run, it is at work, or deck or potential have changed since.
    """
    return _reported(resume_run(directory, steps, threads, deck, progress))


def _reported(run: Run) -> Run:
    """Write the page of a finished run. A failure is a note: trajectory and results are stored by then."""
    if run.status != "finished":
        return run
    from nakmd.report.page import write_report  # noqa: PLC0415  (plots and templates are slow to import)

    try:
        write_report(run.directory, run.results)
    except Exception as error:
        run.notes.append(
            f"The report was not written ({type(error).__name__}: {error}); the run and its results are complete. "
            f"`nakmd report {run.directory}` tries again."
        )
    return run
