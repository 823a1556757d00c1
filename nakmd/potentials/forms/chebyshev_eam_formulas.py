"""The functions of the embedded-atom model of Chebyshev polynomials."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import Polynomial, chebyshev

from nakmd.arrays import FloatArray
from nakmd.kernels.jit import term
from nakmd.kernels.simd import Lanes, maximum, minimum, sqrt, where

#: Largest numbers of polynomials that the compiled formulas carry.
N_PAIR = 10
N_DENSITY = 8

#: Where the two last terms of F begin, in units of ρ.
LOW, HIGH = 0.85, 1.25


class ChebyshevEAMParameters(NamedTuple):
    """Tables over species pairs, float64, or the entries of one pair of species.

    Attributes
    ----------
    V, V_slope : (n, n, N_PAIR) [eV], [eV/Å]
        Coefficients in powers of s of V/t³ and V'/t².
    phi : (n, n, N_DENSITY)
        Coefficients of φ_ab/t³.
    slope_ab, slope_ba : (n, n, N_DENSITY) [1/Å]
        Coefficients of φ'_ab/t² and φ'_ba/t².
    start, cutoff : (n, n) [Å]
    inverse : (n, n) [1/Å]
        1/(cutoff - start).
    core : (n, n, 6)
        [0], [1] V' and V''/2 at ``start``, [2] the wall K [eV/Å³]; [3], [4] φ'_ab and φ''_ab/2, [5] φ''_ba/2 there.
    F : (n, 5) [eV]
    """

    V: Any
    V_slope: Any
    phi: Any
    slope_ab: Any
    slope_ba: Any
    start: Any
    cutoff: Any
    inverse: Any
    core: Any
    F: Any


def powers(coefficients: FloatArray, n: int) -> FloatArray:
    """Return the coefficients in powers of s of a Chebyshev series, filled up with zeros to n."""
    out = np.zeros(n)
    series = chebyshev.cheb2poly(coefficients)
    out[: len(series)] = series
    return out


def slope_powers(p: FloatArray, inverse: float) -> FloatArray:
    """Return the coefficients in powers of s of f'/t² for f = t³ P(s): -(3P + (s + 1) P')/(cutoff - start)."""
    derivative = Polynomial(p).deriv()
    slope = -(Polynomial(p) * 3.0 + Polynomial([1.0, 1.0]) * derivative) * inverse
    out = np.zeros(len(p))
    out[: len(slope.coef)] = slope.coef
    return out


def core_derivatives(p: FloatArray, inverse: float) -> tuple[float, float]:
    """Return f' and f'' of f = t³ P(s) at t = 1."""
    f = Polynomial([0.5, 0.5]) ** 3 * Polynomial(p)
    return float(-2.0 * inverse * f.deriv()(1.0)), float(4.0 * inverse**2 * f.deriv(2)(1.0))


@term
def of_pair(tables: ChebyshevEAMParameters, a: int, b: int) -> ChebyshevEAMParameters:
    """Return the entries of one pair of species."""
    return ChebyshevEAMParameters(
        tables.V[a, b], tables.V_slope[a, b], tables.phi[a, b], tables.slope_ab[a, b], tables.slope_ba[a, b],
        tables.start[a, b], tables.cutoff[a, b], tables.inverse[a, b], tables.core[a, b], tables.F,
    )  # fmt: skip


@term
def pair_polynomial(s: Lanes, c: Any) -> Lanes:
    """Σ c_k s^k of N_PAIR coefficients, by Horner's rule."""
    total = c[N_PAIR - 2] + s * c[N_PAIR - 1]
    for k in range(N_PAIR - 3, -1, -1):
        total = c[k] + s * total
    return total


@term
def density_polynomial(s: Lanes, c: Any) -> Lanes:
    """Σ c_k s^k of N_DENSITY coefficients, by Horner's rule."""
    total = c[N_DENSITY - 2] + s * c[N_DENSITY - 1]
    for k in range(N_DENSITY - 3, -1, -1):
        total = c[k] + s * total
    return total


@term
def density(r: Lanes, p: ChebyshevEAMParameters) -> Lanes:
    """φ_ab = t³ Σ_n p_n T_n(s), the density pass; below ``start`` its Taylor polynomial of second order."""
    t = maximum(p.cutoff - maximum(r, p.start), 0.0) * p.inverse
    u = minimum(r - p.start, 0.0)
    return t * t * t * density_polynomial(2.0 * t - 1.0, p.phi) + u * (p.core[3] + u * p.core[4])


@term
def interaction(r: Lanes, inverse: Lanes, p: ChebyshevEAMParameters) -> tuple[Lanes, Lanes, Lanes, Lanes]:
    """V, dV/dr, dφ_ab/dr, dφ_ba/dr, the force pass; 1/r is not needed."""
    t = maximum(p.cutoff - maximum(r, p.start), 0.0) * p.inverse
    u = minimum(r - p.start, 0.0)
    s = 2.0 * t - 1.0
    square = t * t
    v = square * t * pair_polynomial(s, p.V) + u * (p.core[0] + u * (p.core[1] - u * p.core[2]))
    dv_dr = square * pair_polynomial(s, p.V_slope) + u * (2.0 * p.core[1] - 3.0 * u * p.core[2])
    dphi_ab = square * density_polynomial(s, p.slope_ab) + u * (2.0 * p.core[4])
    dphi_ba = square * density_polynomial(s, p.slope_ba) + u * (2.0 * p.core[5])
    return v, dv_dr, dphi_ab, dphi_ba


@term
def embedding(rho: Lanes, tables: ChebyshevEAMParameters, a: int) -> tuple[Lanes, Lanes]:
    """F = -f₀ √ρ + f₁ ρ² + f₂ ρ³ + f₃ ρ (LOW - ρ)³₊ + f₄ ρ (HIGH - ρ)³₊; F and dF/dρ, both 0 for an isolated atom."""
    f = tables.F
    q = maximum(rho, 0.0)
    root = sqrt(q)
    low, high = maximum(LOW - q, 0.0), maximum(HIGH - q, 0.0)
    low_square, high_square = f[a, 3] * low * low, f[a, 4] * high * high
    energy = q * (q * (f[a, 1] + q * f[a, 2]) + low_square * low + high_square * high) - f[a, 0] * root
    slope = (
        q * (2.0 * f[a, 1] + 3.0 * q * f[a, 2]) + low_square * (low - 3.0 * q) + high_square * (high - 3.0 * q)
        - 0.5 * f[a, 0] / maximum(root, 1.0e-150)
    )  # fmt: skip
    return energy, where(rho > 0.0, slope, 0.0)
