"""Atoms whose masses, velocities or positions are no numbers are refused wherever they come from (case 21)."""

import h5py
import numpy as np
import pytest
from ase import Atoms

from nakmd.cell import Cell
from nakmd.cli.app import app
from nakmd.errors import FileFormatError, InputError
from nakmd.io import Trajectory, from_atoms, read_structure
from nakmd.system import System
from tests import io_samples as samples

DECK = """
[model]
potential = "nak-2016"
[structure.file]
path = "atoms.xyz"
[[stage]]
kind = "produce"
steps = 200
timestep = "2 fs"
ensemble = "bussi"
temperature = "450 K"
"""
HEADER = '2\nLattice="16 0 0 0 16 0 0 0 16" Properties=species:S:1:pos:R:3:{column} pbc="T T T"\n'


@pytest.mark.parametrize("mass", [0.0, -5.0, np.nan, np.inf, -np.inf])
def test_masses_are_positive_numbers(tmp_path, mass):
    with pytest.raises(InputError, match="The mass of atom 1 is"):
        System([[0, 0, 0], [5, 5, 5]], [0, 0], ["K"], Cell([16.0] * 3), masses=[39.0, mass])
    path = tmp_path / "m.xyz"
    for column in ("masses:R:1", "mass:R:1"):
        path.write_text(HEADER.format(column=column) + f"K 0 0 0 39\nK 8 8 8 {mass}\n")
        with pytest.raises(FileFormatError, match="The mass of atom 1 is"):
            read_structure(path)


def test_a_column_mass_is_read_in_amu(tmp_path):
    path = tmp_path / "m.xyz"
    path.write_text(HEADER.format(column="mass:R:1") + "K 0 0 0 40.96\nH 8 8 8 3.016\n")
    assert read_structure(path).masses.tolist() == [40.96, 3.016]
    path.write_text(HEADER.format(column="mass:R:1") + "K 0 0 0 4052.3\nK 8 8 8 4052.3\n")  # eV fs²/Å²
    with pytest.raises(FileFormatError, match=r"gives 4052\.3 for atom 0, K, whose atomic weight is 39\.0983 amu"):
        read_structure(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_velocities_are_numbers(tmp_path, value):
    with pytest.raises(InputError, match="The velocity of atom 1 is not finite"):
        System([[0, 0, 0], [5, 5, 5]], [0, 0], ["K"], Cell([16.0] * 3), velocities=[[0, 0, 0], [0, value, 0]])
    atoms = Atoms("K2", [[0, 0, 0], [5, 5, 5]], cell=[16] * 3, pbc=True)
    atoms.set_momenta([[0, 0, 0], [0, value, 0]])
    with pytest.raises(InputError, match="The velocity of atom 1 is not finite"):
        from_atoms(atoms)


@pytest.mark.parametrize(("column", "entry"), [("masses:R:1", "0"), ("masses:R:1", "nan"), ("momenta:R:3", "0 inf 0")])
def test_check_refuses_what_run_refuses(tmp_path, capsys, column, entry):
    good = "39" if column.startswith("masses") else "0 0 0"
    (tmp_path / "atoms.xyz").write_text(HEADER.format(column=column) + f"K 0 0 0 {good}\nK 8 8 8 {entry}\n")
    (tmp_path / "deck.toml").write_text(DECK)
    with pytest.raises(SystemExit) as end:
        app(["check", str(tmp_path / "deck.toml")], prog_name="nakmd")
    assert end.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "atoms.xyz: The mass of atom 1 is" in said or "atoms.xyz: The velocity of atom 1 is not finite" in said


@pytest.mark.parametrize("mass", [0.0, -1.0, np.nan])
def test_masses_of_a_trajectory(tmp_path, mass):
    path = samples.write(tmp_path / "t.h5md", samples.system(), range(2))
    with h5py.File(path, "r+") as file:
        file["parameters/nakmd/masses"][3] = mass
    with pytest.raises(FileFormatError, match=r"The mass of atom 3 is .* The file is damaged"):
        Trajectory(path)
