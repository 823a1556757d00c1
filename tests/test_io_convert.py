"""Conversions, read back by independent readers."""

import subprocess

import ase.io
import io_samples as samples
import numpy as np
import pytest
from lammps_oracle import executable

from nakmd.cell import Cell
from nakmd.elements import element_of
from nakmd.errors import FileFormatError, InputError
from nakmd.io import Trajectory, convert, from_atoms, read_extxyz, read_structure, to_atoms, write_extxyz
from nakmd.io.lammps_files import restricted

#: Extended XYZ has eight decimals.
DECIMALS = 1e-8
N_FRAMES = 6

ROTATED = [[0.0, 14.0, 1.0], [1.0, 2.0, 15.0], [16.0, -3.0, 1.0]]
BOXES = {"orthorhombic": np.diag([14.0, 15.0, 16.0]), "tilted": samples.TILTED, "rotated": ROTATED}


@pytest.fixture(params=BOXES, scope="module")
def source(request, tmp_path_factory):
    state = samples.system(matrix=BOXES[request.param])
    path = tmp_path_factory.mktemp("source") / "trajectory.h5md"
    return samples.write(path, state, range(N_FRAMES))


def test_extxyz(source, tmp_path):
    target = tmp_path / "out.xyz"
    done = convert(source, target)
    assert (done.format, done.n_frames) == ("extxyz", N_FRAMES)
    images = ase.io.read(target, ":")
    trajectory = Trajectory(source)
    for atoms, frame in zip(images, trajectory, strict=True):
        assert atoms.pbc.tolist() == [True, True, False]
        assert atoms.info["step"] == frame.step
        assert atoms.info["time"] == frame.time
        assert atoms.info["stage"] == frame.stage
        assert atoms.info["units_time"] == "ps"
        np.testing.assert_allclose(atoms.cell.array, frame.cell.matrix, rtol=1e-15)
        np.testing.assert_allclose(atoms.positions, frame.positions, atol=DECIMALS)
        assert np.array_equal(atoms.arrays["image"], frame.images)
        assert atoms.get_potential_energy() == pytest.approx(frame.potential_energy, abs=1e-14)
        np.testing.assert_allclose(atoms.get_stress(), -frame.virial / frame.cell.volume, rtol=1e-14)
        # momenta have eight decimals, masses are above 12
        np.testing.assert_allclose(atoms.get_kinetic_energy(), kinetic_energy(frame, trajectory.masses), rtol=1e-6)
        assert set(atoms.arrays["site"]) == {"-", "graphitic"}
    for system, frame in zip(read_extxyz(target), trajectory, strict=True):
        names = np.array(system.species_names)[system.species]
        assert names.tolist() == np.array(trajectory.species_names)[trajectory.species].tolist()
        np.testing.assert_allclose(system.positions, frame.unwrapped, atol=2 * DECIMALS)
        np.testing.assert_allclose(system.velocities, frame.velocities, atol=1e-6)
        assert np.array_equal(system.masses, trajectory.masses)


def kinetic_energy(frame, masses):
    from nakmd.units import AMU_A2_PER_PS2

    return 0.5 * AMU_A2_PER_PS2 * np.sum(masses[:, None] * frame.velocities**2)


def test_lammps_data_by_ase(source, tmp_path):
    target = tmp_path / "out.data"
    done = convert(source, target, frames="1:4")
    assert (done.format, done.n_frames) == ("lammps-data", 1)
    trajectory = Trajectory(source)
    frame = trajectory[3]
    atoms = ase.io.read(target, format="lammps-data", atom_style="atomic", units="metal")
    cell, rotation = restricted(frame.cell.matrix)
    numbers = [{"C": 6, "N": 7, "Na": 11, "K": 19}[element_of(trajectory.species_names[a])] for a in trajectory.species]
    assert atoms.numbers.tolist() == numbers
    # ASE rotates only orthorhombic cells back, so compare distances
    pairs = np.triu_indices(len(atoms), 1)
    np.testing.assert_allclose(
        (atoms.positions[pairs[0]] - atoms.positions[pairs[1]]),
        (frame.unwrapped[pairs[0]] - frame.unwrapped[pairs[1]]) @ rotation,
        atol=1e-12,
    )
    np.testing.assert_allclose(np.linalg.norm(frame.cell.matrix, axis=1)[:2], np.linalg.norm(cell, axis=1)[:2])
    np.testing.assert_allclose(atoms.get_kinetic_energy(), kinetic_energy(frame, trajectory.masses), rtol=1e-6)


