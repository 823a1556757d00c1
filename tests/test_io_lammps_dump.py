"""LAMMPS dumps: images, velocities, steps, times and elements are those of the file, or absent, or refused."""

import bz2
import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest
from lammps_files import dump_frame

from nakmd.analysis import diffusion
from nakmd.errors import FileFormatError, InputError
from nakmd.io import Trajectory, convert, read_structure

#: Made for this project after public bug reports: random walks of 16 Na and 16 K in 10 Å.
CASES = Path(__file__).parent / "data" / "cases"

TWO = ("1 1 Na 1 2 3", "2 2 K 4 5 6")
COLUMNS = "id type element x y z"


def written(path, *frames):
    path.write_text("".join(frames))
    return path


def read(path, tmp_path, **options):
    """Convert a dump to H5MD and return the trajectory and the notes."""
    done = convert(path, tmp_path / "read.h5md", **options)
    return Trajectory(tmp_path / "read.h5md"), done.notes


def message(path, tmp_path, **options):
    with pytest.raises(InputError) as caught:
        convert(path, tmp_path / "refused.h5md", **options)
    assert not list(tmp_path.glob("*refused*"))
    assert caught.value.exit_code == 2
    return str(caught.value)


def columns_of(path):
    """Return the numbers of all rows of atoms, (frames, atoms, columns), read by hand."""
    frames = gzip.decompress(path.read_bytes()).decode().split("ITEM: TIMESTEP\n")[1:]
    return np.array([[[float(w) for w in line.split()[3:]] for line in frame.splitlines()[8:]] for frame in frames])


def test_image_flags_are_kept(tmp_path):
    path = CASES / "02_dump_image_flags_dropped" / "flags.dump.gz"
    trajectory, _ = read(path, tmp_path)
    columns = columns_of(path)
    assert len(trajectory) == len(columns) == 100
    images = np.array([frame.images for frame in trajectory])
    # the sum that the file was made with
    assert np.abs(columns[:, :, 3:6]).sum() == 1220
    # one atom is exactly on the upper face at 10 Å, which belongs to the next image
    outside = columns[:, :, :3] == 10.0
    assert outside.sum() == 1
    assert np.array_equal(images, columns[:, :, 3:6] + outside)
    positions = np.array([frame.positions for frame in trajectory])
    np.testing.assert_allclose(positions, columns[:, :, :3] - 10.0 * outside, rtol=1e-15)
    assert trajectory.has_images


def test_steps_are_kept_and_times_follow_from_the_timestep(tmp_path):
    path = CASES / "08_dump_time_lost" / "steps.dump"
    trajectory, notes = read(path, tmp_path)
    assert trajectory.steps.tolist() == list(range(0, 4000, 100))
    assert np.isnan(trajectory.times).all()
    assert "steps but no times" in " ".join(notes)
    trajectory, notes = read(path, tmp_path, timestep=0.002)
    np.testing.assert_allclose(trajectory.times, 0.2 * np.arange(40), rtol=1e-15)
    assert not notes


def test_type_numbers_are_no_elements(tmp_path):
    path = CASES / "07_dump_types_become_H_He" / "types_only.dump"
    text = message(path, tmp_path)
    assert text == (
        f"{path}:1: frame 0 (step 0) does not tell its elements: type 1 has no element. "
        "Name the types in their order: nakmd convert --types Na,K,C, or "
        'types = ["Na", "K", "C"] where a deck names the file.'
    )
    with pytest.raises(FileFormatError, match="does not tell its elements"):
        read_structure(path)
    trajectory, _ = read(path, tmp_path, types="Na,N:graphitic")
    assert trajectory.species_names == ("Na", "N:graphitic")
    assert trajectory.species.tolist() == [0] * 16 + [1] * 16
    assert trajectory.masses[[0, 31]].tolist() == [22.98976928, 14.007]
    assert "there are atoms of type 2, types names 1: Na" in message(path, tmp_path, types="Na")
    assert "type 2 is 'Xx'; it must be a chemical symbol" in message(path, tmp_path, types="Na,Xx")


