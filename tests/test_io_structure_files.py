"""POSCAR, CIF and other structure files: one element for each atom, or a refusal."""

import numpy as np
import pytest

from nakmd.errors import FileFormatError
from nakmd.io import convert, read_structure

CIF = """data_crystal
_cell_length_a 4.29(1)
_cell_length_b 4.29
_cell_length_c 4.29
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'I m -3 m'
_symmetry_Int_Tables_number 229
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
"""


def written(path, text):
    path.write_text(text)
    return path


@pytest.mark.parametrize("occupancy", ["1", "1.0(0)", "."])
def test_a_cif(tmp_path, occupancy):
    system = read_structure(written(tmp_path / "a.cif", f"{CIF}Na1 Na 0 0 0 {occupancy}\n"))
    assert system.species_names == ("Na",)
    np.testing.assert_allclose(system.positions, [[0.0] * 3, [2.145] * 3], atol=1e-12)
    assert system.cell.periodic.all()
    assert not system.velocities.any()


@pytest.mark.parametrize(
    ("sites", "what"),
    [
        # an alloy whose two elements share a site: ASE takes the one that is last
        ("Na1 Na 0 0 0 0.5\nK1 K 0 0 0 0.5\n", "site 0 is partially occupied (Na 0.5, K 0.5)"),
        ("Na1 Na 0 0 0 0.9\n", "site 0 is partially occupied (Na 0.9)"),
        ("Na1 Na 0 0 0 1\nK1 K 0.25 0.25 0.25 0.3\n", "is partially occupied (K 0.3)"),
    ],
)
def test_partial_occupancies_are_refused(tmp_path, sites, what):
    path = written(tmp_path / "a.cif", CIF + sites)
    for read in (read_structure, lambda source: convert(source, tmp_path / "out.xyz")):
        with pytest.raises(FileFormatError) as caught:
            read(path)
        assert what in str(caught.value)
        assert "Choose one atom for each site" in str(caught.value)
    assert not (tmp_path / "out.xyz").exists()


POSCAR = """a comment
{scale}
{cell}
{symbols}
1 2
{kind}
0 0 0 {moves}
0.5 0.5 0.25 {moves}
0.5 0.5 0.75 {moves}
"""
CUBE = "9 0 0\n0 9 0\n0 0 9"


def poscar(scale="1.0", cell=CUBE, symbols="Na K", kind="Direct", moves=""):
    return POSCAR.format(scale=scale, cell=cell, symbols=symbols, kind=kind, moves=moves)


@pytest.mark.parametrize("name", ["POSCAR", "CONTCAR", "a.vasp", "a.POSCAR"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"kind": "Selective dynamics\nDirect", "moves": "T T F"},
        # a negative scale is the volume
        {"scale": "-729", "cell": "1 0 0\n0 1 0\n0 0 1"},
        {"cell": "9 0 0\n0 9 0\n0 0 9", "symbols": "Na_pv K_sv"},
    ],
)
def test_a_poscar(tmp_path, name, settings):
    system = read_structure(written(tmp_path / name, poscar(**settings)))
    assert [system.species_names[a] for a in system.species] == ["Na", "K", "K"]
    np.testing.assert_allclose(system.cell.matrix, 9.0 * np.eye(3), atol=1e-12)
    np.testing.assert_allclose(system.positions, [[0, 0, 0], [4.5, 4.5, 2.25], [4.5, 4.5, 6.75]], atol=1e-12)
    assert system.cell.periodic.all()


def test_a_poscar_without_elements_is_refused(tmp_path):
    with pytest.raises(FileFormatError, match="ASE cannot read the file"):
        read_structure(written(tmp_path / "POSCAR", poscar().replace("Na K\n", "")))


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        # LAMMPS's dump xyz without dump_modify element
        ("a.xyz", "2\nAtoms. Timestep: 0\n1 0 0 0\n2 1 1 1\n", "the first column holds numbers, not elements"),
        ("a.xyz", "1\nProperties=species:S:1:pos:R:3\n11 0 0 0\n", "the first column holds numbers, not elements"),
        ("a.xyz", "1\nProperties=type:I:1:pos:R:3\n11 0 0 0\n", "atom 0 has no element (1 of 1 atoms)"),
        ("a.gro", "x\n1\n    1SOL      2    1   0.000   0.000   0.000\n   1.0 1.0 1.0\n", "atom 0 has no element"),
        (
            "a.pdb",
            "ATOM      1  NA  ION A   1       1.000   2.000   3.000  0.50  0.00          NA\nEND\n",
            "atom 0 has the occupancy 0.5",
        ),
    ],
)
def test_atoms_without_an_element_are_refused(tmp_path, name, text, what):
    with pytest.raises(FileFormatError) as caught:
        read_structure(written(tmp_path / name, text))
    assert what in str(caught.value)


def test_a_leading_column_that_is_no_element_is_allowed(tmp_path):
    path = written(tmp_path / "a.xyz", '1\nLattice="9 0 0 0 9 0 0 0 9" Properties=pos:R:3:species:S:1\n1 2 3 K\n')
    assert read_structure(path).positions.tolist() == [[1, 2, 3]]
