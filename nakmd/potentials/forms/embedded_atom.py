"""The base class of embedded-atom models; each form adds its three functions."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.kernels import geometry
from nakmd.neighbors import ListRequest, Neighbors, SlicedList
from nakmd.potentials.base import Term, species_key
from nakmd.potentials.evaluator import BoundTerm
from nakmd.potentials.files.eam_files import format_eam_fs, format_setfl
from nakmd.potentials.files.eam_table import EAMTable
from nakmd.potentials.forms.eam_sampling import N_R
from nakmd.potentials.forms.many_body_style import many_body_style
from nakmd.potentials.forms.record import NumbersRecord
from nakmd.potentials.lammps_style import LAMMPSStyle
from nakmd.potentials.local_energy import LocalEmbedding, embedding_kernel
from nakmd.system import Result, System


class EmbeddedAtom(Term):
    r"""An embedded-atom model over some elements.

    .. math:: E = \sum_i F_a(\rho_i) + \tfrac12 \sum_{i \ne j} V_{ab}(r_{ij}), \quad \rho_i = \sum_j \phi_{ab}(r_{ij})

    Subclasses set `formulas` and `kernels` (`nakmd.kernels.eam.build_eam_kernels`), and implement `_tables`,
    `_numbers` and what tables are made of: `functions`, `embedding_energy`, `as_table`.

    Attributes
    ----------
    elements : tuple of str
    atomic_numbers : tuple of int
    largest_density : float
        End of a table of embedding energies, in the unit of the set: about four times the density of a solid.

    References
    ----------
    M. S. Daw and M. I. Baskes, Phys. Rev. B 29, 6443 (1984). doi:10.1103/PhysRevB.29.6443
    M. W. Finnis and J. E. Sinclair, Philos. Mag. A 50, 45 (1984). doi:10.1080/01418618408244210
    """

    atomic_numbers: tuple[int, ...]
    largest_density: float

    #: Points of the functions of r in the tables of a screened metal (`nakmd.potentials.screened_tables`), which give
    #: forces within 1e-7 eV/Å. Fewer points are faster, because the tables then fit into the caches.
    n_r_lammps: ClassVar[int] = N_R

    #: The record of a set.
    Record: ClassVar[type[NumbersRecord]]
    kernels: ClassVar[tuple[Callable[..., Any], ...]]
    #: Density, interaction, embedding and of_pair, as `nakmd.kernels.eam.build_eam_kernels` takes them.
    formulas: ClassVar[tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any], Callable[..., Any]]]

    def __init__(self, elements: Sequence[str], label: str) -> None:
        self.elements = tuple(elements)
        self.label = label
        if not self.elements or len(set(self.elements)) != len(self.elements):
            raise InputError(f"{label}: elements must be named once each, got {list(elements)}.")

    @abstractmethod
    def _tables(self, rows: list[int]) -> tuple[Any, FloatArray]:
        """Return the parameters of the compiled functions and the cutoffs [Å] for a list of species.

        Parameters
        ----------
        rows : list of int
            Index in ``elements`` for each species, -1 for species that the model does not cover.

        Returns
        -------
        p : NamedTuple
        cutoff : (n_species, n_species) float64 [Å]
            0 for species that are not covered.
        """

    @abstractmethod
    def functions(self, a: str, b: str, r: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return V [eV] between two elements and the density that b contributes at a, arrays of the shape of r [Å]."""

    @abstractmethod
    def embedding_energy(self, a: str, rho: FloatArray) -> FloatArray:
        """Return F [eV] of an element at given densities, an array of the shape of rho."""

    @property
    @abstractmethod
    def reach(self) -> float:
        """Largest cutoff of the functions [Å]."""

    @abstractmethod
    def as_table(self) -> EAMTable:
        """Return the tabulated model, for export."""

    @abstractmethod
    def _numbers(self) -> list[Any]:
        """Return all numbers that determine the energy, for the hash in the provenance."""

    @property
    def known_species(self) -> tuple[str, ...]:  # noqa: D102  (inherited)
        return self.elements

    def lammps_styles(self, species_names: Sequence[str], stem: str) -> list[LAMMPSStyle]:  # noqa: D102
        return many_body_style("eam/fs", f"{stem}.eam.fs", format_eam_fs(self.as_table()), self.elements, species_names)

    def texts(self) -> dict[str, Callable[[], str]]:  # noqa: D102
        if self.replaced_by:  # a table has all pairs of its elements
            return {}
        return {"setfl": lambda: format_setfl(self.as_table()), "eam.fs": lambda: format_eam_fs(self.as_table())}

    def covers(self, a: str, b: str) -> str:  # noqa: D102  (inherited)
        known = species_key(a, self.elements) is not None and species_key(b, self.elements) is not None
        return self.label if known and not self.loses(a, b) else ""

    def describe(self) -> dict[str, Any]:  # noqa: D102
        digest = hashlib.sha256(json.dumps(self._numbers()).encode()).hexdigest()
        return {
            "form": type(self).__name__, "label": self.label, "elements": list(self.elements),
            "precision": self.precision, "sha256": digest, **self.describe_losses(),
        }  # fmt: skip

    def bind_term(self, species_names: Sequence[str]) -> BoundEmbeddedAtom:  # noqa: D102
        keys = [species_key(name, self.elements) for name in species_names]
        rows = [self.elements.index(key) if key is not None else -1 for key in keys]
        parameters, cutoff = self._tables(rows)
        cutoff = np.where(self.lost_pairs(species_names), 0.0, cutoff)
        request = ListRequest(self.label, cutoff, single=self.precision == "mixed")
        return BoundEmbeddedAtom(type(self).kernels, parameters, request)

    def local_energy(self, bound: BoundTerm, exchanged: Sequence[int]) -> LocalEmbedding:  # noqa: D102
        assert isinstance(bound, BoundEmbeddedAtom)  # from bind_term
        return LocalEmbedding(embedding_kernel(type(self).formulas), bound)


