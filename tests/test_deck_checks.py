"""Checks of decks whose values are valid one by one: time steps, temperatures, densities, cells, groups, disk."""

import copy
import time

import numpy as np
import pytest

from nakmd.analysis.numerics.trend import LEAST_SAMPLES
from nakmd.deck.deck import Deck
from nakmd.deck.measured_frames import ENOUGH_FRAMES
from nakmd.errors import ExplosionError
from nakmd.runs import timed_steps
from nakmd.runs.estimate import estimate
from nakmd.runs.plan import make_plan
from nakmd.simulation import LiveAnalysis

LIQUID = {"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 80}}
PRODUCE = {"kind": "produce", "steps": 1000, "temperature": "450 K", "ensemble": "bussi"}
SHEET = {"carbon": {"kind": "graphene", "size": ["25 Å", "25 Å"]}}


def plan_of(structure=LIQUID, stage=PRODUCE, potential="nak", **more):
    model = {"potential": potential} if isinstance(potential, str) else potential
    stages = stage if isinstance(stage, list) else [stage]
    return make_plan(Deck(model=model, structure=copy.deepcopy(structure), stage=stages, **more))


def test_a_valid_deck_has_no_messages():
    plan = plan_of()
    assert plan.faults == []
    assert plan.warnings == []
    deck, system, potential = plan.require()
    assert system.n_atoms == 80
    assert deck.stage[0].n_steps == 1000
    assert potential.covers("Na", "K")


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ({"timestep": "0.5 ps"}, 'Did you mean "0.5 fs"?'),
        ({"timestep": "30 fs"}, "the limit is 20 fs"),
        ({"temperature": "50000 K"}, "is too high: the limit is 20000 K"),
        ({"tau": "1 fs"}, "shorter than ten steps"),
        ({"group": "wall"}, '"wall" selects no atoms'),
        ({"group": "potassium"}, "Available: K, Na, all, liquid"),
    ],
)
def test_stages_that_are_refused(stage, message):
    assert any(message in text for text in plan_of(stage={**PRODUCE, **stage}).faults)


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ({"timestep": "10 fs"}, "10 fs is long"),
        ({"temperature": "4000 K"}, "above the boiling point of Na and K"),
        ({"tau": "5 fs"}, "shorter than ten steps"),
        ({"ensemble": "langevin"}, "friction slows diffusion"),
        ({"ensemble": "andersen"}, "collisions slow diffusion"),
        ({"kind": "heat"}, "a heating ramp is"),
    ],
)
def test_stages_with_a_warning(stage, message):
    plan = plan_of(stage={**PRODUCE, **stage})
    assert plan.faults == []
    assert any(message in text for text in plan.warnings)


def test_carbon_needs_a_shorter_step_than_metal_unless_it_is_frozen():
    stage = {"kind": "equilibrate", "steps": 10, "timestep": "6 fs", "temperature": "300 K"}
    assert any("C-C bonds" in text for text in plan_of(SHEET, stage, "cn").faults)
    wet = {**SHEET, "liquid": {"region": "beside", "x_K": 1.0, "temperature": "450 K"}}
    assert any("C-C bonds" in text for text in plan_of(wet, stage, "nak-cn").faults)
    for held in ("frozen", "rigid"):
        assert plan_of(wet, stage, "nak-cn", groups={held: ["sheet"]}).faults == []


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        ({"liquid": {"x_K": 0.5, "density": "9 g/cm3", "atoms": 80}}, "liquid Na-K has 0.75 to 0.95"),
        ({"liquid": {"x_K": 0.5, "temperature": "450 K"}}, "such as atoms = 4000"),
        ({"liquid": {"region": "around", "x_K": 0.5, "temperature": "450 K"}}, "needs a [structure.carbon]"),
        ({**SHEET, "liquid": {"x_K": 0.5, "temperature": "450 K"}}, "does not allow carbon"),
        ({**SHEET, "liquid": {"region": "inside", "x_K": 0.5, "temperature": "450 K"}}, "is for a nanotube"),
        ({"crystal": {"element": "K", "repeat": [2, 4, 4]}}, "too small for the cutoff"),
        ({"crystal": {"element": "Xx", "repeat": [4, 4, 4]}}, 'unknown species "Xx"'),
        ({"carbon": {"kind": "nanotube", "chirality": [0, 0], "length": "30 Å"}}, "is not a tube"),
        ({"file": {"path": "nowhere.xyz"}}, "no such file"),
    ],
)
def test_structures(structure, message):
    assert any(message in text for text in plan_of(structure, potential="nak-cn").faults)


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        ({**SHEET, "box": {"lengths": ["30 Å", "30 Å", "30 Å"]}}, "lengths are only for a bulk liquid"),
        ({"crystal": {"element": "K", "repeat": [4, 4, 4]}, "box": {"vacuum": "10 Å"}}, "vacuum is not used here"),
        (
            {
                **SHEET,
                "liquid": {"region": "between", "x_K": 0.5, "temperature": "450 K"},
                "box": {"vacuum": "10 Å"},
            },
            "the liquid fills the cell",
        ),
        ({"liquid": {**LIQUID["liquid"], "thickness": "20 Å"}}, "a liquid without carbon uses it for a film"),
        (
            {
                "liquid": {**LIQUID["liquid"], "thickness": "20 Å"},
                "box": {"lengths": ["20 Å", "20 Å", "20 Å"], "vacuum": "10 Å"},
            },
            "Keep one of them",
        ),
        (
            {**SHEET, "liquid": {**LIQUID["liquid"], "region": "droplet", "thickness": "20 Å"}},
            "thickness is not used here",
        ),
    ],
)
def test_lengths_that_would_be_ignored(structure, message):
    faults = plan_of(structure, potential="nak-cn").faults
    assert any(message in str(fault) for fault in faults), faults