@pytest.mark.lammps
def test_lammps_data_by_lammps(source, tmp_path):
    lmp = executable()
    if lmp is None:
        pytest.skip("LAMMPS is not installed")
    target, dump = tmp_path / "out.data", tmp_path / "out.dump"
    convert(source, target, frames=-1)
    trajectory = Trajectory(source)
    frame = trajectory[-1]
    cell, rotation = restricted(frame.cell.matrix)
    tilted = cell[1, 0] != 0.0
    columns = "id type xu yu zu vx vy vz"
    (tmp_path / "in.lmp").write_text(f"""
        units metal
        boundary p p f
        box tilt large
        read_data {target}
        pair_style zero 3.0
        pair_coeff * *
        write_dump all custom {dump} {columns} modify sort id format float %.17g
    """)
    command = [lmp, "-in", "in.lmp", "-log", "none", "-screen", "none"]
    subprocess.run(command, cwd=tmp_path, check=True)
    lines = dump.read_text().splitlines()
    bounds = np.array([[float(word) for word in line.split()] for line in lines[5:8]])
    assert lines[4] == f"ITEM: BOX BOUNDS {'xy xz yz ' if tilted else ''}pp pp ff"
    if tilted:  # the third vector is not periodic and is aligned with z
        np.testing.assert_allclose(bounds[:, 2], [cell[1, 0], 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(bounds[1, 1] - bounds[1, 0], cell[1, 1], rtol=1e-12)
    rows = np.array([[float(word) for word in line.split()] for line in lines[9:]])
    assert rows[:, 1].tolist() == (trajectory.species + 1).tolist()
    np.testing.assert_allclose(rows[:, 2:5], frame.unwrapped @ rotation, atol=1e-10)
    np.testing.assert_allclose(rows[:, 5:8], frame.velocities @ rotation, atol=1e-12)


def test_lammps_dump_by_ase(source, tmp_path):
    target = tmp_path / "out.dump"
    done = convert(source, target, stage="produce")
    assert (done.format, done.n_frames) == ("lammps-dump", 3)
    assert done.notes[0] == "A dump holds steps, but no times. To read it back, give --timestep '1 fs'."
    trajectory = Trajectory(source)
    images = ase.io.read(target, ":", format="lammps-dump-text")
    for atoms, frame in zip(images, trajectory.frames("produce"), strict=True):
        cell, rotation = restricted(frame.cell.matrix)
        np.testing.assert_allclose(atoms.cell.array, cell, atol=1e-9)
        # ten digits
        np.testing.assert_allclose(atoms.positions, frame.positions @ rotation, atol=1e-8)
        assert atoms.pbc.tolist() == [True, True, False]
        assert [s.symbol for s in atoms] == [element_of(trajectory.species_names[a]) for a in trajectory.species]
    lines = target.read_text().splitlines()
    start = lines.index("ITEM: ATOMS id type element x y z ix iy iz vx vy vz i_site:graphitic")
    row = lines[start + 1].split()
    frame = next(trajectory.frames("produce"))
    rotation = restricted(frame.cell.matrix)[1]
    assert [int(word) for word in row[6:9]] == frame.images[0].tolist()
    np.testing.assert_allclose([float(word) for word in row[9:12]], (frame.velocities @ rotation)[0], rtol=1e-9)


@pytest.mark.parametrize("format", ["dump", "data"])
def test_lammps_files_of_nakmd_are_read_back(source, tmp_path, format):
    target = tmp_path / f"out.{format}"
    convert(source, target)
    done = convert(target, tmp_path / "back.h5md", timestep=0.001 if format == "dump" else None)
    first, again = Trajectory(source), Trajectory(tmp_path / "back.h5md")
    assert done.n_frames == (1 if format == "data" else N_FRAMES)
    written = list(first)[-len(again) :]
    assert again.periodic.tolist() == [True, True, False]
    assert again.has_images
    assert again.groups.keys() == {"carbon", "liquid"}
    assert again.masses.tolist() == first.masses.tolist()
    assert (
        np.array(again.species_names)[again.species].tolist() == np.array(first.species_names)[first.species].tolist()
    )
    for frame, original in zip(again, written, strict=True):
        assert frame.step == original.step
        assert frame.time == pytest.approx(original.time, abs=1e-12)
        cell, rotation = restricted(original.cell.matrix)
        # a data file moves the lower face of a free direction to enclose all atoms; a dump has ten digits
        shift = frame.unwrapped - original.unwrapped @ rotation
        np.testing.assert_allclose(shift - shift[0], 0.0, atol=1e-7)
        np.testing.assert_allclose(shift[0, :2], 0.0, atol=1e-7)
        np.testing.assert_allclose(frame.velocities, original.velocities @ rotation, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(frame.cell.matrix[:2], cell[:2], atol=1e-8)


@pytest.mark.filterwarnings("ignore:DCDReader currently makes")
def test_dcd_by_mdanalysis(source, tmp_path):
    pytest.importorskip("MDAnalysis")
    from MDAnalysis.coordinates.DCD import DCDReader
    from MDAnalysis.lib.mdamath import triclinic_box

    target = tmp_path / "out.dcd"
    done = convert(source, target)
    assert (done.format, done.n_frames) == ("dcd", N_FRAMES)
    assert done.notes[0].startswith("DCD stores positions only")
    trajectory = Trajectory(source)
    with DCDReader(str(target)) as reader:
        assert (reader.n_frames, reader.n_atoms) == (N_FRAMES, trajectory.n_atoms)
        assert reader.dt == pytest.approx(0.01, rel=1e-6)  # the header stores it in single precision
        for moment, frame in zip(reader, trajectory, strict=True):
            cell, rotation = restricted(frame.cell.matrix)
            np.testing.assert_allclose(moment.positions, frame.unwrapped @ rotation, rtol=1e-6, atol=1e-5)
            np.testing.assert_allclose(moment.dimensions, triclinic_box(*cell), rtol=1e-5)
            assert moment.time == pytest.approx(frame.time, abs=1e-6)


def test_dcd_reports_what_it_cannot_store(source, tmp_path):
    assert "header says 1 ps" in convert(source, tmp_path / "a.dcd", frames=0).notes[1]
    convert(source, tmp_path / "three.h5md", frames="0:3")
    state = samples.system()
    uneven = samples.write(tmp_path / "uneven.h5md", state, [0, 1, 5])
    assert "not evenly spaced" in convert(uneven, tmp_path / "b.dcd").notes[1]


def test_h5md_to_h5md_keeps_bits_of_chosen_frames(source, tmp_path):
    target = tmp_path / "part.h5md"
    done = convert(source, target, frames="::2")
    assert done.n_frames == 3
    for one, other in zip(Trajectory(target), Trajectory(source).frames(stride=2), strict=True):
        samples.assert_same(one, other)


def test_a_file_of_ase_converts_to_every_format(source, tmp_path):
    convert(source, tmp_path / "a.xyz")
    convert(tmp_path / "a.xyz", tmp_path / "b.h5md")
    convert(tmp_path / "b.h5md", tmp_path / "c.xyz")
    for one, other in zip(read_extxyz(tmp_path / "a.xyz"), read_extxyz(tmp_path / "c.xyz"), strict=True):
        np.testing.assert_allclose(one.positions, other.positions, atol=4 * DECIMALS)
    again, first = Trajectory(tmp_path / "b.h5md"), Trajectory(source)
    assert np.array_equal(again.steps, first.steps)
    assert np.array_equal(again.times, first.times)
    assert again[5].stage == first[5].stage
    np.testing.assert_allclose(again[5].virial, first[5].virial, rtol=1e-12)


@pytest.mark.parametrize(
    ("frames", "expected"),
    [(2, [2]), (-1, [5]), ("-2", [4]), ("1:3", [1, 2]), ("::3", [0, 3]), (slice(4, None), [4, 5])],
)
def test_choosing_frames(source, tmp_path, frames, expected):
    convert(source, tmp_path / "out.xyz", frames=frames)
    assert [atoms.info["step"] // 10 for atoms in ase.io.read(tmp_path / "out.xyz", ":")] == expected


def test_messages(source, tmp_path):
    with pytest.raises(InputError, match="unknown file extension"):
        convert(source, tmp_path / "out.what")
    with pytest.raises(InputError, match="Unknown format 'what'; available: extxyz"):
        convert(source, tmp_path / "out.xyz", format="what")
    with pytest.raises(InputError, match="frames 9:12 selects none of the 6 frames"):
        convert(source, tmp_path / "out.xyz", frames="9:12")
    for word in ("a:b", "", "1:2:3:4", "1:2:0"):
        with pytest.raises(InputError, match="give a number, start:stop"):
            convert(source, tmp_path / "out.xyz", frames=word)
    with pytest.raises(InputError, match="same file"):
        convert(source, source)
    with pytest.raises(FileFormatError, match="no such file"):
        convert(tmp_path / "none.h5md", tmp_path / "out.xyz")
    write_extxyz(tmp_path / "one.xyz", samples.system())
    with pytest.raises(InputError, match=r"stage can only be given for \.h5md"):
        convert(tmp_path / "one.xyz", tmp_path / "out.xyz", stage="heat")
    assert not (tmp_path / "out.xyz").exists()


@pytest.mark.parametrize("seed", range(20))
def test_restricted_cells(seed):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(3, 3)) * 5.0
    if np.linalg.det(matrix) < 0.0:
        matrix[0] *= -1.0
    cell, rotation = restricted(matrix)
    np.testing.assert_allclose(matrix @ rotation, cell, atol=1e-13)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-14)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    assert np.all(np.diag(cell) > 0.0)
    assert not np.any(np.triu(cell, 1))
    assert np.array_equal(restricted(cell)[1], np.eye(3))


def test_a_system_keeps_groups_labels_and_masses(tmp_path):
    state = samples.system()
    state.masses[:] += 0.25
    path = tmp_path / "s.extxyz"
    write_extxyz(path, state)
    read = read_structure(path)
    assert np.array_equal(read.groups["probe"], state.groups["probe"])
    assert read.groups.keys() == state.groups.keys()
    assert np.array_equal(read.masses, state.masses)
    assert np.array_equal(np.array(read.species_names)[read.species], np.array(state.species_names)[state.species])
    np.testing.assert_allclose(read.positions, state.positions, atol=DECIMALS)
    assert np.array_equal(read.cell.periodic, state.cell.periodic)


def test_species_with_labels_in_the_first_column(tmp_path):
    path = tmp_path / "s.xyz"
    path.write_text(
        '3\nLattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3\n'
        "N:graphitic 0 0 0\nC 1 0 0\nC:edge 2 0 0\n"
        "2\n\nK 1 2 3\nN:pyridinic 4 5 6\n"
    )
    first, second = read_extxyz(path)
    assert first.species_names == ("N:graphitic", "C", "C:edge")
    assert first.positions[:, 0].tolist() == [0.0, 1.0, 2.0]
    assert first.groups["carbon"].all()
    assert second.species_names == ("K", "N:pyridinic")
    assert second.groups["liquid"].tolist() == [True, False]


@pytest.mark.parametrize("given", [0, 1, 2])
def test_missing_cell_vectors_become_free_directions(given):
    vectors = np.zeros((3, 3))
    vectors[:given] = np.array([[0.0, 6.0, 0.0], [0.0, 1.0, 7.0]])[:given]
    positions = np.array([[-30.0, 0.0, 1.0], [5.0, 2.0, 3.0], [0.0, 50.0, -8.0]])
    atoms = ase.Atoms("CNK", positions=positions, cell=vectors, pbc=np.arange(3) < given)
    system = from_atoms(atoms)
    assert system.cell.periodic.tolist() == [k < given for k in range(3)]
    np.testing.assert_allclose(system.cell.matrix[:given], vectors[:given])
    np.testing.assert_allclose(np.diff(system.positions, axis=0), np.diff(positions, axis=0), atol=1e-12)
    fractional = (system.positions @ system.cell.inverse)[:, given:] * system.cell.lengths[given:]
    assert np.all(fractional > 9.999)  # the margin is 10 Å
    assert np.all(fractional < system.cell.lengths[given:] - 9.999)


def test_reading_a_frame_of_a_trajectory_as_a_structure(source):
    trajectory = Trajectory(source)
    for index in (-1, 2):
        system = read_structure(source, index)
        assert np.array_equal(system.positions, trajectory[index].unwrapped)
        assert np.array_equal(system.velocities, trajectory[index].velocities)
        assert system.groups.keys() == trajectory.groups.keys()
    with pytest.raises(FileFormatError, match="frame 6 does not exist: the file has 6"):
        read_structure(source, 6)


def test_energies_of_atoms_agree_with_those_of_the_system():
    state = samples.system()
    frame = samples.frame(state, 1)
    atoms = to_atoms(frame, state.topology)
    state.velocities[:] = frame.velocities
    # the unit of momentum in ASE follows from eV, Å and amu, without physical constants
    assert atoms.get_kinetic_energy() == pytest.approx(state.kinetic_energy(), rel=1e-14)
    assert isinstance(from_atoms(atoms).cell, Cell)


def test_images_with_other_atoms_convert_separately(tmp_path):
    path = tmp_path / "s.xyz"
    path.write_text('1\nLattice="9 0 0 0 9 0 0 0 9"\nK 1 2 3\n2\nLattice="9 0 0 0 9 0 0 0 9"\nK 1 2 3\nNa 4 5 6\n')
    with pytest.raises(FileFormatError, match=r"image 1 has different atoms than image 0\. Convert it separately"):
        convert(path, tmp_path / "out.h5md")
    convert(path, tmp_path / "out.h5md", frames=1)
    assert Trajectory(tmp_path / "out.h5md").species_names == ("K", "Na")


def test_free_directions_have_one_origin_in_all_images(tmp_path):
    # without a cell, each image encloses its own atoms; only the first atom moves
    path = tmp_path / "s.xyz"
    path.write_text("2\nstep=0\nK 0 0 0\nNa 4 5 6\n2\nstep=1\nK -1 0 0.5\nNa 4 5 6\n")
    convert(path, tmp_path / "out.h5md")
    first, second = Trajectory(tmp_path / "out.h5md")
    np.testing.assert_allclose(second.unwrapped - first.unwrapped, [[-1, 0, 0.5], [0, 0, 0]], atol=1e-12)
