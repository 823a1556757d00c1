import math

import numpy as np
import pytest
from synthetic import distances, frame, ideal_gas, topology

from nakmd.analysis import FrameList, coordination, lifetimes
from nakmd.analysis.geometry.contacts import pairs_near
from nakmd.cell import Cell
from nakmd.errors import AnalysisError

STEP = 0.5


def pairs_of(near, species=None, heights=(3.0, 9.0)):
    """Wall atoms far apart, each with a K of its own that is near or far in each frame, (n, m) bool."""
    m = near.shape[1]
    cell = Cell([20.0 * m, 20.0, 40.0])
    wall = np.column_stack([10.0 + 20.0 * np.arange(m), np.full((m, 2), 10.0)])
    kinds = np.zeros(m, dtype=int) if species is None else np.asarray(species)
    above = np.where(near, *heights)[..., None] * [0.0, 0.0, 1.0]
    frames = [frame(cell, np.concatenate([wall, wall + up]), t, STEP * t) for t, up in enumerate(above)]
    names = ["C", "N:graphitic", "N:pyridinic", "K"]
    return FrameList(topology(names, np.concatenate([kinds, np.full(m, 3)])), frames)


def telegraph(seed, n, on, off):
    """Pairs that form and break with these chances per frame, (n, m) with one chance per pair; in equilibrium."""
    rng = np.random.default_rng(seed)
    on, off = np.broadcast_arrays(on, off)
    state = rng.uniform(size=on.shape) < on / (on + off)
    rows = np.empty((n, len(on)), dtype=bool)
    for t in range(n):
        rows[t] = state
        state = state ^ (rng.uniform(size=on.shape) < np.where(state, off, on))
    return rows


def test_two_states_have_their_analytic_lifetime_and_correlations():
    on, off, m = 0.02, 0.05, 60
    near = telegraph(1, 600, np.full(m, on), np.full(m, off))
    record = lifetimes(pairs_of(near), "C", "K")
    assert record.value == pytest.approx(STEP / off, abs=4 * record.error)
    assert record.error < 0.1 * record.value
    assert record.rate.value == pytest.approx(off / STEP, abs=4 * record.rate.error)
    k = np.round(record.lag / STEP).astype(int)
    p = on / (on + off)
    short = k <= 40
    # 60 pairs, 600 frames, correlated over 14 of them: a share is known to about 0.5/sqrt(60 * 600 / 30 * p) = 3 %
    np.testing.assert_allclose(record.continuous["C", "K"][short], (1 - off) ** k[short], atol=0.04)
    np.testing.assert_allclose(record.intermittent["C", "K"], p + (1 - p) * (1 - on - off) ** k, atol=0.06)
    assert record.contacts["C", "K"].value == pytest.approx(near.sum(axis=1).mean(), rel=1e-12)
    assert record.plot().axes


