"""Declaration of the parameters of a pair form, and the record schemas derived from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self, cast

import numpy as np
from pydantic import Field, Strict, create_model, model_validator

from nakmd.errors import InputError
from nakmd.potentials.base import Term, finite, positive
from nakmd.potentials.forms.record import (
    Choice,
    Evidence,
    NotNegative,
    Number,
    NumbersRecord,
    Part,
    Positive,
    Species,
    Text,
    unique_pairs,
)

#: How an interaction ends at its cutoff.
CutMode = Literal["cut", "shift", "smooth"]


def not_negative(value: float, what: str) -> float:
    """Return the value; raise `InputError` unless it is finite and not below zero."""
    if not (np.isfinite(value) and value >= 0.0):
        raise InputError(f"{what} must be a number not below 0, got {value}.")
    return float(value)


_CHECKS: Mapping[str, Callable[[float, str], float]] = {
    "positive": positive, "not negative": not_negative, "any": finite,
}  # fmt: skip
_TYPES: Mapping[str, Any] = {"positive": Positive, "not negative": NotNegative, "any": Number}


@dataclass(frozen=True)
class Parameter:
    """A number that a pair formula takes for each pair of species.

    Attributes
    ----------
    unit : str
        ``"eV"``, ``"Å"``, ``"eV Å⁶"``; empty for a dimensionless number.
    meaning : str
        What it is, with its symbol in the equation, for the schema of decks.
    example : float
        A value that makes sense, for the schema of decks.
    range : {"positive", "not negative", "any"}
        Allowed values.
    """

    unit: str
    meaning: str
    example: float
    range: Literal["positive", "not negative", "any"] = "positive"

    def checked(self, value: float, what: str) -> float:
        """Return the value; raise `InputError` if it is out of range."""
        return _CHECKS[self.range](value, what)

    @property
    def record_type(self) -> Any:
        """The type of the number in a record."""
        return _TYPES[self.range]


class CutPair(Part):
    """Keys of every pair of a pair potential."""

    #: V in one line, if keys besides the parameters change it.
    equation: ClassVar[str] = ""

    species: tuple[Species, Species]
    cutoff: Positive | None = None
    cut: CutMode | None = None
    smooth_from: Positive | None = None
    evidence: Evidence
    note: Text = ""

    @property
    def takes_doping(self) -> bool:
        """Whether graphitic nitrogen in the wall changes the parameters."""
        return False

    def numbers(self, doping: float) -> dict[str, Any]:
        """Return the parameters of the pair for ``doping`` graphitic N per atom of the wall."""
        return self.model_dump(exclude={"species", "evidence", "note"}, exclude_none=True)


class PairSet(NumbersRecord):
    """A pair potential: parameters and cut mode of each pair of species; cut modes default to that of the set.

    With ``between_layers`` it acts only between atoms of different layers of the wall.
    """

    scalable = True
    #: The class of the potential.
    potential: ClassVar[Callable[..., Term]]

    cutoff: Positive
    cut: CutMode
    between_layers: Annotated[bool, Strict()] = False
    none: tuple[tuple[Species, Species], ...] = ()
    pair: Annotated[tuple[CutPair, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _pairs_differ(self) -> Self:
        unique_pairs(pair.species for pair in self.pair)
        return self

    @property
    def species(self) -> tuple[str, ...]:  # noqa: D102  (inherited)
        return tuple(dict.fromkeys(species for pair in self.pair for species in pair.species))

    @property
    def takes_doping(self) -> bool:  # noqa: D102
        return any(pair.takes_doping for pair in self.pair)

    def build_terms(self, choice: Choice) -> list[Term]:  # noqa: D102
        pairs = {
            pair.species: {"cutoff": self.cutoff, "cut": self.cut, **pair.numbers(choice.doping)} for pair in self.pair
        }
        potential = type(self).potential
        return [
            potential(pairs, none=self.none, scale=choice.scale, label=self.name, between_layers=self.between_layers)
        ]


def make_pair_set(
    potential: Callable[..., Term],
    name: str,
    form: str,
    equation: str,
    parameters: Mapping[str, Parameter],
    pair_record: type[CutPair] = CutPair,
) -> type[PairSet]:
    """Return the record schema of a pair form.

    Parameters
    ----------
    potential : callable
        Takes ``pairs``, ``none``, ``scale``, ``label`` and ``between_layers``.
    name : str
        Name of the class of the potential; the records are called ``<name>Set`` and ``<name>Pair``.
    form : str
        Value of ``form`` in a file.
    equation : str
    parameters : mapping of str to Parameter
    pair_record : type
        Schema of the keys of a pair besides the parameters.
    """
    fields: dict[str, Any] = {key: (parameter.record_type, ...) for key, parameter in parameters.items()}
    numbers = create_model(f"{name}Numbers", __base__=CutPair, __module__=__name__, **fields)
    bases = (numbers,) if pair_record is CutPair else (pair_record, numbers)
    pair = create_model(f"{name}Pair", __base__=bases, __module__=__name__, __doc__=equation)
    keys: dict[str, Any] = {
        "form": (Literal[form], ...), "pair": (Annotated[tuple[pair, ...], Field(min_length=1)], ...),
    }  # fmt: skip
    record = create_model(
        f"{name}Set", __base__=PairSet, __module__=__name__, __doc__=f"Pairs of species: {equation}", **keys
    )
    record.equation = pair_record.equation or equation
    record.potential = potential
    record.number_units = {key: parameter.unit for key, parameter in parameters.items()}
    return cast("type[PairSet]", record)
