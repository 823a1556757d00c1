"""Analytic Finnis-Sinclair model of cubic splines in reduced distance, with MOLDY's core join."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, model_validator

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.kernels.eam import build_eam_kernels
from nakmd.potentials.base import Term, constant
from nakmd.potentials.forms.analytic_eam import AnalyticEmbeddedAtom
from nakmd.potentials.forms.finnis_sinclair_core import join_coefficients, rise_coefficients
from nakmd.potentials.forms.finnis_sinclair_formulas import (
    MOLDY_BOHR,
    N_DENSITY_KNOTS,
    N_PAIR_KNOTS,
    FinnisSinclairParameters,
    density,
    embedding,
    interaction,
    of_pair,
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
from nakmd.units import MOLDY_COULOMB


class Core(Part):
    """MOLDY's core join: ZBL inside, the splines outside, a cubic Hermite of ln V between them; radii in units of a.

    ``smooth`` removes the kinks between itself and ``outer`` (`nakmd.potentials.FinnisSinclair`).
    """

    form: Literal["zbl-log-hermite"]
    inner: Positive
    outer: Positive
    smooth: Positive | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.inner >= self.outer:
            raise ValueError(f"inner = {self.inner} must be smaller than outer = {self.outer}")
        if self.smooth is not None and not self.inner < self.smooth < self.outer:
            raise ValueError(f"smooth = {self.smooth} must be between inner = {self.inner} and outer = {self.outer}")
        return self


class SplinePair(Part):
    """Coefficients of V (A, eV) and φ (B, eV²) of a pair of elements, in x = r/a."""

    elements: tuple[Species, Species]
    a: Positive
    A: tuple[Number, ...]
    B: tuple[Number, ...]
    evidence: Evidence
    note: Text = ""


class FinnisSinclairCubicSet(ElementsRecord):
    """Finnis–Sinclair with truncated cubics: V = Σ A_k (X_k − x)³, φ = Σ B_k (Y_k − x)³, F = −√ρ."""

    equation: ClassVar[str] = (
        "E = Σ_{i<j} V(r_ij) - Σ_i √ρ_i, ρ_i = Σ_j φ(r_ij); x = r/a, V = Σ_k A_k (X_k - x)³ H(X_k - x), "
        "φ = Σ_k B_k (Y_k - x)³ H(Y_k - x); inside the core a join to the ZBL repulsion"
    )

    number_units: ClassVar = {
        "a": "Å", "A": "eV", "B": "eV²", "X": "a", "Y": "a", "inner": "a", "outer": "a", "smooth": "a",
    }  # fmt: skip
    has_lambda_phi = True

    form: Literal["finnis_sinclair_cubic"]
    X: Annotated[tuple[Positive, ...], Field(min_length=1)]
    Y: Annotated[tuple[Positive, ...], Field(min_length=1)]
    alloys: Annotated[tuple[tuple[Species, ...], ...], Field(min_length=1)]
    lambda_phi: Positive = 1.0
    core: Core
    pair: tuple[SplinePair, ...]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for pair in self.pair:
            name = "-".join(pair.elements)
            if len(pair.A) != len(self.X) or len(pair.B) != len(self.Y):
                raise ValueError(
                    f"{name} has {len(pair.A)} A and {len(pair.B)} B, "
                    f"where X and Y have {len(self.X)} and {len(self.Y)}"
                )
        pairs = unique_pairs(pair.elements for pair in self.pair)
        refuse_repeats([symbol for alloy in self.alloys for symbol in alloy], "element of alloys")
        for alloy in self.alloys:
            for symbol in alloy:
                if symbol not in self.species:
                    raise ValueError(f"alloys names {symbol}, which has no [[element]]")
            for a, b in combinations_with_replacement(alloy, 2):
                if pair_key(a, b) not in pairs:
                    raise ValueError(f"alloys joins {a} and {b}, but there is no [[pair]] for {a}-{b}")
        return self

    def build_terms(self, choice: Choice) -> list[Term]:  # noqa: D102
        chosen = self.chosen(choice.elements)
        factor = self.lambda_phi if choice.lambda_phi is None else choice.lambda_phi
        alloys = [[element for element in alloy if element in chosen] for alloy in self.alloys]
        return [self._alloy(alloy, factor) for alloy in alloys if alloy]

    def _alloy(self, elements: Sequence[str], lambda_phi: float) -> FinnisSinclair:
        """Return the term of one alloy; ``lambda_phi`` multiplies φ between unlike elements."""
        pairs = {pair_key(*pair.elements): pair for pair in self.pair}
        numbers = {element.symbol: element.atomic_number for element in self.element}
        n = len(elements)
        if len(self.X) > N_PAIR_KNOTS or len(self.Y) > N_DENSITY_KNOTS:
            raise InputError(
                f"{self.name} has {len(self.X)} knots X and {len(self.Y)} knots Y; "
                f"nakmd computes up to {N_PAIR_KNOTS} and {N_DENSITY_KNOTS}."
            )
        # unused knots are at r = 0, where they contribute nothing
        X, Y = np.zeros(N_PAIR_KNOTS), np.zeros(N_DENSITY_KNOTS)
        X[: len(self.X)], Y[: len(self.Y)] = self.X, self.Y
        length, A, B = np.zeros((n, n)), np.zeros((n, n, N_PAIR_KNOTS)), np.zeros((n, n, N_DENSITY_KNOTS))
        for i, a in enumerate(elements):
            for j, b in enumerate(elements):
                pair = pairs[pair_key(a, b)]
                length[i, j] = pair.a
                A[i, j, : len(pair.A)] = pair.A
                B[i, j, : len(pair.B)] = np.array(pair.B) * (1.0 if a == b else lambda_phi)
        core = (self.core.inner, self.core.outer)
        charges = tuple(numbers[a] for a in elements)
        return FinnisSinclair(tuple(elements), length, A, B, X, Y, charges, core, self.core.smooth, self.name)


class FinnisSinclair(AnalyticEmbeddedAtom):
    r"""Finnis-Sinclair model with cubic splines in reduced distance x = r/a, evaluated directly.

    .. math::

        E = \sum_{i<j} V(r_{ij}) - \sum_i \sqrt{\rho_i}, \quad \rho_i = \sum_j \phi(r_{ij})

        V = \sum_k A_k (X_k - x)^3 H(X_k - x), \quad \phi = \sum_k B_k (Y_k - x)^3 H(Y_k - x)

    Below ``core[1] a`` the logarithm of V is a cubic Hermite polynomial that ends at the ZBL repulsion at
    ``core[0] a``, and φ is no less than zero. As MOLDY has it, V'' jumps at ``core[1] a`` and φ' jumps where φ
    reaches zero; atoms of the liquid come that close, and energy drifts by 1e-3 to 1e-2 kT per ns and degree of
    freedom. With ``smooth`` both go over from ``core[1] a`` to ``smooth a`` with continuous second derivatives: V
    by the switching polynomial of `nakmd.kernels.pair.switch`, φ by the quintic that is zero at ``smooth a``.

    Parameters
    ----------
    elements : sequence of str
    length : (n, n) array_like [Å]
        a for each pair of elements, symmetric.
    A : (n, n, 6) array_like [eV]
    B : (n, n, 2) array_like [eV²]
    X : (6,) array_like
    Y : (2,) array_like
    atomic_numbers : sequence of int
    core : (float, float)
        Start and end of the core join in units of a.
    smooth : float, optional
        Where the smoothing of the core ends, in units of a; none if left out.
    label : str

    References
    ----------
    A. Nichol and G. J. Ackland, Phys. Rev. B 93, 184101 (2016). doi:10.1103/PhysRevB.93.184101
    S. Han et al., J. Appl. Phys. 93, 3328 (2003), eqs 8, 9. doi:10.1063/1.1555275

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd.potentials import load
    >>> (metal,) = load("nak-2016").terms
    >>> V, phi = metal.functions("Na", "Na", np.array([3.7, 5.0]))
    >>> V.round(4).tolist(), round(metal.reach, 2)
    ([0.0773, -0.0058], 6.93)
    """

    largest_density = 10.0  # [eV²], four times that of solid sodium
    density_unit = "eV²"
    Record = FinnisSinclairCubicSet
    formulas = (density, interaction, embedding, of_pair)
    kernels = build_eam_kernels(*formulas)

    def __init__(
        self,
        elements: tuple[str, ...] | list[str],
        length: ArrayLike,
        A: ArrayLike,
        B: ArrayLike,
        X: ArrayLike,
        Y: ArrayLike,
        atomic_numbers: tuple[int, ...] | list[int],
        core: tuple[float, float],
        smooth: float | None = None,
        label: str = "finnis-sinclair",
    ) -> None:
        super().__init__(elements, label)
        n = len(self.elements)
        self.length = constant(length)
        self.A = constant(A)
        self.B = constant(B)
        self.X = constant(X)
        self.Y = constant(Y)
        self.atomic_numbers = tuple(int(z) for z in atomic_numbers)
        self.core = (float(core[0]), float(core[1]))
        for name, array, shape in [
            ("length", self.length, (n, n)),
            ("A", self.A, (n, n, N_PAIR_KNOTS)),
            ("B", self.B, (n, n, N_DENSITY_KNOTS)),
            ("X", self.X, (N_PAIR_KNOTS,)),
            ("Y", self.Y, (N_DENSITY_KNOTS,)),
        ]:
            if array.shape != shape or not np.all(np.isfinite(array)):
                raise InputError(f"{label}: {name} must be finite numbers of shape {shape}, got shape {array.shape}.")
            if array.ndim > 1 and not np.array_equal(array, array.swapaxes(0, 1)):
                raise InputError(f"{label}: {name} must be symmetric in the two elements.")
        self.smooth = self.core[1] if smooth is None else float(smooth)
        if not self.core[0] < self.smooth <= self.core[1]:
            raise InputError(f"{label}: the smoothing must end inside the core join {self.core}, got {smooth}.")
        if not 0.0 < self.core[0] < self.core[1]:
            raise InputError(f"{label}: the core join needs 0 < start < end, got {self.core}.")

    @property
    def lattice_constants(self) -> list[float]:  # noqa: D102  (inherited)
        return [float(a) for a in np.diag(self.length)]

    @property
    def reach(self) -> float:  # noqa: D102
        return float(max(self.X.max(), self.Y.max()) * self.length.max())

    def _numbers(self) -> list[object]:
        return [
            self.elements, self.length.tolist(), self.A.tolist(), self.B.tolist(), self.X.tolist(), self.Y.tolist(),
            self.atomic_numbers, self.core, self.smooth,
        ]  # fmt: skip

    def _tables(self, rows: list[int]) -> tuple[FinnisSinclairParameters, FloatArray]:
        n = len(rows)
        known = np.array([k >= 0 for k in rows])
        pick = np.ix_(np.maximum(rows, 0), np.maximum(rows, 0))
        both = known[:, None] & known[None, :]
        length = np.where(both, self.length[pick], 1.0)
        numbers = np.array([self.atomic_numbers[k] if k >= 0 else 1 for k in rows], dtype=np.float64)
        powers = numbers**0.23
        A, B = (array[pick] / length[:, :, None] ** 3 for array in (self.A, self.B))
        p = FinnisSinclairParameters(
            A=A,
            X=self.X * length[:, :, None],
            B=B,
            Y=self.Y * length[:, :, None],
            A_slope=-3.0 * A,
            B_slope=-3.0 * B,
            core_end=self.core[1] * length,
            smoothed=np.full((n, n), self.smooth < self.core[1]),
            core=np.stack(
                [
                    self.core[0] * length,
                    self.smooth * length,
                    MOLDY_COULOMB * numbers[:, None] * numbers[None, :],
                    0.8854 * MOLDY_BOHR / (powers[:, None] + powers[None, :]),
                ],
                axis=-1,
            ),
            join=np.zeros((n, n, 4)),
            rise=np.zeros((n, n, 3)),
        )
        for a in range(n):
            for b in range(n):
                if both[a, b]:
                    p.join[a, b] = join_coefficients(p, a, b, self.label)
                    p.rise[a, b] = rise_coefficients(p, a, b)
        reach = np.where(both, max(self.X.max(), self.Y.max()) * length, 0.0)
        return p, reach
