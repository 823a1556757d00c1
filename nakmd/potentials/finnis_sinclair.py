"""Analytic Finnis-Sinclair model of cubic splines in reduced distance, with MOLDY's core join."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.kernels.eam import build_eam_kernels
from nakmd.kernels.elementary import exp
from nakmd.kernels.jit import term
from nakmd.kernels.pair import switch
from nakmd.kernels.simd import Lanes, any_of, maximum, seldom, sqrt, where
from nakmd.potentials.embedded_atom import AnalyticEmbeddedAtom
from nakmd.units import MOLDY_COULOMB

#: Screening function of Ziegler, Biersack and Littmark as MOLDY has it (generic_atvf.F90).
ZBL_WEIGHTS = (0.1818, 0.5099, 0.2802, 0.02817)
ZBL_RATES = (3.2, 0.9423, 0.4029, 0.2016)
#: Bohr radius [Å] as MOLDY rounds it.
MOLDY_BOHR = 0.529

#: Largest numbers of knots that the compiled formulas carry.
N_PAIR_KNOTS = 6
N_DENSITY_KNOTS = 2


class FinnisSinclairParameters(NamedTuple):
    """Tables over species pairs, float64, or what one pair of species has in them.

    Attributes
    ----------
    A, X : (n, n, 6) [eV/Å³], [Å]
        The cubics of V in Å instead of units of a: A_k / a³ and X_k a.
    B, Y : (n, n, 2) [eV²/Å³], [Å]
        The cubics of φ, in the same way.
    A_slope, B_slope : (n, n, 6), (n, n, 2)
        -3 A and -3 B, for the slopes. With A itself the compiler shares products between value and slope, keeps them
        in registers for the seldom case that wants the value, and can fuse none of them with the sum.
    core_end : (n, n) [Å]
        The cubics hold beyond.
    smoothed : (n, n) bool
        Whether V and φ go over to the core with continuous second derivatives, or with MOLDY's kinks.
    core : (n, n, 4)
        Numbers of the core, an array also for one pair: they are read where they are wanted, which is seldom, and
        take no register elsewhere. [0] core_start [Å]: from here to core_end the logarithm of V is joined to that of
        the ZBL repulsion, which holds below. [1] smooth_start [Å]: from here to core_end V goes over from the join to
        the cubics, and φ rises from zero. [2], [3] ZBL: e²/4πε0 Z1 Z2 [eV Å] and screening length [Å].
    join : (n, n, 4)
        Coefficients of ln V in t = (r - core_start)/(core_end - core_start).
    rise : (n, n, 3) [eV²]
        Coefficients of φ/t³ in t = (r - smooth_start)/(core_end - smooth_start).
    """

    A: Any
    X: Any
    B: Any
    Y: Any
    A_slope: Any
    B_slope: Any
    core_end: Any
    smoothed: Any
    core: Any
    join: Any
    rise: Any


@term
def of_pair(tables: FinnisSinclairParameters, a: int, b: int) -> FinnisSinclairParameters:
    """Return what one pair of species has."""
    return FinnisSinclairParameters(
        tables.A[a, b], tables.X[a, b], tables.B[a, b], tables.Y[a, b], tables.A_slope[a, b], tables.B_slope[a, b],
        tables.core_end[a, b], tables.smoothed[a, b], tables.core[a, b], tables.join[a, b], tables.rise[a, b],
    )  # fmt: skip


@term
def cubic_pair(r: Lanes, p: FinnisSinclairParameters) -> tuple[Lanes, Lanes]:
    """V = Σ A_k (X_k - r)³ H(X_k - r); return V and dV/dr."""
    t = maximum(p.X[0] - r, 0.0)
    v = p.A[0] * t * t * t
    slope = p.A_slope[0] * (t * t)
    for k in range(1, N_PAIR_KNOTS):
        t = maximum(p.X[k] - r, 0.0)
        v = v + p.A[k] * t * t * t
        slope = slope + p.A_slope[k] * (t * t)
    return v, slope


@term
def zbl(r: Lanes, p: FinnisSinclairParameters) -> tuple[Lanes, Lanes]:
    """V = (e²/4πε0 Z1 Z2 / r) Σ w_k e^{-m_k u}, u = r/screening; return V and dV/dr."""
    charge_product, screening = p.core[2], p.core[3]
    u = r / screening
    e0 = ZBL_WEIGHTS[0] * exp(-ZBL_RATES[0] * u)
    e1 = ZBL_WEIGHTS[1] * exp(-ZBL_RATES[1] * u)
    e2 = ZBL_WEIGHTS[2] * exp(-ZBL_RATES[2] * u)
    e3 = ZBL_WEIGHTS[3] * exp(-ZBL_RATES[3] * u)
    v = charge_product / r * (e0 + e1 + e2 + e3)
    slope = ZBL_RATES[0] * e0 + ZBL_RATES[1] * e1 + ZBL_RATES[2] * e2 + ZBL_RATES[3] * e3
    return v, -v / r - charge_product / r * slope / screening


@term
def core_join(r: Lanes, p: FinnisSinclairParameters) -> tuple[Lanes, Lanes]:
    """V = exp(cubic in t): MOLDY's join of the logarithms; return V and dV/dr."""
    start = p.core[0]
    width = p.core_end - start
    t = (r - start) / width
    v = exp(p.join[0] + t * (p.join[1] + t * (p.join[2] + t * p.join[3])))
    slope = p.join[1] + t * (2.0 * p.join[2] + t * (3.0 * p.join[3]))
    return v, v * slope / width


