"""Means cover settled frames: relaxations of known time, drifts, constants, and the options that choose the frames."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from synthetic import autoregressive, frame, interface, topology

from nakmd.analysis import FrameList, analyze, coordination, run_all, standard_analyses, thermo
from nakmd.analysis.frame_choice import FrameChoice
from nakmd.analysis.numerics.statistics import mean_with_error
from nakmd.analysis.numerics.trend import LIMIT, trend_of
from nakmd.analysis.settling import settling_of
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.results.results import Results

#: Memory of the noise from sample to sample: a correlation time of 4.5 samples.
MEMORY = 0.8

#: Samples and their spacing [ps].
N, STEP = 1500, 0.1


def with_energies(energy, **fields):
    """Frames of one atom with these potential energies [eV]."""
    cell = Cell([10.0] * 3)
    frames = [
        frame(cell, np.zeros((1, 3)), t, STEP * t, potential_energy=float(e), **fields) for t, e in enumerate(energy)
    ]
    return FrameList(topology(["K"], [0]), frames)


def relaxing(seed, amplitude=20.0, time=0.05 * N, plateau=-1.0):
    """Exponential decay from ``amplitude`` standard deviations above a plateau, and correlated noise."""
    return plateau + amplitude * np.exp(-np.arange(N) / time) + autoregressive(seed, N, MEMORY)


def energy_of(source, **frames):
    return thermo(source, **frames).quantities["potential_energy"]


@pytest.mark.parametrize("seed", range(4))
def test_a_relaxation_is_left_out_of_the_mean(seed):
    source = with_energies(relaxing(seed))
    settled, everything = energy_of(source), energy_of(source, discard="none")
    # the settled mean is within three of its errors; a mean over all frames is off by 20 σ · 5 % = 1 σ,
    # which is 13 errors of 1500 samples worth 167 independent ones
    assert abs(settled.value + 1.0) < 3.0 * settled.error
    assert abs(everything.value + 1.0) > 8.0 * settled.error
    assert "potential energy: it equilibrates until" in thermo(source, discard="none").sample.unsettled[0]
    sample = thermo(source).sample
    # the decay falls below the noise of the mean, 0.08 σ, after ln(20/0.08) = 5.5 decay times, 41 ps of 150
    assert 15.0 < sample.first < 60.0
    assert sample.left_out == "equilibration"
    assert sample.unsettled == ()
    assert sample.used == N - round(sample.first / STEP)
    assert sample.total == N


def test_means_over_settled_frames_are_unbiased():
    z = [(m.value + 1.0) / m.error for m in (energy_of(with_energies(relaxing(seed))) for seed in range(10, 30))]
    # 20 runs: the mean of z is known to 0.22; the end of a decay below the noise may remain, half an error
    assert abs(np.mean(z)) < 0.5 + 3 * 0.22


def test_a_settled_run_keeps_its_frames():
    # of 40 stationary runs most keep every frame, and hardly one is called unsettled: at three standard errors the
    # chance of one is 0.3 %, and a few times that with estimated errors; 3 of 40 would have a chance below 1 %
    samples = [thermo(with_energies(autoregressive(seed, 400, MEMORY))).sample for seed in range(40)]
    assert sum(sample.used == sample.total for sample in samples) >= 28
    assert sum(bool(sample.unsettled) for sample in samples) <= 2
    assert all(sample.used >= sample.total // 2 for sample in samples)
    kept = [thermo(with_energies(autoregressive(seed, 400, MEMORY)), discard="none").sample for seed in range(40)]
    assert sum(bool(sample.unsettled) for sample in kept) <= 2


def test_a_constant_series_is_kept():
    source = with_energies(np.full(100, -3.0))
    sample = thermo(source).sample
    assert (sample.used, sample.unsettled, sample.judged) == (100, (), False)
    assert energy_of(source).value == -3.0


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_a_drift_that_never_ends_is_flagged(noise):
    energy = np.linspace(0.0, 12.0, 600) + noise * autoregressive(5, 600, MEMORY)
    record = thermo(with_energies(energy))
    assert record.sample.unsettled
    assert "potential energy" in record.sample.unsettled[0]
    assert record.sample.used >= 300  # at most the first half is left out
    results = Results({"thermo": record})
    assert results.verdict == "unsettled"
    assert any(note.startswith("Not settled: potential energy") for note in results.notes)
    plain = json.loads(json.dumps(results.to_dict(), allow_nan=False))
    assert plain["verdict"] == "unsettled"
    assert plain["results"]["thermo"]["sample"]["used"] == record.sample.used
    (row,) = [row for row in results.rows() if row.quantity == "potential energy"]
    assert "not settled: drifts by" in row.note
    assert row.frames == record.sample.text


def test_a_quantity_that_drifts_alone_is_flagged():
    # contacts grow while energy and volume stay: the number itself is looked at
    n, wall = 60, 24
    rng = np.random.default_rng(3)
    cell = Cell([60.0, 60.0, 40.0])
    base = np.column_stack([2.4 * np.arange(wall), np.zeros(wall), np.full(wall, 5.0)])
    frames = []
    for t in range(n):
        near = rng.uniform(size=wall) < 0.1 + 0.8 * t / n
        above = base + np.where(near, 3.0, 12.0)[:, None] * [0.0, 0.0, 1.0]
        energy = -10.0 + rng.normal()
        frames.append(frame(cell, np.concatenate([base, above]), t, STEP * t, potential_energy=energy))
    source = FrameList(topology(["C", "K"], [0] * wall + [1] * wall), frames)
    results = Results({"coordination C-K": coordination(source, "C", "K")})
    assert results.verdict == "unsettled"
    assert results.unsettled[0].startswith("K around C: drifts by")


def test_no_discard_gives_the_numbers_of_all_frames_to_the_bit():
    source = interface(60, stages=("produce",))
    chosen = analyze(source, discard="none")
    alone = standard_analyses(source.topology)
    for name, analysis in alone.items():
        analysis.prepare(source.topology)
        for moment in source:
            analysis.update(moment)
        if isinstance(chosen[name], AnalysisError):
            with pytest.raises(AnalysisError, match=re.escape(str(chosen[name]))):
                analysis.result()
            continue
        plain = analysis.result().to_dict()
        assert json.dumps(replace(chosen[name], sample=None).to_dict()) == json.dumps(plain)


def test_every_analysis_sees_the_frames_that_are_chosen():
    source = interface(80, stages=("produce",))
    cut = FrameList(source.topology, list(source)[30:])
    for options in ({"start": 3.0}, {"discard": 30 / 80 + 1e-9}, {"start": 1.0, "discard": 20 / 70 + 1e-9}):
        chosen = analyze(source, **options)
        for name, record in analyze(cut, discard="none").items():
            if isinstance(record, AnalysisError):
                assert str(chosen[name]) == str(record)
                continue
            assert (chosen[name].sample.used, chosen[name].sample.total) == (50, 80)
            assert chosen[name].sample.first == source[30].time
            assert json.dumps(replace(chosen[name], sample=None).to_dict()) == json.dumps(
                replace(record, sample=None).to_dict()
            )


def test_rows_of_the_table_are_cut_at_the_same_time():
    source = with_energies(relaxing(1)[::10])
    time = 0.1 * STEP * np.arange(N)  # the table covers the first tenth of the time of the frames, densely
    source.thermo = {
        "time": time,
        "stage": np.array(["produce"] * N, dtype=object),
        "potential_energy": relaxing(1),
    }
    choice = FrameChoice.of(source, stages="all")
    record = thermo(source, stages="all")
    assert record.sample.of == "rows"
    assert record.sample.first == choice.first
    assert record.series["potential_energy"].shape == (record.sample.used,)
    assert source[choice.skip].time >= choice.first > source[choice.skip - 1].time


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": 1e6}, r"No frame of these stages is at or after start = 1e\+06 ps: the last frame is at 5.9 ps"),
        ({"start": "2 ps"}, "start is a time in ps, a finite number, not '2 ps'"),
        ({"start": math.nan}, "finite number"),
        ({"discard": 1.0}, "a fraction from 0 to less than 1, not 1.0"),
        ({"discard": -0.1}, "not -0.1"),
        ({"discard": "half"}, "not 'half'"),
        ({"discard": True}, "not True"),
        ({"stage": "produce", "stages": "produce"}, "give one of them"),
        ({"stages": "produced"}, "the stages present are 'heat', 'produce'"),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises(AnalysisError, match=message):
        coordination(interface(60), "C", "K", **options)


def test_stages_under_both_names():
    source = interface(60)
    for options in ({"stage": "produce"}, {"stages": ["produce"]}, {"stages": "production"}, {}):
        assert coordination(source, "C", "K", **options).sample.total == 30
    assert coordination(source, "C", "K", stages="all", start=0.0).sample.used == 60
    (record,) = run_all(source, [type(standard_analyses(source.topology)["rdf"])()], stages="heat", discard=0.5)
    assert record.sample.text == "15 of 30 frames, from 1.5 ps"


def test_too_short_to_judge_is_said():
    results = Results({"thermo": thermo(with_energies(autoregressive(1, 12, 0.0)))})
    assert results.verdict == "unjudged"
    assert any("could not be judged" in note for note in results.notes)


def test_trend_in_standard_errors():
    rng = np.random.default_rng(8)
    noise = rng.normal(size=4000)
    time = np.arange(4000) - 1999.5
    error = 1.0 / math.sqrt(float(time @ time))
    # the error of a slope over white noise of variance 1 is exact; that of the estimate is 1/√(2n) = 1 %
    assert trend_of(noise + 20.0 * error * time) == pytest.approx(20.0 + trend_of(noise), rel=0.05)
    assert abs(trend_of(noise)) < LIMIT
    assert trend_of(noise - 20.0 * error * time) < -15.0
    assert trend_of(np.arange(100.0)) == math.inf
    assert trend_of(np.full(100, 0.1)) == 0.0
    assert trend_of(np.arange(29.0)) is None
    # a measure keeps it, and a negative factor turns it around
    measure = mean_with_error(noise + 20.0 * error * time)
    assert measure.scaled(-2.0, "eV").trend == -measure.trend


def test_long_series_are_thinned():
    energy = np.concatenate([np.linspace(50.0, 0.0, 4000), np.zeros(16000)])
    noisy = energy + np.random.default_rng(1).normal(size=20000)
    settling = settling_of("energy", (np.arange(20000.0), noisy))
    # one candidate for each per cent of the series
    assert 3800.0 <= settling.settled <= 4400.0
    assert settling.fault == ""
