"""Analytic embedded-atom model of bcc metals from six figures of each, after Johnson and Oh, with the alloy rule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.kernels.eam import build_eam_kernels
from nakmd.kernels.elementary import exp, log
from nakmd.kernels.jit import term
from nakmd.kernels.pair import switch
from nakmd.kernels.simd import Lanes, maximum, where
from nakmd.potentials.base import Term, positive
from nakmd.potentials.forms.analytic_eam import AnalyticEmbeddedAtom
from nakmd.potentials.forms.record import Choice, Element, Ends, Evidence, NumbersRecord, Positive, Text, refuse_repeats
from nakmd.units import GPA_PER_EV_A3

#: Exponent β of the density f = f_e (r₁/r)^β.
BETA = 6

#: Below this part of the equilibrium density F has its value there: ln 0 does not exist, and 1e-25 is a number in
#: float32 as well.
LEAST_DENSITY = 1.0e-25


class BccFigures(NamedTuple):
    """What the functions of an element are solved for.

    Attributes
    ----------
    a : [Å]
        Lattice constant.
    cohesive_energy, vacancy_energy : [eV]
        Both positive; the vacancy is unrelaxed.
    C11, C12, C44 : [GPa]
    """

    a: float
    cohesive_energy: float
    vacancy_energy: float
    C11: float
    C12: float
    C44: float


class BccFunctions(NamedTuple):
    """Numbers of the three functions of an element (see `solve_bcc`).

    Attributes
    ----------
    k : (4,) float64 [eV]
        Coefficients of V in powers of r/r₁ - 1, the constant first.
    n : float
        Exponent of F.
    r_1 : float [Å]
        Distance of nearest neighbours.
    f_e : float [eV/Å³]
        Density that a nearest neighbour puts at an atom, E_c/Ω.
    rho_e : float [eV/Å³]
        Density in the crystal.
    depth : float [eV]
        E_c - E_1v.
    """

    k: FloatArray
    n: float
    r_1: float
    f_e: float
    rho_e: float
    depth: float


def solve_bcc(figures: BccFigures) -> BccFunctions:
    r"""Solve for the functions of an element whose crystal has these figures.

    The embedding energy is normalised, F'(ρ_e) = 0, so the pair energy alone gives the vacancy and the shears. With
    r₁ = √3 a/2, r₂ = a, Ω = a³/2 and C' = (C₁₁ - C₁₂)/2:

    .. math::

        8 V_1 + 6 V_2 = -2 E_{1v}, \quad 8 r_1 V_1' + 6 r_2 V_2' = 0, \quad
        r_1^2 V_1'' - r_1 V_1' = \tfrac94 \Omega C_{44}, \quad r_2^2 V_2'' - r_2 V_2' = 2 \Omega C'

        n^2 = \frac{9 \Omega B - \tfrac12 (8 r_1^2 V_1'' + 6 r_2^2 V_2'')}{\beta^2 (E_c - E_{1v})}

    Raises
    ------
    InputError
        If no such functions exist.
    """
    a = positive(figures.a, "a")
    depth = positive(figures.cohesive_energy - figures.vacancy_energy, "cohesive_energy less vacancy_energy")
    c11, c12, c44 = (c / GPA_PER_EV_A3 for c in (figures.C11, figures.C12, figures.C44))
    r_1, r_2, volume = 0.5 * math.sqrt(3.0) * a, a, 0.5 * a**3
    power = np.arange(4.0)

    def derivatives(r: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return V, V' and V'' at r as rows over k."""
        y = r / r_1 - 1.0
        first, second = np.zeros(4), np.zeros(4)
        first[1:] = power[1:] * y ** (power[1:] - 1.0) / r_1
        second[2:] = power[2:] * (power[2:] - 1.0) * y ** (power[2:] - 2.0) / r_1**2
        return y**power, first, second

    v1, d1, q1 = derivatives(r_1)
    v2, d2, q2 = derivatives(r_2)
    rows = [8 * v1 + 6 * v2, 8 * r_1 * d1 + 6 * r_2 * d2, r_1**2 * q1 - r_1 * d1, r_2**2 * q2 - r_2 * d2]
    shear = 0.5 * (c11 - c12)
    wanted = [-2.0 * figures.vacancy_energy, 0.0, 2.25 * volume * c44, 2.0 * volume * shear]
    k = np.linalg.solve(np.array(rows), np.array(wanted))
    curvature = float(0.5 * (8 * r_1**2 * q1 + 6 * r_2**2 * q2) @ k)
    square = (3.0 * volume * (c11 + 2.0 * c12) - curvature) / (BETA**2 * depth)
    if not square > 0.0:
        raise InputError(f"No exponent n gives these figures: n² = {square:.4g}. The bulk modulus is too small.")
    f_e = figures.cohesive_energy / volume
    return BccFunctions(k, math.sqrt(square), r_1, f_e, f_e * (8.0 + 6.0 * (r_1 / r_2) ** BETA), depth)


