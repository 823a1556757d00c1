import math

import numpy as np
import pytest
from synthetic import frame, topology

from nakmd.analysis import FrameList, velocity_correlation
from nakmd.cell import Cell
from nakmd.errors import AnalysisError

CELL = Cell([20.0] * 3)


def langevin(seed, n_atoms=40, n_frames=500, dt=0.02, friction=5.0, together=False):
    """Velocities of variance 1 per direction that forget themselves as e^{-friction t}; all alike if together."""
    rng = np.random.default_rng(seed)
    keep = math.exp(-friction * dt)
    shape = (1 if together else n_atoms, 3)
    v = rng.normal(size=shape)
    frames = []
    for t in range(n_frames):
        frames.append(frame(CELL, np.ones((n_atoms, 3)), t, dt * t, velocities=v * np.ones((n_atoms, 1))))
        v = keep * v + math.sqrt(1.0 - keep * keep) * rng.normal(size=shape)
    # trapezoids of a geometric series, to infinity
    return FrameList(topology(["K"], np.zeros(n_atoms)), frames), 0.5 * dt * (1.0 + keep) / (1.0 - keep)


def test_curve_is_the_sum_over_origins_and_d_its_trapezoids():
    source, _ = langevin(1, n_atoms=6, n_frames=80)
    record = velocity_correlation(source, drift=None, stop=0.5)
    v = np.array([f.velocities for f in source])
    direct = [np.mean(np.sum(v[k:] * v[: 80 - k], axis=2)) for k in range(len(record.lag))]
    np.testing.assert_allclose(record.vacf, direct, rtol=1e-10, atol=1e-12)
    assert record.value == pytest.approx(np.trapezoid(direct[:26], dx=0.02) / 3.0, rel=1e-10)
    assert record.running[25] == pytest.approx(record.value, rel=1e-10)


@pytest.mark.parametrize("together", [False, True])
def test_intervals_cover_in_a_few_runs(together):
    hits = 0
    for seed in range(20):
        source, exact = langevin(seed, n_atoms=20, n_frames=400, together=together)
        low, high = velocity_correlation(source, drift=None).interval(0.95)
        hits += low <= exact <= high
    assert hits >= 16  # 95 %: fewer has a chance of 0.3 %


@pytest.mark.slow
@pytest.mark.parametrize(("n_atoms", "n_frames", "together"), [(40, 500, False), (3, 1500, False), (20, 800, True)])
def test_95_percent_intervals_cover_the_known_coefficient(n_atoms, n_frames, together):
    hits = 0
    for seed in range(200):
        source, exact = langevin(seed, n_atoms, n_frames, together=together)
        low, high = velocity_correlation(source, drift=None).interval(0.95)
        hits += low <= exact <= high
    assert 0.90 <= hits / 200 <= 0.985


def test_spectrum_of_oscillators_peaks_at_their_frequency_and_integrates_to_one():
    phases = np.random.default_rng(2).uniform(0, 2 * math.pi, (30, 3))
    frames = [
        frame(CELL, np.ones((30, 3)), t, 0.01 * t, velocities=np.cos(2 * math.pi * 3.0 * 0.01 * t + phases))
        for t in range(1000)
    ]
    record = velocity_correlation(FrameList(topology(["K"], np.zeros(30)), frames), drift=None, stop=1.0)
    assert record.frequency[np.argmax(record.spectrum)] == pytest.approx(3.0, abs=0.25)  # 1/(4 ps) apart
    assert np.trapezoid(record.spectrum, record.frequency) == pytest.approx(1.0, rel=1e-6)
    assert record.plot().axes
    assert record.plot_spectrum().axes


def test_a_drift_of_the_whole_is_taken_out():
    source, _ = langevin(3)
    pushed = [frame(CELL, f.positions, f.step, f.time, velocities=f.velocities + np.array([3.0, 0, 0])) for f in source]
    held = velocity_correlation(FrameList(source.topology, pushed))
    assert held.value == pytest.approx(velocity_correlation(source).value, rel=1e-9)


def test_memory_bound_drops_atoms_and_says_so():
    source, _ = langevin(3, n_atoms=200, n_frames=100)
    record = velocity_correlation(source, memory=50 * 200 * 24)
    assert any("100 of 200 atoms" in note for note in record.notes)


def test_what_cannot_work_is_said():
    source, _ = langevin(1, n_atoms=5, n_frames=40)
    bare = [frame(CELL, f.positions, f.step, f.time) for f in source]
    with pytest.raises(AnalysisError, match="has no velocities"):
        velocity_correlation(FrameList(source.topology, bare))
    with pytest.raises(AnalysisError, match=r"ends at 5 ps, but the frames cover only 0\.78 ps"):
        velocity_correlation(source, stop=5.0)
    with pytest.raises(AnalysisError, match="at least 16 frames, got 1"):
        velocity_correlation(FrameList(source.topology, [source[0]]))
    with pytest.raises(AnalysisError, match="too far apart"):
        velocity_correlation(langevin(1, n_atoms=50, dt=0.3)[0])
    with pytest.raises(AnalysisError, match="some of 'xyz', not 'parallel'"):
        velocity_correlation(source, directions="parallel")
    with pytest.raises(AnalysisError, match="No atoms are called 'Rb'"):
        velocity_correlation(source, "Rb")