def test_lifetimes_by_site():
    m = 30
    species = np.repeat([1, 2], m // 2)
    off = np.where(species == 1, 0.1, 0.02)
    near = telegraph(2, 800, np.full(m, 0.05), off)
    record = lifetimes(pairs_of(near, species), "N", "K")
    for site, chance in {"N:graphitic": 0.1, "N:pyridinic": 0.02}.items():
        found = record.lifetimes[site, "K"]
        assert found.value == pytest.approx(STEP / chance, abs=4 * found.error)
    assert set(record.to_dict()["lifetimes"]) == {"N:graphitic-K", "N:pyridinic-K"}


def covered(seeds):
    hits = 0
    for seed in seeds:
        low, high = lifetimes(pairs_of(telegraph(seed, 300, np.full(10, 0.03), np.full(10, 0.06))), "C", "K").interval()
        hits += low <= STEP / 0.06 <= high
    return hits / len(seeds)


def test_intervals_cover_in_a_few_runs():
    assert covered(range(10)) >= 0.7  # at 95 %: fewer has a chance of 0.1 %


@pytest.mark.slow
def test_95_percent_intervals_cover_the_known_lifetime():
    assert 0.90 <= covered(range(200)) <= 0.985


def test_functions_are_the_sums_of_their_definition():
    near = telegraph(3, 40, np.full(6, 0.2), np.full(6, 0.3))
    record = lifetimes(pairs_of(near), "C", "K", longest=5.0)
    for row, lag in enumerate(np.round(record.lag / STEP).astype(int)):
        origins = near[: 40 - lag].sum()
        again = sum(int(np.sum(near[t] & near[t + lag])) for t in range(40 - lag))
        stayed = sum(int(np.sum(np.all(near[t : t + lag + 1], axis=0))) for t in range(40 - lag))
        assert record.intermittent["C", "K"][row] == pytest.approx(again / origins, rel=1e-12)
        assert record.continuous["C", "K"][row] == pytest.approx(stayed / origins, rel=1e-12)
    broken = np.sum(near[:-1] & ~near[1:])
    assert record.value == pytest.approx(STEP * near[:-1].sum() / broken, rel=1e-12)


def test_correlations_equal_mdanalysis_where_every_frame_has_as_many_contacts():
    correlations = pytest.importorskip("MDAnalysis.lib.correlations")
    rng = np.random.default_rng(4)
    near = np.zeros((50, 12), dtype=bool)
    for row in near:
        row[rng.permutation(12)[:7]] = True
    record = lifetimes(pairs_of(near), "C", "K", longest=10.0)
    sets = [set(np.flatnonzero(row)) for row in near]
    taus, survival, _ = correlations.autocorrelation(sets, 20, 1)
    at = np.searchsorted(taus, np.round(record.lag / STEP).astype(int))
    np.testing.assert_allclose(record.continuous["C", "K"], np.array(survival)[at], rtol=1e-6, atol=1e-12)


def test_a_tremble_within_the_hysteresis_breaks_nothing():
    near = np.arange(100)[:, None] % 2 == np.zeros((1, 4))
    record = lifetimes(pairs_of(near, heights=(4.3, 4.7)), "C", "K", hysteresis=0.5)
    assert math.isnan(record.value)
    assert any("no contact broke" in note for note in record.notes)
    assert record.rate.value == 0.0
    assert record.plot().axes
    sharp = lifetimes(pairs_of(near, heights=(4.3, 4.7)), "C", "K", hysteresis=0.0)
    assert sharp.value == pytest.approx(STEP)
    assert any("only a few frames" in note for note in sharp.notes)


def test_pairs_are_those_of_brute_force():
    for matrix, periodic in (
        ([[16.0, 0, 0], [5.0, 15, 0], [-3.0, 4, 14]], (True, True, False)),
        ([[6.0, 0, 0], [0, 7.0, 0], [0, 0, 8.0]], (True, True, True)),  # narrower than twice the cutoff
    ):
        source = ideal_gas(3, 80, 1, matrix, periodic)
        moment = source[0]
        a, b = moment.positions[0::2], moment.positions[1::2]
        i, j, r = pairs_near(a, b, moment, 5.0)
        nearest = distances(a, b, moment.cell).reshape(40, 40, -1).min(axis=2)
        expected = np.argwhere(nearest < 5.0)
        np.testing.assert_array_equal(np.column_stack([i, j]), expected)
        np.testing.assert_allclose(r, nearest[tuple(expected.T)], rtol=1e-12)


def test_contacts_without_hysteresis_are_those_of_coordination():
    source = ideal_gas(6, 90, 5, [12.0] * 3, names=("C", "K", "Na"))
    record = lifetimes(source, "C", "K", hysteresis=0.0)
    assert record.contacts["C", "K"].value == pytest.approx(coordination(source, "C", "K").contacts.value, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: lifetimes(FrameList(s.topology, [s[0]]), "C", "K"), "at least 3 frames, got 1"),
        (lambda s: lifetimes(s, "C", "Rb"), "No atoms are called 'Rb'"),
        (lambda s: lifetimes(s, "C", "K", longest=100.0), r"100 ps, but the frames cover only 9\.5 ps"),
        (lambda s: lifetimes(s, "C", "K", cutoff=1.0), "No K is within 1 Å of a C"),
        (lambda s: lifetimes(s, "C", "C", cutoff=3.0), "two disjoint sets of atoms"),
        (lambda s: lifetimes(s, "C", "K", hysteresis=-1.0), "at least 0 Å"),
        (lambda s: lifetimes(FrameList(s.topology, [*s][:5] + [*s][8:]), "C", "K"), "evenly spaced"),
    ],
)
def test_what_cannot_work_is_said(call, message):
    with pytest.raises(AnalysisError, match=message):
        call(pairs_of(telegraph(1, 20, np.full(3, 0.3), np.full(3, 0.3))))


def test_a_lifetime_longer_than_the_run_is_marked():
    # 40 pairs that break with a chance of 0.5 % per frame, in a window of 20 frames: a lifetime of ten windows
    near = telegraph(9, 21, np.full(40, 0.005), np.full(40, 0.005))
    record = lifetimes(pairs_of(near), "C", "K", hysteresis=0.0)
    assert record.window == pytest.approx(20 * STEP)
    assert np.sum(near[:-1] & ~near[1:]) > 0
    assert record.exceeds_window
    (row,) = record.rows()
    assert "longer than the 10 ps observed: extrapolated" in row.note
    assert any("it is extrapolated" in note for note in record.notes)
    short = lifetimes(pairs_of(telegraph(1, 600, np.full(20, 0.1), np.full(20, 0.1))), "C", "K")
    assert not short.exceeds_window
    assert not any("extrapolated" in row.note for row in short.rows())


def test_without_a_break_there_is_a_lower_bound():
    record = lifetimes(pairs_of(np.ones((21, 8), dtype=bool)), "C", "K")
    assert math.isnan(record.value)
    # 8 contacts of 10 ps: with a mean of 80/ln 20 ps, none breaks with a probability of 5 %
    assert record.lower_bound == pytest.approx(8 * 20 * STEP / math.log(20.0), rel=1e-12)
    (row,) = record.rows()
    assert row.text == "> 26.7 ps"
    assert "no contact broke in 10 ps" in row.note
    assert record.to_dict()["lower_bound"] == pytest.approx(26.70, abs=0.01)


def test_the_definition_is_in_the_notes():
    record = lifetimes(pairs_of(telegraph(1, 60, np.full(4, 0.1), np.full(4, 0.1))), "C", "K")
    assert "time in contact per contact that broke" in record.notes[0]
    assert "continuous" in record.notes[0]
    assert "intermittent" in record.notes[0]