def test_a_liquid_with_vacuum_is_a_film():
    liquid = {**LIQUID["liquid"], "thickness": "16 Å"}
    _, system, _ = plan_of({"liquid": liquid, "box": {"vacuum": "12 Å"}}).require()
    assert system.cell.lengths[2] == pytest.approx(40.0)
    assert 12.0 <= system.positions[:, 2].min() < system.positions[:, 2].max() <= 28.0


def test_missing_coverage_names_the_pair_and_the_remedy():
    faults = plan_of(SHEET | {"liquid": {"region": "beside", "x_K": 1.0, "temperature": "450 K"}}).faults
    assert any("no term of the model covers the pair C-K" in text and "nak-cn" in text for text in faults)
    assert any("no term of the model covers the pair C-C" in text and '"cn"' in text for text in faults)
    declared = {"potential": "nak", "none": [["C", "C"], ["C", "K"]]}
    structure = {
        "carbon": SHEET["carbon"],
        "liquid": {"region": "beside", "x_K": 1.0, "temperature": "450 K"},
    }
    assert plan_of(structure, {**PRODUCE, "timestep": "1 fs"}, declared).faults == []


def test_a_label_that_no_atom_has_gives_a_warning():
    term = {
        "kind": "morse",
        "pair": ["K", "C:egde"],
        "depth": "0.1 eV",
        "alpha": "1 1/Å",
        "r_0": "3 Å",
        "cutoff": "6 Å",
    }
    plan = plan_of(potential={"terms": [{"kind": "set", "name": "nak"}, term]})
    assert plan.faults == []
    assert any('the model names the species "C:egde"' in text for text in plan.warnings)


def test_a_doping_without_effect_is_an_error():
    term = {"kind": "morse", "pair": ["K", "Na"], "depth": "0.1 eV", "alpha": "1 1/Å", "r_0": "3 Å", "cutoff": "6 Å"}
    faults = plan_of(potential={"terms": [term], "doping": 0.02, "none": [["K", "K"], ["Na", "Na"]]}).faults
    assert any("[model] doping weakens the metal-carbon pairs of a named set" in text for text in faults)
    assert any(
        "does not apply to nak" in text for text in plan_of(potential={"potential": "nak", "doping": 0.02}).faults
    )


def test_quantities_that_the_atoms_do_not_allow():
    for quantity in ("affinity", "immersion", "contact_angle", "layers", "coordination"):
        plan = plan_of(analysis={"quantities": ["surface_tension", "thermo", quantity]})
        # whether there is a film depends on the positions during the run
        assert len(plan.faults) == 1
        assert f"{quantity} needs both a wall" in plan.faults[0]
    plan = plan_of(analysis={"stages": ["prodce"]})
    assert any('there is no stage "prodce". Did you mean "produce"' in text for text in plan.faults)