@term
def pair_energy(r: Lanes, p: FinnisSinclairParameters) -> tuple[Lanes, Lanes]:
    """V with its core: the cubics beyond core_end, ZBL below core_start, the join between."""
    v, dv_dr = cubic_pair(r, p)
    # Two atoms meet below core_end a few times per thousand pairs: the branch saves five exponentials elsewhere.
    if any_of(r < p.core_end):
        seldom()
        v_join, dv_join = core_join(r, p)
        inside = r < p.core_end
        if p.smoothed:
            s, ds_dr = switch(r, p.core[1], p.core_end)
            dv_join = dv_dr + s * (dv_join - dv_dr) + ds_dr * (v_join - v)
            v_join = v + s * (v_join - v)
        v = where(inside, v_join, v)
        dv_dr = where(inside, dv_join, dv_dr)
        start = p.core[0]
        if any_of(r < start):
            seldom()
            v_zbl, dv_zbl = zbl(r, p)
            v = where(r < start, v_zbl, v)
            dv_dr = where(r < start, dv_zbl, dv_dr)
    return v, dv_dr


@term
def cubic_density(r: Lanes, p: FinnisSinclairParameters) -> tuple[Lanes, Lanes]:
    """φ = Σ B_k (Y_k - r)³ H(Y_k - r) beyond core_end, its way to zero below; return φ and dφ/dr."""
    t0 = maximum(p.Y[0] - r, 0.0)
    t1 = maximum(p.Y[1] - r, 0.0)
    phi = p.B[0] * t0 * (t0 * t0) + p.B[1] * t1 * (t1 * t1)
    dphi_dr = p.B_slope[0] * (t0 * t0) + p.B_slope[1] * (t1 * t1)
    # The cubics turn negative inside about 0.6 a. MOLDY sets φ to zero there, which makes forces jump.
    if p.smoothed:
        if any_of(r < p.core_end):
            seldom()
            smooth_start = p.core[1]
            width = p.core_end - smooth_start
            t = maximum((r - smooth_start) / width, 0.0)
            c3, c4, c5 = p.rise[0], p.rise[1], p.rise[2]
            inside = r < p.core_end
            phi = where(inside, t * t * t * (c3 + t * (c4 + t * c5)), phi)
            dphi_dr = where(inside, t * t * (3.0 * c3 + t * (4.0 * c4 + t * (5.0 * c5))) / width, dphi_dr)
    else:
        dphi_dr = where(phi > 0.0, dphi_dr, 0.0)
        phi = where(phi > 0.0, phi, 0.0)
    return phi, dphi_dr


@term
def density(r: Lanes, p: FinnisSinclairParameters) -> Lanes:
    """φ_ab(r), the density pass."""
    return cubic_density(r, p)[0]


