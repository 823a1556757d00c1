"""A potential bound to the species of one system: tables, scratch arrays and the sum over terms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.neighbors import ListRequest, Neighbors, SlicedList
from nakmd.system import Result, System

if TYPE_CHECKING:
    from nakmd.potentials.base import Potential


class BoundTerm(ABC):
    """A term with its tables for the species of one system.

    Attributes
    ----------
    requests : tuple of ListRequest
        Neighbour lists that it needs, in order.
    kernels : tuple of callable
        Compiled functions that it calls; `nakmd bench --roofline` times them.
    """

    requests: tuple[ListRequest, ...] = ()
    kernels: tuple[Callable[..., Any], ...] = ()

    @abstractmethod
    def add_to(
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], result: Result, virial: bool
    ) -> None:
        """Add forces and, if ``virial``, energies and virial to a result; ``lists`` are those of `requests`."""

    def add_pair_energies(  # noqa: B027  (adding nothing is a valid default)
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], energies: FloatArray
    ) -> None:
        """Add the pair energies between species, (n_species, n_species) [eV]; a many-body term adds nothing."""


class Evaluator:
    """A potential bound to the species of one system (`nakmd.potentials.Potential.bind`).

    It holds the tables and the scratch arrays, so one evaluator serves one system at a time. The potential is not
    changed: any number of evaluators may share it.

    Parameters
    ----------
    potential : Potential
    species_names : sequence of str
    terms : sequence of BoundTerm

    Attributes
    ----------
    potential : Potential
    species_names : tuple of str
    terms : tuple of BoundTerm
        One for each of ``potential.terms``.
    requests : tuple of ListRequest
        Neighbour lists that the terms need, in their order.
    """

    def __init__(self, potential: Potential, species_names: Sequence[str], terms: Sequence[BoundTerm]) -> None:
        self.potential = potential
        self.species_names = tuple(species_names)
        self.terms = tuple(terms)
        self.requests = tuple(request for term in self.terms for request in term.requests)

    @property
    def cutoff(self) -> float:
        """Largest interaction range [Å]."""
        return max((float(request.cutoffs.max(initial=0.0)) for request in self.requests), default=0.0)

    def compute(self, system: System, neighbors: Neighbors, result: Result, virial: bool = True) -> None:
        """Overwrite ``result`` with the forces on the system and, if ``virial``, its energies and virial (else NaN)."""
        result.energies[:] = 0.0 if virial else np.nan
        result.forces[:] = 0.0
        result.virial[:] = 0.0 if virial else np.nan
        begin = 0
        for term in self.terms:
            end = begin + len(term.requests)
            term.add_to(system, neighbors, neighbors.lists[begin:end], result, virial)
            begin = end

    def evaluate(self, system: System, skin: float = 0.0) -> Result:
        """Return energy, forces and virial of one configuration, with lists built for this call only.

        Parameters
        ----------
        system : System
            With these species, in this order.
        skin : float [Å]
            For tests: the result does not depend on it beyond rounding.
        """
        neighbors = Neighbors(self.requests, skin)
        neighbors.update(system)
        result = Result(system.n_atoms)
        self.compute(system, neighbors, result)
        return result

    def pair_energies(self, system: System, neighbors: Neighbors) -> FloatArray:
        """Return the energy of the pair terms between species.

        Returns
        -------
        (n_species, n_species) float64 [eV]
            Symmetric; [a, b] and [b, a] both hold the whole energy between a and b. Many-body terms cannot be
            divided by species and are not included.
        """
        n = len(system.species_names)
        energies = np.zeros((n, n))
        begin = 0
        for term in self.terms:
            end = begin + len(term.requests)
            term.add_pair_energies(system, neighbors, neighbors.lists[begin:end], energies)
            begin = end
        return energies
