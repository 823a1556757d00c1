"""What `nakmd check` calls valid, `nakmd run` runs, and what it refuses, a run could not do.

The files in data/cases/11_check_fine_run_refuses and 21_masses_velocities were made for these tests after reports of
users: the first ones passed a check and did not run, the last one was refused for carbon that it does not contain.
"""

import copy
from pathlib import Path

import numpy as np
import pytest

import nakmd
from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource
from nakmd.errors import DeckError
from nakmd.runs.plan import make_plan

CASES = Path(__file__).parent / "data" / "cases"
CRYSTAL = {"crystal": {"element": "Na", "repeat": [4, 4, 4]}}
STAGE = {"kind": "produce", "steps": 2, "timestep": "1 fs", "ensemble": "bussi", "temperature": "300 K"}
SHEET = {"kind": "graphene", "size": ["25 Å", "25 Å"]}
WET = {"carbon": SHEET, "liquid": {"region": "beside", "x_K": 0.67, "temperature": "450 K", "thickness": "12 Å"}}


def deck_of(structure=CRYSTAL, stage=STAGE, potential="nak", **more):
    stages = stage if isinstance(stage, list) else [stage]
    return Deck(
        model={"potential": potential},
        structure=copy.deepcopy(structure),
        stage=stages,
        output={"trajectory_every": 1, "thermo_every": 1},
        **more,
    )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("all_frozen.toml", ":9: [[stage]] 1 (produce): The group 'all' of the thermostat has no degree of freedom"),
        ("barostat_over_frozen_sheet.toml", "The barostat would stretch the frozen or rigid group 'carbon' along x"),
    ],
)
def test_cases_that_a_run_refuses(path, message):
    plan = make_plan(DeckSource.read(CASES / "11_check_fine_run_refuses" / path))
    assert plan.system is not None
    assert len(plan.faults) == 1
    assert message in plan.faults[0]


@pytest.fixture
def single(tmp_path):
    (tmp_path / "one.xyz").write_text(
        '1\nLattice="40 0 0 0 40 0 0 0 40" Properties=species:S:1:pos:R:3 pbc="T T T"\nK 9 9 9\n'
    )
    return tmp_path


def test_one_atom_under_a_thermostat_that_conserves_momentum(single):
    deck = deck_of({"file": {"path": str(single / "one.xyz")}})
    (fault,) = make_plan(deck).faults
    assert "has no degree of freedom" in fault
    assert (
        make_plan(deck_of({"file": {"path": str(single / "one.xyz")}}, {**STAGE, "ensemble": "langevin"})).faults == []
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"groups": {"frozen": ["Na"], "rigid": ["all"]}}, "An atom moves in one way"),
        ({"groups": {"frozen": ["all"]}, "stage": {**STAGE, "ensemble": "langevin"}}, "moves"),
        (
            {"structure": WET, "potential": "nak-cn", "groups": {"frozen": ["C"]}, "stage": {**STAGE, "group": "C"}},
            "'C'",
        ),
        ({"groups": {"rigid": ["all"]}}, "no degree of freedom"),
        ({"groups": {"rigid": ["all"]}, "stage": {**STAGE, "barostat": {"axes": "xyz"}}}, ""),
        (
            {
                "structure": WET,
                "potential": "nak-cn",
                "groups": {"rigid": ["carbon"]},
                "stage": {**STAGE, "barostat": {"axes": ["xy", "z"], "kind": "mtk"}},
            },
            "would stretch",
        ),
        ({"stage": [STAGE, {**STAGE, "temperature": "0 K"}]}, "[[stage]] 2 (produce): The Bussi thermostat"),
        ({"stage": {**STAGE, "velocities": "0 K"}}, "velocities"),
    ],
)
def test_decks_that_a_run_refuses(more, message, tmp_path):
    """Every one of these ended in an error of the run; the check and the run now give the same message."""
    deck = deck_of(**more)
    faults = make_plan(deck).faults
    assert faults
    assert all(message in fault for fault in faults), faults
    with pytest.raises(DeckError) as caught:
        nakmd.run(deck, tmp_path / "run")
    assert str(caught.value).endswith(faults[-1])
    assert not (tmp_path / "run").exists()


