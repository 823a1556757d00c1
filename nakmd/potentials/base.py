"""What every potential is: terms over species, bound to the species of a system, summed into one result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import CoverageError, InputError
from nakmd.neighbors import ListRequest, Neighbors, SlicedList
from nakmd.system import Result, System

#: What `Potential.use_precision` takes.
PRECISIONS = ("double", "mixed")


class Potential(ABC):
    """A model of the energy of atoms.

    A potential is bound to the species of a system by `prepare`; then `requests` says which neighbours it needs and
    `compute` fills a `nakmd.system.Result`.
    """

    _requests: tuple[ListRequest, ...] = ()
    _species_names: tuple[str, ...] = ()

    #: Arithmetic of pairs: ``"double"``, or ``"mixed"`` with float32 (`use_precision`).
    precision: str = "double"

    #: Whether there are pairs that could be in float32.
    has_mixed: bool = True

    @abstractmethod
    def use_precision(self, precision: str) -> Self:
        """Choose the arithmetic of pairs, to be called before `prepare`.

        Parameters
        ----------
        precision : {"double", "mixed"}
            With ``"mixed"`` the separations, formulas and sums over the neighbours of one species are in float32, twice
            as many at a time; positions, velocities, sums of those sums, energies and virials remain in float64. Bond
            orders are in float64 in either case. Forces of a liquid metal are off by about 1e-5 of their rms then.

        Returns
        -------
        Potential
            Itself.

        Raises
        ------
        InputError
            If there is no such precision, or the potential has no pairs that could be in float32.
        """

    @property
    def species_names(self) -> tuple[str, ...]:
        """Species that the tables are bound to; empty before `prepare`."""
        return self._species_names

    @property
    def requests(self) -> tuple[ListRequest, ...]:
        """Neighbour lists needed, in order; valid after `prepare`."""
        return self._requests

    @property
    def cutoff(self) -> float:
        """Largest interaction range [Å]; valid after `prepare`."""
        return max((float(r.cutoffs.max(initial=0.0)) for r in self.requests), default=0.0)

    @abstractmethod
    def covers(self, a: str, b: str) -> str:
        """Return what couples two species (``"eam"``, ``"none"`` if declared so), or an empty string."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return form, parameters' source and cut modes, JSON-able, for provenance."""

    @abstractmethod
    def prepare(self, species_names: Sequence[str]) -> None:
        """Bind the tables to these species.

        Raises
        ------
        CoverageError
            If two of the species are coupled by nothing.
        """

    @abstractmethod
    def compute(self, system: System, neighbors: Neighbors, result: Result, virial: bool = True) -> None:
        """Overwrite ``result`` with the forces on the system and, if ``virial``, its energies and virial (else NaN)."""

    @abstractmethod
    def pair_energies(self, system: System, neighbors: Neighbors) -> FloatArray:
        """Return the energy of the pair terms between species.

        Returns
        -------
        (n_species, n_species) float64 [eV]
            Symmetric; the whole energy between a and b stands at [a, b] and at [b, a]. Many-body terms have no
            such split and are not in it.
        """

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


class Term(Potential):
    """One term of a sum: a potential that also works as a part of one.

    Subclasses set `label` and `elements_text`, implement `covers`, `bind` and `add_to`.
    """

    label: str = ""

    #: What of the term LAMMPS lacks, as the end of "LAMMPS has no ..."; empty if it can be exported.
    lammps_lacks: str = ""

    def use_precision(self, precision: str) -> Self:  # noqa: D102  (inherited)
        if precision not in PRECISIONS:
            raise InputError(f"There is no precision {precision!r}; there are {', '.join(PRECISIONS)}.")
        if precision == "mixed" and not self.has_mixed:
            raise InputError(f"{self.label} is evaluated in double precision only: mixed means nothing to it.")
        self.precision = precision
        return self

    @property
    def parts(self) -> tuple[Term, ...]:
        """The terms that it is made of: itself, unless it joins others (`nakmd.potentials.Screened`)."""
        return (self,)

    @abstractmethod
    def bind(self, species_names: Sequence[str]) -> None:
        """Build tables for these species and set ``_requests``; species that the term does not know are left out."""

    @abstractmethod
    def add_to(
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], result: Result, virial: bool
    ) -> None:
        """Add forces and, if ``virial``, energies and virial to a result."""

    def add_pair_energies(
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], energies: FloatArray
    ) -> None:
        """Add the energies between species, a many-body term adding nothing."""

    def prepare(self, species_names: Sequence[str]) -> None:  # noqa: D102  (inherited)
        self.check_coverage(species_names)
        self._species_names = tuple(species_names)
        self.bind(species_names)

    def compute(self, system: System, neighbors: Neighbors, result: Result, virial: bool = True) -> None:  # noqa: D102
        compute_sum([self], system, neighbors, result, virial)

    def pair_energies(self, system: System, neighbors: Neighbors) -> FloatArray:  # noqa: D102
        return sum_pair_energies([self], system, neighbors)


def compute_sum(terms: Sequence[Term], system: System, neighbors: Neighbors, result: Result, virial: bool) -> None:
    """Fill a result with the sum of terms, whose lists stand in ``neighbors`` in the same order."""
    result.energies[:] = 0.0 if virial else np.nan
    result.forces[:] = 0.0
    result.virial[:] = 0.0 if virial else np.nan
    begin = 0
    for term in terms:
        end = begin + len(term.requests)
        term.add_to(system, neighbors, neighbors.lists[begin:end], result, virial)
        begin = end


def sum_pair_energies(terms: Sequence[Term], system: System, neighbors: Neighbors) -> FloatArray:
    """Return the energies between species, summed over terms."""
    n = len(system.species_names)
    energies = np.zeros((n, n))
    begin = 0
    for term in terms:
        end = begin + len(term.requests)
        term.add_pair_energies(system, neighbors, neighbors.lists[begin:end], energies)
        begin = end
    return energies


def evaluate(potential: Potential, system: System, skin: float = 0.0) -> Result:
    """Return energy, forces and virial of one configuration: lists built for this call alone.

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
    potential.prepare(system.species_names)
    neighbors = Neighbors(potential.requests, skin)
    neighbors.update(system)
    result = Result(system.n_atoms)
    potential.compute(system, neighbors, result)
    return result


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
