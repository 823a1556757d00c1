"""Free energies from windows against exact ones in one dimension."""

import json

import numpy as np
import pytest

from nakmd.analysis import umbrella_free_energy
from nakmd.analysis.numerics.umbrella_weights import UmbrellaWeights, window_overlap
from nakmd.errors import AnalysisError
from nakmd.units import K_B

TEMPERATURE = 450.0
KT = K_B * TEMPERATURE
SPRING = 0.5
CENTRES = np.arange(2.0, 7.01, 0.5)
GRID = np.linspace(0.5, 9.0, 8501)


def double_well(x):
    """Two wells of 0.13 and 0 eV with a barrier of 0.12 eV, flat beyond."""
    return -0.13 * np.exp(-0.5 * ((x - 2.8) / 0.35) ** 2) + 0.12 * np.exp(-0.5 * ((x - 4.2) / 0.55) ** 2)


def windows(energy, volume=np.ones_like, number=600, centres=CENTRES, seed=1, spring=SPRING):
    """Return independent samples of P ∝ V' exp(-(U + k/2 (ξ - ξ0)²)/kT), by the inverse of the distribution."""
    random = np.random.default_rng(seed)
    series = []
    for centre in centres:
        p = volume(GRID) * np.exp(-(energy(GRID) + 0.5 * spring * (GRID - centre) ** 2) / KT)
        cumulative = np.cumsum(p)
        series.append(np.interp(random.uniform(size=number), cumulative / cumulative[-1], GRID))
    return series


def exact(energy, distance, bulk, width=0.1):
    """Return the free energy of bins, relative to its mean over the bulk, by integration."""
    fine = np.linspace(-0.5 * width, 0.5 * width, 51)
    p = np.exp(-energy(distance[:, None] + fine) / KT).mean(axis=1)
    inside = (distance >= bulk[0]) & (distance <= bulk[1])
    return -KT * np.log(p / p[inside].mean())


BULK = (6.0, 7.0)


def test_double_well_is_found_with_honest_errors():
    record = umbrella_free_energy(CENTRES, SPRING, windows(double_well), TEMPERATURE, BULK, resamples=40)
    expected = exact(double_well, record.distance, BULK)
    seen = (record.distance > 2.2) & (record.distance < 6.9)
    off = (record.value - expected)[seen] / record.error[seen]
    # 50 correlated numbers of unit variance, from errors that 40 bootstrap samples know to 11 %
    assert np.abs(off).max() < 4.5
    assert 0.4 < np.sqrt(np.mean(off**2)) < 1.6
    assert record.error[seen].max() < 0.012
    assert record.depth.value == pytest.approx(-expected[seen].min(), abs=4.0 * record.depth.error)
    # the well ends at the top of the barrier, within its flat part
    assert record.well[1] == pytest.approx(4.2, abs=0.25)


def test_ratio_is_the_integral_over_the_well():
    well = (2.05, 4.15)
    pulls = []
    for seed in range(6):
        series = windows(double_well, seed=seed, number=300)
        record = umbrella_free_energy(CENTRES, SPRING, series, TEMPERATURE, BULK, well=well, resamples=30)
        within = [(low < GRID) & (high > GRID) for low, high in ((2.0, 4.2), (6.0, 7.0))]
        inside, outside = (np.exp(-double_well(GRID[rows]) / KT).sum() for rows in within)
        pulls.append((record.ratio.value - inside / outside) / record.ratio.error)
    assert np.abs(pulls).max() < 3.5
    assert np.sqrt(np.mean(np.square(pulls))) < 1.9  # six numbers of unit variance: 1.9 has a probability of 0.1 %


@pytest.mark.parametrize("volume", [lambda x: x**2, lambda x: 3.0 + x], ids=["sphere", "tube"])
def test_an_ideal_gas_has_no_free_energy(volume):
    series = windows(np.zeros_like, volume)
    record = umbrella_free_energy(CENTRES, SPRING, series, TEMPERATURE, BULK, volume=volume, resamples=40)
    seen = (record.distance > 2.0) & (record.distance < 7.0)
    assert np.abs(record.value[seen] / record.error[seen]).max() < 4.5
    # with the volume it has -kT ln V'
    term = -KT * np.log(volume(record.distance[seen]) / volume(np.array([6.5])))
    assert np.abs((record.with_volume[seen] - term) / record.with_volume_error[seen]).max() < 5.0