@pytest.mark.parametrize(
    ("columns", "rows", "expected"),
    [
        ("id type mass x y z", ("1 1 22.99 1 2 3", "2 2 39.1 4 5 6"), ["Na", "K"]),
        ("id typelabel x y z", ("1 N:graphitic 1 2 3", "2 C 4 5 6"), ["N:graphitic", "C"]),
        ("id type x y z", ("1 Na 1 2 3", "2 K:edge 4 5 6"), ["Na", "K:edge"]),
        # the ids give the order
        ("id type element x y z", ("7 2 K 4 5 6", "3 1 Na 1 2 3"), ["Na", "K"]),
        # labels that are no elements: the masses decide
        ("id typelabel mass x y z", ("1 c3 12.01 1 2 3", "2 n3 14.01 4 5 6"), ["C", "N"]),
        ("id type element i_site:edge x y z", ("1 1 C 0 1 2 3", "2 2 C 1 4 5 6"), ["C", "C:edge"]),
    ],
)
def test_elements_of_columns(tmp_path, columns, rows, expected):
    system = read_structure(written(tmp_path / "a.dump", dump_frame(0, rows, columns)))
    assert [system.species_names[a] for a in system.species] == expected
    assert system.positions.tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("columns", "rows", "options", "what"),
    [
        (COLUMNS, ("1 1 C 1 2 3", "2 2 C 4 5 6"), {}, "names the element C for all of its 2 types"),
        (COLUMNS, ("1 1 Q 1 2 3", "2 2 K 4 5 6"), {}, "type 1 has the element 'Q', which is none"),
        (COLUMNS, TWO, {"types": "K,Na"}, "types calls type 1 K, the column element Na"),
        ("id type mass x y z", ("1 1 1.0 1 2 3",), {}, "the mass 1.0, which is that of no single element"),
        ("id type mass x y z", ("1 1 40 1 2 3",), {}, "no single element"),
        ("id type mass x y z", ("1 1 39.1 1 2 3",), {"types": "Na"}, "its mass 39.1 is that of K"),
        ("id type element mass x y z", ("1 1 C 63.55 1 2 3",), {}, "its mass 63.55 is that of Cu"),
        ("id x y z", ("1 1 2 3",), {}, "it has no element. Write the dump with the column element"),
        ("id x y z", ("1 1 2 3",), {"types": "Na"}, "the dump has no type numbers"),
        (COLUMNS, ("1 1 Na 1 2 3", "1 2 K 4 5 6"), {}, "has the atom id 1 twice"),
        (COLUMNS, ("1 1 Na 1 2 nan", "2 2 K 4 5 6"), {}, "has nan in column z of atom id 1"),
        (COLUMNS, ("1 1 Na 1 2 3", "2 2 K 4 5"), {}, ":11: the row has 5 words, ITEM: ATOMS names 6 columns"),
        (COLUMNS, ("1 1 Na 1 2 3", "2 2 K 4 5 z"), {}, "has a word in column z that is not a number"),
        (COLUMNS, (), {}, "frame 0 (step 0) has no atoms"),
        ("id element x y", ("1 Na 1 2",), {}, "has no positions; its columns are id element x y"),
        (COLUMNS, TWO, {"units": "lj"}, "LAMMPS units 'lj' are not read, only metal and real"),
        (COLUMNS, TWO, {"timestep": -0.001}, "timestep is -0.001 ps; it must be positive"),
        (COLUMNS, TWO, {"stage": "heat"}, "stage can only be given for .h5md"),
    ],
)
def test_refused_frames(tmp_path, columns, rows, options, what):
    path = written(tmp_path / "a.dump", dump_frame(0, rows, columns))
    assert what in message(path, tmp_path, **options)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (dump_frame(0, TWO, COLUMNS).replace("pp pp pp", "abc origin pp pp pp"), "general triclinic"),
        (dump_frame(0, TWO, COLUMNS).replace("ATOMS " + COLUMNS, "ENTRIES index"), ":9: the dump has ITEM: ENTRIES"),
        (dump_frame(0, TWO, COLUMNS).replace("\n2\n", "\n-2\n"), ":4: the number of atoms must be a whole number"),
        (dump_frame(0, TWO, COLUMNS).replace("\n2\n", "\n1000000000000\n"), "has 2 of its 1000000000000 atoms"),
        (dump_frame(0, TWO, COLUMNS, bounds=((0, 0), (0, 10), (0, 10))), "the box has the length 0 along x"),
        (dump_frame(0, TWO, COLUMNS).replace("0 10\n0 10\n0", "0 10\n0 inf\n0"), ":7: the bounds of y must have 2"),
        (dump_frame(0, TWO, COLUMNS, flags="pp pp"), ":5: unknown box bounds 'pp pp'"),
        (dump_frame(0, TWO, COLUMNS, flags="pp pp periodic"), ":5: unknown box bounds 'pp pp periodic'"),
        (dump_frame(0, TWO, COLUMNS).partition("ITEM: BOX")[0], "the header of the last frame is incomplete"),
        (dump_frame(0, TWO, COLUMNS) + "words\nwords\n", ":12: expected an ITEM of a LAMMPS dump, found 'words'"),
        (dump_frame(0, TWO, COLUMNS).replace("ITEM: NUMBER OF ATOMS\n2\n", ""), "no ITEM: NUMBER OF ATOMS"),
        (dump_frame(0, TWO, COLUMNS).replace(COLUMNS, ""), "ITEM: ATOMS names no columns"),
        (dump_frame("0.5", TWO, COLUMNS), ":2: the step must be a whole number, not '0.5'"),
    ],
)
def test_damaged_dumps(tmp_path, text, what):
    assert what in message(written(tmp_path / "a.dump", text), tmp_path)


