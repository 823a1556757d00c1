"""Second-moment approximation of tight binding (Gupta, Rosato): exponentials and a square root."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.kernels.eam import build_eam_kernels
from nakmd.kernels.elementary import exp
from nakmd.kernels.jit import term
from nakmd.kernels.pair import switch
from nakmd.kernels.simd import Lanes
from nakmd.potentials.base import Term, positive
from nakmd.potentials.forms.analytic_eam import AnalyticEmbeddedAtom
from nakmd.potentials.forms.finnis_sinclair_formulas import embedding
from nakmd.potentials.forms.record import (
    Choice,
    ElementsRecord,
    Ends,
    Evidence,
    Part,
    Positive,
    Species,
    Text,
    pair_key,
    unique_pairs,
)


class GuptaNumbers(NamedTuple):
    """Numbers of a pair of elements.

    Attributes
    ----------
    A, xi : [eV]
    p, q :
    r_0 : [Å]
    """

    A: float
    xi: float
    p: float
    q: float
    r_0: float


class GuptaParameters(NamedTuple):
    """Tables over species pairs, (n, n) float64, or the numbers of one pair of species.

    Attributes
    ----------
    A : [eV]
        Twice A e^p: both atoms of a pair repel.
    p : [1/Å]
        p/r₀.
    B : [eV²]
        ξ² e^2q.
    q : [1/Å]
        2q/r₀.
    start, end : [Å]
        Range over which the functions are switched to zero.
    """

    A: Any
    p: Any
    B: Any
    q: Any
    start: Any
    end: Any


@term
def of_pair(tables: GuptaParameters, a: int, b: int) -> GuptaParameters:
    """Return the numbers of one pair of species."""
    return GuptaParameters(
        tables.A[a, b], tables.p[a, b], tables.B[a, b], tables.q[a, b], tables.start[a, b], tables.end[a, b]
    )


@term
def density(r: Lanes, p: GuptaParameters) -> Lanes:
    """φ = ξ² e^{-2q(r/r₀ - 1)} S, the density pass."""
    return p.B * exp(-p.q * r) * switch(r, p.start, p.end)[0]


@term
def interaction(r: Lanes, inverse: Lanes, p: GuptaParameters) -> tuple[Lanes, Lanes, Lanes, Lanes]:
    """V = 2A e^{-p(r/r₀ - 1)} S; return V, dV/dr, and dφ/dr twice: φ is symmetric."""
    s, ds_dr = switch(r, p.start, p.end)
    bare = p.A * exp(-p.p * r)
    dphi_dr = p.B * exp(-p.q * r) * (ds_dr - p.q * s)
    return bare * s, bare * (ds_dr - p.p * s), dphi_dr, dphi_dr


class GuptaPair(Part):
    """Numbers of a pair of elements: A and xi in eV, r_0 in Å."""

    elements: tuple[Species, Species]
    A: Positive
    xi: Positive
    p: Positive
    q: Positive
    r_0: Positive
    evidence: Evidence
    note: Text = ""


class GuptaSet(ElementsRecord):
    """Second-moment approximation of tight binding (`nakmd.potentials.Gupta`); cut in Å."""

    equation: ClassVar[str] = "E = Σ_i [Σ_j A exp(-p (r/r_0 - 1)) - √(Σ_j ξ² exp(-2q (r/r_0 - 1)))]"

    number_units: ClassVar = {"A": "eV", "xi": "eV", "r_0": "Å", "start": "Å", "end": "Å"}

    form: Literal["gupta"]
    cut: Ends
    pair: Annotated[tuple[GuptaPair, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        pairs = unique_pairs(pair.elements for pair in self.pair)
        required = {pair_key(a, b) for a, b in combinations_with_replacement(self.species, 2)}
        for missing in sorted(required - pairs):
            raise ValueError(f"there is no [[pair]] of {'-'.join(missing)}")
        for extra in sorted(pairs - required):
            raise ValueError(f"the [[pair]] of {'-'.join(extra)} is of an element without [[element]]")
        return self

    def build_terms(self, choice: Choice) -> list[Term]:  # noqa: D102
        elements = self.chosen(choice.elements)
        numbers = {pair.elements: GuptaNumbers(pair.A, pair.xi, pair.p, pair.q, pair.r_0) for pair in self.pair}
        charges = {element.symbol: element.atomic_number for element in self.element}
        cut = (self.cut.start, self.cut.end)
        return [Gupta(numbers, elements, [charges[name] for name in elements], cut, self.name)]


class Gupta(AnalyticEmbeddedAtom):
    r"""Second-moment approximation of tight binding, with a smooth cutoff.

    .. math::

        E = \sum_i \Big[ \sum_j A\, e^{-p (r_{ij}/r_0 - 1)} - \sqrt{\sum_j \xi^2 e^{-2q (r_{ij}/r_0 - 1)}} \Big]

    The sums have no cutoff in the papers; here both functions are multiplied by the switching polynomial of
    `nakmd.kernels.pair.switch` between ``cut[0]`` and ``cut[1]``.

    Parameters
    ----------
    numbers : mapping of (str, str) to GuptaNumbers
        For every unordered pair of the elements.
    elements : sequence of str
    atomic_numbers : sequence of int
        For the headers of tables.
    cut : (float, float) [Å]
    label : str

    References
    ----------
    R. P. Gupta, Phys. Rev. B 23, 6265 (1981). doi:10.1103/PhysRevB.23.6265
    V. Rosato, M. Guillope and B. Legrand, Philos. Mag. A 59, 321 (1989). doi:10.1080/01418618908205062

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd.potentials import load
    >>> (metal,) = load("gupta-na").terms
    >>> V, phi = metal.functions("Na", "Na", np.array([3.7, 5.0]))
    >>> V.round(4).tolist(), metal.embedding_energy("Na", np.array([1.0])).tolist()
    ([0.0318, 0.0009], [-1.0])
    """

    largest_density = 10.0
    density_unit = "eV²"
    Record = GuptaSet
    formulas = (density, interaction, embedding, of_pair)
    kernels = build_eam_kernels(*formulas)

    def __init__(
        self,
        numbers: Mapping[tuple[str, str], GuptaNumbers],
        elements: Sequence[str],
        atomic_numbers: Sequence[int],
        cut: tuple[float, float],
        label: str = "gupta",
    ) -> None:
        super().__init__(elements, label)
        self.atomic_numbers = tuple(int(z) for z in atomic_numbers)
        self.cut = (float(cut[0]), float(cut[1]))
        if not 0.0 < self.cut[0] < self.cut[1]:
            raise InputError(f"{label}: the cut needs 0 < start < end, got {cut}.")
        self.numbers = {}
        for a in self.elements:
            for b in self.elements:
                of_elements = numbers.get((a, b), numbers.get((b, a)))
                if of_elements is None:
                    raise InputError(f"{label}: no numbers are given for {a}-{b}.")
                for name, value in zip(GuptaNumbers._fields, of_elements, strict=True):
                    positive(value, f"{name} of {a}-{b} ({label})")
                self.numbers[a, b] = of_elements

    @property
    def lattice_constants(self) -> list[float]:
        """Lattice constants of bcc crystals with nearest neighbours at r₀ [Å], for the headers of tables."""
        return [2.0 / math.sqrt(3.0) * self.numbers[a, a].r_0 for a in self.elements]

    @property
    def reach(self) -> float:  # noqa: D102  (inherited)
        return self.cut[1]

    def _numbers(self) -> list[Any]:
        return [self.elements, [[*pair, *numbers] for pair, numbers in self.numbers.items()], self.cut]

    def _tables(self, rows: list[int]) -> tuple[GuptaParameters, FloatArray]:
        names = [self.elements[max(k, 0)] for k in rows]
        table = np.array([[self.numbers[a, b] for b in names] for a in names], dtype=np.float64)
        a, xi, p, q, r_0 = (np.ascontiguousarray(table[..., k]) for k in range(len(GuptaNumbers._fields)))
        shape = r_0.shape
        known = np.array([k >= 0 for k in rows])
        parameters = GuptaParameters(
            A=2.0 * a * np.exp(p),
            p=p / r_0,
            B=xi**2 * np.exp(2.0 * q),
            q=2.0 * q / r_0,
            start=np.full(shape, self.cut[0]),
            end=np.full(shape, self.cut[1]),
        )
        return parameters, np.where(known[:, None] & known[None, :], self.cut[1], 0.0)
