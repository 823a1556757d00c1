"""Decks with transmutations: who is there in each frame, what is measured and reported, and the faults."""

import numpy as np
import pytest
from small_decks import LIQUID, frames_of, small

import nakmd
from nakmd.analysis import density
from nakmd.analysis.frame_source import FrameList
from nakmd.analysis.geometry.profile import Profile
from nakmd.cell import Cell
from nakmd.deck.source import DeckSource
from nakmd.runs.estimate import estimate
from nakmd.runs.plan import make_plan
from nakmd.system import Frame, Topology

MOVE = {"kind": "transmutation", "species": ["Na", "K"], "composition": 0.5, "every": 5, "attempts": 30}


def deck(**more):
    return nakmd.Deck(
        model={"potential": "nak-2016"},
        structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 60}},
        stage=[
            {"kind": "equilibrate", "temperature": "450 K", "steps": 40, "move": [MOVE]},
            {"kind": "produce", "temperature": "450 K", "steps": 20},
        ],
        output={"trajectory_every": 5, "thermo_every": 5, "checkpoint_every": 20},
        analysis={"quantities": ["thermo", "rdf"], "discard": "none"},
        **more,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return nakmd.run(deck(), tmp_path_factory.mktemp("transmutation") / "run", threads=1)


def test_the_composition_changes_and_is_reported(run):
    trajectory = run.trajectory
    presence = trajectory.presence()
    assert presence.shape == (13, 120)
    assert np.all(presence.sum(axis=1) == 60)
    potassium = trajectory.topology.select("K")
    fractions = (presence & potassium).sum(axis=1) / 60
    assert fractions[0] == pytest.approx(0.67, abs=0.01)
    np.testing.assert_array_equal(fractions[:9], trajectory.thermo["composition"][:9])
    # the last frames belong to the stage without moves
    assert set(fractions[9:]) == {fractions[8]}
    assert np.all(np.isnan(trajectory.thermo["composition"][9:]))
    assert fractions[8] < fractions[0]
    assert np.all(np.isfinite(trajectory.thermo["delta_mu"][:9]))
    assert trajectory.thermo_units["delta_mu"] == "eV"
    page = (run.directory / "report.html").read_text()
    assert "30 transmutations of Na–K every 5 steps, composition 0.5" in page
    assert "10.1103/PhysRevB.85.184203" in page


def test_quantities_are_of_the_atoms_that_are_there(run):
    """In the stage without moves the parked atoms do not exist; with moves only profiles and averages are allowed."""
    trajectory = run.trajectory
    assert run.results.failures == {}
    frame = trajectory[-1]
    here = frame.present
    alone = FrameList(trajectory.topology.without_absent(here), [frame.part(here)])
    expected = nakmd.analysis.rdf(alone, discard="none")
    found = nakmd.analysis.rdf(trajectory[-1:], stages="all", discard="none")
    np.testing.assert_array_equal(found.value, expected.value)
    with pytest.raises(nakmd.errors.AnalysisError, match="replace each other in stage 'equilibrate'"):
        nakmd.analysis.rdf(trajectory, stages="equilibrate")


def test_profiles_follow_the_composition(run):
    """The numbers of atoms in a profile are those of the frames, in a stage where they change."""
    trajectory, stage = run.trajectory, run.trajectory["equilibrate"]
    profile = density(trajectory, about="cell", stages="equilibrate", discard="none")
    presence = stage.presence()
    for kind, name in enumerate(profile.species):
        mean = (presence & trajectory.topology.select(name)).sum(axis=1).mean()
        volume = trajectory[0].cell.volume / len(profile.distance)
        assert profile.value[0, kind].sum() * volume == pytest.approx(mean, rel=0.02)  # the last bin is cut by the cell


def test_energies_by_atom_are_of_the_atoms_that_are_there(run):
    thermo = nakmd.analysis.thermo(run.trajectory, stages="equilibrate", discard="none")
    table = run.trajectory.thermo
    rows = table["stage"].astype(str) == "equilibrate"
    assert thermo.quantities["potential_energy"].value == pytest.approx(table["potential_energy"][rows].mean() / 60)
    assert thermo.quantities["composition"].value == pytest.approx(table["composition"][rows].mean())


