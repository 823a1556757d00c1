"""[output] atoms: checks, estimates, runs, and analyses of a trajectory that holds some of the atoms."""

import numpy as np
import pytest
from test_deck_run import interrupt_at

import nakmd
from nakmd.deck.deck import Deck
from nakmd.errors import DeckError
from nakmd.runs.estimate import estimate
from nakmd.runs.footprint import BYTES_FILE, BYTES_ONCE
from nakmd.runs.plan import make_plan
from nakmd.runs.run_checkpoint import read_run_checkpoint
from nakmd.simulation import loop

STRUCTURE = {
    "carbon": {"kind": "graphene", "size": ["22 Å", "22 Å"], "bond": "1.4388 Å", "doping": {"graphitic": 0.02}},
    "liquid": {"region": "between", "thickness": "21 Å", "x_K": 0.5, "temperature": "450 K"},
}
STAGE = {"kind": "produce", "temperature": "450 K", "steps": 20}
EVERY = {"trajectory_every": 2, "thermo_every": 2, "checkpoint_every": 6}


def deck_of(atoms, quantities=("rdf", "diffusion"), when="after", **output):
    analysis = {"when": when, "discard": "none", **({} if quantities is None else {"quantities": list(quantities)})}
    return nakmd.Deck(
        model={"potential": "nak-cn"}, structure=STRUCTURE, groups={"frozen": ["sheet"]}, stage=[STAGE],
        output={**EVERY, "atoms": atoms, **output}, analysis=analysis,
    )  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return the same run twice, with all atoms and with the liquid stored; the adhesion is measured live."""
    folder = tmp_path_factory.mktemp("atoms")
    quantities = ("rdf", "affinity", "thermo")
    return [nakmd.run(deck_of(a, quantities, "live"), folder / a, threads=1) for a in ("all", "liquid")]


def test_the_run_is_the_same_and_its_trajectory_a_part(runs):
    whole, part = (run.trajectory for run in runs)
    liquid = whole.topology.select("liquid")
    assert part.topology.lacking() == {"C": 176, "N:graphitic": 4}
    assert np.array_equal(part.topology.run_indices, np.flatnonzero(liquid))
    assert len(whole) == len(part) == 11
    for a, b in zip(whole, part, strict=True):
        for name in ("positions", "images", "velocities"):
            assert np.array_equal(getattr(a, name)[liquid], getattr(b, name))
        assert (a.potential_energy, a.temperature) == (b.potential_energy, b.temperature)
        assert np.array_equal(a.pair_energies, b.pair_energies)
    for name, column in whole.thermo.items():
        np.testing.assert_array_equal(column, part.thermo[name], err_msg=name)  # NaN where a column has no value
    states = [read_run_checkpoint(run.directory / "checkpoint.h5")["simulation"] for run in runs]
    assert states[1]["positions"].shape == (324, 3)
    for name in ("positions", "velocities"):
        assert np.array_equal(states[0][name], states[1][name])


def test_live_analyses_see_all_atoms(runs):
    whole, part = (run.results for run in runs)
    assert np.array_equal(whole["affinity"].value, part["affinity"].value)
    assert ("C", "K") in part["rdf"].pairs
    assert np.array_equal(whole["rdf"].value, part["rdf"].value)
    assert whole["thermo"].quantities == part["thermo"].quantities  # energies by atom: of all of them


def test_the_report_tells_which_atoms_are_stored(runs):
    whole, part = (run.files["report"].read_text() for run in runs)
    assert "atoms stored" in part
    assert "it lacks 176 C, 4 N:graphitic" in part  # below the view, which shows the liquid alone
    assert "atoms stored" not in whole


def test_stopped_and_resumed_on_other_threads_the_frames_have_the_same_bits(runs, tmp_path, monkeypatch):
    """Live analyses of the wall end with the interruption, as the trajectory has no wall; the others go on from it."""
    monkeypatch.setattr(loop, "PROGRESS_INTERVAL", 0.0)
    deck = deck_of("liquid", ("rdf", "affinity", "thermo"), "live")
    assert nakmd.run(deck, tmp_path / "run", threads=2, progress=interrupt_at(13)).status == "interrupted"
    again = nakmd.resume(tmp_path / "run", threads=1)
    assert any("made from the trajectory" in note for note in again.notes)
    for a, b in zip(runs[1].trajectory, again.trajectory, strict=True):
        for name in ("positions", "images", "velocities", "center", "center_images", "center_velocity"):
            assert np.array_equal(getattr(a, name), getattr(b, name)), name
    assert "the trajectory lacks: 176 C" in again.results.failures["affinity"]
    assert set(again.results["rdf"].pairs) == {("Na", "Na"), ("Na", "K"), ("K", "K")}


def test_quantities_by_default_are_those_that_the_frames_allow(tmp_path):
    run = nakmd.run(deck_of(["K", "N"], None), tmp_path / "run", threads=1)
    assert {"thermo", "diffusion K", "coordination N-K"} <= set(run.results.records)
    assert not {"affinity", "diffusion Na", "coordination C-K"} & {*run.results.records, *run.results.failures}
    notes = [
        note for note in run.results.notes if note.startswith("Not measured, as the trajectory lacks 176 C, 72 Na")
    ]
    assert len(notes) == 1
    assert "affinity" in notes[0]
    assert "diffusion Na" in notes[0]


@pytest.mark.parametrize(
    ("atoms", "message"),
    [
        ("lead", '"lead" selects no atoms'),
        (["liquid", "tubes"], '"tubes" selects no atoms'),
        ("stone_wales", "no atoms"),
    ],
)
def test_names_without_atoms_are_refused(atoms, message):
    (fault,) = make_plan(deck_of(atoms)).faults
    assert message in fault


@pytest.mark.parametrize("atoms", [[], 3, [1]])
def test_values_that_are_no_names_are_refused(atoms):
    with pytest.raises(DeckError, match="atoms"):
        deck_of(atoms)


@pytest.mark.parametrize("atoms", ["liquid", ["K", "N:graphitic"]])
def test_names_survive_the_text_of_the_deck(atoms):
    deck = deck_of(atoms)
    assert Deck.from_text(deck.to_toml()).output == deck.output


def test_a_quantity_of_atoms_that_are_not_stored_is_a_fault_and_live_a_warning():
    plan = make_plan(deck_of("liquid", ("rdf", "affinity")))
    (fault,) = plan.faults
    assert "affinity: the trajectory lacks 176 C, 4 N:graphitic." in fault
    assert '[analysis] when = "live"' in fault
    live = make_plan(deck_of("liquid", ("rdf", "affinity"), "live"))
    assert live.faults == []
    assert any("after an interruption of the run it cannot be" in text for text in live.warnings)
    some = make_plan(deck_of("K", ("diffusion",)))  # that of the potassium is left
    assert some.faults == []
    assert any("diffusion Na: the trajectory lacks" in text for text in some.warnings)
    assert make_plan(deck_of("all", ("rdf", "affinity"))).faults == []


def test_equilibration_found_later_is_no_part_of_live_samples():
    deck = deck_of("liquid", ("rdf",), "live")
    found = deck.model_copy(update={"analysis": deck.analysis.model_copy(update={"discard": "auto"})})
    assert any("the trajectory lacks atoms" in text for text in make_plan(found).warnings)


@pytest.mark.parametrize("output", [{}, {"velocities": False, "precision": "0.01 Å"}, {"virials": True}])
def test_the_estimate_is_the_growth_of_the_file(tmp_path, output):
    """Stated size of the frames against the file, of more frames less of fewer: its constant parts cancel."""
    deck = deck_of("liquid", **output)
    plan = make_plan(deck)
    forecast = estimate(plan, timed=False)
    assert forecast.stored.startswith("144 of 324 atoms (liquid), ")
    sizes = []
    for count in (10, 50):
        with nakmd.io.TrajectoryWriter(
            tmp_path / f"{count}.h5md", plan.system.topology, precision=deck.output.precision,
            velocities=deck.output.velocities, atoms=plan.system.topology.select("liquid"),
        ) as writer:  # fmt: skip
            rng = np.random.default_rng(1)
            for k in range(count):
                frame = nakmd.io.ase_atoms.frame_of(plan.system)
                frame.step, frame.time = k, 0.001 * k
                frame.positions = frame.positions + rng.normal(0.0, 0.1, frame.positions.shape)
                frame.velocities = rng.normal(0.0, 3.0, frame.positions.shape)
                frame.energies, frame.virials = rng.normal(size=324), rng.normal(size=(324, 3, 3))
                if not deck.output.virials:
                    frame.energies = frame.virials = None
                writer.write(frame)
        sizes.append((tmp_path / f"{count}.h5md").stat().st_size)
    once = BYTES_FILE + 144 * BYTES_ONCE
    by_frame = (forecast.file_size - once - 120 * forecast.n_rows) / forecast.n_frames
    # what a frame has apart from its atoms is at most the 1000 bytes of the estimate, none of which is of lacking atoms
    assert by_frame - 1100 <= (sizes[1] - sizes[0]) / 40 <= 1.02 * by_frame
