"""Screened metal-wall interactions: the pairs of a metal atom with the wall weaken with the local metal density."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.elements import element_of
from nakmd.errors import InputError
from nakmd.kernels import geometry
from nakmd.kernels.pair import CutTables
from nakmd.kernels.screened import ScreeningTables, build_screened_kernels, fill_scales
from nakmd.neighbors import Neighbors, SlicedList
from nakmd.potentials.base import Term, positive, species_key
from nakmd.potentials.evaluator import BoundTerm
from nakmd.potentials.forms.bound_pair import BoundPair, add_by_species
from nakmd.potentials.forms.embedded_atom import BoundEmbeddedAtom, EmbeddedAtom
from nakmd.potentials.forms.pair import PairPotential
from nakmd.potentials.lammps_style import LAMMPSStyle, lacking_in_lammps
from nakmd.potentials.local_energy import LocalScreened, screened_kernels
from nakmd.potentials.screened_plugin import plugin_style
from nakmd.potentials.screened_sides import ScreenedSides
from nakmd.potentials.screened_tables import screened_styles
from nakmd.system import Result, System

#: Screening parameters of each element.
NAMES = ("residual", "rho_0")


@functools.cache
def _kernels(kind: type[PairPotential]) -> tuple[Callable[..., Any], ...]:
    """Return the compiled kernels of a screened pair formula."""
    kernels: tuple[Callable[..., Any], ...] = build_screened_kernels(
        kind.formula, kind.attraction or kind.formula, kind.of_pair
    )
    return kernels


class Screened(Term):
    r"""An embedded-atom metal and its pairs with a wall, whose attraction decreases with the local metal density.

    .. math::

        E = E_{\mathrm{metal}} + \sum_{i \in \mathrm{metal}} \sum_{j \in \mathrm{wall}}
            \left\{ V_{ab}(r_{ij}) - k_{ab} \left[ 1 - S_a(\rho_i) \right] A_{ab}(r_{ij}) \right\}

        S_a(\rho) = 1 - \lambda (1 - s_a) (1 - e^{-\rho / \rho_{0a}})

    ρ_i is the density of the embedded-atom model, to which the wall does not contribute. It is 0 for an isolated metal
    atom, whose pair terms are unscreened, S = 1. An isolated alkali atom on carbon transfers about half an electron,
    which binds it; in an alkali layer it keeps most of it (PBE: 0.4-0.5 e against 0.1 e in a (2 x 2) layer). ρ
    distinguishes the two cases. Only the attraction A (`PairPotential.attraction`) follows the charge transfer, not the
    repulsion of the closed shells. The well therefore becomes shallower and moves outwards, and no liquid is pressed
    through a sheet.

    Forces are the derivatives of E, including those through ρ_i: S'(ρ_i) Σ_j k A_ij is added to the slope F'(ρ_i) of
    the embedding energy, and the force pass of the metal evaluates both.

    Parameters
    ----------
    metal : EmbeddedAtom
    contact : PairPotential
        Each of its pairs is an element of the metal with a species that the metal does not cover.
    screening : mapping of str to mapping
        For each element of the metal in ``contact``: ``residual`` s, the fraction of A left in dense metal (0 to 1),
        and ``rho_0`` ρ_0 [unit of ρ in the metal: none in `nak-2026`, eV² in `nichol-ackland-2016`].
    strength : float
        λ: 0 leaves every pair unscreened, 1 is the screening as given. Larger values are allowed while S ≥ 0.
    shares : mapping of (str, str) to float
        k of pairs that are screened in part or not at all, 0 to 1; 1 for all others. As in ``contact``, a pair of bare
        elements does not apply to labelled sites that ``contact`` lists.
    label : str

    Raises
    ------
    InputError
        If a pair is not a metal-wall pair, or a number is missing, unknown or out of range.

    References
    ----------
    J. Rytkönen, J. Akola and M. Manninen, Phys. Rev. B 75 (2007), arXiv:cond-mat/0609458 (charge transfer of alkali
    atoms and layers on graphite). The form is nakmd's own.

    Examples
    --------
    >>> from nakmd.potentials import Morse, Screened, load
    >>> metal = load("nak-2026").terms[0]
    >>> contact = Morse({("K", "C"): {"depth": 0.05, "alpha": 1.7, "r_0": 3.1, "cutoff": 9.0}})
    >>> model = Screened(metal, contact, {"K": {"residual": 0.3, "rho_0": 0.4}})
    >>> model.covers("K", "C"), model.covers("Na", "K")
    ('morse, screened', 'nak-2026')
    """

    def __init__(
        self,
        metal: EmbeddedAtom,
        contact: PairPotential,
        screening: Mapping[str, Mapping[str, float]],
        strength: float = 1.0,
        shares: Mapping[tuple[str, str], float] | None = None,
        label: str = "",
    ) -> None:
        self.metal, self.contact = metal, contact
        self.label = label or f"{contact.label}, screened by {metal.label}"
        if contact.between_layers:
            raise InputError(f"{contact.label} acts between layers of the wall; the metal is in none of them.")
        self.sides = {pair: self._sides(pair) for pair in contact.pairs}
        elements = sorted({element_of(inside) for inside, _ in self.sides.values()})
        unknown, missing = sorted(set(screening) - set(elements)), sorted(set(elements) - set(screening))
        if unknown or missing:
            raise InputError(
                f"{self.label}: the screening is given for {', '.join(sorted(screening)) or 'no element'}, but its "
                f"pairs are those of {', '.join(elements)} with the wall. Give residual and rho_0 for each of these."
            )
        self.screening = {element: self._checked(element, numbers) for element, numbers in screening.items()}
        self.strength = float(strength)
        # the largest strength for which no S is negative
        most = min(
            (1.0 / (1.0 - n["residual"]) for n in self.screening.values() if n["residual"] < 1.0), default=np.inf
        )
        if not 0.0 <= self.strength <= most * (1.0 + 1e-12):
            raise InputError(
                f"The screening strength of {self.label} is {strength:g}; it must be between 0 (no screening) and "
                f"{most:.4g} (no attraction left in dense metal)."
            )
        self.shares = {contact.key(*pair): self._share(pair, share) for pair, share in (shares or {}).items()}

    def _sides(self, pair: tuple[str, str]) -> tuple[str, str]:
        """Return the metal species and the wall species of a pair."""
        of_metal = [species_key(name, self.metal.elements) is not None for name in pair]
        if sum(of_metal) != 1:
            raise InputError(
                f"{self.label}: {'-'.join(pair)} is not a pair of metal ({', '.join(self.metal.elements)}) and wall; "
                "only those are screened. Put it into a separate term."
            )
        return pair if of_metal[0] else (pair[1], pair[0])

    def _checked(self, element: str, numbers: Mapping[str, float]) -> dict[str, float]:
        if set(numbers) != set(NAMES):
            raise InputError(
                f"{self.label}: the screening of {element} takes {' and '.join(NAMES)}, got "
                f"{', '.join(sorted(numbers)) or 'nothing'}."
            )
        residual = float(numbers["residual"])
        if not 0.0 <= residual <= 1.0:
            raise InputError(f"{self.label}: residual of {element} must be between 0 and 1, got {residual}.")
        return {"residual": residual, "rho_0": positive(numbers["rho_0"], f"{self.label}: rho_0 of {element}")}

    def _share(self, pair: tuple[str, str], share: float) -> float:
        if self.contact.key(*pair) not in self.contact.pairs:
            known = ", ".join("-".join(sides) for sides in self.sides.values())
            raise InputError(f"{self.label} has no pair {'-'.join(pair)}; it has {known}.")
        if not 0.0 <= share <= 1.0:
            raise InputError(f"{self.label}: the share of {'-'.join(pair)} must be between 0 and 1, got {share}.")
        return float(share)

    # ------------------------------------------------------------------------------------------ species
    def covers(self, a: str, b: str) -> str:  # noqa: D102  (inherited)
        if self.loses(a, b):
            return ""
        label = self.metal.covers(a, b) or self.contact.covers(a, b)
        entry = self.contact.entry(a, b)
        return f"{label}, screened" if entry in self.contact.pairs and self._share_of(entry) > 0.0 else label

    def _share_of(self, entry: tuple[str, str] | None) -> float:
        """Return k of a listed pair."""
        return self.shares.get(entry, 1.0) if entry is not None else 1.0

    def _depth(self, name: str) -> float:
        """Return d = λ (1 - s) of a metal species, the part of the attraction that dense metal takes; 0 if none."""
        numbers = self.screening.get(element_of(name))
        return 0.0 if numbers is None else self.strength * (1.0 - numbers["residual"])

    def _rho_0(self, name: str) -> float:
        """Return ρ_0 of a metal species [unit of ρ]; infinite if nothing screens its pairs."""
        numbers = self.screening.get(element_of(name))
        return np.inf if numbers is None else numbers["rho_0"]

    @property
    def parts(self) -> tuple[Term, ...]:  # noqa: D102
        return (self.metal, self.contact)

    def describe(self) -> dict[str, Any]:  # noqa: D102
        numbers = {
            "screening": {element: self.screening[element] for element in sorted(self.screening)},
            "strength": self.strength,
            "shares": {f"{a} {b}": share for (a, b), share in sorted(self.shares.items())},
        }
        parts = [part.describe() for part in self.parts]
        digest = hashlib.sha256(json.dumps([numbers, parts], sort_keys=True).encode()).hexdigest()
        return {
            "form": type(self).__name__, "label": self.label, "parts": parts, **numbers, "precision": self.precision,
            "sha256": digest, **self.describe_losses(),
        }  # fmt: skip

    def with_precision(self, precision: str) -> Self:  # noqa: D102
        changed = super().with_precision(precision)
        return changed._with(metal=self.metal.with_precision(precision), contact=self.contact.with_precision(precision))

    def without_pairs_of(self, other: Term) -> Self:  # noqa: D102
        changed = super().without_pairs_of(other)
        metal, contact = self.metal.without_pairs_of(other), self.contact.without_pairs_of(other)
        return changed._with(metal=metal, contact=contact)

    def scale(self, element: str, rho: FloatArray) -> FloatArray:
        """Return S(ρ) of an element, an array of ρ's shape."""
        scales: FloatArray = 1.0 - self._depth(element) * (1.0 - np.exp(-np.asarray(rho) / self._rho_0(element)))
        return scales

    def lammps_styles(self, species_names: Sequence[str], stem: str) -> list[LAMMPSStyle]:  # noqa: D102
        return screened_styles(self._sides_among(species_names), species_names, stem)

    def lammps_plugin(self, species_names: Sequence[str], stem: str) -> LAMMPSStyle | None:  # noqa: D102
        return plugin_style(self._sides_among(species_names), species_names, stem)

    def _sides_among(self, species_names: Sequence[str]) -> ScreenedSides:
        """Return the metals among some species and their partners in the wall.

        Raises
        ------
        InputError
            If the energy of the pairs is more than a formula, so that it cannot be tabulated.
        """
        if type(self.contact).bind_term is not PairPotential.bind_term:
            raise lacking_in_lammps(self.label, type(self.contact).__name__)
        metals = tuple(name for name in species_names if species_key(name, self.metal.elements) is not None)
        entries = {
            (a, b): entry
            for a in metals
            for b in species_names
            if (entry := self.contact.entry(a, b)) in self.contact.pairs and not self.contact.loses(a, b)
        }
        return ScreenedSides(
            self.label, self.metal, self.contact, metals,
            tuple(name for name in species_names if any(name == b for _, b in entries)), entries,
            {pair: self._share_of(entry) for pair, entry in entries.items()},
            {name: self._depth(name) for name in metals}, {name: self._rho_0(name) for name in metals},
        )  # fmt: skip

    def bind_term(self, species_names: Sequence[str]) -> BoundScreened:  # noqa: D102
        n = len(species_names)
        keys = [species_key(name, self.metal.elements) for name in species_names]
        tables = ScreeningTables(np.array([key is not None for key in keys]), np.zeros(n), np.zeros(n), np.ones((n, n)))
        for a, name in enumerate(species_names):
            if keys[a] is not None:
                tables.depth[a], tables.rate[a] = self._depth(name), 1.0 / self._rho_0(name)
            for b, neighbor in enumerate(species_names):
                tables.strength[a, b] = self._share_of(self.contact.entry(name, neighbor))
        contact, kind = self.contact.bind_term(species_names), type(self.contact)
        weak_cuts = contact.cuts
        if kind.attraction is not None:  # A has the cut mode of V, but its own shift
            shift = self.contact.shifts(species_names, kind.attraction, contact.parameters, contact.cuts)
            weak_cuts = contact.cuts._replace(shift=shift)
        return BoundScreened(self.metal.bind_term(species_names), contact, _kernels(kind), tables, weak_cuts)

    def local_energy(self, bound: BoundTerm, exchanged: Sequence[int]) -> LocalScreened | None:  # noqa: D102
        assert isinstance(bound, BoundScreened)  # from bind_term
        if not bound.screening.is_metal[list(exchanged)].all() or type(self.contact).bind_term is not (
            PairPotential.bind_term
        ):
            return None
        kind = type(self.contact)
        return LocalScreened(
            self.metal.local_energy(bound.metal, exchanged),
            screened_kernels(kind.formula, kind.attraction or kind.formula, kind.of_pair),
            bound.contact.parameters, bound.contact.cuts, bound.weak_cuts, bound.screening,
        )  # fmt: skip


