"""Exponential, logarithm, sine and cosine for lanes and for plain numbers.

Neither LLVM nor Numba provides vector versions of these; the polynomials below need no table. The steps
that must not be reassociated are written as fused multiply-adds. Float32 lanes have shorter polynomials, whose
coefficients are rounded to float32.
"""

from __future__ import annotations

import math

import numpy as np

from nakmd.kernels.jit import term
from nakmd.kernels.simd import floor, fma, for_lanes, maximum, minimum, where
from nakmd.kernels.simd_bits import power_of_two, split_exponent, to_float, to_index

#: Arguments of `exp` are clamped to these.
SMALLEST_EXPONENT = -300.0
LARGEST_EXPONENT = 709.0

#: The same for float32 lanes. The square of e^-40 is still a normal number.
SMALLEST_SINGLE_EXPONENT = -40.0
LARGEST_SINGLE_EXPONENT = 88.0

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01  # fdlibm's split: the high part has 21 trailing zero bits
_LN2_LOW = 1.90821492927058770002e-10
_LN2_SINGLE_HIGH = 0.693359375  # 9 bits, so that k times it is exact
_LN2_SINGLE_LOW = -2.12194440054690583e-4


@term
def _exp_lanes(x):
    # exp(x) = 2^k exp(r), |r| <= ln 2 / 2; the Taylor polynomial of degree 13 leaves 2e-17. Padding lanes are far
    # away: a clamp at the edge of the normal range made their products subnormal, and Morse ran 4 times slower.
    x = minimum(maximum(x, SMALLEST_EXPONENT), LARGEST_EXPONENT)
    k = floor(fma(x, _LOG2_E, 0.5))
    r = fma(k, -_LN2_LOW, fma(k, -_LN2_HIGH, x))
    # even and odd powers in parallel: half the latency
    z = r * r
    even = fma(z, 1.0 / 479001600.0, 1.0 / 3628800.0)
    odd = fma(z, 1.0 / 6227020800.0, 1.0 / 39916800.0)
    even = fma(even, z, 1.0 / 40320.0)
    odd = fma(odd, z, 1.0 / 362880.0)
    even = fma(even, z, 1.0 / 720.0)
    odd = fma(odd, z, 1.0 / 5040.0)
    even = fma(even, z, 1.0 / 24.0)
    odd = fma(odd, z, 1.0 / 120.0)
    even = fma(even, z, 0.5)
    odd = fma(odd, z, 1.0 / 6.0)
    p = fma(fma(odd, r, even), z, r) + 1.0
    return p * power_of_two(to_index(k))


@term
def _exp_single_lanes(x):
    # As above; the polynomial of degree 6 was fitted to the least relative error, 4e-9, with 1 + r held.
    x = minimum(maximum(x, SMALLEST_SINGLE_EXPONENT), LARGEST_SINGLE_EXPONENT)
    k = floor(fma(x, _LOG2_E, 0.5))
    r = fma(k, -_LN2_SINGLE_LOW, fma(k, -_LN2_SINGLE_HIGH, x))
    p = fma(r, 0.0013814467238262296, 0.008368780836462975)
    p = fma(p, r, 0.04166839271783829)
    p = fma(p, r, 0.1666651964187622)
    p = fma(p, r, 0.4999999403953552)
    p = fma(p, r, 1.0)
    p = fma(p, r, 1.0)
    return p * power_of_two(to_index(k))


def exp(x):
    """Return e^x: below 2 ulp on lanes for -300 <= x <= 709 (float32: -40 <= x <= 88), clamped beyond."""
    if isinstance(x, np.ndarray) and x.dtype == np.float32:
        return np.exp(np.minimum(np.maximum(x, SMALLEST_SINGLE_EXPONENT), LARGEST_SINGLE_EXPONENT))
    return np.exp(np.minimum(np.maximum(x, SMALLEST_EXPONENT), LARGEST_EXPONENT))


for_lanes(exp, _exp_lanes, math.exp, _exp_single_lanes)


