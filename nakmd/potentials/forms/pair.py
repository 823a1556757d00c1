"""Pair potentials: everything but the formula."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple, get_args

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.elements import element_of
from nakmd.errors import InputError
from nakmd.kernels.pair import CutTables, switch
from nakmd.neighbors import ListRequest, Neighbors, SlicedList
from nakmd.potentials.base import LAMMPSStyle, Term, lacking_in_lammps, positive
from nakmd.potentials.evaluator import BoundTerm
from nakmd.potentials.files.lammps_table import N_POINTS, format_pair_table
from nakmd.potentials.forms.pair_set import CutMode, CutPair, PairSet, Parameter, make_pair_set
from nakmd.system import Result, System

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

    #: The word of ``form`` in records; decks write it with hyphens (``kind = "lennard-jones"``).
    form: ClassVar[str]
    #: V in one line.
    equation: ClassVar[str]
    #: What a pair of species gives, by name.
    parameters: ClassVar[Mapping[str, Parameter]]
    #: Names of the numbers that follow from others or from the elements (`derived_numbers`).
    derived: ClassVar[tuple[str, ...]] = ()
    #: What a pair of a record may say beside the parameters.
    pair_record: ClassVar[type[CutPair]] = CutPair
    #: The record, made of the above.
    Record: ClassVar[type[PairSet]]

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
    #: Pair styles of LAMMPS whose sum is the formula: name, and coefficients from the numbers of a pair and the scale.
    #: None where LAMMPS has no such formula: then the pairs go out as tables.
    lammps_formulas: ClassVar[tuple[tuple[str, Callable[[Mapping[str, float], float], Sequence[float]]], ...]] = ()
    #: Names of the tables: parameters and derived numbers.
    names: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls, **options: Any) -> None:
        """Make the record of a form from what it declares."""
        super().__init_subclass__(**options)
        if "parameters" in vars(cls):
            cls.names = (*cls.parameters, *cls.derived)
            cls.Record = make_pair_set(cls, cls.__name__, cls.form, cls.equation, cls.parameters, cls.pair_record)

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
        self.pairs = {self.key(*key): self._checked(key, values) for key, values in pairs.items()}
        if len(self.pairs) != len(pairs):
            raise InputError(f"{self.label} lists a pair of species twice: {sorted(map(str, pairs))}.")
        self.none = {self.key(*key) for key in none}

    @staticmethod
    def key(a: str, b: str) -> tuple[str, str]:
        """Return an unordered pair in the order that `pairs` has it."""
        return (a, b) if a <= b else (b, a)

    def _checked(self, key: tuple[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
        what = f"{self.label} {key[0]}-{key[1]}"
        allowed = {*self.parameters, "cutoff", "cut", "smooth_from"}
        unknown, missing = set(values) - allowed, {*self.parameters, "cutoff"} - set(values)
        if unknown or missing:
            raise InputError(
                f"{what}: "
                + (f"unknown parameters {', '.join(sorted(unknown))}. " if unknown else "")
                + (f"Missing parameters {', '.join(sorted(missing))}. " if missing else "")
                + f"It takes {', '.join(sorted(allowed))}."
            )
        checked: dict[str, Any] = {
            name: parameter.checked(values[name], f"{what}: {name}") for name, parameter in self.parameters.items()
        }
        checked |= self.derived_numbers(key, checked, what)
        checked["cutoff"] = positive(values["cutoff"], f"{what}: cutoff")
        checked["cut"] = values.get("cut", "shift")
        if checked["cut"] not in get_args(CutMode):
            raise InputError(f"{what}: cut must be one of {', '.join(get_args(CutMode))}, got {checked['cut']!r}.")
        smooth_from = values.get("smooth_from", SMOOTH_FROM * checked["cutoff"])
        checked["smooth_from"] = checked["cutoff"]
        if checked["cut"] == "smooth":
            checked["smooth_from"] = positive(smooth_from, f"{what}: smooth_from")
            if smooth_from >= checked["cutoff"]:
                raise InputError(f"{what}: smooth_from {smooth_from} Å must be below the cutoff {checked['cutoff']} Å.")
        return checked

    @classmethod
    def derived_numbers(cls, pair: tuple[str, str], numbers: Mapping[str, float], what: str) -> dict[str, float]:
        """Return the numbers of a pair that follow from others or from its elements, by the names in ``derived``.

        Parameters
        ----------
        pair : (str, str)
            Species.
        numbers : mapping of str to float
            The parameters, each in range.
        what : str
            How messages call the pair.

        Raises
        ------
        InputError
            If the numbers make no sense together, or the elements are unknown.
        """
        return {}

    # ------------------------------------------------------------------------------------------ species
    def entry(self, a: str, b: str) -> tuple[str, str] | None:
        """Return the pair that two species use: the most specific one listed."""
        a, b = self.key(a, b)  # the same whichever comes first, or forces would not be mutual
        for x in dict.fromkeys((a, element_of(a))):
            for y in dict.fromkeys((b, element_of(b))):
                if self.key(x, y) in self.pairs or self.key(x, y) in self.none:
                    return self.key(x, y)
        return None

    def covers(self, a: str, b: str) -> str:  # noqa: D102  (inherited)
        entry = self.entry(a, b)
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

    # ------------------------------------------------------------------------------------------ export
    @property
    def known_species(self) -> tuple[str, ...]:  # noqa: D102  (inherited)
        return tuple(dict.fromkeys(name for pair in self.pairs for name in pair))

    def curve(self, entry: tuple[str, str], r: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return V [eV] and dV/dr [eV/Å] of a listed pair, with its end and the scale.

        Parameters
        ----------
        entry : (str, str)
            A key of ``pairs``.
        r : (n,) float64 [Å]

        Raises
        ------
        InputError
            If there is no such pair.
        """
        if entry not in self.pairs:
            raise InputError(f"{self.label} has no pair {'-'.join(entry)}.")
        values = self.pairs[entry]
        p: Any = self.Parameters(**{name: values[name] for name in self.names})
        cutoff, formula = values["cutoff"], type(self).formula
        shift = float(formula(cutoff, p)[0]) if values["cut"] == "shift" else 0.0
        v, slope = np.zeros(len(r)), np.zeros(len(r))
        for k, x in enumerate(r.tolist()):
            if x >= cutoff:
                continue
            energy, gradient = formula(x, p)
            if values["cut"] == "smooth":
                s, ds_dr = switch(x, values["smooth_from"], cutoff)
                energy, gradient = s * energy, s * gradient + ds_dr * energy
            v[k], slope[k] = energy - shift, gradient
        return self.scale * v, self.scale * slope

    def lammps_styles(self, species_names: Sequence[str], stem: str) -> list[LAMMPSStyle]:
        """Return one style for each formula and way to cut, with the scale in the depths; a table for all else."""
        if type(self).bind_term is not PairPotential.bind_term:  # a term with loops of its own is more than its formula
            raise lacking_in_lammps(self.label, self.lammps_lacks or type(self).__name__)
        styles: dict[tuple[int, str], LAMMPSStyle] = {}
        tabulated: list[tuple[str, str]] = []
        file = f"{stem}.table"
        for i, a in enumerate(species_names):
            for j in range(i, len(species_names)):
                entry = self.entry(a, species_names[j])
                if entry is None or entry not in self.pairs:
                    continue
                values, types = self.pairs[entry], f"{i + 1} {j + 1}"
                if not self.lammps_formulas or values["cut"] == "smooth":
                    style = styles.setdefault((0, "table"), LAMMPSStyle("table", f"spline {N_POINTS}", []))
                    style.coefficients.append((types, f"{file} {'-'.join(entry)} {values['cutoff']!r}"))
                    tabulated += [entry] if entry not in tabulated else []
                    continue
                shift = "yes" if values["cut"] == "shift" else "no"
                for part, (name, numbers) in enumerate(self.lammps_formulas):
                    style = styles.setdefault(
                        (part, shift), LAMMPSStyle(name, repr(values["cutoff"]), [], f"shift {shift}")
                    )
                    words = " ".join(repr(float(x)) for x in [*numbers(values, self.scale), values["cutoff"]])
                    style.coefficients.append((types, words))
        if tabulated:
            title = f"{self.label}: {type(self).__name__}"
            sections = {pair: (self.pairs[pair]["cutoff"], partial(self.curve, pair)) for pair in tabulated}
            styles[0, "table"].files[file] = format_pair_table(title, sections)
        return list(styles.values())

    # ------------------------------------------------------------------------------------------ tables
    def bind_term(self, species_names: Sequence[str]) -> BoundPair:  # noqa: D102
        n = len(species_names)
        tables = {name: np.ones((n, n)) for name in self.names}
        cutoff, shift, smooth_from = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n))
        for a, name_a in enumerate(species_names):
            for b, name_b in enumerate(species_names):
                entry = self.entry(name_a, name_b)
                if entry not in self.pairs:
                    continue
                values = self.pairs[entry]
                for name in self.names:
                    tables[name][a, b] = values[name]
                cutoff[a, b] = values["cutoff"]
                smooth_from[a, b] = values["smooth_from"]
        parameters: NamedTuple = self.Parameters(**tables)
        cuts = CutTables(cutoff, shift, smooth_from, np.full((n, n), self.scale))
        cuts = cuts._replace(shift=self.shifts(species_names, type(self).formula, parameters, cuts))
        request = ListRequest(self.label, cutoff, single=self.precision == "mixed")
        return BoundPair(type(self).kernels, parameters, cuts, request)

    def shifts(
        self, species_names: Sequence[str], function: Callable[..., Any], parameters: NamedTuple, cuts: CutTables
    ) -> FloatArray:
        """Return the value of a function of a pair at its cutoff where it is shifted by it, (n, n) [eV], else 0."""
        shift = np.zeros_like(cuts.shift)
        for a, name_a in enumerate(species_names):
            for b, name_b in enumerate(species_names):
                entry = self.entry(name_a, name_b)
                if entry in self.pairs and self.pairs[entry]["cut"] == "shift":
                    shift[a, b] = function(cuts.cutoff[a, b], type(self).of_pair(parameters, a, b))[0]
        return shift


