"""Sixteen float32 lanes: functions to 2 ulp, operators, reading and writing, and conversions to float64 and back."""

import math

import numpy as np
import pytest
from numba.core.errors import TypingError
from test_simd import medley

from nakmd.kernels import elementary, simd, simd_arrays, simd_bits
from nakmd.kernels.jit import COMPILED, fast_parallel_kernel, kernel, prange
from nakmd.kernels.simd import WIDE_LANES
from nakmd.kernels.simd_arrays import width_of
from nakmd.kernels.spline import spline
from nakmd.potentials.forms.morse import MorseParameters, morse

SINGLE_ULP = 2.0**-23

#: Largest error of exp and log in units of the last place; that of NumPy is three.
TOLERATED = 2.0 if COMPILED else 3.0

compiled = pytest.mark.skipif(not COMPILED, reason="plain Python has no types of lanes")


@kernel
def exponentials(x, out):
    for k in range(0, x.size, width_of(x)):
        simd_arrays.store(out, k, elementary.exp(simd_arrays.load(x, k)))


@kernel
def logarithms(x, out):
    for k in range(0, x.size, width_of(x)):
        simd_arrays.store(out, k, elementary.log(simd_arrays.load(x, k)))


@kernel
def sines(x, out_sine, out_cosine):
    for k in range(0, x.size, width_of(x)):
        sine, cosine = elementary.sin_cos(simd_arrays.load(x, k))
        simd_arrays.store(out_sine, k, sine)
        simd_arrays.store(out_cosine, k, cosine)


@kernel
def medley_on_lanes(x, y, out):
    for k in range(0, x.size, width_of(x)):
        simd_arrays.store(out, k, medley(simd_arrays.load(x, k), simd_arrays.load(y, k)))


@kernel
def rows_transposed(rows, index, out):
    for k in range(0, index.size, width_of(rows)):
        columns = simd_arrays.take_rows(rows, simd_arrays.load_index_for(rows, index, k))
        for c in range(4):
            simd_arrays.store(out[c], k, columns[c])


@kernel
def taken(table, index, out):
    for k in range(0, index.size, width_of(table)):
        simd_arrays.store(out, k, simd_arrays.take(table, simd_arrays.load_index_for(table, index, k)))


@kernel
def accumulated(x, out_lanes, out_single):
    """Add everything in float64; return the sum of the lanes, and that of one load in its own precision."""
    total = simd.splat_like(0.0, simd.widen(simd_arrays.load(x, 0)))
    for k in range(0, x.size, width_of(x)):
        total = total + simd.widen(simd_arrays.load(x, k))
    simd_arrays.store(out_lanes, 0, total)
    simd_arrays.store(out_single, 0, simd.narrow(total))
    return simd.lane_sum(total), simd.lane_sum(simd_arrays.load(x, 0))


@kernel
def numbers_pass():
    return simd.widen(1.5), simd.narrow(2.5), simd.splat_like(1, 0.5)


@kernel
def whole_parts(x, out):
    for k in range(0, x.size, width_of(x)):
        v = simd_arrays.load(x, k)
        below = simd_bits.to_float(simd_bits.to_index(v))
        simd_arrays.store(out, k, simd.where(v < 0.0, 1.0, 0.0) + below)


@kernel
def copied_indices(table, index, out):
    k = simd_arrays.load_index_for(table, index, 0)
    simd_arrays.store_index(out, 0, simd_arrays.take_index(index, k))
    return simd_arrays.store_chosen(out, width_of(table), k, simd_arrays.load(table, 0) > 0.0), simd.count_of(
        simd_arrays.load(table, 0) > 0.0
    )


@fast_parallel_kernel
def aligned(x, out):
    for k in prange(x.shape[0]):
        simd.align_stack()
        out[k] = simd.lane_sum(simd_arrays.load(x[k], 0))


@kernel
def spline_and_morse(x, rows, p, out):
    for k in range(0, x.size, width_of(x)):
        r = simd_arrays.load(x, k)
        value, slope = spline(rows, rows.shape[0] - 1, 2.0, r)
        simd_arrays.store(out[0], k, value)
        simd_arrays.store(out[1], k, slope)
        v, dv_dr = morse(r, p)
        simd_arrays.store(out[2], k, v)
        simd_arrays.store(out[3], k, dv_dr)


