"""The keys of a deck that choose what frames hold: checks, estimates, runs, and analyses of what is stored."""

import numpy as np
import pytest
from test_deck_run import interrupt_at

import nakmd
from nakmd.deck.deck import Deck
from nakmd.errors import AnalysisError, DeckError
from nakmd.io.storage import Storage
from nakmd.runs.estimate import estimate
from nakmd.runs.footprint import BYTES_FILE, BYTES_ONCE
from nakmd.runs.plan import make_plan
from nakmd.simulation import loop

LIQUID = {"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 60}}
STAGE = {"kind": "produce", "temperature": "450 K", "steps": 20}
EVERY = {"trajectory_every": 2, "thermo_every": 2, "checkpoint_every": 6}
ROUGH = {**EVERY, "precision": "0.05 Å", "velocities": False}


def deck_of(output, **more):
    return nakmd.Deck(model={"potential": "nak-2016"}, structure=LIQUID, stage=[STAGE], output=output, **more)


def run(folder, output, **more):
    return nakmd.run(deck_of(output), folder, **{"threads": 1, **more})


def arrays_of(folder):
    with nakmd.Trajectory(folder / "trajectory.h5md") as trajectory:
        return [(f.step, f.positions.tobytes(), f.images.tobytes(), f.velocities is None) for f in trajectory]


@pytest.fixture(scope="module")
def rough(tmp_path_factory):
    """One uninterrupted run with rounded positions and without velocities."""
    return run(tmp_path_factory.mktemp("rough") / "run", ROUGH)


def test_a_run_stores_the_rounded_positions_of_the_exact_run(rough, tmp_path):
    run(tmp_path / "exact", EVERY)
    exact, stored = nakmd.Trajectory(tmp_path / "exact/trajectory.h5md"), rough.trajectory
    assert stored.storage == Storage(0.05, False, "lossless")
    assert exact.storage == Storage()
    assert len(stored) == len(exact) == 11
    for a, b in zip(stored, exact, strict=True):
        assert a.velocities is None
        assert np.array_equal(a.positions, np.round(b.positions * 16.0) / 16.0)  # 2^-4 <= 0.1 < 2^-3
        assert np.array_equal(a.images, b.images)
        assert a.potential_energy == b.potential_energy
        assert a.kinetic_energy == b.kinetic_energy


@pytest.mark.parametrize("damage", [False, True])
def test_stopped_and_resumed_on_other_threads_the_frames_have_the_same_bits(rough, tmp_path, monkeypatch, damage):
    """With a damaged checkpoint the run goes back to the one before, and writes stored frames again."""
    monkeypatch.setattr(loop, "PROGRESS_INTERVAL", 0.0)
    assert run(tmp_path / "run", ROUGH, threads=2, progress=interrupt_at(13)).status == "interrupted"
    if damage:
        checkpoint = tmp_path / "run" / "checkpoint.h5"
        checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    assert nakmd.resume(tmp_path / "run", threads=1).status == "finished"
    assert arrays_of(tmp_path / "run") == arrays_of(rough.directory)


def test_what_needs_velocities_says_so_and_the_rest_is_measured(rough):
    assert not [error for error in rough.results.records.values() if isinstance(error, AnalysisError)]
    assert rough.results["rdf"].value is not None
    with pytest.raises(AnalysisError, match=r"no velocities.*\[output\] velocities = false"):
        nakmd.analysis.velocity_correlation(rough.trajectory, "K")


def test_live_samples_are_not_those_of_rounded_frames(tmp_path, monkeypatch):
    """After an interruption live analyses start again from the trajectory, because it holds other samples."""
    monkeypatch.setattr(loop, "PROGRESS_INTERVAL", 0.0)
    for name, output in (("rough", ROUGH), ("bare", {**EVERY, "velocities": False})):
        live = deck_of(output, analysis={"when": "live", "quantities": ["rdf"]})
        nakmd.run(live, tmp_path / name, threads=1, progress=interrupt_at(13))
        notes = nakmd.resume(tmp_path / name, threads=1).notes
        assert any("made from the trajectory" in note for note in notes)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"precision": "0 Å"}, "from 1e-06 Å to 0.1 Å"),
        ({"precision": "1 Å"}, "from 1e-06 Å to 0.1 Å"),
        ({"precision": "0.001 fs"}, "length"),
        ({"precision": 0.001}, "the unit is missing"),
        ({"precision": "half"}, '"double", "single", or the largest error'),
        ({"precision": "0.001 Å", "compression": "none"}, 'remove compression = "none"'),
        ({"compression": "gzip"}, "compression"),
    ],
)
def test_values_that_are_refused(output, message):
    with pytest.raises(DeckError, match=message):
        deck_of(output)


def test_a_precision_survives_the_text_of_the_deck():
    deck = deck_of({"precision": "1 pm", "velocities": False})
    assert deck.output.precision == 0.01
    assert 'precision = "0.01 Å"' in deck.to_toml()
    assert Deck.from_text(deck.to_toml()).output == deck.output


@pytest.mark.parametrize("when", ["after", "live"])
@pytest.mark.parametrize(("quantity", "refused"), [("vacf", True), ("stress_profile", True), ("viscosity", False)])
def test_a_quantity_of_velocities_that_are_not_stored_is_refused(quantity, refused, when):
    """The viscosity is read from the thermo table."""
    analysis = {"quantities": ["rdf", quantity], "when": when}
    faults = make_plan(deck_of({"velocities": False, "virials": True}, analysis=analysis)).faults
    named = [text for text in faults if f"{quantity} needs the velocities of the atoms" in text]
    assert bool(named) == refused
    if refused:
        assert "Write velocities = true." in named[0]
    assert not make_plan(deck_of({"velocities": True, "virials": True}, analysis=analysis)).faults


@pytest.mark.parametrize(
    ("output", "least", "most"),
    [
        ({}, 48, 51),
        ({"velocities": False}, 24, 26),
        ({"precision": "single", "velocities": False}, 12, 13.5),
        ({"precision": "0.01 Å", "velocities": False}, 5, 12),
        ({"precision": "0.001 Å", "velocities": False}, 6, 12),
        ({"precision": "0.001 Å"}, 16, 24),
        ({"compression": "lossless"}, 36, 48),
    ],
)
def test_the_estimate_of_bytes_by_atom(output, least, most):
    """Its bounds follow from the types of the numbers, and from 18 bits for a coordinate of 400 Å at 0.001 Å."""
    plan = make_plan(deck_of({**EVERY, "trajectory_every": 1, **output}))
    forecast = estimate(plan, timed=False)
    of_frames = forecast.file_size - 120 * forecast.n_rows - BYTES_FILE - 60 * BYTES_ONCE
    by_atom = (of_frames - 1000 * forecast.n_frames) / forecast.n_frames / 60
    assert least <= by_atom <= most
    assert ("no velocities" in forecast.stored) == ("velocities" in output)
