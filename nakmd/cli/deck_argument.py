"""The deck of a command: a file or standard input, with values changed by options."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nakmd.cli.guard import complain
from nakmd.errors import InputError

if TYPE_CHECKING:
    from nakmd.deck.source import DeckSource

#: The argument that means standard input, and its name in messages and folders.
STANDARD_INPUT, ITS_NAME = "-", "stdin"

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a value of the deck, repeatable: model.member=3, stage[0].temperature='500 K'.",
    ),
]


def read_deck(deck: Path, settings: Sequence[str] | None) -> DeckSource:
    """Return the deck that a command was given, with its changes.

    Raises
    ------
    InputError
        If it cannot be read.
    DeckError
        If it is not TOML, or a change cannot be made.
    """
    from nakmd.deck.changes import with_settings
    from nakmd.deck.source import DeckSource

    if str(deck) != STANDARD_INPUT:
        return with_settings(DeckSource.read(deck), settings or ())
    try:
        if sys.stdin.isatty():
            complain("reading the deck from standard input; Ctrl-D ends it")
        text = sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{ITS_NAME} is not UTF-8 text (byte {error.start}). A deck is a TOML file.") from None
    if not text.strip():
        raise InputError(
            f"Standard input is empty: {STANDARD_INPUT} reads the deck from there. Give the name of a file instead, or "
            "pipe a deck into the command: `cat deck.toml | nakmd run -`."
        )
    return with_settings(DeckSource.parse(text, ITS_NAME), settings or ())


def as_arguments(deck: Path, settings: Sequence[str] | None) -> str:
    """Return the arguments that name this deck with its changes, as a shell takes them."""
    words = [str(deck)]
    for setting in settings or ():
        words += ["--set", setting]
    return shlex.join(words)