def test_extending_gives_the_bits_of_a_longer_run(tmp_path):
    whole = nakmd.run(small(steps=30, move=[MOVE]), tmp_path / "whole", threads=1)
    nakmd.run(small(steps=17, move=[MOVE]), tmp_path / "part", threads=2)
    part = nakmd.resume(tmp_path / "part", steps=13, threads=1)
    assert frames_of(tmp_path / "whole") == frames_of(tmp_path / "part")
    np.testing.assert_array_equal(part.trajectory.presence(), whole.trajectory.presence())
    assert part.stages == whole.stages
    assert whole.stages[0].accepted > 0


def test_check_counts_the_atoms_that_are_there():
    plan = make_plan(small(move=[MOVE]))
    assert plan.faults == []
    found = estimate(plan, timed=False)
    assert (found.n_atoms, found.n_parked) == (60, 60)
    assert sum(found.species.values()) == 60
    assert found.groups == {"liquid": 60}
    assert "30 transmutations of Na–K every 5 steps, composition 0.5" in found.stages[0].what


def test_a_profile_counts_each_frame_by_its_own_atoms():
    """Na or K at two places, 12 Å above and below a sheet; the parked atoms are counted nowhere."""
    grid = np.array([[x, y, 15.0] for x in np.arange(0.0, 12.0, 1.5) for y in np.arange(0.0, 12.0, 1.5)])
    places = np.vstack([grid, [[6.0, 6.0, 27.0]] * 2, [[6.0, 6.0, 3.0]] * 2])
    species = np.array([0] * len(grid) + [1, 2, 1, 2])
    topology = Topology(("C", "Na", "K"), species, np.ones(len(species)), np.array([True] * 3), {})
    images, cell, profile = np.zeros((len(places), 3), np.int32), Cell([12.0, 12.0, 30.0]), Profile(("Na", "K"))
    profile.prepare(topology)
    counts = []
    for above, below in [("Na", "K"), ("K", "Na"), ("K", "K")]:
        there = [above == "Na", above == "K", below == "Na", below == "K"]
        present = np.append(np.ones(len(grid), dtype=bool), there)
        profile.update(Frame(0, 0.0, places, images, cell, present=present))
        counts.append(profile.sums.total[:, :2].sum(axis=2))
    # sides by metals, after each frame
    np.testing.assert_array_equal(counts, [[[1, 0], [0, 1]], [[1, 1], [1, 1]], [[1, 2], [1, 2]]])


STAGE = '[[stage]]\nkind = "produce"\nsteps = 20\ntemperature = "450 K"\n'
TRANSMUTE = STAGE + '[[stage.move]]\nkind = "transmutation"\nspecies = ["Na", "K"]\n'
DEPOSIT = (
    '[[stage]]\nkind = "deposit"\nspecies = "K"\ncount = 1\nevery = "80 fs"\nensemble = "nve"\nvelocities = "300 K"\n'
)


@pytest.mark.parametrize(
    ("stage", "line", "message"),
    [
        (TRANSMUTE, 8, "needs delta_mu, the difference of the chemical potentials, or composition"),
        (TRANSMUTE + "delta_mu = 0.1\n", 15, "the unit is missing"),
        (TRANSMUTE + "composition = 1.5\n", 15, "at most 1"),
        (TRANSMUTE + 'delta_mu = "0.1 eV"\nspread = 0.1\n', 8, "spread belongs to a target composition"),
        (TRANSMUTE.replace("transmutation", "swap") + "composition = 0.5\n", 12, '"swap" does not use'),
        (TRANSMUTE.replace('"Na", "K"', '"Na", "Kk"') + "composition = 0.5\n", 14, '"Kk" selects no atoms'),
        (2 * (TRANSMUTE.partition(STAGE)[2] + "composition = 0.5\n"), 8, "several transmutations"),
        (TRANSMUTE + 'composition = 0.5\n[analysis]\nwhen = "live"\n', 17, "atoms replace each other in this run"),
    ],
    ids=["neither", "unit", "range", "spread", "swap", "species", "two", "live"],
)
def test_faults_have_line_and_remedy(stage, line, message):
    text = LIQUID + (stage if stage.startswith(STAGE) else STAGE + stage)
    (fault,) = make_plan(DeckSource.parse(text)).faults
    assert fault.startswith(f"deck:{line}: ")
    assert message in fault


def test_depositions_and_transmutations_do_not_mix():
    film = 'atoms = 110\nthickness = "18 Å"\n[structure.box]\nvacuum = "20 Å"\nperiodic = [true, true, false]'
    text = LIQUID.replace("atoms = 60", film)
    faults = make_plan(DeckSource.parse(text + DEPOSIT + TRANSMUTE + "composition = 0.5\n")).faults
    assert any("other atoms arrive in this run" in fault for fault in faults)