@term
def interaction(r: Lanes, inverse: Lanes, p: FinnisSinclairParameters) -> tuple[Lanes, Lanes, Lanes, Lanes]:
    """V, dV/dr, dφ_ab/dr, dφ_ba/dr, the force pass; φ is symmetric in the species, and nothing here needs 1/r."""
    v, dv_dr = pair_energy(r, p)
    dphi_dr = cubic_density(r, p)[1]
    return v, dv_dr, dphi_dr, dphi_dr


@term
def embedding(rho: Lanes, tables: FinnisSinclairParameters, a: int) -> tuple[Lanes, Lanes]:
    """F = -√ρ; return F and dF/dρ, both 0 for an isolated atom."""
    root = sqrt(rho)
    return -root, where(rho > 0.0, -0.5 / maximum(root, 1.0e-150), 0.0)


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
    """

    largest_density = 10.0  # [eV²], four times that of solid sodium
    density_unit = "eV²"
    kernels = build_eam_kernels(density, interaction, embedding, of_pair)

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
        self.length = np.asarray(length, dtype=np.float64)
        self.A = np.asarray(A, dtype=np.float64)
        self.B = np.asarray(B, dtype=np.float64)
        self.X = np.asarray(X, dtype=np.float64)
        self.Y = np.asarray(Y, dtype=np.float64)
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
                    p.join[a, b] = self._join_coefficients(p, a, b)
                    p.rise[a, b] = self._rise_coefficients(p, a, b)
        reach = np.where(both, max(self.X.max(), self.Y.max()) * length, 0.0)
        return p, reach

    def _join_coefficients(self, p: FinnisSinclairParameters, a: int, b: int) -> FloatArray:
        """Return the cubic in t through values and slopes of ln V at both ends of the join."""
        start = p.core[a, b, 0]
        width = p.core_end[a, b] - start
        v1, d1 = zbl(start, of_pair(p, a, b))
        v2, d2 = cubic_pair(p.core_end[a, b], of_pair(p, a, b))
        if not v2 > 0.0:
            raise InputError(
                f"{self.label}: V is {float(v2):.4g} eV at the end of the core join, {p.core_end[a, b]:.4f} Å; "
                "its logarithm does not exist. Move the join inwards."
            )
        y1, y2 = math.log(v1), math.log(v2)
        s1, s2 = width * d1 / v1, width * d2 / v2
        return np.array([y1, s1, 3.0 * (y2 - y1) - 2.0 * s1 - s2, 2.0 * (y1 - y2) + s1 + s2])

    def _rise_coefficients(self, p: FinnisSinclairParameters, a: int, b: int) -> FloatArray:
        """Return the quintic t³ (c3 + c4 t + c5 t²) that meets φ, φ' and φ'' of the cubics at t = 1."""
        width = p.core_end[a, b] - p.core[a, b, 1]
        gaps = np.maximum(p.Y[a, b] - p.core_end[a, b], 0.0)
        f = float(p.B[a, b] @ gaps**3)
        s = float(-3.0 * p.B[a, b] @ gaps**2) * width
        q = float(6.0 * p.B[a, b] @ gaps) * width**2
        return np.array([10.0 * f - 4.0 * s + 0.5 * q, -15.0 * f + 7.0 * s - q, 6.0 * f - 3.0 * s + 0.5 * q])

    def functions(self, a: str, b: str, r: FloatArray) -> tuple[FloatArray, FloatArray]:  # noqa: D102
        rows = [self.elements.index(a), self.elements.index(b)]
        p = of_pair(self._tables(rows)[0], 0, 1)
        flat = np.asarray(r, dtype=np.float64).ravel()
        v = np.array([float(pair_energy(float(x), p)[0]) for x in flat])
        phi = np.array([float(cubic_density(float(x), p)[0]) for x in flat])
        return v.reshape(np.shape(r)), phi.reshape(np.shape(r))

    def embedding_energy(self, a: str, rho: FloatArray) -> FloatArray:  # noqa: D102
        return -np.sqrt(np.asarray(rho, dtype=np.float64))