@term
def _log_lanes(x):
    # x = 2^e m with sqrt(1/2) <= m < sqrt(2); log m = 2 artanh(s), s = (m - 1)/(m + 1); coefficients of fdlibm.
    e, m = split_exponent(x)
    large = m > 1.4142135623730951
    m = where(large, m * 0.5, m)
    k = to_float(e) + where(large, 1.0, 0.0)
    f = m - 1.0
    s = f / (f + 2.0)
    z = s * s
    p = fma(z, 1.479819860511658591e-01, 1.531383769920937332e-01)
    p = fma(p, z, 1.818357216161805012e-01)
    p = fma(p, z, 2.222219843214978396e-01)
    p = fma(p, z, 2.857142874366239149e-01)
    p = fma(p, z, 3.999999999940941908e-01)
    p = fma(p, z, 6.666666666666735130e-01)
    half_square = 0.5 * f * f
    tail = fma(s, fma(p, z, half_square), k * _LN2_LOW)
    return fma(k, _LN2_HIGH, f - (half_square - tail))


@term
def _log_single_lanes(x):
    # As above, with the shorter polynomial of FreeBSD's logf.
    e, m = split_exponent(x)
    large = m > 1.4142135623730951
    m = where(large, m * 0.5, m)
    k = to_float(e) + where(large, 1.0, 0.0)
    f = m - 1.0
    s = f / (f + 2.0)
    z = s * s
    p = fma(z, 0.24279078841, 0.28498786688)
    p = fma(p, z, 0.40000972152)
    p = fma(p, z, 0.66666662693)
    half_square = 0.5 * f * f
    tail = fma(s, fma(p, z, half_square), k * _LN2_SINGLE_LOW)
    return fma(k, _LN2_SINGLE_HIGH, f - (half_square - tail))


def log(x):
    """Return the natural logarithm: below 2 ulp on lanes for positive normal numbers."""
    return np.log(x)


for_lanes(log, _log_lanes, math.log, _log_single_lanes)


@term
def _sin_cos_lanes(x):
    # Kernel polynomials of fdlibm (k_sin.c, k_cos.c) on the half angle, |x| <= pi/2, then the double-angle formulas.
    h = 0.5 * x
    z = h * h
    p = fma(z, 1.58969099521155010221e-10, -2.50507602534068634195e-08)
    p = fma(p, z, 2.75573137070700676789e-06)
    p = fma(p, z, -1.98412698298579493134e-04)
    p = fma(p, z, 8.33333333332248946124e-03)
    p = fma(p, z, -1.66666666666666324348e-01)
    sine = fma(z * h, p, h)
    q = fma(z, -1.13596475577881948265e-11, 2.08757232129817482790e-09)
    q = fma(q, z, -2.75573143513906633035e-07)
    q = fma(q, z, 2.48015872894767294178e-05)
    q = fma(q, z, -1.38888888888741095749e-03)
    q = fma(q, z, 4.16666666666666019037e-02)
    cosine = fma(z * z, q, fma(z, -0.5, 1.0))
    return 2.0 * sine * cosine, fma(-2.0 * sine, sine, 1.0)


@term
def _sin_cos_single_lanes(x):
    # As above, with the shorter polynomials of Cephes (sinf.c).
    h = 0.5 * x
    z = h * h
    p = fma(z, -1.9515295891e-4, 8.3321608736e-3)
    p = fma(p, z, -1.6666654611e-1)
    sine = fma(z * h, p, h)
    q = fma(z, 2.443315711809948e-5, -1.388731625493765e-3)
    q = fma(q, z, 4.166664568298827e-2)
    cosine = fma(z * z, q, fma(z, -0.5, 1.0))
    return 2.0 * sine * cosine, fma(-2.0 * sine, sine, 1.0)


@term
def _sin_cos_number(x):
    return math.sin(x), math.cos(x)


def sin_cos(x):
    """Return sin x and cos x for -pi/2 <= x <= pi/2 (lanes) to 2 ulp of 1 absolute."""
    return np.sin(x), np.cos(x)


for_lanes(sin_cos, _sin_cos_lanes, _sin_cos_number, _sin_cos_single_lanes)