def test_viscosity_and_vacf_need_a_short_sampling_interval():
    wet = plan_of(SHEET, {**PRODUCE, "timestep": "0.5 fs"}, "cn", analysis={"quantities": ["viscosity", "layers"]})
    assert any("viscosity needs metal atoms" in text for text in wet.faults)
    assert any("layers needs both a wall" in text for text in wet.faults)
    sparse = plan_of(stage={**PRODUCE, "timestep": "2 fs"}, analysis={"quantities": ["viscosity", "vacf"]}).warnings
    assert any("viscosity needs a sampling interval of 5 to 20 fs; it is 100 fs" in text for text in sparse)
    assert any("Write [output] thermo_every = 5." in text for text in sparse)
    assert any("vacf needs" in text and "Write [output] trajectory_every = 5." in text for text in sparse)
    dense = {"quantities": ["viscosity", "vacf"], "when": "live", "every": 10, "discard": "none"}
    assert plan_of(stage={**PRODUCE, "timestep": "2 fs"}, analysis=dense, output={"thermo_every": 10}).warnings == []


def test_output_interval_beyond_the_run_and_output_beyond_the_disk():
    assert any("is never reached" in text for text in plan_of(output={"trajectory_every": 5000}).warnings)
    endless = {**PRODUCE, "steps": 10**12}
    faults = plan_of(stage=endless, output={"trajectory_every": 1, "thermo_every": 10**9}).faults
    assert any("B are free" in text and "Increase trajectory_every" in text for text in faults)


def test_a_barostat_needs_periodic_axes():
    structure = {**LIQUID, "box": {"periodic": [True, True, False]}}
    stage = {**PRODUCE, "barostat": {"axes": "xyz"}}
    assert any("barostat acts along z" in text for text in plan_of(structure, stage).faults)
    assert plan_of(structure, {**PRODUCE, "barostat": {"axes": "xy"}}).faults == []


def test_estimate_counts_atoms_frames_and_rows():
    expected = estimate(plan_of(output={"trajectory_every": 10, "thermo_every": 5}), timed=False)
    assert expected.n_atoms == 80
    assert expected.species == {"Na": 26, "K": 54}
    assert expected.n_frames == 101
    assert expected.n_rows == 201
    assert expected.wall_time is None


def test_the_wall_time_is_that_of_stages_and_output(monkeypatch):
    """Ten times the steps take ten times as long; stages of one kind are timed once, by the longest."""
    timed = []

    def time_stage(trial, index):
        timed.append(trial.stages[index].steps)
        return timed_steps.StageTime(trial.stages[index].steps, 0.25)

    monkeypatch.setattr(timed_steps._Trial, "time_stage", time_stage)
    monkeypatch.setattr(timed_steps._Trial, "time_output", lambda _, __, step: (8.0 * step, 12.0 * step, 16.0 * step))
    long = {**PRODUCE, "steps": 10 * PRODUCE["steps"]}
    plan = plan_of(LIQUID, [PRODUCE, long, {**PRODUCE, "barostat": {"axes": "xyz"}}])
    forecast = estimate(plan)
    steps = 12 * PRODUCE["steps"]
    saves = 2 + steps // plan.deck.output.checkpoint_every
    assert forecast.wall_time == 0.25 * steps + 2.0 * forecast.n_rows + 3.0 * forecast.n_frames + 4.0 * saves
    assert sorted(timed) == [PRODUCE["steps"], long["steps"]]


def times_of(plan):
    return timed_steps.time_stages(plan.deck, plan.source, plan.system, plan.potential, 1)


def test_live_analyses_are_timed_once_for_each_sample(monkeypatch):
    """Each sample of g(r) is made to sleep for 0.1 s, far more than its steps take."""
    observe = LiveAnalysis.observe

    def slow(self, frame):
        time.sleep(0.1)
        observe(self, frame)

    monkeypatch.setattr(LiveAnalysis, "observe", slow)
    live = {"when": "live", "every": 5, "quantities": ["rdf"]}
    plan = plan_of(LIQUID, [{**PRODUCE, "steps": 1000}], analysis=live)
    forecast = times_of(plan)
    assert forecast.sample > 0.05
    assert estimate(plan).wall_time > 200 * 0.05  # the stage has 200 samples
    assert times_of(plan_of(LIQUID, [PRODUCE])).sample == 0.0