class BoundScreened(BoundTerm):
    """Tables of a metal and its screened pairs for the species of one system.

    Parameters
    ----------
    metal : BoundEmbeddedAtom
    contact : BoundPair
    kernels : tuple of callable
        Forces, energies, energies by species, virials by atom (`nakmd.kernels.screened.build_screened_kernels`).
    tables : ScreeningTables
    weak_cuts : CutTables
        Cutoffs, shifts and switching of the attraction.
    """

    def __init__(
        self,
        metal: BoundEmbeddedAtom,
        contact: BoundPair,
        kernels: tuple[Callable[..., Any], ...],
        tables: ScreeningTables,
        weak_cuts: CutTables,
    ) -> None:
        self.metal, self.contact = metal, contact
        self.requests = (*metal.requests, *contact.requests)
        self.kernels = kernels
        self.screening = tables
        self.weak_cuts = weak_cuts
        self._scales: FloatArray = np.zeros(0)
        self._virials: FloatArray = np.zeros((0, 6))

    @property
    def list_owners(self) -> tuple[BoundTerm, ...]:  # noqa: D102  (inherited)
        return self.metal, self

    def add_to(  # noqa: D102
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], result: Result, virial: bool
    ) -> None:
        metal, contact = lists
        if len(self._virials) != contact.n_slices:
            self._virials = np.zeros((contact.n_slices, 6))
        self.metal.fill_densities(neighbors, metal, result.energies)
        self._spread_scales(neighbors, metal, contact)
        shared = self._shared(neighbors, contact)
        if virial:
            self.kernels[1](*shared, result.forces, self.metal.slopes, result.energies, self._virials)
            result.virial += self._virials.sum(axis=0)
        else:
            self.kernels[0](*shared, result.forces, self.metal.slopes)
        self.metal.add_interactions(neighbors, metal, result, virial)

    def add_virials(  # noqa: D102
        self, neighbors: Neighbors, lists: Sequence[SlicedList], virials: FloatArray
    ) -> None:
        metal, contact = lists
        self._spread_scales(neighbors, metal, contact)
        self.kernels[3](*self._shared(neighbors, contact), virials)
        self.metal.add_virials(neighbors, [metal], virials)

    def _shared(self, neighbors: Neighbors, contact: SlicedList) -> tuple[Any, ...]:
        return (
            neighbors.rows_of(contact), contact.atoms, contact.centers, contact.species, contact.begin, contact.end,
            contact.entries, contact.fetches, self.contact.parameters, self.contact.cuts, self.weak_cuts,
            self.screening,
        )  # fmt: skip

    def _spread_scales(self, neighbors: Neighbors, metal: SlicedList, contact: SlicedList) -> None:
        """Write S of every metal atom to the fourth column of its rows."""
        if len(self._scales) != len(self.metal.densities):
            self._scales = np.zeros(len(self.metal.densities))
        fill_scales(self.metal.densities, metal.atoms, metal.species, self.screening, self._scales)
        geometry.fill_fourth_column(self._scales, neighbors.row_atoms, neighbors.rows_of(contact))

    def add_pair_energies(  # noqa: D102
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], energies: FloatArray
    ) -> None:
        metal, contact = lists
        # recompute the densities: those of the last evaluation may belong to another configuration
        self.metal.fill_densities(neighbors, metal, np.zeros(system.n_atoms))
        self._spread_scales(neighbors, metal, contact)
        by_slice = np.zeros((contact.n_slices, len(energies)))
        self.kernels[2](
            neighbors.rows_of(contact), contact.centers, contact.species, contact.begin, contact.end, contact.entries,
            self.contact.parameters, self.contact.cuts, self.weak_cuts, self.screening, by_slice,
        )  # fmt: skip
        add_by_species(by_slice, contact, energies)
