"""The deck: read from a file, a string or Python objects, with all errors in one message; written as TOML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import PrivateAttr, ValidationError

from nakmd.deck.draft import read_draft
from nakmd.deck.fields import Section
from nakmd.deck.messages import render
from nakmd.deck.schema import DeckTables
from nakmd.deck.source import DeckSource, python_numbers, write_toml
from nakmd.errors import DeckError, InputError
from nakmd.notebook_html import html_code
from nakmd.toml_lines import LineMap


class Deck(DeckTables):
    """The complete input of a run: potential, structure, stages, output and analyses.

    Examples
    --------
    >>> deck = Deck(
    ...     model={"potential": "nak"},
    ...     structure={"liquid": {"x_K": 0.67, "temperature": "400 K", "atoms": 500}},
    ...     stage=[{"kind": "produce", "duration": "1 ps", "temperature": "400 K"}],
    ... )
    >>> deck.stage[0].n_steps
    1000
    """

    _source: DeckSource | None = PrivateAttr(default=None)

    def __init__(self, **tables: Any) -> None:
        tables = {key: python_numbers(value) for key, value in tables.items()}
        try:
            super().__init__(**tables)
        except ValidationError:
            plain = _plain(tables)
            raise DeckError(render(read_draft(plain)[1], lambda path: "deck", LineMap())) from None

    def __eq__(self, other: object) -> bool:
        # decks with equal values are equal, whatever text they were read from
        return isinstance(other, Deck) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(self.to_toml())

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a deck from a TOML file.

        Raises
        ------
        DeckError
            Lists every invalid value with its line and the remedy.
        """
        return cls.from_source(DeckSource.read(path))

    @classmethod
    def from_text(cls, text: str, folder: Path | None = None) -> Self:
        """Read a deck from TOML text; paths in it are relative to ``folder``."""
        return cls.from_source(DeckSource.parse(text, folder=folder))

    @classmethod
    def from_source(cls, source: DeckSource) -> Self:
        """Validate a deck that is already parsed."""
        try:
            deck = cls.model_validate(source.data)
        except DeckError:
            raise DeckError(source.render(read_draft(source.data)[1])) from None
        deck._source = source
        return deck

    @property
    def source(self) -> DeckSource:
        """The text that the deck was read from; generated for a deck made in Python."""
        if self._source is None:
            return DeckSource.parse(self.to_toml())
        return self._source

    def _repr_html_(self) -> str:
        """Return the text of the deck, for notebooks."""
        return html_code(f"Deck: {self.title or 'untitled'}", self.source.text.strip())

    def to_toml(self) -> str:
        """Return the deck as TOML without the default values; reading it back gives the same numbers to the bit."""
        return write_toml(self.model_dump(exclude_defaults=True))


def source_of(deck: Deck | DeckSource | str | Path) -> DeckSource:
    """Return the text of a deck, or of a file.

    Raises
    ------
    InputError
        If the file cannot be read, or tables were given.
    DeckError
        If it is not TOML.
    """
    if isinstance(deck, Deck):
        return deck.source
    if isinstance(deck, Mapping):
        raise InputError("A deck is a file or a nakmd.Deck; of tables in Python make one: nakmd.Deck(**tables).")
    return deck if isinstance(deck, DeckSource) else DeckSource.read(deck)


def _plain(value: Any) -> Any:
    """Turn models back into dictionaries, so that a deck made in Python is checked like the text of one."""
    if isinstance(value, Section):
        return value.model_dump(exclude_defaults=True)
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
