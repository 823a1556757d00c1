"""Changes of the energy when places get other species, term by term, from the neighbours of these places.

`Evaluator.local_energies` collects them for the terms of a potential. A term that has none cannot take part in exchange
moves of its species (`Term.local_energy`).
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, Int32Array, IntArray
from nakmd.kernels.exchange_energy import (
    build_embedding_difference,
    build_pair_difference,
    build_screened_difference,
)
from nakmd.kernels.pair import CutTables
from nakmd.kernels.screened import ScreeningTables
from nakmd.neighbors import ListRequest, Sites

#: A compiled function.
Kernel = Callable[..., Any]


class BoundMetal(Protocol):
    """What is read of `nakmd.potentials.forms.embedded_atom.BoundEmbeddedAtom`."""

    parameters: Any
    densities: FloatArray

    @property
    def requests(self) -> tuple[ListRequest, ...]:
        """The one list."""
        ...


class LocalEnergy(ABC):
    """The change of the energy of one term when one or two places get another species.

    `begin` is called after forces have been computed at the positions of the places, `difference` for every trial, and
    `accept` if the change takes place, before `Sites.accept`.
    """

    def begin(self, sites: Sites) -> None:  # noqa: B027  (nothing to take up is a valid default)
        """Take up the places of a step."""

    @abstractmethod
    def difference(self, sites: Sites) -> float:
        """Return E after - E before [eV] of the chosen change."""

    def accept(self, sites: Sites) -> None:  # noqa: B027  (a pair term stores nothing)
        """Update what is stored for the places to the change of the last `difference`."""


class LocalPairs(LocalEnergy):
    """A pair term.

    Parameters
    ----------
    kernel : compiled function
        From `pair_kernel`.
    parameters, cuts
        As in `nakmd.potentials.forms.bound_pair.BoundPair`.
    """

    def __init__(self, kernel: Kernel, parameters: NamedTuple, cuts: CutTables) -> None:
        self._kernel, self._parameters, self._cuts = kernel, parameters, cuts

    def difference(self, sites: Sites) -> float:  # noqa: D102  (inherited)
        return float(
            self._kernel(
                self._parameters,
                self._cuts,
                sites.labels,
                sites.changed,
                sites.after,
                sites.places,
                sites.distances,
                sites.counts,
            )
        )


class LocalEmbedding(LocalEnergy):
    """An embedded-atom term.

    Parameters
    ----------
    kernel : compiled function
        From `embedding_kernel`.
    bound : BoundMetal
        Its densities are those of the last evaluation of the forces.

    Attributes
    ----------
    densities : (n,) float64
        ρ at each place.
    change : (n,) float64
        Change of ρ at the touched places in the last trial, 0 elsewhere.
    touched : (n_touched,) int32
        Other places whose ρ changes.
    rho : (2, 2) float64
        ρ at the changed places before and after: [side, moment].
    """

    def __init__(self, kernel: Kernel, bound: BoundMetal) -> None:
        self._kernel, self._bound = kernel, bound
        self._member: BoolArray = bound.requests[0].cutoffs.max(axis=1) > 0.0
        self.densities: FloatArray = np.zeros(0)
        self.change: FloatArray = np.zeros(0)
        self.rho: FloatArray = np.zeros((2, 2))
        self._stamps: IntArray = np.zeros(0, np.int64)
        self._trial = 0
        self._touched: Int32Array = np.zeros(0, np.int32)
        self._n_touched = 0

    @property
    def touched(self) -> Int32Array:  # noqa: D102  (see the class)
        return self._touched[: self._n_touched]

    def begin(self, sites: Sites) -> None:  # noqa: D102  (inherited)
        if len(self.densities) != len(sites.labels):
            self.densities = np.zeros(len(sites.labels))
            self.change = np.zeros(len(sites.labels))
            self._stamps = np.zeros(len(sites.labels), np.int64)
        self._restore()
        self.densities[:] = self._bound.densities

    def difference(self, sites: Sites) -> float:  # noqa: D102
        self._restore()
        if len(self._touched) < 2 * sites.capacity:
            self._touched = np.zeros(2 * sites.capacity, np.int32)
        self._trial += 1
        energy, self._n_touched = self._kernel(
            self._bound.parameters, self._bound.requests[0].cutoffs, self._member, sites.labels, sites.changed,
            sites.after, sites.places, sites.distances, sites.counts, self.densities, self._trial, self._stamps,
            self.change, self._touched, self.rho,
        )  # fmt: skip
        return float(energy)

    def accept(self, sites: Sites) -> None:  # noqa: D102
        self.densities[self.touched] += self.change[self.touched]
        self.densities[sites.changed] = self.rho[: len(sites.changed), 1]
        self._restore()

    def _restore(self) -> None:
        """Set the changes of the last trial back to zero."""
        self.change[self.touched] = 0.0
        self._n_touched = 0


class LocalScreened(LocalEnergy):
    """A metal and the pairs with the wall that it screens; the changed atoms are of the metal.

    Parameters
    ----------
    metal : LocalEmbedding
    kernels : tuple of compiled functions
        From `screened_kernels`.
    parameters, cuts, weak_cuts, screening
        As in `nakmd.potentials.screened.BoundScreened`.
    """

    def __init__(
        self,
        metal: LocalEmbedding,
        kernels: tuple[Kernel, Kernel],
        parameters: NamedTuple,
        cuts: CutTables,
        weak_cuts: CutTables,
        screening: ScreeningTables,
    ) -> None:
        self._metal = metal
        self._fill_attractions, self._kernel = kernels
        self._parameters, self._cuts, self._weak_cuts, self._screening = parameters, cuts, weak_cuts, screening
        reach = cuts.cutoff[screening.is_metal].max(axis=0, initial=0.0)
        self._reach: FloatArray = np.where(screening.is_metal, 0.0, reach)
        self._attractions: FloatArray = np.zeros(0)
        self._after: FloatArray = np.zeros(2)
        self._places: Int32Array = np.zeros(0, np.int32)
        self._distances: FloatArray = np.zeros(0)

    def begin(self, sites: Sites) -> None:  # noqa: D102  (inherited)
        self._metal.begin(sites)
        if len(self._attractions) != len(sites.labels):
            self._attractions = np.zeros(len(sites.labels))
        self._attractions[:] = np.nan  # computed where they are needed

    def difference(self, sites: Sites) -> float:  # noqa: D102
        metal = self._metal
        energy = metal.difference(sites)
        self._complete_attractions(sites)
        energy += self._kernel(
            self._parameters, self._cuts, self._weak_cuts, self._screening, sites.labels, sites.changed,
            sites.after, sites.places, sites.distances, sites.counts, metal.rho, metal.densities, metal.change,
            metal.touched, self._attractions, self._after,
        )  # fmt: skip
        return float(energy)

    def accept(self, sites: Sites) -> None:  # noqa: D102
        self._metal.accept(sites)
        self._attractions[sites.changed] = self._after[: len(sites.changed)]

    def _complete_attractions(self, sites: Sites) -> None:
        """Compute Σ k A of the touched places where it is not known."""
        while True:
            if len(self._places) < sites.capacity:
                self._places, self._distances = np.zeros(sites.capacity, np.int32), np.zeros(sites.capacity)
            most = self._fill_attractions(
                self._parameters, self._weak_cuts, self._screening, sites.labels, self._metal.touched,
                sites.images.grid, sites.images.atoms, sites.home, self._reach, self._places,
                self._distances, self._attractions,
            )  # fmt: skip
            if most <= len(self._places):
                return
            self._places, self._distances = np.zeros(2 * most, np.int32), np.zeros(2 * most)


@functools.cache
def pair_kernel(formula: Kernel, of_pair: Kernel) -> Kernel:
    """Return the compiled change of a pair formula."""
    kernel: Kernel = build_pair_difference(formula, of_pair)
    return kernel


@functools.cache
def embedding_kernel(formulas: tuple[Kernel, Kernel, Kernel, Kernel]) -> Kernel:
    """Return the compiled change of an embedded-atom model."""
    kernel: Kernel = build_embedding_difference(*formulas)
    return kernel


@functools.cache
def screened_kernels(formula: Kernel, attraction: Kernel, of_pair: Kernel) -> tuple[Kernel, Kernel]:
    """Return the compiled changes of screened pairs."""
    kernels: tuple[Kernel, Kernel] = build_screened_difference(formula, attraction, of_pair)
    return kernels
