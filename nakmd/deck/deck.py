"""A whole deck: read from a file, a text or Python; every fault of its words in one message; written as TOML."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import PrivateAttr, ValidationError

from nakmd.deck.draft import read_draft
from nakmd.deck.fields import Section
from nakmd.deck.messages import render
from nakmd.deck.schema import DeckTables
from nakmd.deck.source import DeckSource, write_toml
from nakmd.errors import DeckError
from nakmd.toml_lines import LineMap


class Deck(DeckTables):
    """A whole input: forces, structure, stages, output and analyses.

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

    def __init__(self, **words: Any) -> None:
        try:
            super().__init__(**words)
        except ValidationError:
            plain = _plain(words)
            raise DeckError(render(read_draft(plain)[1], "deck", LineMap())) from None

    def __eq__(self, other: object) -> bool:
        # two decks that say the same are the same, whatever text they came from
        return isinstance(other, Deck) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(self.to_toml())

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a deck from a TOML file.

        Raises
        ------
        DeckError
            With every fault of the words, each with its line and what to do.
        """
        return cls.from_source(DeckSource.read(path))

    @classmethod
    def from_text(cls, text: str, folder: Path | None = None) -> Self:
        """Read a deck from TOML text; files named in it are sought from ``folder``."""
        return cls.from_source(DeckSource.parse(text, folder=folder))

    @classmethod
    def from_source(cls, source: DeckSource) -> Self:
        """Read a deck that has been parsed already."""
        try:
            deck = cls.model_validate(source.data)
        except DeckError:
            raise DeckError(source.render(read_draft(source.data)[1])) from None
        deck._source = source
        return deck

    @property
    def source(self) -> DeckSource:
        """The text that the deck came from; written now for one that was made in Python."""
        if self._source is None:
            text = self.to_toml()
            return DeckSource.parse(text)
        return self._source

    def to_toml(self) -> str:
        """Return the deck as TOML, defaults left out; it reads back to exactly the same numbers."""
        return write_toml(self.model_dump(exclude_defaults=True))


def _plain(value: Any) -> Any:
    """Undo models inside Python's words, so that they are checked as the text of a deck is."""
    if isinstance(value, Section):
        return value.model_dump(exclude_defaults=True)
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
