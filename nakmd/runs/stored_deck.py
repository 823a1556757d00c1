"""Whether the deck and the potential of a stored run are still those it was started with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nakmd._version import __version__
from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource
from nakmd.errors import InputError
from nakmd.potentials import Potential
from nakmd.runs.folder import RunFolder, difference
from nakmd.runs.potential_builder import build_potential
from nakmd.runs.provenance import potential_hash
from nakmd.toml_lines import KeyPath


def stored_source(text: str, folder: str, run: RunFolder, deck: str | Path | None) -> DeckSource:
    """Return the deck that a run was started with, unless a copy of it has changed.

    Parameters
    ----------
    text, folder : str
        As stored: the deck, and the folder that its paths are relative to.
    run : RunFolder
        Its copy of the deck may be missing.
    deck : path, optional
        A deck that must be the same.

    Raises
    ------
    InputError
        With the difference.
    """
    refuse_changed_deck(text, run.deck, is_copy=True)
    if deck is not None:
        refuse_changed_deck(text, Path(deck), is_copy=False)
    return DeckSource.parse(text, str(run.deck), Path(folder))


def refuse_changed_deck(stored: str, path: Path, *, is_copy: bool) -> None:
    """Refuse a deck that differs from that of the checkpoint; only the copy in the folder of the run may be missing."""
    try:
        now = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if is_copy:
            return  # the checkpoint contains the deck
        raise InputError(f"There is no deck {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The deck {path} cannot be read: {error}.") from None
    changed = difference(stored, now, "the deck of the run", str(path))
    if changed:
        raise InputError(
            f"The deck has changed since the start of the run, so the run cannot continue:\n{changed}\n"
            "Undo the change, or start a new run with `nakmd run`."
        )


def same_potential(deck: Deck, source: DeckSource, stored: Mapping[str, Any]) -> Potential:
    """Rebuild the potential and compare it with that of the checkpoint."""
    faults: list[str] = []

    def report(path: KeyPath, what: str) -> None:
        faults.append(what)

    potential = build_potential(deck.model, source.folder, report, deck.structure)
    if potential is None or faults:
        raise InputError("\n".join(faults) or "The model of the run cannot be built.")
    digest = potential_hash(potential)
    if digest != stored["potential_hash"]:
        raise InputError(
            f"The potential has changed since the start of the run: the digest of its parameters was "
            f"{stored['potential_hash'][:16]} and is now {digest[:16]} (nakmd {stored['nakmd']} then, {__version__} "
            "now). Restore the old files, or start a new run."
        )
    return potential
