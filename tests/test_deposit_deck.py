"""Deposition in decks and files: who is there in each frame, what may be measured, what readers see."""

import signal

import ase.io
import numpy as np
import pytest

import nakmd
from nakmd.analysis import FrameList, rdf, run_all
from nakmd.analysis.base import Analysis
from nakmd.errors import AnalysisError
from nakmd.io import convert
from nakmd.io.ase_atoms import to_atoms
from nakmd.simulation import loop

DECK = """
title = "Na and K on liquid K"
[model]
potential = "nak"
[structure.liquid]
x_K = 1.0
atoms = 110
temperature = "350 K"
thickness = "18 Å"
[structure.box]
vacuum = "20 Å"
periodic = [true, true, false]
[[stage]]
kind = "deposit"
species = ["Na", "K"]
count = 3
every = "80 fs"
timestep = "4 fs"
ensemble = "nve"
velocities = "300 K"
[[stage]]
kind = "produce"
duration = "0.4 ps"
timestep = "4 fs"
ensemble = "nve"
[output]
trajectory_every = 10
thermo_every = 10
checkpoint_every = 10
[analysis]
quantities = ["thermo", "rdf"]
discard = "none"
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return nakmd.run(nakmd.Deck.from_text(DECK), directory=tmp_path_factory.mktemp("deposit") / "run", threads=1)


def test_frames_say_which_atoms_are_there(run):
    trajectory = run.trajectory
    counts = [int(frame.present.sum()) - 110 for frame in trajectory["deposit"]]
    assert counts == [0, 1, 1, 2, 2, 3, 3]
    assert trajectory.groups["deposited"].sum() == 3
    assert list(np.array(trajectory.species_names)[trajectory.species[-3:]]) == ["Na", "K", "Na"]
    assert list(trajectory.thermo["arrived"][:7]) == counts


def test_readers_that_take_any_number_of_atoms_see_those_that_are_there(run, tmp_path):
    frames = list(run.trajectory)
    assert len(to_atoms(frames[0], run.trajectory.topology)) == 110
    convert(run.trajectory.path, tmp_path / "all.xyz")
    assert [len(atoms) for atoms in ase.io.read(tmp_path / "all.xyz", ":")] == [int(f.present.sum()) for f in frames]
    copied = nakmd.Trajectory(convert(run.trajectory.path, tmp_path / "copy.h5md").target)
    assert np.array_equal(copied.presence(), run.trajectory.presence())
    notes = convert(run.trajectory.path, tmp_path / "all.dcd").notes
    assert any("parked" in note for note in notes)


def test_a_quantity_is_measured_where_the_atoms_stay_the_same(run):
    assert set(run.results.failures) == set()
    with pytest.raises(AnalysisError, match="3 atoms arrive or leave in stage 'deposit'"):
        rdf(run.trajectory, stages="deposit")


def test_atoms_that_are_never_there_do_not_exist_for_an_analysis(run):
    trajectory = run.trajectory
    first = trajectory["deposit"][:1]  # no atom has arrived
    frame = next(iter(trajectory))
    bare = FrameList(trajectory.topology.without_absent(frame.present), [frame.part(frame.present)])
    expected, found = (rdf(source, stages="all", discard="none") for source in (bare, first))
    assert np.array_equal(found.value, expected.value)


class Count(Analysis):
    follows_arrivals = True

    def prepare(self, topology):
        self.numbers = []

    def update(self, frame):
        self.numbers.append(int(frame.present.sum()))

    def result(self):
        raise AnalysisError(str(self.numbers))


def test_an_analysis_may_follow_arrivals(run):
    (outcome,) = run_all(run.trajectory, [Count()], stages="deposit", discard="none")
    assert str(outcome) == "[110, 111, 111, 112, 112, 113, 113]"


@pytest.mark.parametrize("step", [1, 30, 41, 75])
def test_a_run_with_arrivals_resumes_to_the_bit(run, tmp_path, monkeypatch, step):
    monkeypatch.setattr(loop, "PROGRESS_INTERVAL", 0.0)

    sent = []

    def interrupt(progress):
        if progress.step == step and not sent:
            sent.append(step)
            signal.raise_signal(signal.SIGINT)

    stopped = nakmd.run(nakmd.Deck.from_text(DECK), tmp_path / "run", threads=1, progress=interrupt)
    assert stopped.status == "interrupted"
    resumed = nakmd.resume(tmp_path / "run", threads=1)
    for name in ("arrived", "arrival_work", "conserved", "free_temperature"):
        np.testing.assert_array_equal(resumed.trajectory.thermo[name], run.trajectory.thermo[name])
    for frame, expected in zip(resumed.trajectory, run.trajectory, strict=True):
        assert np.array_equal(frame.positions, expected.positions)
        assert np.array_equal(frame.velocities, expected.velocities)
        assert np.array_equal(frame.present, expected.present)
    assert resumed.notes == run.notes


def test_what_a_reader_must_know_is_noted(run):
    assert any("atoms arrived: 3; evaporated and parked: 0" in note for note in run.notes)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('side = "above"', 'side = "around"', "the structure has none"),
        ("count = 3", "count = 0", "count"),
        ('every = "80 fs"', 'every = "1 fs"', "less than its time step"),
        ('vacuum = "20 Å"', 'vacuum = "9 Å"', "Make the vacuum larger"),
        ('quantities = ["thermo", "rdf"]', 'when = "live"', 'Write when = "after"'),
        ('species = ["Na", "K"]', 'species = "Xx"', "Xx"),
        ('ensemble = "nve"\nvelocities = "300 K"', 'temperature = "300 K"\ngroup = "bat"', '"bat" selects no atoms'),
    ],
)
def test_a_deposition_that_cannot_work_is_refused_with_its_line(old, new, words):
    text = DECK.replace('species = ["Na", "K"]', 'species = ["Na", "K"]\nside = "above"').replace(old, new)
    with pytest.raises(nakmd.errors.DeckError, match=words):
        nakmd.run(nakmd.Deck.from_text(text), directory="never")


def test_a_bath_that_acts_on_atoms_in_flight_is_mentioned():
    from nakmd.runs.plan import make_plan

    text = DECK.replace('ensemble = "nve"\nvelocities = "300 K"', 'temperature = "300 K"', 1)
    assert any("acts on atoms that arrive" in warning for warning in make_plan(nakmd.Deck.from_text(text)).warnings)
