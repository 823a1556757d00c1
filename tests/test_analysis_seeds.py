import math

import numpy as np
import pytest
from synthetic import frame, random_walk, topology

from nakmd.analysis import FrameList, Measure, Record, combine, coordination, diffusion, lifetimes
from nakmd.analysis.sample import Sample
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.results.results import Results


def record(value, error, n=20.0, **changes):
    return Record(**({"quantity": "D", "value": value, "error": error, "unit": "Å²/ps", "n_effective": n} | changes))


class WithPart(Record):
    """A record with another number than its value."""

    part: Measure


def two_sites(rng):
    """Potassium thrown at random around carbon of two species."""
    kinds = topology(["C", "C:edge", "K"], [0] * 10 + [1] * 10 + [2] * 40)
    return FrameList(kinds, [frame(Cell([15.0] * 3), rng.uniform(0, 15, (60, 3)), t, 0.1 * t) for t in range(60)])


def test_runs_that_agree_are_weighted_by_their_errors():
    found = combine([record(1.0, 0.1), record(1.1, 0.2), record(0.95, 0.1)])
    w = np.array([100.0, 25.0, 100.0])
    mean = w @ [1.0, 1.1, 0.95] / w.sum()
    assert found.value == pytest.approx(mean, rel=1e-12)
    assert found.error == pytest.approx(1.0 / math.sqrt(225.0), rel=1e-12)  # the scatter is smaller
    assert found.between == 0.0
    assert found.n_effective == 60.0
    assert found.plot().axes


def test_runs_that_differ_have_the_error_of_their_scatter():
    values = [1.0, 2.0, 3.0, 4.0]
    found = combine([record(v, 0.01) for v in values])
    assert found.value == pytest.approx(2.5, rel=1e-6)
    assert found.error == pytest.approx(np.std(values, ddof=1) / 2.0, rel=1e-3)
    assert found.n_effective == 4.0
    assert found.between == pytest.approx(np.std(values, ddof=1), rel=1e-3)
    assert any("more than their errors" in note for note in found.notes)


def test_runs_without_errors_count_alike():
    found = combine([record(v, math.nan) for v in (1.0, 2.0, 3.0)])
    assert found.value == pytest.approx(2.0)
    assert found.error == pytest.approx(1.0 / math.sqrt(3.0))


@pytest.mark.parametrize("between", [0.0, 0.3])
def test_95_percent_intervals_cover(between):
    hits = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        errors = rng.uniform(0.05, 0.15, 6)
        values = 1.0 + between * rng.normal(size=6) + errors * rng.normal(size=6)
        low, high = combine([record(v, e) for v, e in zip(values, errors)]).interval(0.95)
        hits += low <= 1.0 <= high
    assert 0.90 <= hits / 300 <= 0.985


def test_random_walks_of_several_seeds_are_one_long_one():
    records = [diffusion(random_walk(seed, 40, 150)[0], drift=None) for seed in range(6)]
    found = combine(records)
    assert found.value == pytest.approx(0.5, abs=4 * found.error)
    assert found.error == pytest.approx(np.mean([r.error for r in records]) / math.sqrt(6), rel=0.2)


def test_single_numbers_besides_the_value_are_combined_too():
    from test_analysis_coordination import two_state

    records = [
        coordination(two_state(np.random.default_rng(s).uniform(size=(100, 4)) < 0.4), "C", "K") for s in range(4)
    ]
    found = combine(records)
    assert found.measures["contacts"].value == pytest.approx(2 * found.value, rel=1e-9)
    assert found.to_dict()["measures"]["contacts"]["trusted"]
    arrays = combine(
        [record(np.array([1.0, 2.0]), np.array([0.1, 0.1])), record(np.array([1.2, 2.0]), np.array([0.1, 0.2]))]
    )
    np.testing.assert_allclose(arrays.value, [1.1, 2.0])
    with pytest.raises(AnalysisError, match="cannot be plotted"):
        arrays.plot()


def test_what_had_not_settled_in_a_run_is_said_of_the_mean():
    drift = "temperature: it drifts by 9.0 standard errors"
    whole = Sample(100, 100, "frames", 0.1, 10.0, judged=True, stages=("produce",))
    cut = Sample(60, 100, "frames", 4.1, 10.0, "equilibration", True, (drift,), ("produce", "more"))
    found = combine([record(1.0, 0.1, sample=whole, trend=1.0), record(1.1, 0.1, sample=cut, trend=-9.0)])
    assert found.trend == -9.0
    assert (found.sample.used, found.sample.total, found.sample.first) == (160, 200, 0.1)
    assert found.sample.unsettled == ("temperature in run 2: it drifts by 9.0 standard errors",)
    assert found.sample.stages == ("produce", "more")
    assert f"run 2: {cut.note}" in found.notes
    results = Results({"D": found})
    assert results.verdict == "unsettled"
    assert "not settled: drifts by 9.0 standard errors" in results.rows()[0].note
    settled = combine([record(1.0, 0.1, sample=whole), record(1.1, 0.1, sample=whole)])
    assert Results({"D": settled}).verdict == "settled"
    assert combine([record(1.0, 0.1), record(1.1, 0.1)]).sample is None


def test_a_part_that_drifts_in_a_run_drifts_in_the_mean():
    parts = [WithPart(**vars(record(1.0, 0.1)), part=Measure(1.0, 0.1, "eV", 20.0, trend)) for trend in (0.5, -8.0)]
    assert combine(parts).measures["part"].trend == -8.0


def test_entries_of_a_table_are_combined_by_name():
    rng = np.random.default_rng(3)
    runs = [coordination(two_sites(rng), "C", "K", cutoff=4.0) for _ in range(3)]
    found = combine(runs)
    for site in ("C", "C:edge"):
        each = [run.by_site[site] for run in runs]
        weights = np.array([1.0 / measure.error**2 for measure in each])
        mean = found.measures[f"by_site {site}"]
        low, high = min(m.value for m in each), max(m.value for m in each)
        assert low <= mean.value <= high
        if mean.n_effective > len(runs):  # the runs' own errors decided
            assert mean.value == pytest.approx(weights @ [m.value for m in each] / weights.sum(), rel=1e-12)


def test_lifetimes_without_a_break_do_not_spoil_the_rest():
    from test_analysis_lifetimes import pairs_of, telegraph

    runs = [lifetimes(pairs_of(telegraph(s, 200, np.full(8, 0.05), np.full(8, 0.05))), "C", "K") for s in range(3)]
    assert combine(runs).value == pytest.approx(10.0, rel=0.3)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([record(1.0, 0.1)], "two or more runs, got 1"),
        ([record(1.0, 0.1), record(1.0, 0.1, quantity="E")], "different quantities"),
        ([record(1.0, 0.1), record(1.0, 0.1, unit="eV")], "different quantities"),
        ([record(np.ones(2), np.ones(2)), record(np.ones(3), np.ones(3))], "different shapes"),
        ([record(math.nan, math.nan), record(1.0, 0.1)], "Run 1 has no value"),
    ],
)
def test_what_cannot_be_combined_is_said(records, message):
    with pytest.raises(AnalysisError, match=message):
        combine(records)