def test_free_frames_give_the_same_and_the_occupancy():
    random = np.random.default_rng(8)
    p = np.exp(-double_well(GRID) / KT) * (GRID > 1.5) * (GRID < 7.5)
    cumulative = np.cumsum(p)
    free = [np.interp(random.uniform(size=40), cumulative / cumulative[-1], GRID) for _ in range(200)]
    record = umbrella_free_energy(
        CENTRES, SPRING, windows(double_well), TEMPERATURE, BULK, well=(2.0, 4.2), free=free, resamples=40
    )
    both = np.isfinite(record.free) & np.isfinite(record.free_error) & (record.distance > 2.2)
    both &= record.distance < 6.9
    assert both.sum() > 30
    pull = (record.free - record.value)[both] / np.hypot(record.free_error, record.error)[both]
    assert np.abs(pull).max() < 4.5
    assert record.in_bulk.value == pytest.approx(np.mean([((x > 6.0) & (x < 7.0)).sum() for x in free]), rel=0.02)
    difference = record.occupancy.value - record.free_occupancy.value
    assert abs(difference) < 4.0 * np.hypot(record.occupancy.error, record.free_occupancy.error)
    assert record.transfer.value == pytest.approx(-KT * np.log(record.occupancy.value))
    assert "atoms in the well without restraints" in str(record)


def test_windows_apart_are_refused_by_name():
    centres = [2.0, 2.5, 4.5, 5.0, 7.0]
    series = windows(np.zeros_like, centres=centres)
    with pytest.raises(AnalysisError, match=r"those at 2.5 and 4.5 Å overlap by .*; 5 and 7 Å") as caught:
        umbrella_free_energy(centres, SPRING, series, TEMPERATURE, BULK)
    assert "Add windows at 3.5, 6.0 Å" in str(caught.value)


def test_a_barrier_needs_stiffer_windows():
    """On a barrier of 0.5 eV soft windows at 3.8 and 4.6 Å slide down to either side; stiff ones join them."""

    def barrier(x):
        return 0.5 * np.exp(-0.5 * ((x - 4.2) / 0.35) ** 2)

    centres, springs = [3.0, 3.5, 3.8, 4.6, 4.9, 5.4], [SPRING] * 6
    soft = [windows(barrier, centres=[c], seed=k)[0] for k, c in enumerate(centres)]
    with pytest.raises(AnalysisError, match=r"those at 3.8 and 4.6 Å overlap by .* with stiffer springs"):
        umbrella_free_energy(centres, springs, soft, TEMPERATURE, (5.2, 5.6))
    places = np.arange(3.45, 5.0, 0.15)
    stiff = [windows(barrier, centres=[c], seed=10 + k, spring=8.0)[0] for k, c in enumerate(places)]
    record = umbrella_free_energy(
        [*centres, *places], [*springs, *[8.0] * len(places)], [*soft, *stiff], TEMPERATURE, (5.2, 5.6), resamples=40
    )
    expected = exact(barrier, record.distance, (5.2, 5.6))
    seen = (record.distance > 3.0) & (record.distance < 5.6)
    assert np.abs((record.value - expected)[seen] / record.error[seen]).max() < 4.5
    assert expected[seen].max() > 0.48


def test_overlap():
    random = np.random.default_rng(2)
    x = random.normal(size=20000)
    assert window_overlap(x, random.normal(size=20000)) == pytest.approx(0.5, abs=0.005)
    assert window_overlap(x, x + 40.0) == 0.0
    # two normal distributions two standard deviations apart, by quadrature
    grid = np.linspace(-8.0, 10.0, 20001)
    p, q = (np.exp(-0.5 * (grid - m) ** 2) / np.sqrt(2.0 * np.pi) for m in (0.0, 2.0))
    expected = np.trapezoid(p * q / (p + q), grid)
    assert window_overlap(x, random.normal(2.0, 1.0, 20000)) == pytest.approx(expected, abs=0.01)


