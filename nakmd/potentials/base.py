"""What every potential is: a description of terms over species, which `bind` turns into something that computes."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from nakmd.arrays import FloatArray
from nakmd.errors import CoverageError, InputError
from nakmd.potentials.evaluator import BoundTerm, Evaluator
from nakmd.system import Result, System

#: What `Potential.with_precision` takes.
PRECISIONS = ("double", "mixed")


class Potential(ABC):
    """A model of the energy of atoms: a description that never changes.

    `bind` returns an `Evaluator`, which holds the tables for the species of one system and computes. Any number of
    systems, threads and processes may share one potential.
    """

    #: Arithmetic of pairs: ``"double"``, or ``"mixed"`` with float32 (`with_precision`).
    precision: str = "double"

    #: Whether there are pairs that could be in float32.
    has_mixed: bool = True

    def __setattr__(self, name: str, value: object) -> None:
        if hasattr(self, name):
            raise AttributeError(
                f"{name} of {type(self).__name__} is set already: a potential does not change. Make another one."
            )
        object.__setattr__(self, name, value)

    def _with(self, **changes: object) -> Self:
        """Return a copy that differs in some attributes."""
        other = copy.copy(self)
        other.__dict__.update(changes)
        return other

    @property
    @abstractmethod
    def terms(self) -> tuple[Term, ...]:
        """The terms of the sum; a term alone is its own only one."""

    @abstractmethod
    def with_precision(self, precision: str) -> Self:
        """Return the same potential with another arithmetic of pairs.

        Parameters
        ----------
        precision : {"double", "mixed"}
            With ``"mixed"`` the separations, formulas and sums over the neighbours of one species are in float32, twice
            as many at a time; positions, velocities, sums of those sums, energies and virials remain in float64. Bond
            orders are in float64 in either case. Forces of a liquid metal are off by about 1e-5 of their rms then.

        Raises
        ------
        InputError
            If there is no such precision, or the potential has no pairs that could be in float32.
        """

    @abstractmethod
    def covers(self, a: str, b: str) -> str:
        """Return what couples two species (``"eam"``, ``"none"`` if declared so), or an empty string."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return form, parameters' source and cut modes, JSON-able, for provenance."""

    def bind(self, species_names: Sequence[str]) -> Evaluator:
        """Return an evaluator with the tables of these species.

        Raises
        ------
        CoverageError
            If two of the species are coupled by nothing.
        """
        self.check_coverage(species_names)
        return Evaluator(self, species_names, [term.bind_term(species_names) for term in self.terms])

    def coverage(self, species_names: Sequence[str]) -> list[tuple[str, str, str]]:
        """Return (a, b, what couples them) for every unordered pair of species."""
        names = list(species_names)
        return [(a, b, self.covers(a, b)) for k, a in enumerate(names) for b in names[k:]]

    def check_coverage(self, species_names: Sequence[str]) -> None:
        """Raise `CoverageError` if a pair of species is coupled by nothing."""
        missing = [f"{a} with {b}" for a, b, how in self.coverage(species_names) if not how]
        if missing:
            raise CoverageError(
                f"No term couples {', '.join(missing)}. Add a term for each pair to the model, or declare the pair "
                'as "none" if the two are meant not to interact. Nothing is taken as zero silently.'
            )


@dataclass
class LAMMPSStyle:
    """One pair style of LAMMPS that a term uses.

    Attributes
    ----------
    name, arguments : str
        As in ``pair_style``.
    coefficients : list of (str, str)
        Types, and what follows the name of the style in ``pair_coeff``.
    modify : str
        Arguments of ``pair_modify``; empty if there are none.
    files : dict of str to str
        Name and text of the files that the coefficients name.
    """

    name: str
    arguments: str
    coefficients: list[tuple[str, str]]
    modify: str = ""
    files: dict[str, str] = field(default_factory=dict)


