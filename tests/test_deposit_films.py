"""Deposition on the face of a crystal from a deck: the film, what sticks, and how its file is measured."""

import numpy as np
import pytest

import nakmd
from nakmd.analysis import RDF, Growth, analyze, growth, sticking
from nakmd.errors import AnalysisError
from nakmd.potentials.library import warm_lattice
from nakmd.simulation import LiveAnalysis

DECK = """
title = "Na and K on K(110)"
[model]
potential = "nak"
[structure.crystal]
element = "K"
face = "110"
repeat = [4, 3]
layers = 6
temperature = "200 K"
fixed_layers = 2
bath_layers = 2
[structure.box]
vacuum = "20 Å"
[groups]
frozen = ["fixed"]
[[stage]]
kind = "deposit"
species = ["Na", "K"]
count = 4
every = "1.6 ps"
timestep = "4 fs"
temperature = "200 K"
ensemble = "langevin"
group = "bath"
energy = "0.3 eV"
height = "10 Å"
[output]
trajectory_every = 100
thermo_every = 20
[analysis]
quantities = ["growth", "sticking", "rdf"]
stages = ["deposit"]
discard = "none"
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return nakmd.run(nakmd.Deck.from_text(DECK), directory=tmp_path_factory.mktemp("film") / "run", threads=1)


def test_the_film_of_a_run(run):
    film = run.results["growth"]
    there = np.array([int(frame.present.sum()) for frame in run.trajectory]) - 6 * 24
    # every atom that is there is in a layer or in flight
    assert (np.round(film.theta * 24) + film.in_flight).tolist() == there.tolist()
    assert there[-1] == 4
    # 10 Å at 16 Å/ps (Na) and 12 Å/ps (K) take less than 1 ps: the last frame is 1.6 ps after the last arrival
    assert film.in_flight[-1] == 0
    a = warm_lattice("nak-2026", "K", 200.0)
    # two frozen layers and a warm one of 24 atoms, whose mean height varies by 0.3 Å/√24: 3 σ of the slope are 0.1 Å
    planes = float(film.notes[0].split()[1])
    assert planes == pytest.approx(a / np.sqrt(2.0), abs=0.1)
    stuck = run.results["sticking"]
    assert (stuck.arrived, stuck.left) == (4, 0)
    assert set(stuck.by_element) == {"Na", "K"}


def test_the_file_gives_the_same(run):
    for function, name in ((growth, "growth"), (sticking, "sticking")):
        stored = function(run.trajectory).to_dict()
        assert {**stored, "sample": None} == {**run.results[name].to_dict(), "sample": None}


def test_what_needs_the_same_atoms_is_refused_with_the_reason(run):
    assert "atoms arrive or leave in stage 'deposit'" in str(run.results.failures["rdf"])


def test_a_growing_film_is_not_cut_like_an_equilibration(run):
    """By default nothing of a deposition is left out, and it is not said to drift."""
    by_default = analyze(run.trajectory, ["growth"])["growth"]
    assert by_default.sample.used == by_default.sample.total == len(run.trajectory)
    assert by_default.sample.unsettled == ()
    assert by_default.sample.unjudged == ("4 atoms arrive or leave in these frames, which are no equilibrium",)
    assert np.array_equal(by_default.theta, run.results["growth"].theta)


def test_live_analyses_do_not_count_parked_atoms(run):
    trajectory = run.trajectory
    live = {kind: LiveAnalysis(kind(), trajectory.topology, 100) for kind in (RDF, Growth)}
    for analysis in live.values():
        analysis.replay(trajectory)
    assert live[Growth].result().theta[-1] == run.results["growth"].theta[-1]
    with pytest.raises(AnalysisError, match="rdf would count the 4 atoms that are parked at step 0"):
        live[RDF].result()