def test_an_incomplete_frame_is_refused_and_can_be_left_out(tmp_path):
    whole = dump_frame(0, TWO, COLUMNS) + dump_frame(10, TWO, COLUMNS)
    path = written(tmp_path / "a.dump", whole + dump_frame(20, TWO, COLUMNS)[: -len(TWO[1]) - 1])
    text = message(path, tmp_path)
    assert f"{path}:32: frame 2 (step 20) has 1 of its 2 atoms" in text
    assert "--frames :-1 leaves the last frame out" in text
    assert read(path, tmp_path, frames=":-1")[0].steps.tolist() == [0, 10]
    # a run that was killed and appended to its dump: the incomplete frame is in the middle
    path.write_text(path.read_text() + dump_frame(30, TWO, COLUMNS))
    assert f"{path}:32: frame 2 (step 20) has 1 of its 2 atoms" in message(path, tmp_path)
    assert read(path, tmp_path, frames=-1)[0].steps.tolist() == [30]


@pytest.mark.parametrize("length", [3, 14, 17, 35, 39, 50, 72, 80, 89, 92, 96, 110, 135])
def test_a_dump_that_ends_anywhere_keeps_its_complete_frames(tmp_path, length):
    whole = dump_frame(0, TWO, COLUMNS) + dump_frame(10, TWO, COLUMNS)
    path = written(tmp_path / "a.dump", whole + dump_frame(20, TWO, COLUMNS)[:length])
    message(path, tmp_path)
    assert read(path, tmp_path, frames=":-1")[0].steps.tolist() == [0, 10]


@pytest.mark.parametrize(
    ("rows", "settings", "what"),
    [
        ((*TWO, "3 1 Na 7 8 9"), {}, "has 3 atoms, frame 0 (step 0) has 2"),
        (("1 1 Na 1 2 3", "3 2 K 4 5 6"), {}, "has other atom ids than frame 0"),
        (("1 1 Na 1 2 3", "2 1 Na 4 5 6"), {}, "has Na as atom id 2, which is K in frame 0"),
        (TWO, {"flags": "pp pp ff"}, "has other boundaries than frame 0"),
    ],
)
def test_frames_with_other_atoms_are_refused(tmp_path, rows, settings, what):
    path = written(tmp_path / "a.dump", dump_frame(0, TWO, COLUMNS), dump_frame(5, rows, COLUMNS, **settings))
    text = message(path, tmp_path)
    assert f"{path}:12: frame 1 (step 5) {what}" in text
    assert "--frames START:STOP" in text
    assert read(path, tmp_path, frames=1)[0].n_atoms == len(rows)


def test_several_frames_need_ids(tmp_path):
    rows = ("1 Na 1 2 3", "2 K 4 5 6")
    path = written(tmp_path / "a.dump", *(dump_frame(k, rows, "type element x y z") for k in range(2)))
    assert "has no column id" in message(path, tmp_path)
    assert read(path, tmp_path, frames=-1)[0][0].positions.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_without_flags_images_are_absent(tmp_path):
    path = written(tmp_path / "a.dump", *(dump_frame(k, TWO, COLUMNS) for k in range(2)))
    assert not read(path, tmp_path)[0].has_images
    # a free direction needs no flag
    rows = ("1 Na 1 2 3 4 5", "2 K 4 5 6 0 -1")
    path = written(tmp_path / "b.dump", dump_frame(0, rows, "id element x y z ix iy", flags="pp pp ff"))
    trajectory, _ = read(path, tmp_path)
    assert trajectory.has_images
    assert trajectory[0].images.tolist() == [[4, 5, 0], [0, -1, 0]]
    convert(path, tmp_path / "again.dump")
    assert "ix iy iz" in (tmp_path / "again.dump").read_text()
    convert(tmp_path / "a.dump", tmp_path / "again.dump")
    assert "ITEM: ATOMS id type element x y z\n" in (tmp_path / "again.dump").read_text()