def test_a_file_without_carbon_has_no_carbon():
    plan = make_plan(DeckSource.read(CASES / "21_masses_velocities" / "f_vac6.toml"))
    assert plan.faults == []
    assert plan.warnings == []  # 6 fs are usual for the metal alone


@pytest.mark.parametrize(
    ("atoms", "frozen", "refused"),
    [
        ("K 9 9 9\nNa 14 9 9", [], False),
        ("K 9 9 9\nC 14 9 9", [], True),
        ("K 9 9 9\nC 14 9 9", ["C"], False),
        ("K 9 9 9\nN 14 9 9", ["C"], True),
    ],
)
def test_the_time_step_is_that_of_the_atoms_that_move(atoms, frozen, refused, tmp_path):
    (tmp_path / "two.xyz").write_text(
        f'2\nLattice="40 0 0 0 40 0 0 0 40" Properties=species:S:1:pos:R:3 pbc="F F F"\n{atoms}\n'
    )
    stage = {**STAGE, "timestep": "6 fs", "ensemble": "langevin"}
    deck = deck_of({"file": {"path": str(tmp_path / "two.xyz")}}, stage, groups={"frozen": frozen})
    assert any("C-C bonds vibrate" in fault for fault in make_plan(deck).faults) == refused


RUNNING = {
    "crystal": {},
    "relax and heat": {
        "stage": [{"kind": "relax", "steps": 2}, {**STAGE, "kind": "heat", "temperature": ["10 K", "300 K"]}]
    },
    "nve": {"stage": {"kind": "produce", "steps": 2, "ensemble": "nve", "velocities": "300 K"}},
    "nve from rest": {"stage": {"kind": "produce", "steps": 2, "ensemble": "nve", "velocities": "0 K"}},
    "nose-hoover": {"stage": {**STAGE, "ensemble": "nose-hoover"}},
    "barostat": {"stage": {**STAGE, "barostat": {"axes": ["x", "y", "z"]}}},
    "mtk": {"stage": {**STAGE, "ensemble": "nose-hoover", "barostat": {"axes": "xyz", "kind": "mtk"}}},
    "wet": {"structure": WET, "potential": "nak-cn"},
    "wet, frozen wall": {"structure": WET, "potential": "nak-cn", "groups": {"frozen": ["carbon"]}},
    "wet, rigid wall, barostat along z": {
        "structure": WET,
        "potential": "nak-cn",
        "groups": {"rigid": ["carbon"]},
        "stage": {**STAGE, "barostat": {"axes": "z"}},
    },
    "wet, tethered wall, barostat": {
        "structure": WET,
        "potential": "nak-cn",
        "groups": {"tethered": [{"group": "carbon", "spring": "1 eV/Å²"}]},
        "stage": {**STAGE, "barostat": {"axes": ["xy", "z"]}},
    },
    "thermostat on a group": {"structure": WET, "potential": "nak-cn", "stage": {**STAGE, "group": "liquid"}},
    "open cell": {"structure": {**CRYSTAL, "box": {"periodic": [True, True, False]}}},
    "live analyses": {"structure": WET, "potential": "nak-cn", "analysis": {"when": "live", "every": 1}},
}


#: Decks on carbon take seconds; one of them is always run.
SLOW = [name for name, changes in RUNNING.items() if "structure" in changes and name != "wet, tethered wall, barostat"]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in RUNNING]
)
def test_what_a_check_calls_valid_runs(name, tmp_path):
    deck = deck_of(**RUNNING[name])
    assert make_plan(deck).faults == []
    run = nakmd.run(deck, tmp_path / "run", threads=1)
    assert run.status == "finished"
    with run.trajectory as trajectory:
        assert np.isfinite(trajectory[-1].positions).all()
