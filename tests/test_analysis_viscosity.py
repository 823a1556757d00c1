"""Viscosity, and what is made of it: diffusion in an infinite system. Arrhenius fits."""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.signal
from synthetic import frame, random_walk, topology

from nakmd.analysis import (
    FrameList,
    Measure,
    Viscosity,
    arrhenius,
    diffusion,
    extrapolate_size,
    viscosity,
    yeh_hummer,
)
from nakmd.analysis.finite_size import XI_CUBIC
from nakmd.analysis.green_kubo import MPA_S_PER_EV_PS_A3, green_kubo
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.units import K_B

T, V = 400.0, 8000.0


def relaxing(rng, n, dt, tau):
    """Five series of variance 1 that forget themselves as e^{-t/tau}."""
    keep = math.exp(-dt / tau)
    noise = rng.normal(size=(5, n)) * math.sqrt(1.0 - keep * keep)
    noise[:, 0] = rng.normal(size=5)
    return scipy.signal.lfilter([1.0], [1.0, -keep], noise, axis=1)


def pressures(seed, n, dt=0.02):
    """Pressure tensors of a liquid with two relaxation times, and its viscosity [mPa s] (sums of trapezoids)."""
    rng = np.random.default_rng(seed)
    a, b, scale = 0.1, 0.4, 1e-4
    xy, xz, yz, half, rest = scale * (relaxing(rng, n, dt, a) + 0.5 * relaxing(rng, n, dt, b))
    trace = 3e-4 * rng.normal(size=n)
    xx, yy, zz = half - rest / math.sqrt(3.0), -half - rest / math.sqrt(3.0), 2.0 * rest / math.sqrt(3.0)
    integral = sum(w * 0.5 * dt / math.tanh(0.5 * dt / tau) for w, tau in ((1.0, a), (0.25, b)))
    exact = V / (K_B * T) * scale**2 * integral * MPA_S_PER_EV_PS_A3
    return np.stack([xx + trace, yy + trace, zz + trace, yz, xz, xy], axis=1), exact


def of(tensors, dt=0.02, fit=None):
    return green_kubo(tensors, dt, T, V, np.full(3, 20.0), fit)


def covered(seeds, n):
    hits = 0
    for seed in seeds:
        tensors, exact = pressures(seed, n)
        low, high = of(tensors).interval(0.95)
        hits += low <= exact <= high
    return hits / len(seeds)


def test_intervals_cover_in_a_few_runs():
    # 30 draws at 95 %: six misses or more have a chance of 0.3 %
    assert covered(range(30), 3000) >= 0.83


@pytest.mark.slow
@pytest.mark.parametrize("n", [1500, 5000, 20000])
def test_95_percent_intervals_cover_the_known_viscosity(n):
    assert 0.90 <= covered(range(200), n) <= 0.985


def test_all_five_components_count_alike_and_the_trace_does_not():
    tensors, exact = pressures(1, 60000)
    record = of(tensors)
    assert record.value == pytest.approx(exact, abs=4 * record.error)
    assert record.error < 0.1 * exact
    assert record.settled
    assert record.unit == "mPa s"
    shifted = tensors + np.array([5.0, 5.0, 5.0, 0, 0, 0])
    assert of(shifted).value == pytest.approx(record.value, rel=1e-6)
    # another choice of axes of an isotropic liquid has the same traceless tensors: swap x and z
    swapped = of(tensors[:, [2, 1, 0, 5, 4, 3]])
    assert swapped.value == pytest.approx(record.value, abs=1e-9 * exact)
    # the running slope comes from zero and ends at the value
    assert record.running[0] < 0.3 * exact
    assert record.plot().axes


def test_equals_stacie_within_errors():
    stacie = pytest.importorskip("stacie")
    tensors, exact = pressures(3, 30000)
    xx, yy, zz, yz, xz, xy = tensors.T
    stress = np.stack([xy, xz, yz, 0.5 * (xx - yy), (2 * zz - xx - yy) / math.sqrt(12.0)])
    spectrum = stacie.compute_spectrum(
        stress, prefactors=V / (K_B * T) * MPA_S_PER_EV_PS_A3, timestep=0.02, include_zero_freq=False
    )
    theirs = stacie.estimate_acint(spectrum, stacie.ExpPolyModel([0, 2]))
    ours = of(tensors)
    assert ours.value == pytest.approx(theirs.acint, abs=3 * math.hypot(ours.error, theirs.acint_std))
    assert theirs.acint == pytest.approx(exact, abs=4 * theirs.acint_std)