class Term(Potential):
    """One term of a sum: a potential that also works as a part of one.

    Subclasses set `label` and implement `covers`, `describe` and `bind_term`.
    """

    label: str

    #: Guess of the cost [µs per atom and step on one thread], until a run has been timed.
    guessed_cost: float = 0.3

    #: What of the term LAMMPS lacks, as the end of "LAMMPS has no ..."; empty if it can be exported.
    lammps_lacks: str = ""

    @property
    def terms(self) -> tuple[Term, ...]:  # noqa: D102  (inherited)
        return (self,)

    @property
    def parts(self) -> tuple[Term, ...]:
        """The terms that it is made of: itself, unless it joins others (`nakmd.potentials.Screened`)."""
        return (self,)

    def with_precision(self, precision: str) -> Self:  # noqa: D102
        if precision not in PRECISIONS:
            raise InputError(f"There is no precision {precision!r}; there are {', '.join(PRECISIONS)}.")
        if precision == "mixed" and not self.has_mixed:
            raise InputError(f"{self.label} is evaluated in double precision only: mixed means nothing to it.")
        return self._with(precision=precision)

    @abstractmethod
    def bind_term(self, species_names: Sequence[str]) -> BoundTerm:
        """Return the term with its tables for these species; species that it does not know are left out."""

    @property
    def known_species(self) -> tuple[str, ...]:
        """Elements or species that the term has numbers for."""
        return tuple(dict.fromkeys(name for part in self.parts if part is not self for name in part.known_species))

    def lammps_styles(self, species_names: Sequence[str], stem: str) -> list[LAMMPSStyle]:
        """Return the pair styles of LAMMPS that compute the term.

        Parameters
        ----------
        species_names : sequence of str
            Species of the LAMMPS types 1, 2, ...
        stem : str
            First part of the names of files.

        Raises
        ------
        InputError
            If LAMMPS has nothing of the kind.
        """
        raise lacking_in_lammps(self.label, self.lammps_lacks or type(self).__name__)

    def texts(self) -> dict[str, Callable[[], str]]:
        """Return what writes the term as one file, for each format that can hold it (`files.export`)."""
        return {}


def evaluate(potential: Potential, system: System, skin: float = 0.0) -> Result:
    """Return energy, forces and virial of one configuration, with tables and lists built for this call alone.

    For many configurations of the same species, bind once and call `Evaluator.evaluate`.

    Parameters
    ----------
    potential : Potential
    system : System
    skin : float [Å]
        Only for tests: the result does not depend on it beyond rounding.

    Returns
    -------
    Result

    Examples
    --------
    >>> from nakmd.cell import Cell
    >>> from nakmd.potentials import Morse, evaluate
    >>> from nakmd.system import System
    >>> pair = System([[0, 0, 0], [3.1, 0, 0]], [0, 1], ["K", "C"], Cell([20, 20, 20], [False] * 3))
    >>> morse = Morse({("K", "C"): {"depth": 0.0736, "alpha": 1.6748, "r_0": 3.1, "cutoff": 9.0, "cut": "cut"}},
    ...               none=[("K", "K"), ("C", "C")])
    >>> round(evaluate(morse, pair).energy, 6)
    -0.0736
    """
    return potential.bind(system.species_names).evaluate(system, skin)


def lacking_in_lammps(label: str, what: str) -> InputError:
    """Return the error that a term cannot be exported."""
    return InputError(
        f"{label} cannot be exported: LAMMPS has no {what}. Export a model without this term, or run it in nakmd."
    )


def species_key(name: str, known: Sequence[str]) -> str | None:
    """Return the entry of ``known`` that a species uses: its own label if listed, else its bare element.

    ``"N:graphitic"`` uses ``"N:graphitic"`` if a term lists it and ``"N"`` otherwise; ``"C"`` never uses
    ``"C:edge"``.
    """
    if name in known:
        return name
    element = name.partition(":")[0]
    return element if element in known else None


def positive(value: float, what: str) -> float:
    """Return the value, or say that it must be a positive number."""
    if not (np.isfinite(value) and value > 0.0):
        raise InputError(f"{what} must be a positive number, got {value}.")
    return float(value)


def finite(value: float, what: str) -> float:
    """Return the value, or say that it must be a number."""
    if not np.isfinite(value):
        raise InputError(f"{what} must be a finite number, got {value}.")
    return float(value)


def constant(values: ArrayLike) -> FloatArray:
    """Return a read-only copy as float64."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array