class BoundEmbeddedAtom(BoundTerm):
    """Tables of an embedded-atom model for the species of one system.

    Parameters
    ----------
    kernels : tuple of callable
        Densities, forces, energies, virials by atom (`nakmd.kernels.eam.build_eam_kernels`).
    parameters : NamedTuple
        Tables of the compiled functions.
    request : ListRequest

    Attributes
    ----------
    densities : (n,) float64
        ρ of every atom at the last evaluation, in the unit of the set (none in `nak-2026`, eV² for the cubics).
    slopes : (n,) float64
        dE/dρ of every atom, F'(ρ) unless another term depends on ρ as well (`nakmd.potentials.Screened`).
    """

    def __init__(self, kernels: tuple[Callable[..., Any], ...], parameters: Any, request: ListRequest) -> None:
        self.requests = (request,)
        self.parameters = parameters
        self.densities: FloatArray = np.zeros(0)
        self.slopes: FloatArray = np.zeros(0)
        self.kernels = kernels
        self._virials: FloatArray = np.zeros((0, 6))

    def add_to(  # noqa: D102  (inherited)
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], result: Result, virial: bool
    ) -> None:
        self.fill_densities(neighbors, lists[0], result.energies)
        self.add_interactions(neighbors, lists[0], result, virial)

    def fill_densities(self, neighbors: Neighbors, pairs: SlicedList, energies: FloatArray) -> None:
        """Add F(ρ) to the energies, (n,) [eV], and store ρ and F'(ρ): the first of two passes."""
        if len(self.densities) != len(energies):
            self.densities = np.zeros(len(energies))
            self.slopes = np.zeros(len(energies))
        self.kernels[0](*self._shared(neighbors, pairs), energies, self.densities, self.slopes)

    def add_interactions(self, neighbors: Neighbors, pairs: SlicedList, result: Result, virial: bool) -> None:
        """Add the forces of V and of the embedding, with the current slopes; if ``virial`` also V and the virial."""
        if len(self._virials) != pairs.n_slices:
            self._virials = np.zeros((pairs.n_slices, 6))
        geometry.fill_fourth_column(self.slopes, neighbors.row_atoms, neighbors.rows_of(pairs))
        shared = self._shared(neighbors, pairs)
        if virial:
            self.kernels[2](*shared, result.forces, result.energies, self._virials)
            result.virial += self._virials.sum(axis=0)
        else:
            self.kernels[1](*shared, result.forces)

    def add_virials(  # noqa: D102
        self, neighbors: Neighbors, lists: Sequence[SlicedList], virials: FloatArray
    ) -> None:
        pairs = lists[0]
        geometry.fill_fourth_column(self.slopes, neighbors.row_atoms, neighbors.rows_of(pairs))
        self.kernels[3](*self._shared(neighbors, pairs), virials)

    def _shared(self, neighbors: Neighbors, pairs: SlicedList) -> tuple[Any, ...]:
        return (
            neighbors.rows_of(pairs), pairs.atoms, pairs.centers, pairs.species, pairs.begin, pairs.end, pairs.entries,
            pairs.fetches, self.parameters, self.requests[0].cutoffs,
        )  # fmt: skip
