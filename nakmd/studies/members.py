"""The error of a model: one deck run with every member of the ensemble of its parameter set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from nakmd.analysis.numerics.model_spread import mean_over_models
from nakmd.analysis.table_row import WithError, named_rows
from nakmd.deck.changes import with_settings
from nakmd.deck.deck import Deck, source_of
from nakmd.deck.source import DeckSource
from nakmd.errors import AnalysisError
from nakmd.runs.outcome import Run
from nakmd.runs.session import ProgressReport
from nakmd.studies.series import finish


class MemberFigure(NamedTuple):
    """A figure of the table of results over the members.

    Attributes
    ----------
    quantity, unit : str
    value : float
        Mean over the members.
    error : float
        Statistical standard error of that mean: of the runs alone, as if all members were one model.
    model_error : float
        Standard deviation between members beyond what the runs explain; 0 if the runs explain all of it.
    members : int
        Number of members that have the figure.
    """

    quantity: str
    unit: str
    value: float
    error: float
    model_error: float
    members: int


def run_members(
    deck: Deck | DeckSource | str | Path,
    directory: str | Path,
    members: Sequence[int] = tuple(range(1, 9)),
    threads: int | None = None,
    progress: ProgressReport | None = None,
) -> list[Path]:
    """Run a deck with members of the ensemble of its model, each in its own folder, and return the folders.

    Parameters
    ----------
    deck : Deck, DeckSource or path
        Its model is a set with an ensemble, or contains one (``nak``, ``nak-cn``).
    directory : path
        Parent of the run folders ``member-1`` etc. Finished runs of the same deck are kept, others resumed.
    members : sequence of int
    threads, progress
        As in `nakmd.run`.

    Raises
    ------
    InputError
        If the model has no such member, or a folder holds a run of another deck.
    RunError
        If a run was interrupted. The same call resumes it.
    """
    source = source_of(deck)
    return [
        finish(
            with_settings(source, [f"model.member={member}"]), Path(directory) / f"member-{member}",
            f"of member {member}", threads, progress,
        )
        for member in members
    ]  # fmt: skip


def member_spread(runs: Sequence[Run | str | Path]) -> list[MemberFigure]:
    """Return the figures that all runs have in common, with statistical error and model error apart.

    The errors are those of `mean_over_models`.

    Parameters
    ----------
    runs : sequence of Run or path
        Runs of one deck with different members, from `run_members`.

    Raises
    ------
    AnalysisError
        If there are fewer than two runs, or a figure has different units in them.
    """
    if len(runs) < 2:
        raise AnalysisError(f"A spread over members needs two runs or more, got {len(runs)}. Use run_members.")
    tables = [_measured(run if isinstance(run, Run) else Run(run)) for run in runs]
    figures = []
    for quantity in tables[0]:
        found = [table[quantity] for table in tables if quantity in table]
        if len(found) < len(tables):
            continue
        units = {measure.unit for measure in found}
        if len(units) > 1:
            raise AnalysisError(f"{quantity} has the units {', '.join(sorted(units))}: these are not runs of one deck.")
        mean, error, spread = mean_over_models([m.value for m in found], [m.error for m in found])
        figures.append(MemberFigure(quantity, units.pop(), mean, error, spread, len(found)))
    return figures


def _measured(run: Run) -> dict[str, WithError]:
    """Return the rows of the table of a run that have a value and an error, by their full names."""
    table: dict[str, WithError] = {}
    for name, row in named_rows(run.results.rows()):
        if row.measured is not None and math.isfinite(row.measured.value) and math.isfinite(row.measured.error):
            table[name] = row.measured
    return table