def liquid(n=400, dt=0.02, **drop):
    """Frames whose virial and velocities make a known pressure tensor."""
    tensors, _ = pressures(5, n, dt)
    rng = np.random.default_rng(5)
    cell = Cell([20.0] * 3)
    frames = []
    for t in range(n):
        v = rng.normal(size=(4, 3))
        kinetic = np.array([np.sum(v[:, a] * v[:, b]) for a, b in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))])
        fields = {"velocities": v, "virial": V * tensors[t] - kinetic / 9648.533202185006, "temperature": T, **drop}
        frames.append(frame(cell, np.ones((4, 3)), t, dt * t, **fields))
    return FrameList(topology(["K"], np.zeros(4)), frames), tensors


def test_frames_and_table_give_the_same():
    source, tensors = liquid(2000)
    from_frames = viscosity(source)
    assert from_frames.value == pytest.approx(of(tensors).value, rel=1e-8)
    n = len(tensors)

    class WithTable(FrameList):
        thermo = {  # noqa: RUF012
            "time": 0.02 * np.arange(n + 4),
            "stage": np.array(["melt"] * 4 + [""] * n),
            "temperature": np.full(n + 4, T),
            "volume": np.full(n + 4, V),
            **{f"length_{v}": np.full(n + 4, 20.0) for v in "abc"},
            **{
                f"pressure_{v}": np.concatenate([np.full(4, np.nan), tensors[:, k]])
                for k, v in enumerate(("xx", "yy", "zz", "yz", "xz", "xy"))
            },
        }

    from_table = viscosity(WithTable(source.topology, list(source)))
    assert from_table.value == pytest.approx(from_frames.value, rel=1e-8)
    assert "rows of the thermo table" in from_table.notes[0]
    np.testing.assert_allclose(from_table.lengths, 20.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: viscosity(liquid(100, virial=None)[0]), "has no virial"),
        (lambda: viscosity(liquid(100, velocities=None)[0]), "has no velocities"),
        (lambda: viscosity(liquid(40)[0]), "too short for the viscosity"),
        (lambda: viscosity(liquid(20)[0]), "at least 32 frames, got 20"),
        (lambda: viscosity(liquid(200, dt=0.4)[0]), "too large for the viscosity"),
        (lambda: viscosity(liquid(200)[0], fit=(1.0, 9.0)), "ends at 9 ps, but the frames cover only 3.98 ps"),
        (lambda: Viscosity().prepare(topology(["C", "K"], [0, 1])), "whose own stress is in the tensor"),
        (lambda: of(np.zeros((100, 6))), "zero in all rows"),
    ],
)
def test_what_cannot_work_is_said(call, message):
    with pytest.raises(AnalysisError, match=message):
        call()


def diffusing(value, length, error=0.01, species="K"):
    """A diffusion record with a known coefficient in a known cell."""
    source, _ = random_walk(1, 20, 60)
    record = diffusion(source, drift=None)
    return replace(record, value=value, error=error, lengths=np.full(3, length), diffusive=True)


def test_yeh_hummer_with_the_viscosity_of_the_run():
    tensors, _ = pressures(1, 20000)
    eta = of(tensors)
    small = diffusing(0.5, 20.0)
    record = yeh_hummer(small, eta)
    # D + ξ kT/(6π η L) in SI: η in Pa s, L in m, D in m²/s = 1e8 Å²/ps
    si = XI_CUBIC * 1.380649e-23 * T / (6 * math.pi * eta.value * 1e-3 * 20e-10) * 1e8
    assert record.value == pytest.approx(0.5 + si, rel=1e-9)
    assert record.error == pytest.approx(math.hypot(0.01, si * eta.error / eta.value), rel=1e-9)
    assert not any("WARNING" in note for note in record.notes)
    assert record.plot().axes


