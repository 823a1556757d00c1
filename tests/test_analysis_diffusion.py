import math
import warnings

import numpy as np
import pytest
from synthetic import frame, random_walk, topology

from nakmd.analysis import Diffusion, FrameList, diffusion
from nakmd.analysis.numerics.displacements import mean_squared_displacements
from nakmd.cell import Cell
from nakmd.errors import AnalysisError


@pytest.mark.parametrize("n", [60, 240])  # pair by pair, and by Fourier transform
def test_msd_equals_the_sum_over_origins(n):
    paths = np.cumsum(np.random.default_rng(1).normal(size=(n, 5, 3)), axis=0) + 100.0
    direct = np.array([np.mean(np.sum((paths[k:] - paths[: n - k]) ** 2, axis=2), axis=0) for k in range(n)])
    # cancellation of squares of about 1e2 leaves 1e-14 of them
    np.testing.assert_allclose(mean_squared_displacements(paths), direct, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(mean_squared_displacements(paths, 3, 9), direct[3:10], rtol=1e-10, atol=1e-11)


def covered(seeds, n_atoms, n_frames, together):
    """Return the fraction of intervals that contain the exact coefficient, and of walks reported as not diffusive."""
    hits = flagged = 0
    for seed in seeds:
        source, _ = random_walk(seed, n_atoms, n_frames, d=0.5, together=together)
        record = diffusion(source, drift=None)
        low, high = record.interval(0.95)
        hits += low <= 0.5 <= high
        flagged += not record.diffusive
    return hits / len(seeds), flagged / len(seeds)


WALKS = pytest.mark.parametrize(
    ("n_atoms", "n_frames", "together"), [(40, 150, False), (3, 300, False), (20, 200, True)]
)


@WALKS
def test_intervals_cover_in_a_few_runs(n_atoms, n_frames, together):
    share, flagged = covered(range(30), n_atoms, n_frames, together)
    assert share >= 0.83  # nominal 95 %: a smaller fraction has a probability of 0.3 %
    assert flagged <= 0.15


@pytest.mark.slow
@WALKS
def test_95_percent_intervals_cover_the_known_coefficient(n_atoms, n_frames, together):
    share, flagged = covered(range(200), n_atoms, n_frames, together)
    assert 0.90 <= share <= 0.985
    assert flagged <= 0.05  # two standard errors and 0.1: a few false alarms


def test_value_error_and_curve_of_a_long_walk():
    source, _ = random_walk(7, 300, 400, d=0.7)
    record = diffusion(source, drift=None)
    assert record.value == pytest.approx(0.7, abs=3 * record.error)
    assert record.error < 0.02
    assert record.unit == "Å²/ps"
    assert record.trusted
    assert record.exponent == pytest.approx(1.0, abs=0.1)
    k = round(1.0 / 0.1)
    assert record.lag[k] == pytest.approx(1.0)
    assert record.msd[k] == pytest.approx(6 * 0.7 * 1.0, abs=4 * record.msd_error[k])


def test_linear_fit_in_the_given_window():
    source, paths = random_walk(3, 10, 100)
    record = diffusion(source, drift=None, fit=(1.0, 2.0))
    lags = np.arange(10, 21)
    msd = [np.mean(np.sum((paths[k:] - paths[:-k]) ** 2, axis=2)) for k in lags]
    slope, intercept = np.polyfit(lags * 0.1, msd, 1)
    assert record.fit == pytest.approx((1.0, 2.0))
    assert record.value == pytest.approx(slope / 6, rel=1e-9)
    assert record.intercept == pytest.approx(intercept, rel=1e-8)


def test_directions_are_separate():
    rng = np.random.default_rng(5)
    steps = rng.normal(size=(300, 200, 3)) * np.sqrt(2 * 0.1 * np.array([0.2, 0.2, 1.0]))
    paths = np.cumsum(steps, axis=0)
    cell = Cell([15.0] * 3)
    source = FrameList(topology(["K"], np.zeros(200)), [frame(cell, x, t, 0.1 * t) for t, x in enumerate(paths)])
    along, across = diffusion(source, directions="z"), diffusion(source, directions="xy")
    assert along.value == pytest.approx(1.0, abs=4 * along.error)
    assert across.value == pytest.approx(0.2, abs=4 * across.error)
    assert "along z" in along.quantity


def test_a_drift_of_all_atoms_is_no_diffusion():
    source, paths = random_walk(2, 100, 200)
    cell = Cell([20.0] * 3)
    drifting = [frame(cell, x + np.array([0.5 * t, 0, 0]), t, 0.1 * t) for t, x in enumerate(paths)]
    held = diffusion(FrameList(source.topology, drifting), drift="all")
    # subtracting the centre of mass of 100 atoms removes 1/100 of the motion
    assert held.value == pytest.approx(diffusion(source, drift="all").value, rel=1e-9)
    assert held.value == pytest.approx(0.5, abs=4 * held.error)
    assert diffusion(FrameList(source.topology, drifting), drift=None).value > 5.0


def breathing(n_frames, shrink):
    """Atoms with constant fractional coordinates, up to 60 cells away from the first, in a cell that changes."""
    rng = np.random.default_rng(11)
    fractional = rng.uniform(size=(50, 3)) + rng.integers(-60, 60, (50, 3))
    scale = 1.0 + (-0.1 * np.arange(n_frames) / n_frames if shrink else 0.005 * rng.normal(size=n_frames))
    frames = []
    for t in range(n_frames):
        cell = Cell([20.0 * scale[t], 22.0 * scale[t], 25.0])
        frames.append(frame(cell, fractional @ cell.matrix, t, 0.1 * t))
    return FrameList(topology(["K"], np.zeros(50)), frames)


@pytest.mark.parametrize("shrink", [True, False])
def test_a_changing_cell_alone_is_no_diffusion(shrink):
    source = breathing(200, shrink)
    naive = np.stack([f.unwrapped for f in source])
    moved = mean_squared_displacements(naive)[100].mean()
    record = diffusion(source, drift=None)
    # the first cell changes by about 0.1 Å (shrinking: 1 Å in half the run); 60 cells away it is 60 times that
    assert record.msd[100] < 1e-3 * moved
    assert abs(record.value) < (2e-2 if shrink else 1e-3)
    if shrink:
        assert moved > 500.0  # result of unwrapping with the current cell [Å²]


def test_diffusion_under_a_fluctuating_cell_is_that_of_the_walk():
    source, paths = random_walk(9, 200, 300, d=0.5)
    scale = 1.0 + 0.01 * np.random.default_rng(1).normal(size=300)
    frames = []
    previous = None
    for t in range(300):
        cell = Cell([20.0 * scale[t]] * 3)
        # as a barostat does: scale all positions, then move the atoms
        x = paths[0] if previous is None else previous * (scale[t] / scale[t - 1]) + (paths[t] - paths[t - 1])
        previous = x
        frames.append(frame(cell, x, t, 0.1 * t))
    record = diffusion(FrameList(source.topology, frames), drift=None)
    assert record.value == pytest.approx(0.5, abs=4 * record.error)


def test_ballistic_and_caged_motion_are_flagged():
    rng = np.random.default_rng(4)
    cell = Cell([20.0] * 3)
    velocities = rng.normal(size=(200, 3))
    ballistic = [frame(cell, velocities * t * 0.1, t, 0.1 * t) for t in range(100)]
    caged = [frame(cell, rng.normal(size=(200, 3)), t, 0.1 * t) for t in range(100)]
    for frames, exponent in ((ballistic, 2.0), (caged, 0.0)):
        record = diffusion(FrameList(topology(["K"], np.zeros(200)), frames), drift=None)
        assert not record.diffusive
        assert record.exponent == pytest.approx(exponent, abs=0.02)
        assert "not diffusive" in str(record)


def test_atoms_that_do_not_move_give_zero():
    cell = Cell([20.0] * 3)
    frames = [frame(cell, np.ones((5, 3)), t) for t in range(20)]
    record = diffusion(FrameList(topology(["K"], np.zeros(5)), frames))
    assert (record.value, record.error) == (0.0, 0.0)
    assert any("no atom moves" in note for note in record.notes)


def test_the_memory_limit_drops_frames_with_a_note():
    source, _ = random_walk(6, 50, 400)
    whole = diffusion(source, drift=None, fit=(1.0, 4.0))
    bounded = diffusion(source, drift=None, fit=(1.0, 4.0), memory=100 * 50 * 24)
    assert any("stored, to stay below" in note for note in bounded.notes)
    assert bounded.lag[1] == pytest.approx(0.4)
    # paths remain exact: the same motion at coarser lags
    assert bounded.msd[10] == pytest.approx(whole.msd[40], rel=0.1)
    assert bounded.value == pytest.approx(whole.value, abs=3 * whole.error)


def test_nearest_image_unwrapping_equals_images_for_short_steps():
    source, _ = random_walk(8, 30, 120)
    wrapped_only = [frame(f.cell, f.positions, f.step, f.time) for f in source]
    by_images = diffusion(source)
    by_nearest = Diffusion("K", unwrap="nearest")
    by_nearest.prepare(source.topology)
    for f in wrapped_only:
        by_nearest.update(f)
    np.testing.assert_allclose(by_nearest.result().msd, by_images.msd, rtol=1e-9, atol=1e-12)


def test_msd_equals_freud():
    freud = pytest.importorskip("freud")
    source, paths = random_walk(10, 20, 30)  # freud computes in single precision, so the paths are short
    msd = freud.msd.MSD(mode="window")
    msd.compute(paths - paths[0])
    np.testing.assert_allclose(diffusion(source, drift=None).msd[:16], msd.msd[:16], rtol=1e-6, atol=1e-6)


def test_msd_equals_mdanalysis():
    mda = pytest.importorskip("MDAnalysis")
    from MDAnalysis.analysis.msd import EinsteinMSD

    source, paths = random_walk(12, 10, 60)
    paths = paths.astype(np.float32)  # the precision of MDAnalysis
    source = FrameList(source.topology, [frame(source[0].cell, x, t, 0.1 * t) for t, x in enumerate(paths)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations within MDAnalysis
        universe = mda.Universe.empty(10, trajectory=True)
        universe.load_new(paths, order="fac")
        analysis = EinsteinMSD(universe, msd_type="xyz", fft=False)
        analysis.run()
    msd = diffusion(source, drift=None).msd
    # differences of MDAnalysis are rounded to single precision, 6e-8 of each
    np.testing.assert_allclose(msd, analysis.results.timeseries[: len(msd)], rtol=1e-6, atol=1e-9)


def test_only_the_last_frame_may_be_irregularly_spaced():
    source, paths = random_walk(1, 10, 50)
    frames = list(source)
    late = frame(frames[0].cell, paths[-1], 50, 4.93)
    record = diffusion(FrameList(source.topology, [*frames, late]))
    assert record.value == diffusion(source).value
    assert any("not evenly spaced" in note for note in record.notes)
    with pytest.raises(AnalysisError, match="evenly spaced"):
        diffusion(FrameList(source.topology, [*frames[:20], *frames[25:]]))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"fit": (1.0, 100.0)}, "ends at 100 ps, but the frames cover only 4.9 ps"),
        ({"fit": (1.0, 1.1)}, "contains 2 lags of 0.1 ps; at least 3 are needed"),
        ({"fit": (3.0, 1.0)}, "0 < start < stop"),
        ({"directions": "xx"}, "each once"),
        ({"directions": ""}, "some of 'xyz'"),
        ({"species": "Rb"}, "No atoms are called 'Rb'"),
        ({"drift": "tube"}, "No atoms are called 'tube'"),
    ],
)
def test_invalid_parameters_are_refused(parameters, message):
    source, _ = random_walk(1, 10, 50)
    with pytest.raises(AnalysisError, match=message):
        diffusion(source, **parameters)


def test_one_frame_is_not_enough():
    source, _ = random_walk(1, 10, 1)
    with pytest.raises(AnalysisError, match="at least 4 frames, got 1"):
        diffusion(source)


def test_short_runs_note_the_missing_test():
    source, _ = random_walk(1, 30, 6)
    record = diffusion(source, fit=(0.1, 0.4))
    assert any("too short to test" in note for note in record.notes)
    assert math.isfinite(record.error)
