"""Embedded-atom model whose pair and density functions are Chebyshev polynomials with a smooth end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.kernels.eam import build_eam_kernels
from nakmd.potentials.base import Term
from nakmd.potentials.forms.analytic_eam import AnalyticEmbeddedAtom
from nakmd.potentials.forms.chebyshev_eam_formulas import (
    N_DENSITY,
    N_PAIR,
    ChebyshevEAMParameters,
    core_derivatives,
    density,
    embedding,
    interaction,
    of_pair,
    powers,
    slope_powers,
)
from nakmd.potentials.forms.record import (
    Choice,
    ElementsRecord,
    Evidence,
    Number,
    Part,
    Positive,
    Species,
    Text,
    pair_key,
    refuse_repeats,
    unique_pairs,
)


class ChebyshevPairNumbers(NamedTuple):
    """Numbers of an unordered pair of elements.

    Attributes
    ----------
    start, cutoff : float [Å]
        The polynomials apply between them.
    wall : float [eV/Å³]
        V gets wall (start - r)³ below ``start``.
    V : tuple of float [eV]
        Coefficients of V, at most ten.
    """

    start: float
    cutoff: float
    wall: float
    V: tuple[float, ...]


class EmbeddingPart(Part):
    """Coefficients of F of an element [eV]: of -√ρ, ρ², ρ³, ρ (0.85 - ρ)³₊, ρ (1.25 - ρ)³₊."""

    element: Species
    F: tuple[Number, Number, Number, Number, Number]


class ChebyshevPair(Part):
    """Coefficients of V of a pair of elements [eV], the range of its functions [Å] and the wall [eV/Å³]."""

    elements: tuple[Species, Species]
    start: Positive
    cutoff: Positive
    wall: Positive
    V: Annotated[tuple[Number, ...], Field(min_length=1, max_length=N_PAIR)]
    evidence: Evidence
    note: Text = ""


class DensityPart(Part):
    """Coefficients of φ, the density that an atom of the element ``of`` contributes at one of ``at``."""

    of: Species
    at: Species
    phi: Annotated[tuple[Number, ...], Field(min_length=1, max_length=N_DENSITY)]


class MemberPair(Part):
    """V of a pair of elements in a member of the ensemble [eV]."""

    elements: tuple[Species, Species]
    V: Annotated[tuple[Number, ...], Field(min_length=1, max_length=N_PAIR)]


class Member(Part):
    """Other coefficients of all functions that agree with the data of the fit, with the ranges and walls of the set."""

    embedding: tuple[EmbeddingPart, ...]
    pair: tuple[MemberPair, ...]
    density: tuple[DensityPart, ...]


class ChebyshevEAMSet(ElementsRecord):
    """Embedded atoms with Chebyshev polynomials (`nakmd.potentials.ChebyshevEAM`); ρ has no unit."""

    equation: ClassVar[str] = (
        "E = Σ_{i<j} V(r_ij) + Σ_i F(ρ_i), ρ_i = Σ_j φ(r_ij); V = t³ Σ_n V_n T_n(s), φ = t³ Σ_n φ_n T_n(s), "
        "t = (cutoff - r)/(cutoff - start), s = 2t - 1; F = -f_0 √ρ + f_1 ρ² + f_2 ρ³ + f_3 ρ (0.85 - ρ)³₊ "
        "+ f_4 ρ (1.25 - ρ)³₊; below start the Taylor polynomials of second order, and wall (start - r)³ in V"
    )
    number_units: ClassVar = {"start": "Å", "wall": "eV/Å³", "V": "eV", "F": "eV"}

    form: Literal["chebyshev_eam"]
    embedding: Annotated[tuple[EmbeddingPart, ...], Field(min_length=1)]
    pair: Annotated[tuple[ChebyshevPair, ...], Field(min_length=1)]
    density: Annotated[tuple[DensityPart, ...], Field(min_length=1)]
    member: tuple[Member, ...] = ()

    @property
    def n_members(self) -> int:  # noqa: D102  (inherited)
        return len(self.member)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        refuse_repeats([part.element for part in self.embedding], "embedding")
        pairs = unique_pairs(pair.elements for pair in self.pair)
        required = {pair_key(a, b) for a, b in combinations_with_replacement(self.species, 2)}
        for missing in sorted(required - pairs):
            raise ValueError(f"there is no [[pair]] of {'-'.join(missing)}")
        for extra in sorted(pairs - required):
            raise ValueError(f"the [[pair]] of {'-'.join(extra)} is of an element without [[element]]")
        refuse_repeats([f"{part.of} at {part.at}" for part in self.density], "density of")
        given = {(part.of, part.at) for part in self.density}
        for of in self.species:
            if of not in {part.element for part in self.embedding}:
                raise ValueError(f"there is no [[embedding]] of {of}")
            for at in self.species:
                if (of, at) not in given:
                    raise ValueError(f"there is no [[density]] of {of} at {at}")
        for number, member in enumerate(self.member, start=1):
            same = (
                unique_pairs(pair.elements for pair in member.pair) == pairs
                and {(part.of, part.at) for part in member.density} == given
                and {part.element for part in member.embedding} == {part.element for part in self.embedding}
            )
            if not same:
                raise ValueError(f"member {number} must have every pair, density and embedding of the set once")
        return self

    def build_terms(self, choice: Choice) -> list[Term]:  # noqa: D102
        elements = {e.symbol: e for e in self.element if e.symbol in self.chosen(choice.elements)}
        source = self if choice.member is None else self.member[choice.member - 1]
        V = {pair_key(*p.elements): p.V for p in source.pair}
        pairs = {
            p.elements: ChebyshevPairNumbers(p.start, p.cutoff, p.wall, V[pair_key(*p.elements)]) for p in self.pair
        }
        densities = {(part.of, part.at): part.phi for part in source.density}
        embeddings = {part.element: part.F for part in source.embedding}
        numbers = [element.atomic_number for element in elements.values()]
        lattice = [element.lattice_constant for element in elements.values()]
        label = self.name if choice.member is None else f"{self.name}, member {choice.member}"
        return [ChebyshevEAM(tuple(elements), pairs, densities, embeddings, numbers, lattice, label)]


class ChebyshevEAM(AnalyticEmbeddedAtom):
    r"""Embedded-atom model of Chebyshev polynomials, twice continuously differentiable.

    .. math::

        E = \sum_{i<j} V_{ab}(r_{ij}) + \sum_i F_a(\rho_i), \quad \rho_i = \sum_j \phi_{ab}(r_{ij})

        V = t^3 \sum_n V_n T_n(s), \quad \phi = t^3 \sum_n \phi_n T_n(s), \quad
        t = \frac{r_c - r}{r_c - r_1}, \quad s = 2t - 1

        F = -f_0 \sqrt\rho + f_1 \rho^2 + f_2 \rho^3 + f_3 \rho\,(0.85 - \rho)_+^3 + f_4 \rho\,(1.25 - \rho)_+^3

    ρ has no unit; it is about 1 in the crystal, and the last two terms act at a surface and beside a vacancy. The
    polynomials apply from r₁ (``start``) to r_c (``cutoff``). Below r₁ both functions continue as their Taylor
    polynomials of second order at r₁, and V has the repulsive wall K (r₁ - r)³ in addition.

    Parameters
    ----------
    elements : sequence of str
    pairs : mapping of (str, str) to ChebyshevPairNumbers
        For every unordered pair of the elements.
    densities : mapping of (str, str) to sequence of float
        Coefficients φ_n by (of, at): the density that ``of`` contributes at ``at``. At most eight.
    embeddings : mapping of str to sequence of float [eV]
        f_0 to f_4 of each element.
    atomic_numbers : sequence of int
        For the headers of tables.
    lattice_constants : sequence of float [Å]
        For the headers of tables.
    label : str

    References
    ----------
    M. S. Daw and M. I. Baskes, Phys. Rev. B 29, 6443 (1984). doi:10.1103/PhysRevB.29.6443

    Examples
    --------
    >>> from nakmd.potentials import evaluate, load
    >>> from nakmd.structures import crystal
    >>> (metal,) = load("nak-2026").terms
    >>> type(metal).__name__, metal.elements
    ('ChebyshevEAM', ('Na', 'K'))
    >>> round(evaluate(metal, crystal("K", 3)).energy / 54, 3)  # measured: 0.93 eV of cohesion
    -0.933
    """

    largest_density = 5.0
    density_unit = "1"
    Record = ChebyshevEAMSet
    #: Over 10 Å the cutoffs of nak-2026 (6.9, 7.7, 8.55 Å) are points: the splines of LAMMPS err least there.
    n_r_lammps = 8_001
    formulas = (density, interaction, embedding, of_pair)
    kernels = build_eam_kernels(*formulas)

    def __init__(
        self,
        elements: Sequence[str],
        pairs: Mapping[tuple[str, str], ChebyshevPairNumbers],
        densities: Mapping[tuple[str, str], Sequence[float]],
        embeddings: Mapping[str, Sequence[float]],
        atomic_numbers: Sequence[int],
        lattice_constants: Sequence[float],
        label: str = "chebyshev-eam",
    ) -> None:
        super().__init__(elements, label)
        self.atomic_numbers = tuple(int(z) for z in atomic_numbers)
        self._lattice_constants = [float(a) for a in lattice_constants]
        self.pairs: dict[tuple[str, str], ChebyshevPairNumbers] = {}
        self.densities = {}
        self.embeddings = {}
        for a in self.elements:
            if a not in embeddings or len(embeddings[a]) != 5:
                raise InputError(f"{label}: {a} needs five coefficients of F.")
            self.embeddings[a] = tuple(float(f) for f in embeddings[a])
            for b in self.elements:
                numbers = pairs.get((a, b), pairs.get((b, a)))
                if numbers is None or (a, b) not in densities:
                    raise InputError(f"{label}: no numbers are given for {a}-{b}.")
                if not 0.0 < numbers.start < numbers.cutoff or not numbers.wall > 0.0:
                    raise InputError(
                        f"{label}: {a}-{b} needs 0 < start < cutoff and wall > 0, got start = {numbers.start}, "
                        f"cutoff = {numbers.cutoff}, wall = {numbers.wall}."
                    )
                self.pairs[a, b] = numbers
                self.densities[a, b] = tuple(float(c) for c in densities[a, b])
                if len(numbers.V) > N_PAIR or len(self.densities[a, b]) > N_DENSITY:
                    raise InputError(
                        f"{label}: {a}-{b} has {len(numbers.V)} coefficients of V and {len(self.densities[a, b])} of "
                        f"φ; nakmd computes up to {N_PAIR} and {N_DENSITY}."
                    )

    @property
    def lattice_constants(self) -> list[float]:  # noqa: D102  (inherited)
        return self._lattice_constants

    @property
    def reach(self) -> float:  # noqa: D102
        return max(numbers.cutoff for numbers in self.pairs.values())

    def _numbers(self) -> list[Any]:
        return [
            self.elements, [[*key, *numbers] for key, numbers in self.pairs.items()],
            [[*key, *phi] for key, phi in self.densities.items()], list(self.embeddings.items()),
        ]  # fmt: skip

    def _tables(self, rows: list[int]) -> tuple[ChebyshevEAMParameters, FloatArray]:
        n = len(rows)
        names = [self.elements[max(k, 0)] for k in rows]
        known = np.array([k >= 0 for k in rows])
        p = ChebyshevEAMParameters(
            V=np.zeros((n, n, N_PAIR)),
            V_slope=np.zeros((n, n, N_PAIR)),
            phi=np.zeros((n, n, N_DENSITY)),
            slope_ab=np.zeros((n, n, N_DENSITY)),
            slope_ba=np.zeros((n, n, N_DENSITY)),
            start=np.array([[self.pairs[a, b].start for b in names] for a in names]),
            cutoff=np.array([[self.pairs[a, b].cutoff for b in names] for a in names]),
            inverse=np.array(
                [[1.0 / (self.pairs[a, b].cutoff - self.pairs[a, b].start) for b in names] for a in names]
            ),
            core=np.zeros((n, n, 6)),
            F=np.array([self.embeddings[a] for a in names]),
        )
        for i, a in enumerate(names):
            for j, b in enumerate(names):
                inverse = p.inverse[i, j]
                p.V[i, j] = powers(np.array(self.pairs[a, b].V), N_PAIR)
                p.V_slope[i, j] = slope_powers(p.V[i, j], inverse)
                p.phi[i, j] = powers(np.array(self.densities[b, a]), N_DENSITY)
                reverse = powers(np.array(self.densities[a, b]), N_DENSITY)
                p.slope_ab[i, j] = slope_powers(p.phi[i, j], inverse)
                p.slope_ba[i, j] = slope_powers(reverse, inverse)
                v_1, v_2 = core_derivatives(p.V[i, j], inverse)
                phi_1, phi_2 = core_derivatives(p.phi[i, j], inverse)
                back_2 = core_derivatives(reverse, inverse)[1]
                p.core[i, j] = [v_1, 0.5 * v_2, self.pairs[a, b].wall, phi_1, 0.5 * phi_2, 0.5 * back_2]
        return p, np.where(known[:, None] & known[None, :], p.cutoff, 0.0)
