"""Counter-based random numbers: noise that is a pure function of (seed, stream, step, atom).

No generator state exists: a resumed run, and a run on any number of threads, draws the same bits.

The generator is Philox4x32-10. One block of four 32-bit words belongs to one counter:

======  =====================================================
word    holds
======  =====================================================
0       atom, or the number of the draw if no atom belongs
1, 2    step, low and high half
3       stream: purpose of the number
key     seed, low and high half
======  =====================================================

Logarithm, sine and cosine are polynomials in this file (the minimax coefficients of fdlibm): they vectorise, and
the numbers do not depend on the mathematics library of the machine.

References
----------
Salmon, Moraes, Dror & Shaw, Proc. SC'11 (2011). doi:10.1145/2063384.2063405
Box & Muller, Ann. Math. Stat. 29, 610 (1958). doi:10.1214/aoms/1177706645
Marsaglia & Tsang, ACM Trans. Math. Softw. 26, 363 (2000). doi:10.1145/358407.358414
"""

from __future__ import annotations

import math

import numpy as np

from nakmd.kernels.jit import kernel, term

#: Purposes of random numbers; each has its own stream.
STREAM_VELOCITIES = 1
STREAM_LANGEVIN = 2
STREAM_RESCALING = 3
STREAM_BAROSTAT = 4
STREAM_BODIES = 5
STREAM_COLLISIONS = 6
STREAM_ANDERSEN = 7
STREAM_EXCHANGES = 8
STREAM_ARRIVALS = 9

_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)

# An integer below 2^52 in the mantissa of 2^52 is a float64: a conversion that every vector unit has.
_INTO_MANTISSA = np.uint64(0x4330000000000000)
_TWO_52 = 4503599627370496.0

_QUARTER = np.uint64(0x3FFFFFFF)
_QUADRANT_SHIFT = np.uint64(30)
_ONE = np.uint64(1)
_TWO = np.uint64(2)

_SQRT_HALF_BITS = np.int64(0x3FE6A09E00000000)
_EXPONENT_SHIFT = np.int64(52)
_EXPONENT_BIAS = np.int64(2048)
_BIAS_INTO_MANTISSA = np.int64(0x4330000000000000)
_LN_2 = 0.6931471805599453
_HALF_PI = 1.5707963267948966


@term
def _round(c_0, c_1, c_2, c_3, key_0, key_1):
    product_0 = _MULTIPLIER_0 * (c_0 & _LOW)
    product_1 = _MULTIPLIER_1 * (c_2 & _LOW)
    return (product_1 >> _HALF) ^ c_1 ^ key_0, product_1 & _LOW, (product_0 >> _HALF) ^ c_3 ^ key_1, product_0 & _LOW


@term
def _next_key(key_0, key_1):
    return (key_0 + _WEYL_0) & _LOW, (key_1 + _WEYL_1) & _LOW


@term
def _two_rounds(c_0, c_1, c_2, c_3, key_0, key_1):
    c_0, c_1, c_2, c_3 = _round(c_0, c_1, c_2, c_3, key_0, key_1)
    key_0, key_1 = _next_key(key_0, key_1)
    return _round(c_0, c_1, c_2, c_3, key_0, key_1)


@term
def philox(c_0, c_1, c_2, c_3, key_0, key_1):
    """Return the four 32-bit words of one counter and key (all uint64 below 2^32): Philox4x32-10.

    The ten rounds are unrolled: only then does the compiler vectorise loops over this function.
    """
    c_0, c_1, c_2, c_3 = _two_rounds(c_0, c_1, c_2, c_3, key_0, key_1)
    key_0, key_1 = _next_key(*_next_key(key_0, key_1))
    c_0, c_1, c_2, c_3 = _two_rounds(c_0, c_1, c_2, c_3, key_0, key_1)
    key_0, key_1 = _next_key(*_next_key(key_0, key_1))
    c_0, c_1, c_2, c_3 = _two_rounds(c_0, c_1, c_2, c_3, key_0, key_1)
    key_0, key_1 = _next_key(*_next_key(key_0, key_1))
    c_0, c_1, c_2, c_3 = _two_rounds(c_0, c_1, c_2, c_3, key_0, key_1)
    key_0, key_1 = _next_key(*_next_key(key_0, key_1))
    return _two_rounds(c_0, c_1, c_2, c_3, key_0, key_1)


