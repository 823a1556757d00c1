"""A pair potential bound to the species of one system."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.kernels.pair import CutTables
from nakmd.neighbors import ListRequest, Neighbors, SlicedList
from nakmd.potentials.evaluator import BoundTerm
from nakmd.system import Result, System


class BoundPair(BoundTerm):
    """Tables of a pair potential for the species of one system.

    Parameters
    ----------
    kernels : tuple of callable
        Forces, energies, energies by species, virials by atom (`nakmd.kernels.pair.build_pair_kernels`).
    parameters : NamedTuple
        Tables that the formula reads, (n_species, n_species) each.
    cuts : CutTables
    request : ListRequest
    """

    def __init__(
        self, kernels: tuple[Callable[..., Any], ...], parameters: NamedTuple, cuts: CutTables, request: ListRequest
    ) -> None:
        self.requests = (request,)
        self.parameters = parameters
        self.cuts = cuts
        self.kernels = kernels
        self._virials: FloatArray = np.zeros((0, 6))

    def add_to(  # noqa: D102  (inherited)
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], result: Result, virial: bool
    ) -> None:
        pairs = lists[0]
        if len(self._virials) != pairs.n_slices:
            self._virials = np.zeros((pairs.n_slices, 6))
        shared = self._shared(neighbors, pairs)
        if virial:
            self.kernels[1](*shared, result.forces, result.energies, self._virials)
            result.virial += self._virials.sum(axis=0)
        else:
            self.kernels[0](*shared, result.forces)

    def add_virials(  # noqa: D102
        self, neighbors: Neighbors, lists: Sequence[SlicedList], virials: FloatArray
    ) -> None:
        self.kernels[3](*self._shared(neighbors, lists[0]), virials)

    def _shared(self, neighbors: Neighbors, pairs: SlicedList) -> tuple[Any, ...]:
        return (
            neighbors.rows_of(pairs), pairs.atoms, pairs.centers, pairs.species, pairs.begin, pairs.end, pairs.entries,
            pairs.fetches, self.parameters, self.cuts,
        )  # fmt: skip

    def add_pair_energies(  # noqa: D102
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], energies: FloatArray
    ) -> None:
        pairs = lists[0]
        by_slice = np.zeros((pairs.n_slices, len(energies)))
        self.kernels[2](
            neighbors.rows_of(pairs), pairs.centers, pairs.species, pairs.begin, pairs.end, pairs.entries,
            self.parameters, self.cuts, by_slice,
        )  # fmt: skip
        add_by_species(by_slice, pairs, energies)


def add_by_species(by_slice: FloatArray, pairs: SlicedList, energies: FloatArray) -> None:
    """Add half pair energies by slice to the symmetric table of whole pair energies.

    Parameters
    ----------
    by_slice : (n_slices, n_species) float64 [eV]
        Half the energy of the centres of a slice with the neighbours of each species.
    pairs : SlicedList
    energies : (n_species, n_species) float64 [eV]
        Updated in place.
    """
    half = np.zeros_like(energies)
    np.add.at(half, pairs.species, by_slice)
    energies += half + half.T - np.diag(np.diag(half))
