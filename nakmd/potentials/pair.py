"""Pair potentials: everything but the formula."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.elements import element_of
from nakmd.errors import InputError
from nakmd.kernels.pair import CutTables
from nakmd.neighbors import ListRequest, Neighbors, SlicedList
from nakmd.potentials.base import Term, finite, positive
from nakmd.system import Result, System

#: How an interaction may end.
CUT_MODES = ("cut", "shift", "smooth")

#: Where the switching function starts unless stated, as a fraction of the cutoff.
SMOOTH_FROM = 0.9

PairParameters = Mapping[tuple[str, str], Mapping[str, Any]]


class PairPotential(Term):
    r"""A sum over pairs of species, each with its own parameters, cutoff and way to end.

    Parameters
    ----------
    pairs : mapping of (str, str) to mapping
        For each unordered pair of species the parameters of the formula, ``cutoff`` [Å] and ``cut``:

        - ``"cut"``: V as it is inside the cutoff, with a step there;
        - ``"shift"``: V(r) - V(r_c), continuous energy (LAMMPS ``pair_modify shift yes``);
        - ``"smooth"``: V(r) times the C² polynomial S(x) = 1 - 10x³ + 15x⁴ - 6x⁵ between ``smooth_from``
          (0.9 r_c unless given) and r_c, continuous energy and force.

        A pair of bare elements holds for every labelled site of them that is not listed itself.
    none : sequence of (str, str)
        Pairs that are declared not to interact.
    scale : float
        Factor on all energies and forces (the affinity scale of metal-carbon models).
    label : str
        Name in messages and provenance.

    Raises
    ------
    InputError
        If a parameter is missing, unknown or out of range.
    """

    #: Formula ``(r, p) -> (V, dV/dr)``, the numbers p of a pair of species, and the compiled kernels
    #: (`nakmd.kernels.pair`).
    formula: ClassVar[Callable[..., Any]]
    of_pair: ClassVar[Callable[..., Any]]
    #: The part of V that metal around the metal atom takes away (`nakmd.potentials.Screened`), in the same way;
    #: all of V where there is none.
    attraction: ClassVar[Callable[..., Any] | None] = None
    kernels: ClassVar[tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]]
    #: NamedTuple of (n_species, n_species) tables that the formula reads.
    Parameters: ClassVar[type]
    #: Names of the parameters in ``pairs``, each a positive number but for those in ``signed``.
    names: ClassVar[tuple[str, ...]]
    signed: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        pairs: PairParameters,
        none: Sequence[tuple[str, str]] = (),
        scale: float = 1.0,
        label: str = "",
    ) -> None:
        self.label = label or type(self).__name__.lower()
        if not (np.isfinite(scale) and scale >= 0.0):
            raise InputError(f"The scale of {self.label} must be a number not below 0, got {scale}.")
        self.scale = float(scale)
        self.pairs = {self._key(*key): self._checked(key, values) for key, values in pairs.items()}
        if len(self.pairs) != len(pairs):
            raise InputError(f"{self.label} lists a pair of species twice: {sorted(map(str, pairs))}.")
        self.none = {self._key(*key) for key in none}

    @staticmethod
    def _key(a: str, b: str) -> tuple[str, str]:
        return (a, b) if a <= b else (b, a)

    def _checked(self, key: tuple[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
        what = f"{self.label} {key[0]}-{key[1]}"
        allowed = {*self.names, "cutoff", "cut", "smooth_from"}
        unknown, missing = set(values) - allowed, {*self.names, "cutoff"} - set(values)
        if unknown or missing:
            raise InputError(
                f"{what}: "
                + (f"unknown parameters {', '.join(sorted(unknown))}. " if unknown else "")
                + (f"Missing parameters {', '.join(sorted(missing))}. " if missing else "")
                + f"It takes {', '.join(sorted(allowed))}."
            )
        checked: dict[str, Any] = {
            name: (finite if name in self.signed else positive)(values[name], f"{what}: {name}")
            for name in (*self.names, "cutoff")
        }
        checked["cut"] = values.get("cut", "shift")
        if checked["cut"] not in CUT_MODES:
            raise InputError(f"{what}: cut must be one of {', '.join(CUT_MODES)}, got {checked['cut']!r}.")
        smooth_from = values.get("smooth_from", SMOOTH_FROM * checked["cutoff"])
        checked["smooth_from"] = checked["cutoff"]
        if checked["cut"] == "smooth":
            checked["smooth_from"] = positive(smooth_from, f"{what}: smooth_from")
            if smooth_from >= checked["cutoff"]:
                raise InputError(f"{what}: smooth_from {smooth_from} Å must be below the cutoff {checked['cutoff']} Å.")
        return checked

    # ------------------------------------------------------------------------------------------ species
    def _entry(self, a: str, b: str) -> tuple[str, str] | None:
        """Return the pair that two species use: the most specific one listed."""
        a, b = self._key(a, b)  # the same whichever comes first, or forces would not be mutual
        for x in dict.fromkeys((a, element_of(a))):
            for y in dict.fromkeys((b, element_of(b))):
                if self._key(x, y) in self.pairs or self._key(x, y) in self.none:
                    return self._key(x, y)
        return None

    def covers(self, a: str, b: str) -> str:  # noqa: D102  (inherited)
        entry = self._entry(a, b)
        if entry is None:
            return ""
        return self.label if entry in self.pairs else "none"

    def describe(self) -> dict[str, Any]:  # noqa: D102
        numbers = {f"{a} {b}": values for (a, b), values in sorted(self.pairs.items())}
        digest = hashlib.sha256(json.dumps([numbers, self.scale], sort_keys=True).encode()).hexdigest()
        return {
            "form": type(self).__name__, "label": self.label, "pairs": numbers, "scale": self.scale,
            "none": sorted(map(list, self.none)), "precision": self.precision, "sha256": digest,
        }  # fmt: skip

    # ------------------------------------------------------------------------------------------ tables
    def bind(self, species_names: Sequence[str]) -> None:  # noqa: D102
        n = len(species_names)
        tables = {name: np.ones((n, n)) for name in self.names}
        cutoff, shift, smooth_from = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n))
        for a, name_a in enumerate(species_names):
            for b, name_b in enumerate(species_names):
                entry = self._entry(name_a, name_b)
                if entry not in self.pairs:
                    continue
                values = self.pairs[entry]
                for name in self.names:
                    tables[name][a, b] = values[name]
                cutoff[a, b] = values["cutoff"]
                smooth_from[a, b] = values["smooth_from"]
        self._p: NamedTuple = self.Parameters(**tables)
        for a, name_a in enumerate(species_names):
            for b, name_b in enumerate(species_names):
                entry = self._entry(name_a, name_b)
                if entry in self.pairs and self.pairs[entry]["cut"] == "shift":
                    shift[a, b] = type(self).formula(cutoff[a, b], type(self).of_pair(self._p, a, b))[0]
        self._cuts = CutTables(cutoff, shift, smooth_from, np.full((n, n), self.scale))
        self._requests = (ListRequest(self.label, cutoff, single=self.precision == "mixed"),)
        self._virials = np.zeros((0, 6))

    def add_to(  # noqa: D102
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], result: Result, virial: bool
    ) -> None:
        found = lists[0]
        if len(self._virials) != found.n_slices:
            self._virials = np.zeros((found.n_slices, 6))
        shared = (
            neighbors.rows_of(found), found.atoms, found.centers, found.species, found.begin, found.end, found.entries,
            self._p, self._cuts,
        )  # fmt: skip
        add_forces, add_energies, _ = type(self).kernels
        add_forces(*shared, result.forces)
        if virial:
            add_energies(*shared, result.energies, self._virials)
            result.virial += self._virials.sum(axis=0)

    def add_pair_energies(  # noqa: D102
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], energies: FloatArray
    ) -> None:
        found = lists[0]
        by_slice = np.zeros((found.n_slices, len(energies)))
        type(self).kernels[2](
            neighbors.rows_of(found),
            found.centers,
            found.species,
            found.begin,
            found.end,
            found.entries,
            self._p,
            self._cuts,
            by_slice,
        )
        add_by_species(by_slice, found, energies)


def add_by_species(by_slice: FloatArray, found: SlicedList, energies: FloatArray) -> None:
    """Add halves of pair energies, (n_slices, n_species) [eV], to a symmetric table of whole ones."""
    half = np.zeros_like(energies)
    np.add.at(half, found.species, by_slice)
    energies += half + half.T - np.diag(np.diag(half))