@kernel
def philox_block(c_0, c_1, c_2, c_3, key_0, key_1):
    """Compiled `philox`, for single draws and for tests."""
    return philox(np.uint64(c_0), np.uint64(c_1), np.uint64(c_2), np.uint64(c_3), np.uint64(key_0), np.uint64(key_1))


@term
def to_unit(word):
    """Return a 32-bit word as a number in the open interval (0, 1)."""
    return (np.uint64(word | _INTO_MANTISSA).view(np.float64) - _TWO_52 + 0.5) * 2.3283064365386963e-10


@term
def natural_log(x):
    """Return ln x of a positive normal float64, within one unit in the last place."""
    bits = np.float64(x).view(np.int64)
    exponent = (bits - _SQRT_HALF_BITS) >> _EXPONENT_SHIFT
    f = np.int64(bits - (exponent << _EXPONENT_SHIFT)).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    r = z * (
        6.666666666666735130e-01 + z * (3.999999999940941908e-01 + z * (2.857142874366239149e-01 + z * (
            2.222219843214978396e-01 + z * (1.818357216161805012e-01 + z * (
                1.531383769920937332e-01 + z * 1.479819860511658591e-01)))))
    )  # fmt: skip
    power = np.int64((exponent + _EXPONENT_BIAS) | _BIAS_INTO_MANTISSA).view(np.float64) - (_TWO_52 + 2048.0)
    return power * _LN_2 + (f - s * (f - r))


@term
def random_radius(word):
    """Return sqrt(-2 ln u) from a 32-bit word: the distance of a Gaussian point of the plane from the origin."""
    return math.sqrt(-2.0 * natural_log(to_unit(word)))


@term
def random_direction(word):
    """Return a point of the unit circle from a 32-bit word: 30 bits turn within a quarter, 2 by quarters."""
    quadrant = word >> _QUADRANT_SHIFT
    turn = (np.uint64((word & _QUARTER) | _INTO_MANTISSA).view(np.float64) - _TWO_52 + 0.5) * 9.313225746154785e-10
    t = (turn - 0.5) * _HALF_PI
    z = t * t
    sine = t + t * z * (
        -1.66666666666666324348e-01 + z * (8.33333333332248946124e-03 + z * (-1.98412698298579493134e-04 + z * (
            2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10))))
    )  # fmt: skip
    cosine = 1.0 - 0.5 * z + z * z * (
        4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03 + z * (2.48015872894767294178e-05 + z * (
            -2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11))))
    )  # fmt: skip
    odd = (quadrant & _ONE) == _ONE
    x = sine if odd else cosine
    y = cosine if odd else sine
    sign_x = -1.0 if (quadrant == _ONE) | (quadrant == _TWO) else 1.0
    sign_y = -1.0 if quadrant >= _TWO else 1.0
    return sign_x * x, sign_y * y


@term
def gaussian_pair(word_0, word_1):
    """Return two independent standard Gaussians from two 32-bit words (Box-Muller); none beyond 6.8."""
    radius = random_radius(word_0)
    x, y = random_direction(word_1)
    return radius * x, radius * y


@kernel
def fill_gaussians(seed, stream, step, first, n, words, out_noise):
    """Draw three standard Gaussians for each of a run of atoms.

    Parameters
    ----------
    seed, stream, step : int64
        Not negative.
    first : int
        Number of the first atom; atom ``first + i`` writes column i.
    n : int
        Number of atoms.
    words : (4, >= n) uint64
        Scratch.
    out_noise : (3, >= n) float64
        The first n columns are overwritten.

    Notes
    -----
    Plain loops over contiguous rows that stay in the first-level cache: the compiler turns each of them into vector
    code. 6.5 ns for an atom (one core, AVX-512), where one loop over everything took 50.
    """
    w_0, w_1, w_2, w_3 = words[0][:n], words[1][:n], words[2][:n], words[3][:n]
    x, y, z = out_noise[0][:n], out_noise[1][:n], out_noise[2][:n]
    key_0, key_1 = np.uint64(seed) & _LOW, np.uint64(seed) >> _HALF
    step_low, step_high = np.uint64(step) & _LOW, np.uint64(step) >> _HALF
    purpose = np.uint64(stream)
    for i in range(n):
        w_0[i], w_1[i], w_2[i], w_3[i] = philox(np.uint64(first + i), step_low, step_high, purpose, key_0, key_1)
    for i in range(n):
        x[i] = random_radius(w_0[i])
    for i in range(n):
        radius = x[i]
        cosine, sine = random_direction(w_1[i])
        x[i] = radius * cosine
        y[i] = radius * sine
    for i in range(n):
        z[i] = random_radius(w_2[i])
    for i in range(n):
        z[i] *= random_direction(w_3[i])[0]