def test_steps_are_timed_on_a_copy():
    plan = plan_of(LIQUID, [{"kind": "relax", "steps": 10}, PRODUCE])
    before = plan.system.copy()
    found = times_of(plan)
    assert [stage.steps for stage in found.stages] == [10, PRODUCE["steps"]]
    assert min(stage.seconds for stage in found.stages) > 0.0
    assert min(found.row, found.frame) >= 0.0
    assert found.checkpoint > 0.0
    np.testing.assert_array_equal(plan.system.positions, before.positions)
    np.testing.assert_array_equal(plan.system.velocities, before.velocities)


def test_a_step_that_another_program_held_up_is_not_counted():
    watch = timed_steps._Stopwatch(16, 100)
    watch.taken = [90.0, 90.0, *[1.0] * 20, 8.0, *[1.0] * 7, 200.0]  # compiled, steps, a search, steps, held up
    assert watch.mean == pytest.approx((27.0 + 8.0) / 28.0)
    watch.taken = [90.0]
    assert watch.mean == 90.0
    watch = timed_steps._Stopwatch(16, 100, [10])  # moves take 30 times as long as a step
    # the first is compiled
    watch.taken = [90.0, 90.0, *[1.0] * 7, 200.0, *[1.0] * 9, 30.0, *[1.0] * 9, 30.0]
    assert watch.mean == pytest.approx((16.0 + 60.0) / 18.0)


def test_a_relaxation_that_converges_while_it_is_timed_has_its_own_number_of_steps():
    plan = plan_of(LIQUID, [{"kind": "relax", "steps": 400, "force": "50 eV/Å"}, PRODUCE])
    assert times_of(plan).stages[0].steps < 16


def test_no_wall_time_is_given_where_the_steps_fail(monkeypatch):
    def fail(*_):
        raise ExplosionError("An atom is lost.")

    monkeypatch.setattr(timed_steps._Trial, "time_stage", fail)
    forecast = estimate(plan_of())
    assert forecast.wall_time is None
    assert "could be tried" in forecast.time_source


def test_pyrrolic_sites_need_half_a_femtosecond():
    tube = {"carbon": {"kind": "nanotube", "chirality": [10, 10], "length": "30 Å", "doping": {"pyrrolic": 0.01}}}
    stage = {"kind": "equilibrate", "steps": 10, "timestep": "1 fs", "temperature": "300 K"}
    assert any("pyrrolic" in text for text in plan_of(tube, stage, "cn").warnings)
    assert not any("pyrrolic" in text for text in plan_of(tube, {**stage, "timestep": "0.5 fs"}, "cn").warnings)


def test_few_frames_to_measure_are_said_with_the_interval_that_gives_more():
    """The default interval suits runs of many picoseconds: a run of one is over before it has four frames."""
    warning = next(text for text in plan_of(stage={**PRODUCE, "steps": 500}).warnings if "to measure" in text)
    assert "[output] trajectory_every = 200 gives 2 frames to measure, of 500 steps" in warning
    assert "[output] trajectory_every = 5 gives 100." in warning
    equilibrated = [{**PRODUCE, "kind": "equilibrate", "steps": 5000}, {**PRODUCE, "steps": 500}]
    assert any("gives 2 frames to measure" in text for text in plan_of(stage=equilibrated).warnings)
    assert plan_of(stage=equilibrated, analysis={"stages": ["equilibrate"]}).warnings == []
    live = {"when": "live", "every": 250, "discard": "none"}
    assert any(
        "[analysis] every = 250 gives 2 frames" in text for text in plan_of(stage=equilibrated, analysis=live).warnings
    )
    assert any(
        "longer stages give more" in text
        for text in plan_of(stage={**PRODUCE, "steps": 3}, output={"trajectory_every": 1}).warnings
    )
    assert plan_of(stage={**PRODUCE, "kind": "equilibrate", "steps": 500}).warnings == []


def test_an_estimate_says_how_many_frames_are_measured():
    assert estimate(plan_of(output={"trajectory_every": 10}), timed=False).measured == "100 frames"
    few = estimate(plan_of(), timed=False).measured
    assert few.startswith(
        "5 frames: fewer than 30, so errors will be uncertain; [output] trajectory_every = 10 gives 100"
    )
    assert LEAST_SAMPLES == ENOUGH_FRAMES
    assert estimate(plan_of(stage={**PRODUCE, "kind": "equilibrate"}), timed=False).measured == ""
