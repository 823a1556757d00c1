"""Base classes of the records of the library: types of values, sources, units, accuracy, conversion to terms."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, StringConstraints, model_validator

from nakmd.elements import miswritten_symbol
from nakmd.errors import InputError
from nakmd.potentials.base import Term

Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Positive = Annotated[float, Strict(), Field(gt=0.0, allow_inf_nan=False)]
NotNegative = Annotated[float, Strict(), Field(ge=0.0, allow_inf_nan=False)]
Word = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=32, pattern=r"^[A-Za-z][A-Za-z0-9:_-]*$")]


def _checked_symbol(name: str) -> str:
    """Return the name of a species; raise `ValueError` for a symbol with wrong capitals."""
    symbol = miswritten_symbol(name)
    if symbol is not None:
        raise ValueError(f"{name!r} is no element: symbols are case-sensitive, write {symbol}")
    return name


Species = Annotated[Word, AfterValidator(_checked_symbol)]
Name = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Text = Annotated[str, Strict()]
Doi = Annotated[str, Strict(), StringConstraints(pattern=r"^10\.[0-9]{4,9}/\S+$")]

#: How a number is known: read in the cited source; solved for properties given by the source; recalled from memory,
#: with the confidence; or chosen by nakmd, with the reason in the note.
Evidence = Literal["published", "fitted", "recalled-high", "recalled-medium", "recalled-low", "proposed"]

#: Units of keys that have the same meaning in every form.
COMMON_UNITS = {"cutoff": "Å", "smooth_from": "Å", "lattice_constant": "Å", "mass": "amu"}


def pair_key(a: str, b: str) -> tuple[str, str]:
    """Return an unordered pair in sorted order."""
    return (a, b) if a <= b else (b, a)


class Part(BaseModel):
    """A part of a record: immutable, and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Part):
    """A publication that numbers come from."""

    paper: Text
    doi: Doi | None = None
    note: Text = ""


class Units(Part):
    """The units of the numbers. Nothing is converted, so no others are accepted."""

    energy: Literal["eV"]
    length: Literal["Å"]
    density: Literal["eV²", "eV/Å³"] | None = None
    elastic: Literal["GPa"] | None = None


