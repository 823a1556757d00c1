import math

import numpy as np
import pytest
from synthetic import autoregressive

from nakmd.analysis.numerics.autocorrelation import autocovariance, detect_equilibration, statistical_inefficiency
from nakmd.analysis.numerics.block_sums import BlockSums
from nakmd.analysis.numerics.statistics import Measure, block_average, format_measure, mean_with_error, ratio_of_means


def test_autocovariance_equals_the_sum_it_stands_for():
    x = np.random.default_rng(1).normal(size=(50, 3)) + np.array([0.0, 5.0, -3.0])
    d = x - x.mean(axis=0)
    direct = [np.sum(d[: 50 - t] * d[t:]) / (50 - t) for t in range(50)]
    np.testing.assert_allclose(autocovariance(x), direct, atol=1e-12)  # rounding of the transform


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_inefficiency_of_an_autoregressive_series(memory):
    found = [statistical_inefficiency(autoregressive(seed, 4000, memory)) for seed in range(20)]
    # one series gives g to about 10 %, the mean of 20 to 3 %; the truncated sum adds a few percent
    assert np.mean(found) == pytest.approx((1 + memory) / (1 - memory), rel=0.1)


def test_inefficiency_from_many_series_is_that_of_one_kind():
    series = np.stack([autoregressive(seed, 2000, 0.8) for seed in range(30)], axis=1)
    # taking the mean from the series itself eats g/n of the correlation at each of ~20 lags: 5 %
    assert statistical_inefficiency(series) == pytest.approx(9.0, rel=0.1)


@pytest.mark.parametrize(("n", "memory"), [(200, 0.0), (500, 0.9), (60, 0.5)])
def test_95_percent_intervals_cover_the_truth(n, memory):
    covered = 0
    for seed in range(300):
        low, high = mean_with_error(autoregressive(seed, n, memory)).interval(0.95)
        covered += low <= 0.0 <= high
    # 300 draws at 95 % scatter by 1.3 %; below 92 % the error would be too small, 98.5 % is wasteful
    assert 0.92 <= covered / 300 <= 0.985


def test_blocks_find_the_error_of_the_mean():
    ratios = []
    for seed in range(20):
        n, memory = 8192, 0.9
        blocks = block_average(autoregressive(seed, n, memory))
        assert blocks.best is not None
        ratios.append(blocks.errors[blocks.best] / math.sqrt((1 + memory) / (1 - memory) / n))
        assert blocks.errors[0] == pytest.approx(1 / math.sqrt(n), rel=0.15)  # as if all were independent
    assert np.mean(ratios) == pytest.approx(1.0, rel=0.1)  # blocks of finite length miss a few percent


def test_a_series_too_short_for_its_memory_is_not_trusted():
    series = autoregressive(3, 200, 0.995)
    measure = mean_with_error(series)
    assert measure.n_effective < 10
    assert not measure.trusted
    assert "uncertain" in str(measure)


def test_mean_of_few_or_equal_samples():
    assert math.isnan(mean_with_error([]).value)
    one = mean_with_error([3.0])
    assert one.value == 3.0
    assert math.isnan(one.error)
    assert not one.trusted
    assert "error unknown" in str(one)
    assert mean_with_error(np.full(50, 0.1)).error == 0.0


def test_equilibration_is_found():
    starts = []
    for seed in range(10):
        series = autoregressive(seed, 1000, 0.5)
        series[:200] += np.linspace(30.0, 0.0, 200)
        start, g, n_effective = detect_equilibration(series)
        starts.append(start)
        assert n_effective == pytest.approx((1000 - start) / g)
    assert 150 <= np.mean(starts) <= 300
    stationary = [detect_equilibration(autoregressive(seed, 1000, 0.5))[0] for seed in range(10)]
    assert np.median(stationary) <= 100


def test_ratio_of_means_covers_the_truth():
    covered = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        b = 4.0 + autoregressive(seed, 200, 0.6)
        a = 2.0 * b + 3.0 + rng.normal(size=200)  # correlated: errors must not simply add up
        low, high = ratio_of_means([a], [b]).interval()
        covered += low <= 11.0 / 4.0 <= high
    assert 0.92 <= covered / 300 <= 0.985


def test_ratio_of_proportional_series_has_no_error():
    b = 4.0 + autoregressive(1, 200, 0.6)
    measure = ratio_of_means([2.5 * b], [b])
    assert measure.value == pytest.approx(2.5, rel=1e-14)
    assert measure.error < 1e-12  # rounding
    assert math.isnan(ratio_of_means([b], [np.zeros(200)]).value)


def test_a_vanishing_numerator_has_an_error():
    noise = np.random.default_rng(1).normal(size=400)
    measure = ratio_of_means([noise - noise.mean()], [np.full(400, 2.0)])
    assert measure.error == pytest.approx(0.5 / 20.0, rel=0.3)


@pytest.mark.parametrize("n", [1, 7, 8, 100, 1000])
def test_block_sums_keep_the_mean_and_equal_blocks(n):
    values = np.random.default_rng(2).normal(size=(n, 3))
    sums = BlockSums(capacity=8)
    for row in values:
        sums.add(row)
    np.testing.assert_allclose(sums.mean, values.mean(axis=0), rtol=1e-12, atol=1e-14)
    blocks = sums.block_means()
    assert len(blocks) < 8
    assert len(blocks) == n // sums.length
    direct = values[: len(blocks) * sums.length].reshape(len(blocks), sums.length, 3).mean(axis=1)
    np.testing.assert_allclose(blocks, direct, rtol=1e-12, atol=1e-14)


def test_block_sums_error():
    ratios = []
    for seed in range(100):
        sums = BlockSums()
        for row in np.random.default_rng(seed).normal(size=(300, 4)):
            sums.add(row)
        ratios.append(np.mean(sums.errors()[0] ** 2) * 300)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.1)  # 37 blocks: variance to 1 % over 100 seeds, plus g > 1


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.4391, 0.0213, "0.44 ± 0.02"),
        (12.3456, 0.0131, "12.346 ± 0.013"),
        (-12345.67, 3.2, "-12346 ± 3"),
        (1234.0, 130.0, "1230 ± 130"),
        (-0.2, 6.0, "0 ± 6"),
        (1.2e-7, 3e-9, "(1.20 ± 0.03)e-07"),
        (2.0, 0.0, "2 ± 0"),
        (2.0, math.nan, "2 (error unknown)"),
        (math.nan, math.nan, "undefined"),
    ],
)
def test_written_with_the_digits_that_count(value, error, text):
    assert format_measure(value, error) == text


def test_measure_knows_its_interval():
    low, high = Measure(1.0, 0.1, "K", 1e9).interval(0.95)
    assert (low, high) == pytest.approx((1 - 0.196, 1 + 0.196), abs=1e-4)  # 1.95996
    low, high = Measure(1.0, 0.1, "K", 5.0).interval(0.95)
    assert high - 1.0 == pytest.approx(0.2776, abs=1e-4)  # Student's t, 4 degrees of freedom: 2.776
    assert Measure(2.0, 0.1, "eV", 5.0).scaled(-3.0, "x") == Measure(-6.0, pytest.approx(0.3), "x", 5.0)
