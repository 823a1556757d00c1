"""Free energies along the affinity, for models with a closed-form free energy."""

import json
import math

import numpy as np
import pytest
from synthetic import autoregressive

from nakmd.analysis import Measure
from nakmd.analysis.free_energy import affinity_free_energy
from nakmd.errors import AnalysisError
from nakmd.units import K_B

T = 450.0
BETA = 1.0 / (K_B * T)


def gaussian_ladder(seed, scales, n, mean=-2.0, spread=0.08, memory=0.0):
    """U is Gaussian at every λ, with its mean shifted by -β λ spread²: F = λ mean - β λ² spread²/2."""
    series = [
        mean - BETA * s * spread**2 + spread * autoregressive(1000 * seed + k, n, memory) for k, s in enumerate(scales)
    ]
    exact = mean * (scales[-1] - scales[0]) - 0.5 * BETA * spread**2 * (scales[-1] ** 2 - scales[0] ** 2)
    return series, exact


def oscillator_ladder(seed, scales, n, oscillators=8, k0=1.0, k1=2.0, x1=0.5):
    """Oscillators k0 x²/2 + λ k1 (x - x1)²/2, drawn from their Boltzmann distributions."""
    rng = np.random.default_rng(seed)
    series = []
    for s in scales:
        k = k0 + s * k1
        x = rng.normal(s * k1 * x1 / k, 1.0 / math.sqrt(BETA * k), (n, oscillators))
        series.append(0.5 * k1 * np.sum((x - x1) ** 2, axis=1))

    def free_energy(s):
        k = k0 + s * k1
        return oscillators * (0.5 / BETA * math.log(k) + 0.5 * s * k1 * k0 / k * x1**2)

    return series, free_energy(scales[-1]) - free_energy(scales[0])


def test_gaussian_energies():
    scales = np.linspace(0.2, 1.0, 5)
    series, exact = gaussian_ladder(1, scales, 4000)
    record = affinity_free_energy(scales, series, T)
    # the integrand is linear in λ: the trapezoidal rule is exact, and the slopes of both ends cancel
    assert record.integrated.value == pytest.approx(exact, abs=4 * record.integrated.error)
    assert record.reweighted.value == pytest.approx(exact, abs=4 * record.reweighted.error)
    assert 0.0 < record.reweighted.error < 1.05 * record.integrated.error
    assert abs(record.curvature) < 1e-3
    assert record.consistent
    assert record.value == record.reweighted.value
    assert record.profile[0] == 0.0
    assert record.profile[-1] == record.value
    assert np.all(record.overlaps > 0.1)
    assert record.overlap_matrix.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-6)  # rows are probabilities


def test_overlap_of_two_is_that_of_pymbar():
    series, _ = gaussian_ladder(3, [0.4, 0.6], 20000)
    record = affinity_free_energy([0.4, 0.6], series, T)
    # pymbar weights the runs by their independent frames, which differ by some percent; this cancels to first order
    # in the geometric mean
    of_pymbar = math.sqrt(record.overlap_matrix[0, 1] * record.overlap_matrix[1, 0])
    assert record.overlaps[0] == pytest.approx(of_pymbar, abs=2e-3)


def test_oscillators_with_a_curved_integrand():
    scales = [0.0, 0.1, 0.25, 0.45, 0.7, 1.0]
    series, exact = oscillator_ladder(5, scales, 20000)
    record = affinity_free_energy(scales, series, T)
    assert record.reweighted.value == pytest.approx(exact, abs=4 * record.reweighted.error)
    # the remaining quadrature error, h⁴ f⁗/720 a step, is below 1e-3 of the value
    assert record.integrated.value == pytest.approx(exact, abs=4 * record.integrated.error + 1e-3 * exact)
    # without the slopes it would deviate by many errors, and a note reports it
    assert abs(record.integrated.value - record.curvature - exact) > 10 * record.integrated.error
    assert any("denser ladder" in note for note in record.notes)
    assert record.below.value == 0.0