class Accuracy(Part):
    """A property of the model and its reference value, measured or computed from first principles.

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


class SurfaceEntry(Part):
    """Measured surface of the liquid of the model: tension [mN/m] and energy per area [mJ/m²] with standard errors.

    ``x_K`` is the fraction of K among Na and K; written by ``potentials/surfaces.py``.
    """

    x_K: Annotated[float, Strict(), Field(ge=0.0, le=1.0)]  # noqa: N815  (as in decks)
    temperature: Positive
    tension: Positive
    tension_error: Positive
    energy: Positive
    energy_error: Positive


class LatticeEntry(Part):
    """Lattice constant a [Å] of bcc of an element in the model at zero pressure, with its standard error.

    Classical nuclei, without zero-point motion; written by ``potentials/lattices.py``.
    """

    element: Species
    temperature: Positive
    a: Positive
    error: Positive


class Record(Part):
    """Keys of every file of the library."""

    #: The energy in one line.
    equation: ClassVar[str]
    #: Units of the numbers of this form by key, in addition to `COMMON_UNITS`.
    number_units: ClassVar[Mapping[str, str]] = {}

    name: Name
    title: Text
    form: str
    notes: Text = ""
    not_for: tuple[Text, ...] = ()
    accuracy: tuple[Accuracy, ...] = ()

    @property
    @abstractmethod
    def species(self) -> tuple[str, ...]:
        """Elements or species that the record has numbers for; for a model, its sets."""

    @classmethod
    def form_word(cls) -> str:
        """Return the value of ``form`` that selects this schema."""
        return str(get_args(cls.model_fields["form"].annotation)[0])

    @classmethod
    def unit_of(cls, key: str) -> str:
        """Return the unit of a number, empty if it has none."""
        return cls.number_units.get(key, COMMON_UNITS.get(key, ""))


@dataclass(frozen=True)
class Choice:
    """Options for building the terms of a parameter set.

    Attributes
    ----------
    elements : tuple of str or None
        The elements to use; all of the set if None.
    lambda_phi : float or None
        Factor on φ between unlike elements; the value of the set if None.
    scale : float
        Factor on energies and forces, for pair terms.
    doping : float
        Graphitic nitrogen per atom of the wall.
    member : int or None
        Number of a member of the ensemble of the set, from 1; None for the set itself.
    folder : pathlib.Path
        Folder of the data files that the record names.
    """

    elements: tuple[str, ...] | None = None
    lambda_phi: float | None = None
    scale: float = 1.0
    doping: float = 0.0
    member: int | None = None
    folder: Path = Path()


class NumbersRecord(Record):
    """A record of numbers with their units, sources and licence."""

    #: Whether the affinity may scale it and metal may screen it: true for pair terms.
    scalable: ClassVar[bool] = False
    #: Whether a subset of its elements can be selected.
    has_elements: ClassVar[bool] = False
    #: Whether φ between unlike elements can be scaled.
    has_lambda_phi: ClassVar[bool] = False

    license: Text
    units: Units
    source: Annotated[tuple[Source, ...], Field(min_length=1)]
    surface: tuple[SurfaceEntry, ...] = ()
    lattice: tuple[LatticeEntry, ...] = ()

    @model_validator(mode="after")
    def _lattices_differ(self) -> Self:
        refuse_repeats([f"{entry.element} at {entry.temperature:g} K" for entry in self.lattice], "lattice of")
        if len(set(self.species)) < len(self.species):
            return self  # reported where the elements are read
        foreign = sorted({entry.element for entry in self.lattice} - set(self.species))
        if foreign:
            raise ValueError(f"lattice has {', '.join(foreign)}, but the set has no such element")
        return self

    @model_validator(mode="after")
    def _surfaces_differ(self) -> Self:
        refuse_repeats([f"x_K = {entry.x_K:g} at {entry.temperature:g} K" for entry in self.surface], "surface of")
        for element, x_K in (("Na", 0.0), ("K", 1.0)):
            if element not in self.species and any(entry.x_K != 1.0 - x_K for entry in self.surface):
                raise ValueError(f"surface has x_K other than {1.0 - x_K:g}, but the set has no {element}")
        return self

    @property
    def takes_doping(self) -> bool:
        """Whether graphitic nitrogen in the wall changes its numbers."""
        return False

    @property
    def n_members(self) -> int:
        """Number of members of its ensemble: other parameters that agree with the data of the fit."""
        return 0

    @property
    def data_files(self) -> tuple[str, ...]:
        """Names of files in the folder of the record that hold some of its numbers."""
        return ()

    def terms(self, choice: Choice) -> list[Term]:
        """Return the terms of the set: one, except for a Finnis-Sinclair set of several separate alloys.

        Parameters
        ----------
        choice : Choice

        Raises
        ------
        InputError
            If the form lacks an option that is set, or the set lacks an element.
        """
        if choice.elements is not None and not self.has_elements:
            raise InputError(f"{self.name} ({self.form}) takes no choice of elements.")
        if choice.lambda_phi is not None and not self.has_lambda_phi:
            raise InputError(f"{self.name} ({self.form}) has no lambda_phi.")
        if choice.member is not None and not 1 <= choice.member <= self.n_members:
            has = f"has members 1 to {self.n_members}" if self.n_members else "has no ensemble"
            raise InputError(f"{self.name} {has}; there is no member {choice.member}.")
        return self.build_terms(choice)

    @abstractmethod
    def build_terms(self, choice: Choice) -> list[Term]:
        """Return the terms for a choice whose options the form has."""

    def chosen(self, elements: Sequence[str] | None) -> tuple[str, ...]:
        """Return the elements to use; raise `InputError` if the set lacks one."""
        missing = [element for element in elements or () if element not in self.species]
        if missing or (elements is not None and not elements):
            raise InputError(f"{self.name} has {', '.join(self.species)}, not {', '.join(missing) or 'nothing'}.")
        return tuple(dict.fromkeys(elements)) if elements is not None else self.species


class Element(Part):
    """Properties of an element, for the headers of tables."""

    symbol: Species
    atomic_number: Annotated[int, Strict(), Field(ge=1, le=118)]
    mass: Positive
    lattice: Word
    lattice_constant: Positive


def refuse_repeats(names: Sequence[str], what: str) -> None:
    """Raise `ValueError` if a name occurs twice."""
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise ValueError(f"{what} {repeated[0]} is given twice")


def unique_pairs(pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return unordered pairs in sorted order; raise `ValueError` if one occurs twice."""
    keys = [pair_key(*pair) for pair in pairs]
    refuse_repeats(["-".join(key) for key in keys], "pair")
    return set(keys)


class ElementsRecord(NumbersRecord):
    """A record with one table for each element; a subset of the elements can be selected."""

    has_elements = True

    element: Annotated[tuple[Element, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _elements_differ(self) -> Self:
        refuse_repeats(self.species, "element")
        return self

    @property
    def species(self) -> tuple[str, ...]:  # noqa: D102  (inherited)
        return tuple(element.symbol for element in self.element)


class Ends(Part):
    """Range [start, end] over which functions are switched to zero by a polynomial."""

    start: Positive
    end: Positive

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start >= self.end:
            raise ValueError(f"start = {self.start} must be smaller than end = {self.end}")
        return self
