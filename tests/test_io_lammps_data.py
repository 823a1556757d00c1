"""LAMMPS data files: atoms, box and velocities are those of the file, or absent, or refused."""

import subprocess
from pathlib import Path

import ase.io
import numpy as np
import pytest
from lammps_files import data_text
from lammps_oracle import executable

from nakmd.errors import FileFormatError, InputError
from nakmd.io import Trajectory, convert, read_structure

#: Made for this project after public bug reports: two Na atoms in 8.58 Å.
CASES = Path(__file__).parent / "data" / "cases"

#: Corner of the box of `data_text`.
CORNER = np.array([1.0, 2.0, 3.0])
ATOMS = ("2 2 4 5 6", "1 1 2 3.5 4")
POSITIONS = np.array([[2.0, 3.5, 4.0], [4.0, 5.0, 6.0]])


def written(path, text):
    path.write_text(text)
    return path


def message(path, tmp_path, **options):
    with pytest.raises(InputError) as caught:
        convert(path, tmp_path / "refused.h5md", **options)
    assert not list(tmp_path.glob("*refused*"))
    return str(caught.value)


def names(system):
    return [system.species_names[a] for a in system.species]


@pytest.mark.parametrize("name", ["cell.data", "cell.lmp"])
def test_two_sodium_atoms(tmp_path, name):
    path = CASES / "06_lammps_data_unreadable" / name
    done = convert(path, tmp_path / "out.xyz")
    assert done.notes[0].startswith("A data file does not say which directions are periodic")
    atoms = ase.io.read(tmp_path / "out.xyz")
    assert atoms.get_chemical_symbols() == ["Na", "Na"]
    assert atoms.cell.lengths().tolist() == [8.58] * 3
    assert "momenta" not in atoms.arrays
    # eight decimals
    np.testing.assert_allclose(atoms.positions, [[0.1, 0.2, 0.3], [2.3, 2.2, 2.1]], atol=1e-8)
    assert read_structure(path).masses.tolist() == [22.98976928] * 2


@pytest.mark.parametrize(
    ("hint", "row"),
    [
        ("# atomic", "{i} {t} {x}"),
        ("# atomic/kk", "{i} {t} {x}"),
        ("", "{i} {t} {x}"),
        ("# charge", "{i} {t} 0.7 {x}"),
        ("", "{i} {t} -0.7 {x}"),
        ("# molecular", "{i} 9 {t} {x}"),
        ("# bond", "{i} 1 {t} {x}"),
        ("# angle", "{i} 1 {t} {x}"),
        ("", "{i} 9 {t} {x}"),
        ("# full", "{i} 1 {t} 2 {x}"),
        ("", "{i} 9 {t} 0.3 {x}"),
        ("# sphere", "{i} {t} 1.5 2.5 {x}"),
        ("# ellipsoid", "{i} {t} 0 1 {x}"),
        ("# peri", "{i} {t} 1 1 {x}"),
        ("# dpd", "{i} {t} 0 {x}"),
        ("# dipole", "{i} {t} 0 {x} 0 0 1"),
        ("# spin", "{i} {t} {x} 0 0 1 2"),
        ("# electron", "{i} {t} 1 0 1 {x}"),
        ("# sph", "{i} {t} 1 0 1 {x}"),
        ("# my own remark", "{i} {t} {x}"),
    ],
)
@pytest.mark.parametrize("flags", [False, True])
def test_atom_styles(tmp_path, hint, row, flags):
    rows = [row.format(i=i, t=t, x=x) for i, t, x in ((2, 2, "4.0 5.0 6.0"), (1, 1, "2.0 3.5 4.0"))]
    images = [[0, -2, 7], [1, 0, -1]]
    if flags:
        rows = [f"{line} {' '.join(map(str, image))}  # remark" for line, image in zip(rows, images[::-1])]
    path = written(tmp_path / "a.data", data_text(rows, hint))
    system = read_structure(path)
    assert names(system) == ["Na", "K"]
    assert system.cell.matrix.tolist() == np.diag([10.0, 11.0, 12.0]).tolist()
    expected = POSITIONS - CORNER + (images @ system.cell.matrix if flags else 0.0)
    np.testing.assert_allclose(system.positions, expected, rtol=1e-15)
    convert(path, tmp_path / "a.h5md")
    trajectory = Trajectory(tmp_path / "a.h5md")
    assert trajectory.has_images == flags
    assert trajectory[0].velocities is None


