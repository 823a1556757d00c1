"""The base class of pair potentials; each form adds its formula."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple, Self, get_args

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.elements import element_of
from nakmd.errors import InputError
from nakmd.kernels.pair import CutTables, switch
from nakmd.neighbors import ListRequest
from nakmd.potentials.base import Term, positive
from nakmd.potentials.evaluator import BoundTerm
from nakmd.potentials.files.lammps_table import N_POINTS, format_pair_table
from nakmd.potentials.forms.bound_pair import BoundPair
from nakmd.potentials.forms.pair_set import CutMode, CutPair, PairSet, Parameter, make_pair_set
from nakmd.potentials.lammps_style import LAMMPSStyle, lacking_in_lammps
from nakmd.potentials.local_energy import LocalEnergy, LocalPairs, pair_kernel

#: Where the switching function starts unless stated, as a fraction of the cutoff.
SMOOTH_FROM = 0.9

PairParameters = Mapping[tuple[str, str], Mapping[str, Any]]


class PairPotential(Term):
    r"""A sum over pairs of atoms; each pair of species has its own parameters, cutoff and cut mode.

    Parameters
    ----------
    pairs : mapping of (str, str) to mapping
        For each unordered pair of species the parameters of the formula, ``cutoff`` [Å] and ``cut``:

        - ``"cut"``: V unchanged inside the cutoff, with a step there;
        - ``"shift"``: V(r) - V(r_c), continuous energy (LAMMPS ``pair_modify shift yes``);
        - ``"smooth"``: V(r) times the C² polynomial S(x) = 1 - 10x³ + 15x⁴ - 6x⁵ between ``smooth_from``
          (0.9 r_c unless given) and r_c, continuous energy and force.

        A pair of bare elements applies to all their labelled sites that are not listed themselves.
    none : sequence of (str, str)
        Pairs that are declared not to interact.
    scale : float
        Factor on all energies and forces (the affinity scale of metal-carbon models).
    label : str
        Name in messages and provenance.
    replace : bool
        In a sum (`Hybrid`): take these pairs from the other terms, which have them as well. Otherwise such a pair is an
        error.
    between_layers : bool
        Act only between atoms of different layers: sheets, or walls of tubes (`nakmd.structures.with_layers`). Pairs
        inside a layer are not even listed. In a sum it is added to the term that bonds the layers.

    Raises
    ------
    InputError
        If a parameter is missing, unknown or out of range.

    Examples
    --------
    >>> from nakmd.potentials import LennardJones, PairPotential
    >>> pairs = {("K", "C"): {"epsilon": 0.01, "sigma": 3.5, "cutoff": 9.0, "cut": "shift"}}
    >>> own = LennardJones(pairs, label="mine", replace=True)
    >>> isinstance(own, PairPotential), own
    (True, LennardJones(mine))
    """

    pairwise = True

    #: Value of ``form`` in records; decks write it with hyphens (``kind = "lennard-jones"``).
    form: ClassVar[str]
    #: V in one line.
    equation: ClassVar[str]
    #: Parameters of a pair of species, by name.
    parameters: ClassVar[Mapping[str, Parameter]]
    #: Names of the numbers that follow from others or from the elements (`derived_numbers`).
    derived: ClassVar[tuple[str, ...]] = ()
    #: Schema of the keys of a pair in a record besides the parameters.
    pair_record: ClassVar[type[CutPair]] = CutPair
    #: The record, derived from the above.
    Record: ClassVar[type[PairSet]]

    #: Formula ``(r, p) -> (V, dV/dr)``, the parameters p of one pair of species, and the compiled kernels
    #: (`nakmd.kernels.pair`).
    formula: ClassVar[Callable[..., Any]]
    of_pair: ClassVar[Callable[..., Any]]
    #: The attractive part of V, which surrounding metal screens (`nakmd.potentials.Screened`), as ``formula``;
    #: if None, all of V is screened.
    attraction: ClassVar[Callable[..., Any] | None] = None
    kernels: ClassVar[tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]]
    #: NamedTuple of (n_species, n_species) tables that the formula reads.
    Parameters: ClassVar[type]
    #: Pair styles of LAMMPS whose sum is the formula: name, and coefficients from the parameters of a pair and the
    #: scale. Empty where LAMMPS has no such formula: the pairs are then exported as tables.
    lammps_formulas: ClassVar[tuple[tuple[str, Callable[[Mapping[str, float], float], Sequence[float]]], ...]] = ()
    #: Names of the tables: parameters and derived numbers.
    names: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls, **options: Any) -> None:
        """Derive the record of a form from its declarations."""
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
        replace: bool = False,
        between_layers: bool = False,
    ) -> None:
        self.label = label or type(self).__name__.lower()
        if replace and between_layers:
            raise InputError(
                f"{self.label} acts between layers and is added to the term of their bonds; it cannot replace that."
            )
        if replace:
            self.__dict__["replace"] = True  # an assignment would meet the default of the class
        if between_layers:
            lack = "pair style between layers (give each layer types of its own there)"
            self.__dict__.update(between_layers=True, added=True, lammps_lacks=lack)  # as above
        if not (np.isfinite(scale) and scale >= 0.0):
            raise InputError(f"The scale of {self.label} must be a number not below 0, got {scale}.")
        self.scale = float(scale)
        self.pairs = {self.key(*key): self._checked(key, values) for key, values in pairs.items()}
        if len(self.pairs) != len(pairs):
            raise InputError(f"{self.label} lists a pair of species twice: {sorted(map(str, pairs))}.")
        self.none = {self.key(*key) for key in none}

    @staticmethod
    def key(a: str, b: str) -> tuple[str, str]:
        """Return an unordered pair in the order of the keys of `pairs`."""
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
        """Return the numbers named in ``derived``, which follow from the parameters or the elements of a pair.

        Parameters
        ----------
        pair : (str, str)
            Species.
        numbers : mapping of str to float
            The validated parameters.
        what : str
            Name of the pair in messages.

        Raises
        ------
        InputError
            If the parameters are inconsistent, or the elements are unknown.
        """
        return {}

    # ------------------------------------------------------------------------------------------ species
    def entry(self, a: str, b: str) -> tuple[str, str] | None:
        """Return the most specific listed pair that applies to two species."""
        a, b = self.key(a, b)  # independent of the order of the two, else forces would not be mutual
        for x in dict.fromkeys((a, element_of(a))):
            for y in dict.fromkeys((b, element_of(b))):
                if self.key(x, y) in self.pairs or self.key(x, y) in self.none:
                    return self.key(x, y)
        return None

    def replacing(self) -> Self:
        """Return the same potential with ``replace=True``."""
        return self._with(replace=True)

    def between_all(self) -> Self:
        """Return the same pairs between all atoms, whatever their layers: for checks of the formula and its numbers."""
        return self._with(between_layers=False, added=False, lammps_lacks="")

    def covers(self, a: str, b: str) -> str:  # noqa: D102  (inherited)
        entry = self.entry(a, b)
        if entry is None or self.loses(a, b):
            return ""
        return self.label if entry in self.pairs else "none"

    def describe(self) -> dict[str, Any]:  # noqa: D102
        numbers = {f"{a} {b}": values for (a, b), values in sorted(self.pairs.items())}
        digest = hashlib.sha256(json.dumps([numbers, self.scale], sort_keys=True).encode()).hexdigest()
        return {
            "form": type(self).__name__, "label": self.label, "pairs": numbers, "scale": self.scale,
            "none": sorted(map(list, self.none)), "precision": self.precision, "sha256": digest,
            **({"between_layers": True} if self.between_layers else {}), **self.describe_losses(),
        }  # fmt: skip

    # ------------------------------------------------------------------------------------------ export
    @property
    def known_species(self) -> tuple[str, ...]:  # noqa: D102  (inherited)
        return tuple(dict.fromkeys(name for pair in self.pairs for name in pair))

    def curve(self, entry: tuple[str, str], r: FloatArray, attraction: bool = False) -> tuple[FloatArray, FloatArray]:
        """Return V [eV] and dV/dr [eV/Å] of a listed pair, with its cut mode and the scale applied.

        Parameters
        ----------
        entry : (str, str)
            A key of ``pairs``.
        r : (n,) float64 [Å]
        attraction : bool
            Return the part of V that metal screens: it has the cut mode of V and its own shift.

        Raises
        ------
        InputError
            If there is no such pair.
        """
        if entry not in self.pairs:
            raise InputError(f"{self.label} has no pair {'-'.join(entry)}.")
        values = self.pairs[entry]
        p: Any = self.Parameters(**{name: values[name] for name in self.names})
        kind = type(self)
        cutoff, formula = values["cutoff"], (attraction and kind.attraction) or kind.formula
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

    def lammps_styles(self, species_names: Sequence[str], stem: str) -> list[LAMMPSStyle]:  # noqa: D102
        if self.lammps_lacks or type(self).bind_term is not PairPotential.bind_term:
            # between layers, or with an energy that is more than the formula
            raise lacking_in_lammps(self.label, self.lammps_lacks or type(self).__name__)
        styles: dict[tuple[int, str], LAMMPSStyle] = {}  # by part of the formula and cut mode
        tabulated: list[tuple[str, str]] = []
        file = f"{stem}.table"
        for i, a in enumerate(species_names):
            for j in range(i, len(species_names)):
                entry = self.entry(a, species_names[j])
                if entry is None or entry not in self.pairs or self.loses(a, species_names[j]):
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
                    coefficients = [*numbers(values, self.scale), values["cutoff"]]
                    style.coefficients.append((types, " ".join(repr(float(x)) for x in coefficients)))
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
                if entry not in self.pairs or self.loses(name_a, name_b):
                    continue
                values = self.pairs[entry]
                for name in self.names:
                    tables[name][a, b] = values[name]
                cutoff[a, b] = values["cutoff"]
                smooth_from[a, b] = values["smooth_from"]
        parameters: NamedTuple = self.Parameters(**tables)
        cuts = CutTables(cutoff, shift, smooth_from, np.full((n, n), self.scale))
        cuts = cuts._replace(shift=self.shifts(species_names, type(self).formula, parameters, cuts))
        request = ListRequest(self.label, cutoff, single=self.precision == "mixed", between_layers=self.between_layers)
        return BoundPair(type(self).kernels, parameters, cuts, request)

    def local_energy(self, bound: BoundTerm, exchanged: Sequence[int]) -> LocalEnergy | None:  # noqa: D102
        if type(self).bind_term is not PairPotential.bind_term or not isinstance(bound, BoundPair):
            return None  # its energy is more than the formula
        if self.between_layers:
            return None  # the places of an exchange have no layers
        kernel = pair_kernel(type(self).formula, type(self).of_pair)
        return LocalPairs(kernel, bound.parameters, bound.cuts)

    def shifts(
        self, species_names: Sequence[str], function: Callable[..., Any], parameters: NamedTuple, cuts: CutTables
    ) -> FloatArray:
        """Return the value of a pair function at its cutoff, (n, n) [eV]; 0 for pairs whose cut is not ``"shift"``."""
        shift = np.zeros_like(cuts.shift)
        for a, name_a in enumerate(species_names):
            for b, name_b in enumerate(species_names):
                entry = self.entry(name_a, name_b)
                if entry not in self.pairs or self.loses(name_a, name_b):
                    continue
                if self.pairs[entry]["cut"] == "shift":
                    shift[a, b] = function(cuts.cutoff[a, b], type(self).of_pair(parameters, a, b))[0]
        return shift