class BoundPair(BoundTerm):
    """Tables of a pair potential for the species of one system.

    Parameters
    ----------
    kernels : tuple of callable
        Forces, energies, energies by species (`nakmd.kernels.pair.build_pair_kernels`).
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
        found = lists[0]
        if len(self._virials) != found.n_slices:
            self._virials = np.zeros((found.n_slices, 6))
        shared = (
            neighbors.rows_of(found), found.atoms, found.centers, found.species, found.begin, found.end, found.entries,
            self.parameters, self.cuts,
        )  # fmt: skip
        add_forces, add_energies, _ = self.kernels
        add_forces(*shared, result.forces)
        if virial:
            add_energies(*shared, result.energies, self._virials)
            result.virial += self._virials.sum(axis=0)

    def add_pair_energies(  # noqa: D102
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], energies: FloatArray
    ) -> None:
        found = lists[0]
        by_slice = np.zeros((found.n_slices, len(energies)))
        self.kernels[2](
            neighbors.rows_of(found), found.centers, found.species, found.begin, found.end, found.entries,
            self.parameters, self.cuts, by_slice,
        )  # fmt: skip
        add_by_species(by_slice, found, energies)


def add_by_species(by_slice: FloatArray, found: SlicedList, energies: FloatArray) -> None:
    """Add halves of pair energies, (n_slices, n_species) [eV], to a symmetric table of whole ones."""
    half = np.zeros_like(energies)
    np.add.at(half, found.species, by_slice)
    energies += half + half.T - np.diag(np.diag(half))