@pytest.mark.parametrize(
    ("rows", "settings", "what"),
    [
        # a charge of 2 or a molecule 2: both are possible, with different types
        (("1 1 2 2 3 4", "2 2 1 4 5 6"), {}, "the 6 columns fit the atom styles charge and molecular, with different"),
        (("1 1 2 0 2 3 4",), {}, "the 7 columns fit the atom styles full and sphere, with different atoms"),
        (("1 1 2 3",), {}, "the 4 columns fit none of the atom styles"),
        (("1 1 0.5 2 3 4",), {"style": "# full"}, "atom style full has 7 columns, or 10 with image flags; the lines"),
        (("1 1 0.5 2 3 4",), {"style": "# molecular"}, "a type is not an integer"),
        (("1 1 2 3 4",), {"style": "# hybrid charge bond"}, "the atom style hybrid is not read"),
        (("1 3 2 3 4",), {"style": "# atomic"}, "an atom has the type 3; the header declares 2 atom types"),
        (("1 1 2 3 4", "1 1 4 5 6"), {}, "atom id 1 occurs twice"),
        (("1 1 2 3 4", "2 1 4 5"), {}, ":17: the line has 4 columns, the first of section Atoms has 5"),
        (("1 1 2 3 x",), {"style": "# atomic"}, "a position is not a number"),
        (("1 1 2 3 nan",), {"style": "# atomic"}, "position of atom id 1 is not finite"),
        (ATOMS, {"masses": ()}, "type 1 has no mass and no type label: its element is unknown. Name the types"),
        (ATOMS, {"masses": ("1 1.0", "2 1.0")}, ":11: type 1 has the mass 1, which is that of no single element"),
        (ATOMS, {"masses": ("1 22.99 # K", "2 39.1")}, "type 1 is called K (39.0983 amu), but its mass 22.99 is that"),
        (ATOMS, {"masses": ("1 -22.99", "2 39.1")}, "the mass is '-22.99'; it must be a positive number"),
        (ATOMS, {"header": ("5 atoms",)}, "section Atoms has 2 lines, the header declares 5 atoms"),
        (ATOMS, {"header": ("1 0 0 avec",)}, "general triclinic"),
        (ATOMS, {"sections": "Velocities\n\n1 0 0 1\n"}, "section Velocities"),
        (ATOMS, {"sections": "Velocities\n\n1 0 0 1\n2 0 0 inf\n"}, "section Velocities"),
        (ATOMS, {"sections": "Atoms\n\n1 0 0 1\n"}, "section Atoms occurs twice"),
        (
            ATOMS,
            {"title": "LAMMPS data file via write_data, units = lj"},
            "LAMMPS units 'lj' are not read",
        ),
    ],
)
def test_refused_files(tmp_path, rows, settings, what):
    assert what in message(written(tmp_path / "a.data", data_text(rows, **settings)), tmp_path)


def test_options_that_contradict_the_file(tmp_path):
    path = written(
        tmp_path / "a.data", data_text(ATOMS, title="LAMMPS data file via write_data, timestep = 40, units = real")
    )
    assert "the file is in units real (first line), not metal" in message(path, tmp_path, units="metal")
    assert "type 1 is called K (39.0983 amu), but its mass" in message(path, tmp_path, types="K,Na")
    convert(path, tmp_path / "a.h5md", timestep=0.002)
    trajectory = Trajectory(tmp_path / "a.h5md")
    assert (trajectory.steps.tolist(), trajectory.times.tolist()) == ([40], [0.08])
    path = written(tmp_path / "b.data", data_text(ATOMS))
    assert "the file has no step: leave timestep out" in message(path, tmp_path, timestep=0.002)


@pytest.mark.parametrize(
    ("masses", "labels", "types", "expected"),
    [
        (("1 23", "2 39.1"), "", None, ["Na", "K"]),
        (("1 12.011  # C:edge", "2 14.007 # N:graphitic"), "", None, ["C:edge", "N:graphitic"]),
        # words of force fields are no elements: CA is not calcium
        (("1 12.01  # CA", "2 14.01 # opls_754"), "", None, ["C", "N"]),
        # the masses of heavy walls
        (("1 24.5 # C", "2 39.1"), "", None, ["C", "K"]),
        (("1 1 # H", "2 39.1"), "", None, ["H", "K"]),
        (("1 1.008", "2 39.1"), "", None, ["H", "K"]),
        ((), "", "Na,K:bulk", ["Na", "K:bulk"]),
        (("1 1.0", "2 1.0"), "", "Na,K", ["Na", "K"]),
        (("Na 22.99", "K 39.1"), "Atom Type Labels\n\n1 Na\n2 K\n", None, ["Na", "K"]),
        ((), "Atom Type Labels\n\n1 Na:a\n2 K\n", None, ["Na:a", "K"]),
        (("1 12.011", "2 39.1"), "Atom Type Labels\n\n1 C:edge\n2 K+\n", None, ["C:edge", "K"]),
    ],
)
def test_elements(tmp_path, masses, labels, types, expected):
    path = written(tmp_path / "a.data", data_text(ATOMS, "# atomic", masses=masses, sections=labels))
    convert(path, tmp_path / "a.h5md", types=types)
    assert names(Trajectory(tmp_path / "a.h5md").topology) == expected
    if labels:  # labels instead of numbers
        first, second = (line.split()[1] for line in labels.splitlines()[2:])
        rows = (f"2 {second} 4 5 6", f"1 {first} 2 3.5 4")
        assert names(read_structure(written(path, data_text(rows, masses=masses, sections=labels)))) == expected


