"""The vector type: every operation on lanes against NumPy, and the same source on plain numbers."""

import math

import numpy as np
import pytest

from nakmd.kernels import elementary, simd, simd_arrays
from nakmd.kernels.jit import kernel, term
from nakmd.kernels.simd import LANES

#: One rounding of the result, relative.
ULP = 2.3e-16


@kernel
def exponentials(x, out):
    for k in range(0, x.size, LANES):
        simd_arrays.store(out, k, elementary.exp(simd_arrays.load(x, k)))


@kernel
def logarithms(x, out):
    for k in range(0, x.size, LANES):
        simd_arrays.store(out, k, elementary.log(simd_arrays.load(x, k)))


@kernel
def sines(x, out_sine, out_cosine):
    for k in range(0, x.size, LANES):
        sine, cosine = elementary.sin_cos(simd_arrays.load(x, k))
        simd_arrays.store(out_sine, k, sine)
        simd_arrays.store(out_cosine, k, cosine)


@term
def medley(x, y):
    """Apply every operator once, to lanes or numbers."""
    a = (x + 2.0) * y - 3.0 / (1.0 + x * x) + (1 - y) / 2.0
    b = simd.where((x < y) & (a >= 0.0) | ~(x <= 0.5), simd.sqrt(x * x), -a)
    c = simd.maximum(simd.minimum(b, 4.0), y) + simd.floor(x) + simd.fma(x, y, 0.25)
    if simd.any_of(c > 3.0):
        c = c + 0.125
    return c


@kernel
def medley_on_lanes(x, y, out):
    for k in range(0, x.size, LANES):
        simd_arrays.store(out, k, medley(simd_arrays.load(x, k), simd_arrays.load(y, k)))


@kernel
def medley_on_numbers(x, y):
    return medley(x, y)


@kernel
def rows_transposed(rows, index, table, out):
    for k in range(0, index.size, LANES):
        chosen = simd_arrays.load_index(index, k)
        a, b, c, d = simd_arrays.take_rows(rows, chosen)
        simd_arrays.store(out[0], k, a + 10.0 * b)
        simd_arrays.store(out[1], k, c - d)
        simd_arrays.store(out[2], k, simd_arrays.take(table, chosen))
        total = simd.lane_sum(a)
        for lane in range(LANES):
            out[3, k + lane] = total + 0.0 * simd.extract(b, lane)


@kernel
def rows_below(x, limit, index, out):
    near = simd_arrays.load(x, 0) < limit
    stored = simd_arrays.store_chosen(out, 1, simd_arrays.load_index(index, 0) + 100, near)
    return stored, simd.count_of(near)


def test_exp_is_within_two_ulp_and_clamped():
    x = np.concatenate([np.linspace(-300.0, 700.0, 8000), np.linspace(-1.0, 1.0, 8000)])
    out = np.empty_like(x)
    exponentials(x, out)
    exact = np.array([math.exp(v) for v in x])
    assert np.max(np.abs(out / exact - 1.0)) < 2.0 * ULP
    far = np.array([-1e9, -301.0, 710.0, 1e9] * 2)
    exponentials(far, out[:8])
    assert np.array_equal(out[:2], [out[0]] * 2)
    assert 0.0 < out[0] < 1e-130
    assert np.all(np.isfinite(out[:8]))


def test_log_is_within_two_ulp():
    x = np.concatenate([np.geomspace(1e-300, 1e300, 8000), np.linspace(0.5, 2.0, 8000)])
    out = np.empty_like(x)
    logarithms(x, out)
    exact = np.array([math.log(v) for v in x])
    # near x = 1 the logarithm is small: two units of its own last place
    assert np.max(np.abs(out - exact) / np.spacing(np.abs(exact) + 1e-300)) <= 2.0


def test_sine_and_cosine():
    x = np.linspace(-0.5 * math.pi, 0.5 * math.pi, 8000)
    sine, cosine = np.empty_like(x), np.empty_like(x)
    sines(x, sine, cosine)
    # the double-angle formulas add two roundings of numbers up to 1
    assert np.max(np.abs(sine - np.sin(x))) < 3.0 * ULP
    assert np.max(np.abs(cosine - np.cos(x))) < 3.0 * ULP


def test_operators_on_lanes_numbers_and_plain_python_agree():
    random = np.random.default_rng(1)
    x, y = random.uniform(-3.0, 3.0, (2, 4000))
    out = np.empty_like(x)
    medley_on_lanes(x, y, out)
    plain = np.concatenate([medley(x[k : k + LANES], y[k : k + LANES]) for k in range(0, x.size, LANES)])
    assert out == pytest.approx(plain, rel=1e-14, abs=1e-14)  # only fma differs, by one rounding
    for k in range(0, 400, LANES):
        branch = np.any(out[k : k + LANES] - 0.125 > 3.0)
        for lane in range(LANES):
            alone = medley_on_numbers(x[k + lane], y[k + lane])
            together = out[k + lane] - (0.125 if branch and alone <= 3.0 else 0.0)
            assert together == pytest.approx(alone, rel=1e-13, abs=1e-13)


def test_rows_columns_and_sums():
    random = np.random.default_rng(2)
    rows, table = random.normal(size=(60, 4)), random.normal(size=60)
    index = random.integers(0, 60, 8 * LANES).astype(np.int32)
    out = np.empty((4, index.size))
    rows_transposed(rows, index, table, out)
    chosen = rows[index]
    assert np.array_equal(out[0], chosen[:, 0] + 10.0 * chosen[:, 1])
    assert np.array_equal(out[1], chosen[:, 2] - chosen[:, 3])
    assert np.array_equal(out[2], table[index])
    sums = chosen[:, 0].reshape(-1, LANES).sum(axis=1)
    assert out[3] == pytest.approx(np.repeat(sums, LANES), abs=LANES * ULP * 4.0)


def test_chosen_lanes_are_stored_side_by_side():
    x = np.array([5.0, 1.0, 5.0, 5.0, 0.0, 5.0, 5.0, -1.0])
    out = np.full(LANES + 2, -1, dtype=np.int32)
    assert rows_below(x, 2.0, np.arange(LANES, dtype=np.int32), out) == (3, 3)
    assert out[:4].tolist() == [-1, 101, 104, 107]
    assert out[LANES + 1] == -1


def test_every_choice_of_lanes_is_stored_in_order():
    numbers, before = np.arange(LANES, dtype=np.int32), np.full(LANES + 2, -1, dtype=np.int32)
    for mask in range(1 << LANES):
        chosen = np.array([mask >> lane & 1 for lane in range(LANES)], dtype=bool)
        out = before.copy()
        assert rows_below(np.where(chosen, 0.0, 1.0), 0.5, numbers, out) == (chosen.sum(), chosen.sum())
        assert out[1 : 1 + chosen.sum()].tolist() == (100 + numbers[chosen]).tolist()
        assert (out[0], out[LANES + 1]) == (-1, -1)
