"""What a structure file of a deck does not state is noted by check, results and report, and answered in the deck."""

import json

import numpy as np
import pytest
from lammps_files import data_text, dump_frame

import nakmd
from nakmd.cli.app import app
from nakmd.errors import DeckError
from nakmd.report import write_report

#: Å/fs, typical of Na at room temperature.
SPEED = 0.003
VELOCITIES = f"Velocities\n\n1 {SPEED} 0 0\n2 {-SPEED} 0 0\n"
ROWS = ("1 1 2 3 4", "2 2 6 7 8")
DUMP = dump_frame(0, ("1 1 2 3 4", "2 2 6 7 8"), "id type x y z", flags="")

UNITS = "a.data: The file does not name its units: metal is assumed"
PERIODIC = "a.data: A data file does not say which directions are periodic"


def deck(name, extra="", box=""):
    return f"""
[model]
potential = "nak-2016"
[structure.file]
path = "{name}"
repeat = [2, 2, 2]
{extra}
{box}
[[stage]]
kind = "produce"
ensemble = "nve"
duration = "1 fs"
[output]
trajectory_every = 1
"""


@pytest.fixture
def data(tmp_path):
    (tmp_path / "a.data").write_text(data_text(ROWS, sections=VELOCITIES))
    return tmp_path


def run(folder, text):
    (folder / "deck.toml").write_text(text)
    return nakmd.run(folder / "deck.toml", directory=folder / "run", overwrite=True)


def test_notes_reach_check_results_and_report(data, capsys):
    run(data, deck("a.data"))
    app(["check", str(data / "deck.toml"), "--json"], standalone_mode=False)
    check = json.loads(capsys.readouterr().out)
    results = json.loads((data / "run" / "results.json").read_text())
    page = write_report(data / "run").read_text()
    for note in (UNITS, PERIODIC):
        assert any(note in warning for warning in check["warnings"])
        assert any(note in other for other in results["notes"])
        assert note in page


def test_a_deck_answers_the_notes(data):
    box = "[structure.box]\nperiodic = [true, true, false]"
    done = run(data, deck("a.data", 'units = "real"', box))
    assert not any("a.data" in note for note in done.notes)
    frame = done.trajectory[0]
    # Å/fs to Å/ps; a run removes the motion of the centre of mass, which is not in differences (rounding of numbers)
    np.testing.assert_allclose(frame.velocities[0, 0] - frame.velocities[1, 0], 2.0 * SPEED * 1e3, rtol=1e-12)
    assert frame.cell.periodic.tolist() == [True, True, False]


def test_a_deck_names_the_types(tmp_path):
    (tmp_path / "a.dump").write_text(DUMP)
    with pytest.raises(DeckError, match=r'types = \["Na", "K", "C"\]'):
        run(tmp_path, deck("a.dump"))
    stage = 'types = ["K", "Na"]', "[structure.box]\nperiodic = [true, true, true]"
    done = run(tmp_path, deck("a.dump", *stage).replace('"nve"', '"bussi"\ntemperature = "300 K"'))
    assert done.trajectory.species_names == ("K", "Na")
    assert not any("a.dump" in note for note in done.notes)


def test_units_of_a_file_that_has_none_to_state(tmp_path):
    header = 'Lattice="10 0 0 0 10 0 0 0 10" Properties=species:S:1:pos:R:3'
    (tmp_path / "a.xyz").write_text(f"1\n{header}\nNa 1 2 3\n")
    with pytest.raises(DeckError, match="units does not apply"):
        run(tmp_path, deck("a.xyz", 'units = "real"'))


def test_assumed_unit_of_a_column(tmp_path):
    header = 'Lattice="10 0 0 0 10 0 0 0 10" Properties=species:S:1:pos:R:3:vel:R:3'
    (tmp_path / "a.xyz").write_text(f"1\n{header}\nNa 1 2 3 {SPEED} 0 {SPEED}\n")
    (note,) = [note for note in run(tmp_path, deck("a.xyz")).notes if "a.xyz" in note]
    assert "The column vel has no unit: Angstrom/fs is assumed" in note