def test_windows_that_change_slowly_are_noted():
    """In the second half of all windows the well is deeper by 0.15 eV, as if another atom had left the site."""
    deeper = windows(lambda x: double_well(x) * np.where(x < 3.6, 2.2, 1.0), seed=3)
    series = [np.concatenate([a, b]) for a, b in zip(windows(double_well), deeper)]
    record = umbrella_free_energy(CENTRES, SPRING, series, TEMPERATURE, BULK, resamples=20)
    quiet = umbrella_free_energy(CENTRES, SPRING, windows(double_well), TEMPERATURE, BULK, resamples=20)
    (note,) = record.notes[1:]
    assert note.startswith("fewer than 20 independent samples in the windows at 2 Å (")
    assert len(quiet.notes) == 1
    assert record.ratio.error / record.ratio.value > 4.0 * quiet.ratio.error / quiet.ratio.value


def test_bootstrap_samples_have_the_free_energies_of_pymbar():
    """The equations of MBAR for a bootstrap sample, solved by pymbar, give the same probabilities."""
    series = windows(double_well, number=150)
    edges = np.arange(1.0, 8.0, 0.1)
    springs = np.full(len(CENTRES), SPRING)
    found = UmbrellaWeights(CENTRES, springs, series, 1.0 / KT, edges, 1).resampled[0]
    random = np.random.default_rng(0)
    low = np.arange(len(CENTRES)) * 150
    drawn = np.concatenate([random.integers(start, start + 150, 150) for start in low])
    again = [np.concatenate(series)[rows] for rows in drawn.reshape(-1, 150)]
    expected = UmbrellaWeights(CENTRES, springs, again, 1.0 / KT, edges, 0).probabilities
    assert found == pytest.approx(expected, abs=1e-6)  # pymbar stops at relative changes of 1e-7 of f


def test_order_and_correlation_do_not_matter():
    series = windows(double_well, number=200)
    record = umbrella_free_energy(CENTRES, SPRING, series, TEMPERATURE, BULK, resamples=5)
    back = umbrella_free_energy(CENTRES[::-1], SPRING, series[::-1], TEMPERATURE, BULK, resamples=5)
    assert np.array_equal(record.value, back.value, equal_nan=True)
    # every sample ten times: the statistical inefficiency finds out
    repeated = umbrella_free_energy(CENTRES, SPRING, [np.repeat(x, 10) for x in series], TEMPERATURE, BULK, resamples=5)
    assert repeated.samples.sum() < 1.5 * record.samples.sum()


def test_record_is_plain_and_drawn():
    record = umbrella_free_energy(CENTRES, SPRING, windows(double_well, number=80), TEMPERATURE, BULK, resamples=4)
    plain = json.loads(json.dumps(record.to_dict()))
    assert plain["depth"]["unit"] == "eV"
    assert plain["occupancy"] is None
    assert record.plot().axes[0].get_ylabel() == "free energy / eV"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"centres": [3.0], "series": [[3.0] * 20]}, "two or more windows, got 1"),
        ({"centres": [3.0, 3.0]}, "different centres"),
        ({"springs": 0.0}, "positive springs"),
        ({"series": [np.full(5, 3.0), np.full(20, 3.4)]}, "window at 3 Å has 5 samples"),
        ({"temperature": 0.0}, "temperature of the windows in K, above 0, got 0"),
        ({"bulk": (9.0, 10.0)}, "bulk goes from 9 to 10 Å, but the windows have seen"),
        ({"well": (0.0, 1.0)}, "well goes from 0 to 1 Å"),
    ],
)
def test_messages(change, message):
    random = np.random.default_rng(1)
    given = {
        "centres": [3.0, 3.4],
        "springs": SPRING,
        "series": [random.normal(c, 0.3, 50) for c in (3.0, 3.4)],
        "temperature": TEMPERATURE,
        "bulk": (3.2, 3.6),
        "resamples": 2,
        **change,
    }
    with pytest.raises(AnalysisError, match=message):
        umbrella_free_energy(**given)