def single(*arrays):
    return [np.asarray(a, dtype=np.float32) for a in arrays]


def ulps(found, exact):
    """Return the largest error in units of the last place of the exact result."""
    return np.max(np.abs(found.astype(np.float64) - exact) / np.spacing(np.abs(exact).astype(np.float32)))


# ------------------------------------------------------------------------------------------- functions
def test_exp_is_within_two_ulp_and_clamped_before_subnormal_numbers():
    (x,) = single(np.concatenate([np.linspace(-40.0, 88.0, 2**14), np.linspace(-1.0, 1.0, 2**14)]))
    out = np.empty_like(x)
    exponentials(x, out)
    assert ulps(out, np.exp(x.astype(np.float64))) < TOLERATED
    (far,) = single([-1e30, -41.0, 89.0, 1e30] * 4)
    exponentials(far, out[:16])
    assert out[0] == out[1]
    assert out[0] * out[0] > np.finfo(np.float32).tiny
    assert np.all(np.isfinite(out[:16]))


def test_log_is_within_two_ulp():
    (x,) = single(np.concatenate([np.geomspace(1.2e-38, 3e38, 2**14), np.linspace(0.5, 2.0, 2**14)]))
    out = np.empty_like(x)
    logarithms(x, out)
    exact = np.log(x.astype(np.float64))
    assert ulps(out[exact != 0.0], exact[exact != 0.0]) < TOLERATED
    assert np.all(out[exact == 0.0] == 0.0)


def test_sine_and_cosine_are_within_two_ulp_of_one():
    x = np.linspace(-0.5 * math.pi, 0.5 * math.pi, 2**14).astype(np.float32)
    sine, cosine = np.empty_like(x), np.empty_like(x)
    sines(x, sine, cosine)
    assert np.max(np.abs(sine - np.sin(x.astype(np.float64)))) < 2.0 * SINGLE_ULP
    assert np.max(np.abs(cosine - np.cos(x.astype(np.float64)))) < 2.0 * SINGLE_ULP


# ------------------------------------------------------------------------------------------- operators
def test_operators_agree_with_float64_to_single_precision():
    random = np.random.default_rng(1)
    x, y = single(*random.uniform(-3.0, 3.0, (2, 4096)))
    out = np.empty_like(x)
    medley_on_lanes(x, y, out)
    wide = [medley(*(v[k : k + 16].astype(np.float64) for v in (x, y))) for k in range(0, x.size, 16)]
    assert out == pytest.approx(np.concatenate(wide), rel=1e-5, abs=1e-5)


def test_whole_numbers_stay_single():
    (x,) = single(np.linspace(-100.0, 100.0, 160))
    out = np.empty_like(x)
    whole_parts(x, out)
    assert np.array_equal(out, np.trunc(x) + (x < 0.0))


@compiled
@pytest.mark.parametrize(
    "mix",
    [
        lambda s, d: simd_arrays.load(s, 0) + simd.widen(simd_arrays.load(s, 0)),
        lambda s, d: simd_arrays.load(s, 0) * simd_arrays.load(d, 0),
        lambda s, d: simd_arrays.load(d, 0) < simd_arrays.load(s, 0),
        lambda s, d: simd.fma(simd_arrays.load(s, 0), 2.0, simd.widen(simd_arrays.load(s, 0))),
        lambda s, d: simd.where(simd_arrays.load(d, 0) < 1.0, simd_arrays.load(s, 0), 0.0),
        lambda s, d: simd.maximum(simd_arrays.load(s, 0), simd_bits.to_index(simd_arrays.load(s, 0))),
        lambda s, d: simd_bits.to_index(simd_arrays.load(s, 0)) + 0.5,
        lambda s, d: simd_arrays.store(d, 0, simd_arrays.load(s, 0)),
        lambda s, d: simd_arrays.store(s, 0, simd.widen(simd_arrays.load(s, 0))),
    ],
)
def test_lanes_of_different_kinds_do_not_meet(mix):
    mixed = kernel(mix)
    with pytest.raises(TypingError):
        mixed(np.ones(16, dtype=np.float32), np.ones(16))