@pytest.mark.parametrize("memory", [0.0, 0.8])
def test_intervals_cover(memory):
    scales = np.linspace(0.1, 1.0, 4)
    covered = {"integrated": 0, "reweighted": 0}
    for seed in range(100):
        series, exact = gaussian_ladder(seed, scales, 500, memory=memory)
        record = affinity_free_energy(scales, series, T)
        for name in covered:
            low, high = getattr(record, name).interval()
            covered[name] += low <= exact <= high
        assert record.consistent
    # binomial: 95 ± 2.2; short correlated runs underestimate their inefficiency a little
    assert min(covered.values()) >= (90 if memory == 0.0 else 86)


def test_intervals_of_oscillators_cover():
    scales = [0.0, 0.2, 0.5, 1.0]
    covered = {"integrated": 0, "reweighted": 0}
    for seed in range(60):
        series, exact = oscillator_ladder(seed, scales, 200, oscillators=3)
        record = affinity_free_energy(scales, series, T)
        for name in covered:
            low, high = getattr(record, name).interval()
            covered[name] += low <= exact <= high
    assert min(covered.values()) >= 52  # 57 ± 1.7


def test_work_per_area_and_bound_of_the_omitted_range():
    scales = [0.2, 0.6, 1.0]
    series, _ = gaussian_ladder(2, scales, 2000)
    area = Measure(200.0, 10.0, "Å²", 50.0)
    record = affinity_free_energy(scales, series, T, area)
    assert record.work.unit == "J/m²"
    assert record.work.value == pytest.approx(-record.value / 200.0 * 16.02176634, rel=1e-9)
    assert record.work.error == pytest.approx(
        16.02176634 / 200.0 * math.hypot(record.error, record.value * 10.0 / 200.0), rel=1e-9
    )
    # F is concave: the exact free energy from 0 to 0.2 is below the bound
    rest = -(0.2 * -2.0 - 0.5 * BETA * 0.08**2 * 0.2**2)
    assert rest < record.below.value + 4 * record.below.error
    assert record.below.value == pytest.approx(-0.2 * record.means[0].value)


def test_order_and_lengths_of_runs_do_not_matter():
    scales = [0.2, 0.6, 1.0]
    series, _ = gaussian_ladder(2, scales, 500)
    series[1] = series[1][:300]
    ascending = affinity_free_energy(scales, series, T)
    descending = affinity_free_energy(scales[::-1], series[::-1], T)
    assert json.dumps(ascending.to_dict(), allow_nan=False) == json.dumps(descending.to_dict(), allow_nan=False)
    assert ascending.plot().axes


def test_a_ladder_without_overlap_is_refused():
    scales = [0.2, 1.0]
    series, exact = gaussian_ladder(4, scales, 500, mean=-50.0, spread=0.6)
    with pytest.raises(AnalysisError, match=r"0\.2 and 1 overlap by .*steps of about 0\.1"):
        affinity_free_energy(scales, series, T)
    record = affinity_free_energy(scales, series, T, method="integration")
    assert record.reweighted is None
    assert record.value == pytest.approx(exact, abs=4 * record.error)
    assert record.overlap_matrix.shape == (0, 0)


def test_invalid_ladders_are_refused():
    good = np.linspace(-1.0, -1.1, 20)
    with pytest.raises(AnalysisError, match="two or more affinity scales, got 1"):
        affinity_free_energy([1.0], [good], T)
    with pytest.raises(AnalysisError, match="must be distinct"):
        affinity_free_energy([1.0, 1.0], [good, good], T)
    with pytest.raises(AnalysisError, match="has 1 frames"):
        affinity_free_energy([0.5, 1.0], [good, good[:1]], T)
    with pytest.raises(AnalysisError, match="not finite"):
        affinity_free_energy([0.5, 1.0], [good, good * np.nan], T)
    with pytest.raises(AnalysisError, match="2 scales but 1 series"):
        affinity_free_energy([0.5, 1.0], [good], T)
    with pytest.raises(AnalysisError, match="temperature"):
        affinity_free_energy([0.5, 1.0], [good, good], 0.0)
    with pytest.raises(AnalysisError, match="method"):
        affinity_free_energy([0.5, 1.0], [good, good], T, method="bar")
    with pytest.raises(AnalysisError, match="area"):
        affinity_free_energy([0.5, 0.6], [good, good], T, Measure(0.0, 0.0, "Å²", 5.0))
