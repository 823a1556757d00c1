"""Stored runs and their models: a trajectory contains its deck, and the deck defines the potential."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource, write_toml
from nakmd.errors import AnalysisError, InputError
from nakmd.io import Trajectory
from nakmd.potentials import Potential
from nakmd.runs.folder import RunFolder
from nakmd.runs.outcome import Run
from nakmd.runs.potential_builder import build_potential
from nakmd.runs.provenance import potential_hash
from nakmd.runs.run_checkpoint import read_run_checkpoint
from nakmd.toml_lines import KeyPath

#: A finished run, its trajectory, or the path of either.
Stored = Run | Trajectory | str | Path


@contextmanager
def opened(run: Stored) -> Iterator[Trajectory]:
    """Yield the trajectory of a run; it is closed afterwards if it was opened here."""
    if isinstance(run, Trajectory):
        yield run
    elif isinstance(run, Run):
        yield run.trajectory
    else:
        path = Path(run)
        with Trajectory(RunFolder(path).trajectory if path.is_dir() else path) as trajectory:
            yield trajectory


def deck_of(trajectory: Trajectory) -> DeckSource:
    """Return the deck stored in a trajectory.

    Raises
    ------
    AnalysisError
        If there is none, as in files of other programs.
    """
    if not trajectory.deck:
        raise AnalysisError(
            f"{trajectory.path} contains no deck, so its potential is unknown: the file was written or converted by "
            "another program. Use a trajectory of nakmd run, or give the model."
        )
    return DeckSource.parse(trajectory.deck, str(trajectory.path), _folder_of(trajectory.path))


def _folder_of(path: Path) -> Path | None:
    """Return the folder of relative file names in the deck of a run, from its checkpoint."""
    checkpoint = RunFolder(path.parent).checkpoint
    if not checkpoint.exists():
        return None
    return Path(read_run_checkpoint(checkpoint)["folder"])


def with_affinity(source: DeckSource, affinity: float) -> DeckSource:
    """Return the deck with another affinity.

    Raises
    ------
    InputError
        If its model has no affinity.
    """
    data = copy.deepcopy(source.data)
    model = data.get("model")
    if not isinstance(model, dict) or "potential" not in model:
        raise InputError(
            f"{source.name}: the affinity scales the metal-carbon depths of a named set, but this model has no "
            '[model] potential. Write potential = "nak-cn", or the path of a TOML file.'
        )
    model["affinity"] = float(affinity)
    return DeckSource.parse(write_toml(data), source.name, source.folder)


def potential_of(source: DeckSource) -> Potential:
    """Return the potential of a deck.

    Raises
    ------
    InputError
        Listing every error in the model of the deck.
    """
    messages: list[str] = []

    def report(path: KeyPath, what: str) -> None:
        messages.append(what)

    deck = Deck.from_source(source)
    potential = build_potential(deck.model, source.folder, report, deck.structure)
    if potential is None or messages:
        raise InputError("\n".join(messages) or f"{source.name}: its model cannot be built.")
    return potential


def model_of(trajectory: Trajectory) -> Potential:
    """Return the potential of a trajectory, built from its deck and checked against the stored digest.

    Raises
    ------
    AnalysisError
        If the file contains no deck, or the parameters have changed.
    """
    potential = potential_of(deck_of(trajectory))
    then, now = str(trajectory.potentials.get("hash", "")), potential_hash(potential)
    if then and then != now:
        raise AnalysisError(
            f"{trajectory.path} was generated with a potential of digest {then[:16]}, but the model of its deck has "
            f"{now[:16]}: the parameter files have changed. Restore the old ones."
        )
    return potential
