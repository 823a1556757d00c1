"""Decks with restraints: the words, their faults, what a run writes, and the same bits after resuming."""

import numpy as np
import pytest
from small_decks import LIQUID, frames_of, small

import nakmd
from nakmd.deck.source import DeckSource
from nakmd.runs.estimate import estimate
from nakmd.runs.plan import make_plan
from nakmd.simulation import Restraint, SiteDistance

PULL = {"kind": "site", "species": "K", "site": [3], "nearest": "centre", "spring": "1 eV/Å²", "centre": ["4 Å", "5 Å"]}


def columns(folder):
    with nakmd.Trajectory(folder / "trajectory.h5md") as trajectory:
        return {
            name: [value.tobytes() if hasattr(value, "tobytes") else str(value) for value in values]
            for name, values in trajectory.thermo.items()
        }


def test_a_run_resumed_and_extended_has_the_bits_of_a_longer_one(tmp_path):
    hold = {**PULL, "centre": "4 Å", "name": "hold"}
    whole = nakmd.run(small(steps=30, restraint=[hold]), tmp_path / "whole", threads=1)
    nakmd.run(small(steps=17, restraint=[hold]), tmp_path / "part", threads=2)
    nakmd.resume(tmp_path / "part", steps=13, threads=1)
    assert frames_of(tmp_path / "whole") == frames_of(tmp_path / "part")
    assert columns(tmp_path / "whole") == columns(tmp_path / "part")
    (note,) = (note for note in whole.notes if "restrained system" in note)
    assert "restraint of K to site 3 at 4 Å, 1 eV/Å²" in note
    assert note in whole.results.notes
    page = (tmp_path / "whole" / "report.html").read_text()
    assert "restraint of K to site 3 at 4 Å" in page
    assert "10.1016/0021-9991(77)90121-8" in page
    with nakmd.Trajectory(tmp_path / "whole" / "trajectory.h5md") as trajectory:
        table, units = trajectory.thermo, trajectory.thermo_units
    assert units["coordinate_hold"] == "Angstrom"
    assert units["restraint_force_hold"] == "eV Angstrom-1"
    assert units["restraint_work"] == "eV"
    assert table["restraint_energy_hold"] == pytest.approx(0.5 * (table["coordinate_hold"] - 4.0) ** 2, abs=1e-12)
    assert np.all(table["restraint_work"] == 0.0)


def test_runs_without_restraints_have_no_columns(tmp_path):
    nakmd.run(small(), tmp_path / "run", threads=1)
    assert not any("restraint" in name or "coordinate" in name for name in columns(tmp_path / "run"))


def test_words_become_restraints_and_are_written_again():
    deck = small(restraint=[PULL])
    again = nakmd.Deck.from_text(deck.to_toml())
    assert again.stage == deck.stage
    plan = make_plan(deck)
    assert plan.faults == []
    assert "restraint of K to site 3 at 4 to 5 Å, 1 eV/Å²" in estimate(plan, timed=False).stages[0].what
    from nakmd.runs.stage_builder import build_stages

    (stage,) = build_stages(deck, True)
    coordinate = SiteDistance(species="K", site=(3,), nearest="centre")
    assert stage.restraints == (Restraint(coordinate, 1.0, (4.0, 5.0)),)


STAGE = '[[stage]]\nkind = "produce"\nsteps = 20\ntemperature = "450 K"\n'
TABLE = '[[stage.restraint]]\nkind = "site"\nspecies = "K"\nsite = [3]\nspring = "1 eV/Å²"\ncentre = "4 Å"\n'


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (('"K"', '"Kk"'), 14, '"Kk" selects no atoms. Did you mean "K"?'),
        (("[3]", '"N:pyridinic"'), 15, '"N:pyridinic" selects no atoms'),
        (("[3]", "[300]"), 8, "indices go from 0 to 59"),
        (('"site"', '"sight"'), 13, 'Did you mean "site"?'),
        (("spring", "sprang"), 16, 'Did you mean "spring"?'),
        (('"1 eV/Å²"', "1.0"), 16, "the unit is missing"),
        (('"4 Å"', '"40 Å"'), 8, "the periodic cell allows distances up to"),
        (('"4 Å"', '["4 Å", "-1 Å"]'), 12, "has a negative centre"),
        (("site = [3]", 'wall = "K"'), 12, 'has wall, which kind = "site" does not use; write site'),
        (('species = "K"\n', ""), 12, "needs one of atom, species and group, and has none"),
        (('species = "K"', 'species = "K"\natom = 2'), 12, "has atom and species"),
        (('species = "K"', 'atom = 2\nnearest = "site"'), 12, "has nearest, which chooses an atom of a species"),
        (('species = "K"', 'species = "K"\nnearest = "wall"'), 12, 'write "site" or "centre"'),
        (('kind = "site"', 'kind = "wall"'), 12, "write wall"),
    ],
)
def test_faults_have_line_and_remedy(change, line, message):
    assert change[0] in TABLE
    (fault,) = make_plan(DeckSource.parse(LIQUID + STAGE + TABLE.replace(*change, 1))).faults
    assert fault.startswith(f"deck:{line}: "), fault
    assert message in fault


def test_a_liquid_has_no_wall():
    table = TABLE.replace('"site"', '"wall"').replace("site = [3]\n", "")
    (fault,) = make_plan(DeckSource.parse(LIQUID + STAGE + table)).faults
    assert "The restraint of K to wall: This analysis needs a wall (C, N)" in fault


def test_a_relaxation_cannot_pull():
    stage = '[[stage]]\nkind = "relax"\nsteps = 20\n' + TABLE.replace('"4 Å"', '["4 Å", "5 Å"]')
    (fault,) = make_plan(DeckSource.parse(LIQUID + stage)).faults
    assert "a relaxation has no time in which it could. Give it one centre." in fault