class JohnsonOhParameters(NamedTuple):
    """Tables over species, or what one pair of species has in them; a is the central atom, b its neighbour.

    Attributes
    ----------
    k_a, k_b : (n, n, 4) [eV]
        Coefficients of the part of V that each element brings, weights included.
    inverse_a, inverse_b : (n, n) [1/Å]
        1/r₁ of either.
    f_a, f_b : (n, n) [eV Å³]
        f_e r₁⁶ of either.
    start_a, end_a, start_b, end_b : (n, n) [Å]
        Where the functions of either go to zero.
    depth, power, inverse_rho : (n,)
        E_c - E_1v [eV], n, and 1/ρ_e [Å³/eV] of the embedding energy.
    """

    k_a: Any
    k_b: Any
    inverse_a: Any
    inverse_b: Any
    f_a: Any
    f_b: Any
    start_a: Any
    end_a: Any
    start_b: Any
    end_b: Any
    depth: Any
    power: Any
    inverse_rho: Any


@term
def of_pair(tables: JohnsonOhParameters, a: int, b: int) -> JohnsonOhParameters:
    """Return what one pair of species has."""
    return JohnsonOhParameters(
        tables.k_a[a, b], tables.k_b[a, b], tables.inverse_a[a, b], tables.inverse_b[a, b], tables.f_a[a, b],
        tables.f_b[a, b], tables.start_a[a, b], tables.end_a[a, b], tables.start_b[a, b], tables.end_b[a, b],
        tables.depth[a], tables.power[a], tables.inverse_rho[a],
    )  # fmt: skip


@term
def cubic(y: Lanes, k: Any) -> tuple[Lanes, Lanes]:
    """V = k₀ + k₁ y + k₂ y² + k₃ y³; return V and dV/dy."""
    return k[0] + y * (k[1] + y * (k[2] + y * k[3])), k[1] + y * (2.0 * k[2] + y * (3.0 * k[3]))


@term
def density(r: Lanes, p: JohnsonOhParameters) -> Lanes:
    """φ_ab = f_e (r₁/r)⁶ S of the neighbour b, the density pass."""
    cube = r * r * r
    return p.f_b / (cube * cube) * switch(r, p.start_b, p.end_b)[0]


@term
def interaction(r: Lanes, inverse: Lanes, p: JohnsonOhParameters) -> tuple[Lanes, Lanes, Lanes, Lanes]:
    """V, dV/dr, dφ_ab/dr, dφ_ba/dr, the force pass; both elements bring a part of V and a density."""
    s_a, ds_a = switch(r, p.start_a, p.end_a)
    s_b, ds_b = switch(r, p.start_b, p.end_b)
    v_a, slope_a = cubic(r * p.inverse_a - 1.0, p.k_a)
    v_b, slope_b = cubic(r * p.inverse_b - 1.0, p.k_b)
    v = v_a * s_a + v_b * s_b
    dv_dr = slope_a * p.inverse_a * s_a + v_a * ds_a + slope_b * p.inverse_b * s_b + v_b * ds_b
    cube = inverse * inverse * inverse
    sixth = cube * cube
    return v, dv_dr, p.f_b * sixth * (ds_b - 6.0 * inverse * s_b), p.f_a * sixth * (ds_a - 6.0 * inverse * s_a)