@compiled
def test_numbers_take_the_kind_of_the_lanes():
    """A float64 parameter does not convert float32 lanes: otherwise the store would not compile."""
    scaled = kernel(lambda x, factor, count: simd_arrays.store(x, 0, factor * simd_arrays.load(x, 0) + count))
    (x,) = single(np.arange(16.0))
    scaled(x, np.float64(0.1), 3)
    assert x == pytest.approx(0.1 * np.arange(16) + 3, rel=2.0 * SINGLE_ULP)


def test_formulas_compile_for_sixteen_lanes():
    """The same source on float32 and on float64; tables have the type of the lanes, parameters are float64."""
    random = np.random.default_rng(3)
    r, rows = random.uniform(0.1, 9.0, 160), random.normal(size=(20, 4))
    p = MorseParameters(0.0736, 1.6748, 3.0814)
    out = np.empty((4, r.size))
    spline_and_morse(r, rows, p, out)
    out_single = np.empty((4, r.size), dtype=np.float32)
    spline_and_morse(*single(r, rows), p, out_single)
    for wide, narrow in zip(out, out_single, strict=True):
        assert narrow == pytest.approx(wide, rel=3e-5, abs=3e-5)


# ---------------------------------------------------------------------------------------------- memory
def test_rows_are_transposed():
    random = np.random.default_rng(2)
    (rows,) = single(random.normal(size=(300, 4)))
    index = random.integers(0, 300, 320).astype(np.int32)
    out = np.empty((4, index.size), dtype=np.float32)
    rows_transposed(rows, index, out)
    assert np.array_equal(out, rows[index].T)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_elements_are_taken_by_index(dtype):
    random = np.random.default_rng(4)
    table = random.normal(size=50).astype(dtype)
    index = random.integers(0, 50, 64).astype(np.int32)
    out = np.empty(64, dtype=dtype)
    taken(table, index, out)
    assert np.array_equal(out, table[index])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_indices_are_taken_stored_and_chosen(dtype):
    random = np.random.default_rng(5)
    width = 64 // np.dtype(dtype).itemsize
    table, index = random.normal(size=width).astype(dtype), random.permutation(width).astype(np.int32)
    out = np.full(2 * width, -1, dtype=np.int32)
    number = int(np.sum(table > 0.0))
    assert copied_indices(table, index, out) == (number, number)
    assert np.array_equal(out[:width], index[index])
    assert np.array_equal(out[width : width + number], index[table > 0.0])


def folded(lanes):
    """Add the halves until one number remains."""
    while len(lanes) > 1:
        lanes = lanes[: len(lanes) // 2] + lanes[len(lanes) // 2 :]
    return lanes[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_are_float64_and_pairwise_in_a_fixed_order(dtype):
    random = np.random.default_rng(6)
    x = random.normal(size=320).astype(dtype)
    width = 64 // np.dtype(dtype).itemsize
    out, out_narrow = np.empty(width), np.empty(width, dtype=dtype)
    found = accumulated(x, out, out_narrow)
    exact = np.zeros(width)
    for part in x.reshape(-1, width):
        exact = exact + part.astype(np.float64)
    assert np.array_equal(out, exact)
    assert np.array_equal(out_narrow, exact.astype(dtype))
    assert found == (folded(exact), folded(x[:width].astype(np.float64)))


def test_plain_numbers_pass():
    assert numbers_pass() == (1.5, 2.5, 1.0)


def test_an_aligned_stack_changes_no_result():
    (x,) = single(np.arange(64.0).reshape(4, 16))
    out = np.empty(4)
    aligned(x, out)
    assert np.array_equal(out, x.sum(axis=1))


def test_widths():
    assert [width_of(np.zeros(1, dtype)) for dtype in (np.float32, np.float64)] == [WIDE_LANES, simd.LANES]
