"""A potential bound to the species of one system: tables, scratch arrays and the sum over terms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.errors import InputError
from nakmd.neighbors import ListRequest, Neighbors, Sites, SlicedList
from nakmd.potentials.local_energy import LocalEnergy
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

    #: Whether the energy between two species is known, or is none for a many-body term.
    has_pair_energies: bool = True

    @property
    def list_owners(self) -> tuple[BoundTerm, ...]:
        """For each list the part of the term whose kernels read it: the term itself, unless it has parts."""
        return (self,)

    @abstractmethod
    def add_to(
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], result: Result, virial: bool
    ) -> None:
        """Add forces and, if ``virial``, energies and virial to a result; ``lists`` are those of `requests`."""

    def add_virials(self, neighbors: Neighbors, lists: Sequence[SlicedList], virials: FloatArray) -> None:
        """Add the virials of the atoms, (n, 3, 3) [eV], directly after `add_to` for the same configuration.

        Raises
        ------
        InputError
            If the term cannot divide its virial by atom.
        """
        raise InputError(f"{type(self).__name__} has no virials by atom: leave out what needs them, or the term.")

    def add_pair_energies(  # noqa: B027  (adding nothing is a valid default)
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], energies: FloatArray
    ) -> None:
        """Add the pair energies between species, (n_species, n_species) [eV]; a many-body term adds nothing."""


class StiffShare(NamedTuple):
    """What the stiff terms contribute to the forces.

    Attributes
    ----------
    atoms : (m,) int64
        All atoms on which stiff terms act.
    forces : (m, 3) float64 [eV/Å]
    """

    atoms: IntArray
    forces: FloatArray


class Evaluator:
    """A potential bound to the species of one system (`nakmd.potentials.Potential.bind`).

    It holds the tables and the scratch arrays, so one evaluator serves one system at a time. The potential is not
    changed: any number of evaluators may share it.

    Parameters
    ----------
    potential : Potential
    species_names : sequence of str
    terms : sequence of BoundTerm
    are_stiff : sequence of bool
        Which of the terms are stiff (`nakmd.potentials.base.Term.is_stiff`); none if omitted.

    Attributes
    ----------
    potential : Potential
    species_names : tuple of str
    terms : tuple of BoundTerm
        One for each of ``potential.terms``.
    requests : tuple of ListRequest
        Neighbour lists that the terms need, in their order.

    Examples
    --------
    >>> from nakmd.potentials import load
    >>> from nakmd.structures import crystal
    >>> evaluator = load("nak").bind(["Na"])
    >>> [round(evaluator.evaluate(crystal("Na", 3, lattice_constant=a)).energy / 54, 3) for a in (4.2, 4.3)]
    [-1.112, -1.113]
    """

    def __init__(
        self,
        potential: Potential,
        species_names: Sequence[str],
        terms: Sequence[BoundTerm],
        are_stiff: Sequence[bool] = (),
    ) -> None:
        self.potential = potential
        self.species_names = tuple(species_names)
        self.terms = tuple(terms)
        self.requests = tuple(request for term in self.terms for request in term.requests)
        ends = np.cumsum([0, *(len(term.requests) for term in self.terms)]).tolist()
        self.places = [(term, slice(a, b)) for term, a, b in zip(self.terms, ends, ends[1:], strict=False)]
        self._stiff = [part for part, stiff in zip(self.places, are_stiff, strict=False) if stiff]
        self._others = [part for part in self.places if part not in self._stiff]

    @property
    def cutoff(self) -> float:
        """Largest interaction range [Å]."""
        return max((float(request.cutoffs.max(initial=0.0)) for request in self.requests), default=0.0)

    @property
    def has_pair_energies(self) -> bool:
        """Whether the energies between species are known."""
        return all(term.has_pair_energies for term in self.terms)

    @property
    def stiff_species(self) -> BoolArray:
        """Which species the stiff terms act on, (n_species,)."""
        acts = np.zeros(len(self.species_names), dtype=np.bool_)
        for term, _ in self._stiff:
            acts |= self._acts_on(term)
        return acts

    def terms_within(self, species: BoolArray) -> list[BoundTerm]:
        """Return the terms that act on some species of a mask, (n_species,), and on no others."""
        acting = [(term, self._acts_on(term)) for term in self.terms]
        return [term for term, acts in acting if np.any(acts) and not np.any(acts & ~species)]

    def _acts_on(self, term: BoundTerm) -> BoolArray:
        acts = np.zeros(len(self.species_names), dtype=np.bool_)
        for request in term.requests:
            acts |= np.any(request.cutoffs > 0.0, axis=1) | np.any(request.cutoffs > 0.0, axis=0)
        return acts

    def compute(
        self,
        system: System,
        neighbors: Neighbors,
        result: Result,
        virial: bool = True,
        virials: FloatArray | None = None,
        share: StiffShare | None = None,
        resting: Sequence[BoundTerm] = (),
    ) -> None:
        r"""Overwrite ``result`` with the forces on the system and, if ``virial``, its energies and virial (else NaN).

        Parameters
        ----------
        system : System
        neighbors : Neighbors
            Updated to the system.
        result : Result
        virial : bool
        virials : (n, 3, 3) float64 [eV], optional
            Overwritten with the virial of every atom. A pass of its own computes them: they cost nothing if omitted.
        share : StiffShare, optional
            Its forces are overwritten with those of the stiff terms, which ``result`` has too.
        resting : sequence of BoundTerm
            Terms that act only between atoms that are held in place, or as one body (`terms_within`): their forces move
            nothing and are left out, so they cost nothing in steps without energies.

        Raises
        ------
        InputError
            If virials by atom are wanted of a term that has none.
        ModelError
            If a term is computed by a program outside nakmd that fails.

        Notes
        -----
        With E = Σ U_j, where U_j is the energy of atom j and a function of the vectors r_jk = r_k - r_j from it,

        .. math:: W_i = \sum_j r_{ij} \otimes \frac{\partial U_j}{\partial r_{ji}}, \qquad \sum_i W_i = W.

        This centroid form is the only one with which Σ_i W_i v_i is the potential part of the heat current,
        d/dt Σ r_i U_i (Z. Fan et al., Phys. Rev. B 92, 094301 (2015), doi:10.1103/PhysRevB.92.094301). In a pair
        potential each atom has half of every pair. In an embedded-atom model an atom has the part of the force that is
        in the energies of its neighbours, not half of the force: LAMMPS divides these in another way, with the same
        sum. W_i of a bond order is not symmetric.
        """
        result.energies[:] = 0.0 if virial else np.nan
        result.forces[:] = 0.0
        result.virial[:] = 0.0 if virial else np.nan
        result.undivided = None
        if virials is not None:
            virials[:] = 0.0
        first, then = self._stiff, self._others  # in this order with and without a share: the sums have the same bits
        if resting:
            first, then = ([part for part in parts if part[0] not in resting] for parts in (first, then))
            if virial or virials is not None:
                idle = [part for part in self.places if part[0] in resting]
                self._add(idle, system, neighbors, result, virial, virials)
                result.forces[:] = 0.0
        self._add(first, system, neighbors, result, virial, virials)
        if share is not None:
            np.take(result.forces, share.atoms, axis=0, out=share.forces, mode="clip")
        self._add(then, system, neighbors, result, virial, virials)
        if result.undivided is not None:  # a term has added to it
            result.undivided += float(np.sum(result.energies))
            result.energies[:] = np.nan

    @staticmethod
    def _add(
        parts: Sequence[tuple[BoundTerm, slice]],
        system: System,
        neighbors: Neighbors,
        result: Result,
        virial: bool,
        virials: FloatArray | None,
    ) -> None:
        for term, place in parts:
            lists = neighbors.lists[place]
            term.add_to(system, neighbors, lists, result, virial)
            if virials is not None:
                term.add_virials(neighbors, lists, virials)

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

    def local_energies(self, exchanged: Sequence[int]) -> tuple[list[LocalEnergy], Sites]:
        """Return what computes the change of the energy when places get other species.

        Parameters
        ----------
        exchanged : sequence of int
            Species that come and go.

        Returns
        -------
        energies : list of LocalEnergy
            One for each term that acts on these species.
        sites : Sites
            The places, with the reach of these terms.

        Raises
        ------
        InputError
            If such a term cannot compute it from the neighbours of these places.
        """
        rows, energies = list(exchanged), []
        near, far = np.zeros(len(self.species_names)), np.zeros(len(self.species_names))
        for term, bound in zip(self.potential.terms, self.terms, strict=True):
            if not any(request.cutoffs[rows].any() or request.cutoffs[:, rows].any() for request in bound.requests):
                continue
            local = term.local_energy(bound, rows)
            if local is None:
                names = ", ".join(self.species_names[row] for row in rows)
                raise InputError(
                    f"The term {term.label!r} ({type(term).__name__}) acts on {names}, and nakmd cannot compute from "
                    "their neighbours how its energy changes when two of them exchange their places. Exchange moves "
                    "work with pair terms, embedded atoms and screened pairs: exchange other species, or remove the "
                    "move."
                )
            energies.append(local)
            for request in bound.requests:
                near = np.maximum(near, request.cutoffs[rows].max(axis=0))
                far = np.maximum(far, request.cutoffs.max(axis=0))
        near[rows] = near[rows].max()
        return energies, Sites(near, np.maximum(near, far))

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
