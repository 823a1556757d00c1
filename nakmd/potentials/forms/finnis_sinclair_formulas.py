"""The functions of the Finnis-Sinclair model of cubic splines, with MOLDY's core join."""

from __future__ import annotations

from typing import Any, NamedTuple

from nakmd.kernels.elementary import exp
from nakmd.kernels.jit import term
from nakmd.kernels.pair import switch
from nakmd.kernels.simd import Lanes, any_of, maximum, seldom, sqrt, where

#: Screening function of Ziegler, Biersack and Littmark as MOLDY has it (generic_atvf.F90).
ZBL_WEIGHTS = (0.1818, 0.5099, 0.2802, 0.02817)
ZBL_RATES = (3.2, 0.9423, 0.4029, 0.2016)
#: Bohr radius [Å] as MOLDY rounds it.
MOLDY_BOHR = 0.529

#: Largest numbers of knots that the compiled formulas carry.
N_PAIR_KNOTS = 6
N_DENSITY_KNOTS = 2


class FinnisSinclairParameters(NamedTuple):
    """Tables over species pairs, float64, or the entries of one pair of species.

    Attributes
    ----------
    A, X : (n, n, 6) [eV/Å³], [Å]
        The cubics of V in Å instead of units of a: A_k / a³ and X_k a.
    B, Y : (n, n, 2) [eV²/Å³], [Å]
        The cubics of φ, likewise.
    A_slope, B_slope : (n, n, 6), (n, n, 2)
        -3 A and -3 B, for the slopes. With A itself the compiler shares products between value and slope, keeps them
        in registers for the rare case that needs the value, and cannot fuse any of them with the sum.
    core_end : (n, n) [Å]
        The cubics apply beyond.
    smoothed : (n, n) bool
        Whether V and φ join the core with continuous second derivatives, or with MOLDY's kinks.
    core : (n, n, 4)
        Numbers of the core, an array also for one pair: they are loaded only in the rare case that needs them and
        occupy no registers otherwise. [0] core_start [Å]: from here to core_end the logarithm of V is joined to that
        of the ZBL repulsion, which applies below. [1] smooth_start [Å]: from here to core_end V is switched from the
        join to the cubics, and φ rises from zero. [2], [3] ZBL: e²/4πε0 Z1 Z2 [eV Å] and screening length [Å].
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
    """Return the entries of one pair of species."""
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
    # Only a few pairs in a thousand are closer than core_end: the branch saves five exponentials for the others.
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
    """φ = Σ B_k (Y_k - r)³ H(Y_k - r) beyond core_end, switched to zero below; return φ and dφ/dr."""
    t0 = maximum(p.Y[0] - r, 0.0)
    t1 = maximum(p.Y[1] - r, 0.0)
    phi = p.B[0] * t0 * (t0 * t0) + p.B[1] * t1 * (t1 * t1)
    dphi_dr = p.B_slope[0] * (t0 * t0) + p.B_slope[1] * (t1 * t1)
    # The cubics are negative below about 0.6 a. MOLDY sets φ to zero there, so forces are discontinuous.
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
    """V, dV/dr, dφ_ab/dr, dφ_ba/dr, the force pass; φ is symmetric in the species, and 1/r is not needed."""
    v, dv_dr = pair_energy(r, p)
    dphi_dr = cubic_density(r, p)[1]
    return v, dv_dr, dphi_dr, dphi_dr


@term
def embedding(rho: Lanes, tables: FinnisSinclairParameters, a: int) -> tuple[Lanes, Lanes]:
    """F = -√ρ; return F and dF/dρ, both 0 for an isolated atom."""
    root = sqrt(rho)
    return -root, where(rho > 0.0, -0.5 / maximum(root, 1.0e-150), 0.0)
