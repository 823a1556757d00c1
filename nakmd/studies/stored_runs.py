"""Stored runs and the models that made them: a trajectory carries its deck, and the deck its forces."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource, write_toml
from nakmd.errors import AnalysisError, InputError
from nakmd.io import Trajectory
from nakmd.io.checkpoint import read_checkpoint
from nakmd.potentials import Potential
from nakmd.runs.folder import RunFolder
from nakmd.runs.potential_builder import build_potential
from nakmd.runs.provenance import potential_hash
from nakmd.runs.session import Run
from nakmd.toml_lines import KeyPath

#: A run that has ended, its trajectory, or the path of either.
Stored = Run | Trajectory | str | Path


@contextmanager
def opened(run: Stored) -> Iterator[Trajectory]:
    """Give the trajectory of a run; one that was opened here is closed again."""
    if isinstance(run, Trajectory):
        yield run
    elif isinstance(run, Run):
        yield run.trajectory
    else:
        path = Path(run)
        with Trajectory(RunFolder(path).trajectory if path.is_dir() else path) as trajectory:
            yield trajectory


def deck_of(trajectory: Trajectory) -> DeckSource:
    """Return the deck that a trajectory carries.

    Raises
    ------
    AnalysisError
        If it carries none: another program wrote it.
    """
    if not trajectory.deck:
        raise AnalysisError(
            f"{trajectory.path} carries no deck, so nothing tells by which forces it was made: another program wrote "
            "or converted it. Take the file that nakmd run wrote, or give the model yourself."
        )
    return DeckSource.parse(trajectory.deck, str(trajectory.path), _folder_of(trajectory.path))


def _folder_of(path: Path) -> Path | None:
    """Return where files named in the deck of a run lie: its checkpoint remembers."""
    checkpoint = RunFolder(path.parent).checkpoint
    if not checkpoint.exists():
        return None
    return Path(str(read_checkpoint(checkpoint)["folder"]))


def with_affinity(source: DeckSource, affinity: float) -> DeckSource:
    """Return the same deck at another affinity.

    Raises
    ------
    InputError
        If its model has no affinity to scale.
    """
    data = copy.deepcopy(source.data)
    model = data.get("model")
    if not isinstance(model, dict) or "potential" not in model:
        raise InputError(
            f"{source.name}: the affinity scales the metal-carbon depths of a named set, and this model is none. "
            'Write [model] potential = "nak-cn", or a TOML file of your own.'
        )
    model["affinity"] = float(affinity)
    return DeckSource.parse(write_toml(data), source.name, source.folder)


def potential_of(source: DeckSource) -> Potential:
    """Return the potential of a deck.

    Raises
    ------
    InputError
        With every fault of the deck's model.
    """
    faults: list[str] = []

    def report(path: KeyPath, what: str) -> None:
        faults.append(what)

    deck = Deck.from_source(source)
    potential = build_potential(deck.model, source.folder, report, deck.structure)
    if potential is None or faults:
        raise InputError("\n".join(faults) or f"{source.name}: its model cannot be built.")
    return potential


def model_of(trajectory: Trajectory) -> Potential:
    """Return the potential that made a trajectory, built again and held against the digest stored then.

    Raises
    ------
    AnalysisError
        If the file carries no deck, or the parameters have changed since.
    """
    potential = potential_of(deck_of(trajectory))
    then, now = str(trajectory.potentials.get("hash", "")), potential_hash(potential)
    if then and then != now:
        raise AnalysisError(
            f"{trajectory.path} was made with a potential of digest {then[:16]}; the deck's model now has {now[:16]}. "
            "Energies of another model say nothing about these frames: bring the old parameter files back."
        )
    return potential