@term
def draw_block(seed, stream, step, draw):
    """Return the four words of draw number ``draw`` of a stream without atoms."""
    wide_seed, wide_step = np.uint64(seed), np.uint64(step)
    return philox(
        np.uint64(draw), wide_step & _LOW, wide_step >> _HALF, np.uint64(stream), wide_seed & _LOW, wide_seed >> _HALF
    )


@kernel
def fill_uniforms(seed, stream, step, draw, out_values):
    """Write up to four numbers between 0 and 1, (m,), from one draw of a stream without atoms."""
    words = draw_block(seed, stream, step, draw)
    for k in range(out_values.shape[0]):
        out_values[k] = to_unit(words[k])


@kernel
def gaussian(seed, stream, step, draw):
    """Return one standard Gaussian of a stream without atoms."""
    a, b, _c, _d = draw_block(seed, stream, step, draw)
    return gaussian_pair(a, b)[0]


@kernel
def gamma(shape, seed, stream, step, first_draw):
    r"""Return a number from the gamma distribution of unit scale, with draws from ``first_draw`` on.

    Parameters
    ----------
    shape : float
        Positive; below 1 by the boost :math:`\Gamma_k = \Gamma_{k+1} U^{1/k}`.

    Notes
    -----
    Marsaglia & Tsang: accepts 95 to 99.9 % of the candidates; each candidate is one draw.
    """
    boosted = shape + 1.0 if shape < 1.0 else shape
    d = boosted - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    draw = first_draw
    while True:
        word_0, word_1, word_2, word_3 = draw_block(seed, stream, step, draw)
        x = gaussian_pair(word_0, word_1)[0]
        draw += 1
        root = 1.0 + c * x
        cubed = root * root * root
        if cubed > 0.0 and natural_log(to_unit(word_2)) < 0.5 * x * x + d - d * cubed + d * natural_log(cubed):
            break
    value = d * cubed
    if shape < 1.0:
        value *= math.exp(natural_log(to_unit(word_3)) / shape)
    return value


@kernel
def sum_of_squares(count, seed, stream, step, first_draw):
    """Return the sum of ``count`` squared standard Gaussians, drawn as one number: 2 gamma(count / 2)."""
    if count <= 0:
        return 0.0
    return 2.0 * gamma(0.5 * count, seed, stream, step, first_draw)


@kernel
def fill_exchanges(seed, step, first_draw, n_first, n_second, out_first, out_second, out_thresholds):
    """Draw the trials of an exchange move: one member of each of two lists, and the Metropolis threshold.

    Parameters
    ----------
    seed, step : int64
        Not negative.
    first_draw : int
        Number of the first draw of this step; trial k uses draw ``first_draw + k``.
    n_first, n_second : int
        Lengths of the lists, below 2^31. A member is floor(n u) with u of 32 bits: its probability differs from 1/n by
        less than 2^-32.
    out_first, out_second : (n_trials,) int64
        Positions in the lists.
    out_thresholds : (n_trials,) float64
        -ln u: a change of the energy by at most this multiple of kT is accepted.
    """
    for k in range(out_first.shape[0]):
        a, b, c, _d = draw_block(seed, STREAM_EXCHANGES, step, first_draw + k)
        out_first[k] = np.int64((a * np.uint64(n_first)) >> _HALF)
        out_second[k] = np.int64((b * np.uint64(n_second)) >> _HALF)
        out_thresholds[k] = -natural_log(to_unit(c))