@term
def embedding(rho: Lanes, tables: JohnsonOhParameters, a: int) -> tuple[Lanes, Lanes]:
    """F = -(E_c - E_1v)(1 - n ln x) x^n, x = ρ/ρ_e; return F and dF/dρ, both 0 for an isolated atom."""
    inverse, n = tables.inverse_rho[a], tables.power[a]
    x = maximum(rho * inverse, LEAST_DENSITY)
    steps = n * log(x)
    grown = tables.depth[a] * exp(steps)
    alone = rho > 0.0
    return where(alone, grown * (steps - 1.0), 0.0), where(alone, grown * steps * n / x * inverse, 0.0)


class BccElement(Element):
    """An element of `JohnsonOhSet`: a is ``lattice_constant``, energies in eV and positive, constants in GPa."""

    cohesive_energy: Positive
    vacancy_energy: Positive
    C11: Positive
    C12: Positive
    C44: Positive
    evidence: Evidence
    note: Text = ""


class JohnsonOhSet(NumbersRecord):
    """Analytic embedded atoms of bcc metals (`nakmd.potentials.JohnsonOh`): six figures of each; cut in units of a."""

    equation: ClassVar[str] = (
        "E = Σ_i F(ρ_i) + ½ Σ V(r); f = f_e (r_1/r)⁶, V = Σ_m k_m (r/r_1 - 1)^m, F = -(E_c - E_1v)(1 - n ln x) x^n, "
        "x = ρ/ρ_e; V_ab = ½ (f_b/f_a V_aa + f_a/f_b V_bb); k and n solved for the figures of each element"
    )

    number_units: ClassVar = {
        "start": "a", "end": "a", "cohesive_energy": "eV", "vacancy_energy": "eV",
        "C11": "GPa", "C12": "GPa", "C44": "GPa",
    }  # fmt: skip
    has_elements = True

    form: Literal["johnson_oh"]
    cut: Ends
    element: Annotated[tuple[BccElement, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        refuse_repeats([element.symbol for element in self.element], "element")
        for element in self.element:
            if element.lattice != "bcc":
                raise ValueError(f"{element.symbol} is {element.lattice}; these functions are for bcc")
        return self

    @property
    def species(self) -> tuple[str, ...]:  # noqa: D102  (inherited)
        return tuple(element.symbol for element in self.element)

    def build_terms(self, choice: Choice) -> list[Term]:  # noqa: D102
        elements = self.chosen(choice.elements)
        found = {element.symbol: element for element in self.element if element.symbol in elements}
        figures = {
            name: BccFigures(e.lattice_constant, e.cohesive_energy, e.vacancy_energy, e.C11, e.C12, e.C44)
            for name, e in found.items()
        }
        numbers = [e.atomic_number for e in found.values()]
        return [JohnsonOh(figures, numbers, (self.cut.start, self.cut.end), self.name)]


class JohnsonOh(AnalyticEmbeddedAtom):
    r"""Analytic embedded-atom model of bcc metals: first and second neighbours, six figures for each element.

    .. math::

        f = f_e (r_1/r)^6, \quad V = \sum_{m=0}^{3} k_m (r/r_1 - 1)^m, \quad
        F = -(E_c - E_{1v}) (1 - n \ln x) x^n, \quad x = \rho/\rho_e

    f and V of an element go to zero between ``cut[0] a`` and ``cut[1] a`` by the switching polynomial of
    `nakmd.kernels.pair.switch`; between the second and the third neighbours of bcc (1 a and 1.414 a) nothing that the
    functions are solved for is touched. Unlike atoms follow Johnson's rule with the density uncut in the weights, so
    that they are constants:

    .. math::

        V_{ab} = \tfrac12 \left(\frac{f_b}{f_a} V_{aa} + \frac{f_a}{f_b} V_{bb}\right), \quad
        f_e = E_c/\Omega

    Parameters
    ----------
    figures : mapping of str to BccFigures
        Of each element.
    atomic_numbers : sequence of int
        For the headers of tables.
    cut : (float, float)
        Where the functions of an element begin and end to go to zero, in units of its a.
    label : str

    References
    ----------
    R. A. Johnson and D. J. Oh, J. Mater. Res. 4, 1195 (1989). doi:10.1557/JMR.1989.1195
    """

    density_unit = "eV/Å³"
    Record = JohnsonOhSet
    guessed_cost = 0.15
    kernels = build_eam_kernels(density, interaction, embedding, of_pair)

    def __init__(
        self,
        figures: dict[str, BccFigures],
        atomic_numbers: Sequence[int],
        cut: tuple[float, float],
        label: str = "johnson-oh",
    ) -> None:
        super().__init__(tuple(figures), label)
        self.figures = dict(figures)
        self.atomic_numbers = tuple(int(z) for z in atomic_numbers)
        self.cut = (float(cut[0]), float(cut[1]))
        if not 0.0 < self.cut[0] < self.cut[1]:
            raise InputError(f"{label}: the functions must begin to end before they end, got {cut}.")
        self.solved = {element: solve_bcc(f) for element, f in self.figures.items()}
        self.largest_density = 4.0 * max(solved.rho_e for solved in self.solved.values())

    @property
    def lattice_constants(self) -> list[float]:  # noqa: D102  (inherited)
        return [f.a for f in self.figures.values()]

    @property
    def reach(self) -> float:  # noqa: D102
        return self.cut[1] * max(self.lattice_constants)

    def _numbers(self) -> list[Any]:
        return [{e: list(f) for e, f in self.figures.items()}, self.cut]

    def _tables(self, rows: list[int]) -> tuple[JohnsonOhParameters, FloatArray]:
        solved = [self.solved[self.elements[max(k, 0)]] for k in rows]
        n = len(rows)
        first = np.array([s.r_1 for s in solved])
        strength = np.array([s.f_e * s.r_1**BETA for s in solved])
        length = np.array([self.figures[self.elements[max(k, 0)]].a for k in rows])
        k = np.array([s.k for s in solved])
        # f_b/f_a at one distance; each element brings half of V
        weight = 0.5 * strength[None, :] / strength[:, None]
        center, neighbor = np.repeat(np.arange(n)[:, None], n, axis=1), np.repeat(np.arange(n)[None, :], n, axis=0)
        p = JohnsonOhParameters(
            k_a=weight[:, :, None] * k[center],
            k_b=weight.T[:, :, None] * k[neighbor],
            inverse_a=1.0 / first[center],
            inverse_b=1.0 / first[neighbor],
            f_a=strength[center],
            f_b=strength[neighbor],
            start_a=self.cut[0] * length[center],
            end_a=self.cut[1] * length[center],
            start_b=self.cut[0] * length[neighbor],
            end_b=self.cut[1] * length[neighbor],
            depth=np.array([s.depth for s in solved]),
            power=np.array([s.n for s in solved]),
            inverse_rho=np.array([1.0 / s.rho_e for s in solved]),
        )
        known = np.array([k >= 0 for k in rows])
        reach = np.maximum(p.end_a, p.end_b)
        return p, np.where(known[:, None] & known[None, :], reach, 0.0)

    def functions(self, a: str, b: str, r: FloatArray) -> tuple[FloatArray, FloatArray]:  # noqa: D102
        p = of_pair(self._tables([self.elements.index(a), self.elements.index(b)])[0], 0, 1)
        flat = np.asarray(r, dtype=np.float64).ravel()
        v = np.array([float(interaction(float(x), 1.0 / float(x), p)[0]) for x in flat])
        phi = np.array([float(density(float(x), p)) for x in flat])
        return v.reshape(np.shape(r)), phi.reshape(np.shape(r))

    def embedding_energy(self, a: str, rho: FloatArray) -> FloatArray:  # noqa: D102
        p = self._tables([self.elements.index(a)])[0]
        return np.array([float(embedding(float(x), p, 0)[0]) for x in np.ravel(rho)]).reshape(np.shape(rho))
