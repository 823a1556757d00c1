"""Pieces that every record of the library is made of: kinds of values, sources, units, accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints

Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Positive = Annotated[float, Strict(), Field(gt=0.0, allow_inf_nan=False)]
NotNegative = Annotated[float, Strict(), Field(ge=0.0, allow_inf_nan=False)]
Word = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=32, pattern=r"^[A-Za-z][A-Za-z0-9:_-]*$")]
Name = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Text = Annotated[str, Strict()]
Doi = Annotated[str, Strict(), StringConstraints(pattern=r"^10\.[0-9]{4,9}/\S+$")]

#: How a number is known: read in the source named; solved for figures of the source; remembered (and how
#: well); chosen here, with the reason in the note.
Evidence = Literal["published", "fitted", "recalled-high", "recalled-medium", "recalled-low", "proposed"]


def pair_key(a: str, b: str) -> tuple[str, str]:
    """Return an unordered pair in its one order."""
    return (a, b) if a <= b else (b, a)


class Part(BaseModel):
    """A piece of a record: frozen, and without words that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Part):
    """A work that numbers come from."""

    paper: Text
    doi: Doi | None = None
    note: Text = ""


class Units(Part):
    """The units of the numbers; nothing is converted, so they can only be these."""

    energy: Literal["eV"]
    length: Literal["Å"]
    density: Literal["eV²", "eV/Å³"] | None = None
    elastic: Literal["GPa"] | None = None


class Accuracy(Part):
    """A figure that the numbers give, beside what it should be: measured, or computed from first principles.

    ``of`` is the element, alloy or site; ``error`` the standard error of ``value`` where it is sampled.
    """

    of: Text
    property: Text
    value: Number
    error: Positive | None = None
    unit: Text = ""
    reference: Number | None = None
    source: Text = ""
    note: Text = ""


class Record(Part):
    """What every file of the library says of itself."""

    name: Name
    title: Text
    form: str
    notes: Text = ""
    not_for: tuple[Text, ...] = ()
    accuracy: tuple[Accuracy, ...] = ()


class NumbersRecord(Record):
    """A record that holds numbers: with their units, sources and licence."""

    license: Text
    units: Units
    source: Annotated[tuple[Source, ...], Field(min_length=1)]


class Element(Part):
    """An element, for the headers of tables."""

    symbol: Word
    atomic_number: Annotated[int, Strict(), Field(ge=1, le=118)]
    mass: Positive
    lattice: Word
    lattice_constant: Positive


def refuse_repeats(names: Sequence[str], what: str) -> None:
    """Refuse a list that names a thing twice."""
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise ValueError(f"{what} {repeated[0]} is given twice")