def test_units_and_times_of_the_file(tmp_path):
    rows = ("1 Na 1 2 3 1 0 0", "2 K 4 5 6 0 0.5 0")
    columns = "id element xu yu zu vx vy vz"

    def dump(head, first=()):
        return written(
            tmp_path / "a.dump",
            dump_frame(0, rows, columns, head=[*first, *head(0)]),
            dump_frame(10, rows, columns, head=head(25)),
        )

    path = dump(lambda t: ["ITEM: TIME", str(t)], ["ITEM: UNITS", "real"])
    trajectory, notes = read(path, tmp_path)
    np.testing.assert_allclose(trajectory.times, [0.0, 0.025], rtol=1e-15)  # fs
    np.testing.assert_allclose(trajectory[0].velocities, [[1e3, 0, 0], [0, 500.0, 0]], rtol=1e-15)  # Å/fs
    assert not notes
    assert "the file is in units real (ITEM: UNITS), not metal" in message(path, tmp_path, units="metal")
    assert "the dump has its own times" in message(path, tmp_path, timestep=0.001)
    path = dump(lambda _: [])
    trajectory, notes = read(path, tmp_path, timestep=0.001)
    np.testing.assert_allclose(trajectory[0].velocities, [[1, 0, 0], [0, 0.5, 0]], rtol=1e-15)
    assert "metal is assumed (Å, ps, Å/ps)" in notes[0]
    trajectory, notes = read(path, tmp_path, timestep=0.001, units="real")
    np.testing.assert_allclose(trajectory[0].velocities[0], [1e3, 0, 0], rtol=1e-15)
    assert not notes
    path = dump(lambda _: [], ["ITEM: UNITS", "lj"])
    assert "LAMMPS units 'lj' are not read" in message(path, tmp_path)


def test_steps_that_go_back_have_no_times(tmp_path):
    path = written(tmp_path / "a.dump", *(dump_frame(step, TWO, COLUMNS) for step in (0, 10, 0)))
    assert "steps go from 10 to 0 at frame 2" in message(path, tmp_path, timestep=0.001)
    assert read(path, tmp_path, timestep=0.001, frames=":2")[0].times.tolist() == [0.0, 0.01]


def test_a_dump_without_boundaries_is_periodic_with_a_note(tmp_path):
    path = written(tmp_path / "a.dump", dump_frame(0, TWO, COLUMNS, flags=""))
    trajectory, notes = read(path, tmp_path)
    assert trajectory.periodic.tolist() == [True, True, True]
    assert "names no boundaries" in notes[0]


def test_a_dump_is_known_by_its_content(tmp_path):
    content = dump_frame(3, TWO, COLUMNS).encode()
    for name, code in {
        "trajectory": content,
        "a.txt": content,
        "a.data": content,
        "windows.dump": content.replace(b"\n", b"\r\n"),
        "a.dump.gz": gzip.compress(content),
        "a.dump.bz2": bz2.compress(content),
        "a.dump.xz": lzma.compress(content),
    }.items():
        (tmp_path / name).write_bytes(code)
        assert read(tmp_path / name, tmp_path)[0].steps.tolist() == [3], name
        assert read_structure(tmp_path / name).positions.tolist() == [[1, 2, 3], [4, 5, 6]]
    for name, code, what in (
        ("a.zst", b"\x28\xb5\x2f\xfd", "compressed by Zstandard. Decompress it: zstd -d a.zst"),
        ("a.bin", bytes(8) + b"DUMPCUSTOM", "a binary LAMMPS dump"),
        ("a.restart", b"LammpS RestartT", "a LAMMPS restart file"),
        ("a.nc", b"CDF\x02 Conventions AMBER program LAMMPS", "a NetCDF dump of LAMMPS"),
        ("cut.dump.gz", gzip.compress(content)[:40], "cannot be decompressed"),
    ):
        (tmp_path / name).write_bytes(code)
        assert what in message(tmp_path / name, tmp_path), name


@pytest.mark.parametrize("species", ["Na", "K"])
def test_the_walk_of_a_dump_diffuses_as_it_was_made(tmp_path, species):
    # 16 atoms, 100 frames, 100 steps of 1 fs apart, made with D = 0.20 Å²/ps
    trajectory, _ = read(CASES / "02_dump_image_flags_dropped" / "flags.dump.gz", tmp_path, timestep=0.001)
    result = diffusion(trajectory, species)
    assert result.unwrap == "images"
    # three standard errors; without flags the value is four times as large
    assert abs(result.value - 0.20) < 3.0 * result.error < 0.06