def test_a_file_with_bonds_has_molecules(tmp_path):
    rows = ("1 2 1 2 3 4", "2 1 2 4 5 6")
    assert "with different atoms" in message(written(tmp_path / "a.data", data_text(rows)), tmp_path)
    text = data_text(rows, header=("1 bonds", "1 bond types"), sections="Bonds\n\n1 1 1 2\n")
    assert names(read_structure(written(tmp_path / "b.data", text))) == ["Na", "K"]


def test_velocities_and_their_units(tmp_path):
    velocities = "Velocities\n\n2 0.5 0 0\n1 0 0 -2  # by id\n"
    path = written(tmp_path / "a.data", data_text(ATOMS, sections=velocities))
    done = convert(path, tmp_path / "a.h5md")
    assert "metal is assumed" in " ".join(done.notes)
    assert Trajectory(tmp_path / "a.h5md")[0].velocities.tolist() == [[0, 0, -2], [0.5, 0, 0]]
    convert(path, tmp_path / "a.h5md", units="real")  # Å/fs
    assert Trajectory(tmp_path / "a.h5md")[0].velocities.tolist() == [[0, 0, -2000], [500, 0, 0]]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (data_text(ATOMS).replace("3 15 zlo zhi", ""), "the header has no zlo zhi"),
        (data_text(ATOMS).replace("3 15 zlo", "15 3 zlo"), ":7: the box has the length -12 along z"),
        (data_text(ATOMS).replace("3 15 zlo", "3 x zlo"), ":7: expected 2 numbers, found '3 x'"),
        (data_text(ATOMS).replace("2 atom types\n", ""), "the header does not give the number of atom types"),
        (data_text(ATOMS).partition("Atoms")[0], "there is no section Atoms"),
    ],
)
def test_damaged_headers(tmp_path, text, what):
    assert what in message(written(tmp_path / "a.data", text), tmp_path)


def test_what_ase_would_make_up_is_refused(tmp_path):
    # without a box it is no data file, but ASE reads it by its name
    path = written(tmp_path / "a.lammps-data", "title\n\n1 atoms\n1 atom types\n\nAtoms # atomic\n\n1 1 0 0 0\n")
    with pytest.raises(FileFormatError, match="the file holds type numbers, not elements"):
        read_structure(path)


STYLES = ("atomic", "charge", "molecular", "full", "bond", "angle", "sphere", "ellipsoid", "dipole", "dpd", "peri")
STYLES += ("electron", "spin", "sph", "dielectric")


@pytest.mark.lammps
@pytest.mark.parametrize("style", STYLES)
def test_files_of_lammps(tmp_path, style):
    lmp = executable()
    if lmp is None:
        pytest.skip("LAMMPS is not installed")
    own_masses = style in ("sphere", "ellipsoid", "peri")
    masses = "" if own_masses else "mass 1 22.98976928\nmass 2 39.0983"
    (tmp_path / "in.lmp").write_text(f"""
        units metal
        atom_style {style}
        atom_modify map array
        region box prism -1 9 2 13 3 15 2 -1 3
        create_box 2 box
        create_atoms 1 single 1.5 2.5 3.5
        create_atoms 2 single 4.5 2.5 3.25
        displace_atoms all move 20 -13 0
        {masses}
        velocity all create 300 1
        write_data out.data nocoeff
        write_dump all custom out.dump id type element xu yu zu vx vy vz modify element Na K sort id format float %.17g
    """)
    done = subprocess.run(
        [lmp, "-in", "in.lmp", "-log", "none"], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:]
    convert(tmp_path / "out.data", tmp_path / "data.h5md", types="Na,K" if own_masses else None)
    convert(tmp_path / "out.dump", tmp_path / "dump.h5md")
    data, dump = Trajectory(tmp_path / "data.h5md"), Trajectory(tmp_path / "dump.h5md")
    assert names(data.topology) == ["Na", "K"]
    np.testing.assert_allclose(data[0].cell.matrix, [[10, 0, 0], [2, 11, 0], [-1, 3, 12]], atol=1e-14)
    assert np.any(data[0].images != 0)
    # 17 digits
    np.testing.assert_allclose(data[0].unwrapped, dump[0].unwrapped, atol=1e-13)
    np.testing.assert_allclose(data[0].velocities, dump[0].velocities, rtol=1e-14)
