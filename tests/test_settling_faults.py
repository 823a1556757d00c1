"""What must not be called settled: ramps, differing stages, late changes, hidden drift, missing data."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from synthetic import autoregressive, frame, topology

from nakmd.analysis import FrameList, thermo
from nakmd.analysis.frame_choice import FrameChoice
from nakmd.analysis.settling import settling_of
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.results.results import Results

#: Memory of the noise from sample to sample: a correlation time of 4.5 samples, g = 9.
MEMORY = 0.8

#: Spacing of the frames [ps].
STEP = 0.1


def frames_of(energy, stages=("produce",), times=None, names=("K",), pairs=None):
    """Frames of one atom of each name with these energies [eV], in stages of equal length."""
    n, cell = len(energy), Cell([10.0] * 3)
    times = STEP * np.arange(n) if times is None else times
    kinds = topology(names, range(len(names)))
    frames = []
    for t in range(n):
        fields = {"potential_energy": float(energy[t]), "stage": stages[t * len(stages) // n]}
        if pairs is not None:
            fields["pair_energies"] = pairs[t] * np.array([[0.0, 1.0], [0.0, 0.0]])
        frames.append(frame(cell, np.zeros((len(names), 3)), t, float(times[t]), **fields))
    return FrameList(kinds, frames)


def noise(seed, n):
    return autoregressive(seed, n, MEMORY)


def with_table(source, energy, **columns):
    """Give a source a thermo table with rows as dense as these energies, over the time and stages of the frames."""
    rows = len(energy)
    stage = [source[t * len(source) // rows].stage for t in range(rows)]
    source.thermo = {
        "time": STEP * len(source) / rows * np.arange(rows),
        "stage": np.array(stage, dtype=object),
        "potential_energy": energy,
        **columns,
    }
    return source


# the thermostat


@pytest.mark.parametrize("stages", [("produce",), ("produce a", "produce b")])
def test_a_thermostat_that_varies_is_a_fault(stages):
    energy = noise(1, 400)
    ramp = np.linspace(400.0, 600.0, 400) if len(stages) == 1 else np.repeat([400.0, 600.0], 200)
    constant = with_table(frames_of(energy), energy, set_temperature=np.full(400, 500.0))
    assert FrameChoice.of(constant).unsettled == ()
    varying = with_table(frames_of(energy, stages), energy, set_temperature=ramp)
    assert "temperature: the thermostat goes from 400 to 600 K" in FrameChoice.of(varying).unsettled
    assert Results({"thermo": thermo(varying)}).verdict == "unsettled"


def test_a_ramp_that_is_left_out_is_none_and_stages_without_thermostat_are_none():
    energy = noise(1, 400)
    ramp = np.concatenate([np.linspace(400.0, 600.0, 200), np.full(200, 600.0)])
    source = with_table(frames_of(energy), energy, set_temperature=ramp)
    assert FrameChoice.of(source, start=20.0).unsettled == ()
    # no thermostat in the second half
    half = np.concatenate([np.full(200, 600.0), np.full(200, np.nan)])
    assert FrameChoice.of(with_table(frames_of(energy), energy, set_temperature=half)).unsettled == ()


# stages


@pytest.mark.parametrize("levels", [(0.0, 5.0), (5.0, 0.0), (0.0, 5.0, 0.0)])
def test_stages_of_different_states_are_a_fault_and_none_is_left_out(levels):
    stages = [f"produce {k}" for k in range(len(levels))]
    energy = np.repeat(levels, 200) + noise(2, 200 * len(levels))
    choice = FrameChoice.of(frames_of(energy, stages))
    assert choice.skip == 0
    # the means of 200 samples, worth 22 independent ones, have errors of 0.21, the difference 0.30: 5 is 17 errors
    assert any(
        entry.startswith("potential energy: its means in 'produce 0' and 'produce 1' differ by")
        or entry.startswith("potential energy: its means in 'produce 1' and 'produce 2' differ by")
        for entry in choice.unsettled
    )


def test_stages_of_one_state_are_one_sample():
    # limit 4 of a difference with 40 degrees of freedom: 0.006 %, and about 2 % of other faults for each stage
    flagged = [
        FrameChoice.of(frames_of(noise(seed, 400), ("produce a", "produce b"))).unsettled for seed in range(10, 20)
    ]
    assert sum(bool(entries) for entries in flagged) <= 2
    assert not any("its means" in entry for entries in flagged for entry in entries)


def test_the_cut_stays_in_the_first_stage():
    decay = 20.0 * np.exp(-np.arange(300) / 15.0)
    choice = FrameChoice.of(frames_of(noise(3, 600) + np.r_[decay, np.zeros(300)], ("produce a", "produce b")))
    assert (choice.unsettled, choice.left_out) == ((), "equilibration")
    assert 0 < choice.skip <= 150  # half of the first stage
    assert choice.measured == ("produce a", "produce b")
    # the same decay in the second stage cannot be left out: frames are one tail
    choice = FrameChoice.of(frames_of(noise(3, 600) + np.r_[np.zeros(300), decay], ("produce a", "produce b")))
    assert choice.skip == 0
    assert "potential energy in 'produce b': it equilibrates until" in choice.unsettled[0]


def test_the_sample_names_the_stages_that_frames_come_from():
    source = frames_of(noise(4, 400), ("produce a", "produce b"))
    assert thermo(source).sample.stages == ("produce a", "produce b")
    assert thermo(source, start=25.0).sample.stages == ("produce b",)


# frames without times, and times that decrease


def test_frames_without_times_are_cut_by_number():
    energy = noise(5, 600) + 20.0 * np.exp(-np.arange(600) / 30.0)
    timed, untimed = (frames_of(energy, times=times) for times in (None, np.full(600, math.nan)))
    sample, expected = thermo(untimed).sample, thermo(timed).sample
    assert (sample.used, sample.judged, sample.unsettled) == (expected.used, True, ()) != (600, True, ())
    assert sample.text == f"{sample.used} of 600 frames, from frame {601 - sample.used}"
    assert sample.note == f"Everything before frame {601 - sample.used} is left out (equilibration, detected)."
    with pytest.raises(AnalysisError, match="start is a time, but these frames have no times"):
        thermo(untimed, start=5.0)
    json.dumps(Results({"thermo": thermo(untimed)}).to_dict(), allow_nan=False)


@pytest.mark.parametrize("times", [np.r_[np.arange(300), np.arange(300)] * STEP, np.arange(600)[::-1] * STEP])
def test_frames_with_decreasing_times_are_cut_by_number(times):
    energy = noise(5, 600) + 20.0 * np.exp(-np.arange(600) / 30.0)
    choice, expected = FrameChoice.of(frames_of(energy, times=times)), FrameChoice.of(frames_of(energy))
    assert choice.skip == expected.skip > 0
    assert (choice.ordered, expected.ordered) == (False, True)
    with pytest.raises(AnalysisError, match=r"the times of these frames decrease, from .* in frame"):
        FrameChoice.of(frames_of(energy, times=times), start=5.0)


# start together with the detected equilibration


def test_start_and_equilibration_cut_frames_and_rows_alike():
    # nothing happens until 30 ps; from there on it relaxes
    energy = noise(6, 800) + np.r_[np.zeros(300), 20.0 * np.exp(-np.arange(500) / 50.0)]
    source = with_table(frames_of(energy), energy)
    choice = FrameChoice.of(source, start=30.0, discard="auto")
    assert choice.left_out == "start, equilibration"
    assert source[choice.skip].time >= choice.first > source[choice.skip - 1].time
    assert "start was given; then equilibration, detected" in thermo(source, start=30.0, discard="auto").sample.note
    # a start beyond half of the frames: the equilibration after it is left out all the same
    choice = FrameChoice.of(
        with_table(frames_of(np.roll(energy, 150)), np.roll(energy, 150)), start=45.0, discard="auto"
    )
    assert choice.skip > 450
    assert STEP * choice.skip >= choice.first > 45.0


def test_frames_that_are_mostly_in_the_equilibration_are_said():
    energy = noise(6, 800) + 20.0 * np.exp(-np.arange(800) / 60.0)
    times = np.r_[np.arange(15) * 0.2, np.linspace(60.0, 79.0, 5)]
    source = frames_of(np.zeros(20), times=times)
    source.thermo = {"time": STEP * np.arange(800), "stage": np.full(800, "produce"), "potential_energy": energy}
    choice = FrameChoice.of(source)
    assert choice.skip == 10
    assert any(entry.startswith("frames: equilibration ends at") for entry in choice.unsettled)


# late changes and drift, seeded ensembles


def share_flagged(shape, seeds, n=400):
    """Return the share of series of these shapes with a fault."""
    return np.mean([bool(settling_of("energy", (np.arange(n), shape + noise(seed, n))).fault) for seed in seeds])


POSITION = np.arange(400) / 400


@pytest.mark.parametrize(
    ("shape", "least"),
    [
        # 80 samples after the step are worth 9 independent ones: 10 σ is 28 errors of the shorter part, far beyond 4;
        # one of 20 may have an estimated correlation time that hides it
        (10.0 * (POSITION < 0.8), 0.95),
        (10.0 * (POSITION > 0.8), 0.95),
        # a fall and a rise have no slope. Of 5 σ, two thirds are curvature; the correlation time is estimated from
        # what the parabola leaves, the tip: half of the series, less 3 binomial errors of 0.11, is a modest demand
        (5.0 * np.abs(2.0 * POSITION - 1.0), 0.5),
    ],
    ids=["step down", "step up", "fall and rise"],
)
def test_late_changes_are_flagged(shape, least):
    assert share_flagged(shape, range(100, 120)) >= least


@pytest.mark.parametrize("amplitude", [4.0, 8.0])
def test_a_ramp_is_not_hidden_by_the_cut(amplitude):
    # a line of 4 σ over 44 independent samples drifts by 4/√12 · √44 = 7.7 errors; all but one series must be flagged
    assert share_flagged(amplitude * (POSITION - 1.0), range(200, 220)) >= 0.95


def test_a_relaxation_that_ends_is_no_drift():
    # the whole drifts, the tail does not, and its slope is far from that of the whole
    assert share_flagged(30.0 * np.exp(-POSITION / 0.04), range(300, 320)) <= 0.15


def test_stationary_series_are_neither_cut_nor_flagged():
    # n/g = 44. With estimated correlation times, 1 % are flagged or cut (`nakmd.analysis.settling`). More than 4 of 60
    # has a chance below 0.1 % at that rate, and of 2 % at twice that; without a limit for the cut, 6 % would be cut.
    settlings = [settling_of("energy", (np.arange(400), noise(seed, 400))) for seed in range(400, 460)]
    assert sum(settling.settled > settling.begin for settling in settlings) <= 4
    assert sum(bool(settling.fault) for settling in settlings) <= 4


# what could not be judged


def test_settled_needs_the_energy_between_wall_and_metal():
    energy = noise(7, 400)

    def choice_of(n, pairs):
        source = frames_of(energy[:n], names=("C", "K"), pairs=pairs)
        return with_table(source, energy)

    few, enough = (choice_of(n, noise(8, n)) for n in (20, 200))
    assert FrameChoice.of(enough).judged
    choice = FrameChoice.of(few)
    assert choice.unjudged == ("energy between wall and metal: 20 samples, fewer than 30",)
    results = Results({"thermo": thermo(few)})
    assert results.verdict == "unjudged"
    assert any("could not be judged: energy between wall and metal" in note for note in results.notes)
    assert FrameChoice.of(choice_of(200, None)).unjudged == (
        "energy between wall and metal: the frames do not have it",
    )
    # metal alone has no such energy
    assert FrameChoice.of(with_table(frames_of(energy[:20]), energy)).judged


def test_a_series_of_few_independent_samples_is_not_judged():
    # a correlation time of 100 samples, g = 199: this series of 400 is worth two, and is estimated at four
    choice = FrameChoice.of(frames_of(autoregressive(3, 400, 0.99)))
    assert (choice.unsettled, choice.judged) == ((), False)
    assert choice.unjudged[0].endswith(" independent samples, fewer than 5")


def test_pressure_of_frames_is_watched():
    n, rng = 200, np.random.default_rng(10)
    source = frames_of(rng.normal(size=n))
    drift = np.linspace(0.0, 5.0, n)
    frames = [replace(one, virial=rng.normal(size=6) + drift[t], kinetic_energy=1.0) for t, one in enumerate(source)]
    choice = FrameChoice.of(FrameList(source.topology, frames))
    assert any(entry.startswith("pressure: it drifts") for entry in choice.unsettled)
