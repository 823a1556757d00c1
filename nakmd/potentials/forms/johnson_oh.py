"""Analytic embedded-atom model of bcc metals from six properties of each, after Johnson and Oh, with an alloy rule."""

from __future__ import annotations

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
from nakmd.potentials.base import Term
from nakmd.potentials.forms.analytic_eam import AnalyticEmbeddedAtom
from nakmd.potentials.forms.bcc_solution import BETA, BccFigures, solve_bcc
from nakmd.potentials.forms.record import Choice, Element, ElementsRecord, Ends, Evidence, Positive, Text

#: Least ρ/ρ_e at which F is evaluated: ln 0 does not exist, and float32 holds 1e-25 as well.
LEAST_DENSITY = 1.0e-25


class JohnsonOhParameters(NamedTuple):
    """Tables over species, or the entries of one pair of species; a is the central atom, b its neighbour.

    Attributes
    ----------
    k_a, k_b : (n, n, 4) [eV]
        Coefficients of the contribution of each element to V, weights included.
    inverse_a, inverse_b : (n, n) [1/Å]
        1/r₁ of each element.
    f_a, f_b : (n, n) [eV Å³]
        f_e r₁⁶ of each element.
    start_a, end_a, start_b, end_b : (n, n) [Å]
        Range over which the functions of each element are switched to zero.
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
    """Return the entries of one pair of species."""
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
    """V, dV/dr, dφ_ab/dr, dφ_ba/dr, the force pass; both elements contribute to V and to the density."""
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


class JohnsonOhSet(ElementsRecord):
    """Analytic embedded atoms of bcc metals (`nakmd.potentials.JohnsonOh`): six properties each; cut in units of a."""

    equation: ClassVar[str] = (
        "E = Σ_i F(ρ_i) + ½ Σ V(r); f = f_e (r_1/r)⁶, V = Σ_m k_m (r/r_1 - 1)^m, F = -(E_c - E_1v)(1 - n ln x) x^n, "
        "x = ρ/ρ_e; V_ab = ½ (f_b/f_a V_aa + f_a/f_b V_bb); k and n solved for the figures of each element"
    )

    number_units: ClassVar = {
        "start": "a", "end": "a", "cohesive_energy": "eV", "vacancy_energy": "eV",
        "C11": "GPa", "C12": "GPa", "C44": "GPa",
    }  # fmt: skip

    form: Literal["johnson_oh"]
    cut: Ends
    element: Annotated[tuple[BccElement, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _all_bcc(self) -> Self:
        for element in self.element:
            if element.lattice != "bcc":
                raise ValueError(f"{element.symbol} is {element.lattice}; these functions are for bcc")
        return self

    def build_terms(self, choice: Choice) -> list[Term]:  # noqa: D102
        elements = self.chosen(choice.elements)
        chosen = {element.symbol: element for element in self.element if element.symbol in elements}
        figures = {
            name: BccFigures(e.lattice_constant, e.cohesive_energy, e.vacancy_energy, e.C11, e.C12, e.C44)
            for name, e in chosen.items()
        }
        numbers = [e.atomic_number for e in chosen.values()]
        return [JohnsonOh(figures, numbers, (self.cut.start, self.cut.end), self.name)]


class JohnsonOh(AnalyticEmbeddedAtom):
    r"""Analytic embedded-atom model of bcc metals: first and second neighbours, six properties of each element.

    .. math::

        f = f_e (r_1/r)^6, \quad V = \sum_{m=0}^{3} k_m (r/r_1 - 1)^m, \quad
        F = -(E_c - E_{1v}) (1 - n \ln x) x^n, \quad x = \rho/\rho_e

    f and V of an element are switched to zero between ``cut[0] a`` and ``cut[1] a`` by the polynomial of
    `nakmd.kernels.pair.switch`. Between the second and the third neighbours of bcc (1 a and 1.414 a) this changes none
    of the properties that the functions are solved for. Unlike atoms follow Johnson's rule. Its weights are ratios of
    the unswitched densities, and so constants:

    .. math::

        V_{ab} = \tfrac12 \left(\frac{f_b}{f_a} V_{aa} + \frac{f_a}{f_b} V_{bb}\right), \quad
        f_e = E_c/\Omega

    Parameters
    ----------
    figures : mapping of str to BccFigures
        Properties of each element.
    atomic_numbers : sequence of int
        For the headers of tables.
    cut : (float, float)
        Range over which the functions of an element are switched to zero, in units of its a.
    label : str

    References
    ----------
    R. A. Johnson and D. J. Oh, J. Mater. Res. 4, 1195 (1989). doi:10.1557/JMR.1989.1195

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd.potentials import load
    >>> (metal,) = load("johnson-oh-nak").terms
    >>> number, a = np.array([8, 6]), metal.lattice_constants[metal.elements.index("Na")]
    >>> V, phi = metal.functions("Na", "Na", a * np.array([np.sqrt(0.75), 1.0]))  # the two shells of bcc
    >>> cohesive_energy = number @ V / 2 + metal.embedding_energy("Na", np.array([number @ phi]))
    >>> cohesive_energy.round(3).tolist()
    [-1.113]
    """

    density_unit = "eV/Å³"
    Record = JohnsonOhSet
    formulas = (density, interaction, embedding, of_pair)
    kernels = build_eam_kernels(*formulas)

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
            raise InputError(f"{label}: the cut needs 0 < start < end, got {cut}.")
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
        # f_b/f_a at one distance; each element contributes half of V
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
