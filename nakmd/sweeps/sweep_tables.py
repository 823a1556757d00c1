"""The tables of a sweep file, and its text with line numbers."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationError

from nakmd.deck.fields import Flag, Names, Positive, Section, Text
from nakmd.deck.key_facts import notes
from nakmd.deck.messages import describe, locate
from nakmd.deck.source import DeckSource
from nakmd.errors import DeckError, InputError, did_you_mean
from nakmd.potentials.files.texts import read_text
from nakmd.toml_lines import KeyPath, LineMap

Seed = Annotated[int, Field(strict=True, ge=0, lt=2**63)]


def _counted_from_one(value: Any) -> Any:
    """Return the members 1 to n for a number n."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 1000
    return tuple(range(1, value + 1)) if is_count else value


#: A list of members; a number n stands for 1 to n.
Members = Annotated[
    tuple[Positive, ...],
    BeforeValidator(_counted_from_one, json_schema_input_type=int | tuple[int, ...]),
    Field(min_length=1),
]


class SweepTables(Section):
    """The words of a sweep file."""

    deck: Text = Field(
        description="The deck that all points change; relative to the sweep file.", examples=["nak_liquid.toml"]
    )
    set: dict[str, Any] = Field(
        default={},
        description="Values of keys of the deck: a list, a range, or one value for all points; [[...]] is one value "
        "that is a list.",
        examples=[{"structure.liquid.x_K": [0.5, 0.67], "model.affinity": {"from": 0.8, "to": 1.2, "steps": 3}}],
    )
    zip: tuple[tuple[Text, ...], ...] = Field(
        default=(),
        description="Groups of keys of set that advance together; all others are combined.",
        examples=[[["structure.liquid.x_K", "model.affinity"]]],
        json_schema_extra=notes(quantity="list of keys"),
    )
    csv: Text | None = Field(
        default=None,
        description="Table of points: keys of the deck in the first line, their values in each other.",
        examples=["points.csv"],
        json_schema_extra=notes(default="none"),
    )
    seed: Annotated[tuple[Seed, ...], Field(min_length=1)] | None = Field(
        default=None,
        description="Seeds.",
        examples=[[1, 2, 3]],
        json_schema_extra=notes(default="that of the deck", quantity="whole number"),
    )
    seeds: Positive | None = Field(
        default=None,
        description="Number of seeds, from the seed of the deck on.",
        examples=[4],
        json_schema_extra=notes(default="one", unit="seeds"),
    )
    model: Names | None = Field(
        default=None,
        description="Named sets or files, as in model.potential.",
        examples=[["nak-cn", "nak-cn-2016"]],
        json_schema_extra=notes(default="that of the deck"),
    )
    members: Members | None = Field(
        default=None,
        description="Members of the ensemble of the model: a list, or their number.",
        examples=[8, [1, 3, 5]],
        json_schema_extra=notes(default="that of the deck", quantity="index"),
    )
    threads: Positive | None = Field(
        default=None,
        description="Threads of a run.",
        examples=[2],
        json_schema_extra=notes(default="chosen by its size", unit="threads"),
    )
    report: Flag = Field(default=True, description="Whether each point has a report.")


@dataclass
class SweepText:
    """A sweep file as text and as parsed values, and the faults found so far.

    Attributes
    ----------
    name : str
        Its path as given, for messages.
    folder : Path
        Paths in the file are relative to it.
    text : str
    data : dict
    faults : list of str
        Messages with the line of each.
    """

    name: str
    folder: Path
    text: str
    data: dict[str, Any]
    faults: list[str]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a sweep file.

        Raises
        ------
        InputError
            If it cannot be read.
        DeckError
            If it is not TOML, or a deck.
        """
        if not path.is_file():
            near = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
            hint = did_you_mean(path.name, near) if near else "`nakmd new sweep` writes an example."
            raise InputError(f"There is no sweep {path}. {hint}")
        text = read_text(path)
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise DeckError([f"{path}: invalid TOML: {error}. Keys with dots and quantities need quotes."]) from None
        if "deck" not in data and {"structure", "stage"} & data.keys():
            raise DeckError(
                [f'{path} is a deck. A sweep is a file of its own with deck = "{path.name}"; `nakmd run` runs one.']
            )
        return cls(str(path), path.parent, text, data, [])

    @property
    def lines(self) -> LineMap:
        """The lines of the keys."""
        return LineMap.of(self.text)

    def place(self, path: KeyPath) -> str:
        """Return the line of a key: ``sweep.toml:5``."""
        line = self.lines.find(path)
        return f"{self.name}:{line}" if line else self.name

    def fault(self, path: KeyPath, what: str) -> None:
        """Record a fault at a key."""
        self.faults.append(f"{self.place(path)}: {what}")

    def tables(self) -> SweepTables:
        """Return the valid tables, and record the faults of the others."""
        data = dict(self.data)
        try:
            return SweepTables.model_validate(data)
        except ValidationError as failure:
            errors = failure.errors(include_url=False, include_input=False)
        for error in errors:
            key = str(error["loc"][0])
            data.pop(key, None)
            if error["type"] == "extra_forbidden":
                self.fault((key,), f'unknown key "{key}" in a sweep. {did_you_mean(key, SweepTables.model_fields)}')
            elif error["type"] == "missing":
                self.fault((), f'the key "{key}" is missing: {key} = "deck.toml".')
            else:
                path, annotation = locate(error["loc"], SweepTables)
                self.fault(path, describe(error, path, annotation, SweepTables, self.data))
        return SweepTables.model_validate({"deck": "", **data})

    def read_deck(self, tables: SweepTables) -> DeckSource | None:
        """Return the deck; None if it cannot be read, which is then a fault."""
        if not isinstance(self.data.get("deck"), str):
            return None  # which is a fault already
        try:
            return DeckSource.read(self.folder / tables.deck)
        except InputError as error:
            self.faults += [f"{self.place(('deck',))}: {line}" for line in str(error).splitlines()]
            return None

    def refuse(self, more: Iterable[str] = ()) -> None:
        """Raise `DeckError` with all faults, if there are any."""
        listed = list(dict.fromkeys([*self.faults, *more]))
        if listed:
            raise DeckError(sorted(listed, key=_line))


def _line(message: str) -> int:
    """Return the line number of a message, for the order; 0 without one."""
    number = message.split(": ", 1)[0].rpartition(":")[2]
    return int(number) if number.isdigit() else 0