def test_yeh_hummer_says_what_does_not_fit():
    eta = of(pressures(1, 20000)[0])
    source, _ = random_walk(1, 20, 60, length=20.0)
    with pytest.raises(AnalysisError, match="in all directions"):
        yeh_hummer(diffusion(source, directions="z"), eta)
    with pytest.raises(AnalysisError, match=r"in a cell of 30\.00 Å and the viscosity in one of 20\.00 Å"):
        yeh_hummer(diffusing(0.5, 30.0), eta)
    long = diffusing(0.5, 20.0)
    long.lengths[:] = [10.0, 20.0, 40.0]
    assert any("not cubic" in note for note in yeh_hummer(long, eta).notes)


def test_what_had_not_settled_is_said_of_the_infinite_system():
    eta = of(pressures(1, 20000)[0])
    small, large = diffusing(0.5, 20.0), diffusing(0.55, 30.0)
    drifting = replace(eta, trend=7.0, sample=replace(small.sample, unsettled=("pressure: it drifts",)))
    found = yeh_hummer(replace(small, trend=-2.0), drifting)
    assert found.trend == 7.0
    assert found.sample.used == small.sample.used
    assert found.sample.unsettled == (*small.sample.unsettled, "pressure: it drifts")
    (row,) = found.rows()
    assert "not settled: drifts by 7.0 standard errors" in row.note
    of_large = replace(large.sample, unsettled=("volume: it drifts",))
    line = extrapolate_size([small, replace(large, trend=6.0, sample=of_large)], T)
    assert line.trend == 6.0
    assert "volume in the cell of 30.00 Å: it drifts" in line.sample.unsettled


def test_three_sizes_give_the_slope_of_the_viscosity_back():
    eta, exact = 0.4, 0.62
    lengths = (20.0, 30.0, 50.0)
    slope = XI_CUBIC * K_B * T / (6 * math.pi * eta / MPA_S_PER_EV_PS_A3)
    records = [diffusing(exact - slope / length, length, error=0.002) for length in lengths]
    found = extrapolate_size(records, T)
    assert found.value == pytest.approx(exact, rel=1e-9)
    assert found.viscosity.value == pytest.approx(eta, rel=1e-9)
    assert found.slope == pytest.approx(slope, rel=1e-9)
    assert found.plot().axes
    with pytest.raises(AnalysisError, match="at least two sizes"):
        extrapolate_size(records[:1], T)


def test_arrhenius_gives_the_activation_energy_back():
    t = np.array([350.0, 400.0, 450.0, 550.0])
    values = 12.0 * np.exp(-0.11 / (K_B * t))
    exact = arrhenius(t, [Measure(v, 0.02 * v, "Å²/ps", 50.0) for v in values])
    assert exact.value == pytest.approx(0.11, rel=1e-9)
    assert exact.prefactor.value == pytest.approx(12.0, rel=1e-9)
    assert exact.chi2 == pytest.approx(0.0, abs=1e-9)
    falling = arrhenius(t, [Measure(1 / v, 0.02 / v, "ps", 50.0) for v in values], sign=-1)
    assert falling.value == pytest.approx(0.11, rel=1e-9)
    assert exact.plot().axes
    assert falling.plot().axes


def test_arrhenius_intervals_cover_and_scatter_enlarges_them():
    t = np.array([350.0, 400.0, 450.0, 500.0, 550.0])
    truth = 12.0 * np.exp(-0.11 / (K_B * t))
    hits = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        noisy = truth * (1.0 + 0.05 * rng.normal(size=5))
        low, high = arrhenius(t, [Measure(v, 0.05 * w, "", 50.0) for v, w in zip(noisy, truth)]).interval()
        hits += low <= 0.11 <= high
    assert hits / 300 >= 0.93  # Student's t for three degrees of freedom where errors are known: on the safe side
    worse = arrhenius(t, [Measure(v, 0.005 * v, "", 50.0) for v in noisy])
    assert any("errors multiplied" in note for note in worse.notes)


@pytest.mark.parametrize(
    ("temperatures", "values", "message"),
    [
        ((300.0, 400.0), (1.0, 2.0), "at least three temperatures"),
        ((300.0, 400.0, 500.0), (1.0, -2.0, 3.0), "The value at 400 K is -2"),
        ((300.0, 400.0), (1.0, 2.0, 3.0), "Got 2 temperatures but 3 results"),
    ],
)
def test_arrhenius_says_what_cannot_work(temperatures, values, message):
    with pytest.raises(AnalysisError, match=message):
        arrhenius(temperatures, [Measure(v, 0.1, "", 10.0) for v in values])
