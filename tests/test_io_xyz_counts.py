"""Counts in the headers of XYZ files that exceed the file are refused before anything is read (case 23)."""

import bz2
import gzip
import lzma

import pytest

from nakmd.errors import FileFormatError
from nakmd.io import convert, read_structure

LATTICE = 'Lattice="10 0 0 0 10 0 0 0 10"'
COLUMNS = 'Properties=species:S:1:pos:R:{width} pbc="T T T"'
ATOMS = "K 0 0 0\nK 5 5 5\n"
CASES = {
    "10^12 atoms": (f"1000000000000\n{LATTICE}\n{ATOMS}", r":1: an image is said to have 1000000000000 atoms"),
    "10^400 atoms": (f"1{'0' * 400}\n{LATTICE}\n{ATOMS}", ":1: an image is said to have"),
    "one atom more": (
        f"3\n{LATTICE}\n{ATOMS}",
        ":1: an image is said to have 3 atoms, but its header is followed by 2",
    ),
    "line ends of old systems": (
        f"2\n{LATTICE}\n{ATOMS}4294967296\n{LATTICE}\n{ATOMS}".replace("\n", "\r"),
        ":5: an image is said to have 4294967296",
    ),
    "negative": (f"-2\n{LATTICE}\n{ATOMS}", ":1: an image is said to have -2 atoms|Could not guess file type"),
    "second image": (f"2\n{LATTICE}\n{ATOMS}7000000000\n{LATTICE}\n{ATOMS}", ":5: an image is said to have 7000000000"),
    "10^20 columns": (f"2\n{LATTICE} {COLUMNS.format(width='9' * 20)}\n{ATOMS}", ":2: Properties list 1000000000000"),
    "10^9 columns": (f"2\n{LATTICE} {COLUMNS.format(width='1000000000')}\n{ATOMS}", ":2: Properties list 1000000001"),
    "a column more": (f"2\n{LATTICE} {COLUMNS.format(width='4')}\n{ATOMS}", ":2: Properties list 5 columns"),
    "quoted columns": (f'2\nProperties="species:S:1:pos:R:3000000000"\n{ATOMS}', ":2: Properties list 3000000001"),
    "sites": (f"5000000000\n{LATTICE}\nN:graphitic 0 0 0\n", ":1: an image is said to have 5000000000"),
}


#: Names of XYZ files, and how their content is compressed: recognised by the content, as for LAMMPS files.
FILES = {
    "c.xyz": bytes,
    "c.extxyz": bytes,
    "c.XYZ": bytes,
    "c": bytes,
    "c.xyz.gz": gzip.compress,
    "c.extxyz.bz2": bz2.compress,
    "c.XYZ.xz": lzma.compress,
    "packed.xyz": gzip.compress,
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("file", FILES)
def test_counts_that_never_end(tmp_path, monkeypatch, name, file):
    text, message = CASES[name]
    path = tmp_path / file
    path.write_bytes(FILES[file](text.encode()))
    monkeypatch.setattr("ase.io.read", None)  # it would loop as often as the header says
    for read in (read_structure, lambda path: convert(path, tmp_path / "o.h5md")):
        with pytest.raises(FileFormatError, match=message):
            read(path)
    assert not (tmp_path / "o.h5md").exists()


@pytest.mark.parametrize("file", FILES)
def test_labels_in_a_file_of_any_name(tmp_path, file):
    path = tmp_path / file
    path.write_bytes(FILES[file](f"2\n{LATTICE}\nN:graphitic 0 0 0\nK 5 5 5\n".encode()))
    assert read_structure(path).species_names == ("N:graphitic", "K")


@pytest.mark.parametrize("file", [name for name, compress in FILES.items() if compress is not bytes])
def test_a_compressed_file_that_is_truncated(tmp_path, file):
    path = tmp_path / file
    path.write_bytes(FILES[file](f"2\n{LATTICE}\n{ATOMS}".encode())[:-9])
    with pytest.raises(FileFormatError, match=file):
        read_structure(path)


def test_counts_that_are_right(tmp_path):
    """Also of several images, without a last line break, and with the cell vectors of ADF."""
    path = tmp_path / "c.xyz"
    image = f"2\n{LATTICE} {COLUMNS.format(width=3)}\n{ATOMS}"
    for text, n in ((image, 1), (image * 3, 3), ((image * 3).rstrip(), 3), (image + "\n", 1)):
        path.write_text(text)
        assert read_structure(path).n_atoms == 2
        assert convert(path, tmp_path / "o.h5md").n_frames == n
    path.write_text(f"2\n\n{ATOMS}VEC1 9 0 0\nVEC2 0 9 0\nVEC3 0 0 9\n" * 2)
    assert read_structure(path).cell.volume == pytest.approx(729.0)


@pytest.mark.parametrize("flags", ['"T T 5.5.5"', '"F F x"', '"T F"', "'F F 0'", "[T, F, 2]", "maybe"])
def test_periodic_flags_that_are_none(tmp_path, flags):
    """ASE takes the words F F x for three periodic directions."""
    path = tmp_path / "p.xyz"
    path.write_text(f"2\n{LATTICE} Properties=species:S:1:pos:R:3 pbc={flags}\n{ATOMS}")
    with pytest.raises(FileFormatError, match=r":2: pbc is .* in the header; it must be three of T and F"):
        read_structure(path)


@pytest.mark.parametrize("flags", ['"T F T"', "'1 0 1'", "[T, F, T]", '"True False True"', "T"])
def test_periodic_flags(tmp_path, flags):
    path = tmp_path / "p.xyz"
    path.write_text(f"2\n{LATTICE} Properties=species:S:1:pos:R:3 pbc={flags}\n{ATOMS}")
    assert read_structure(path).cell.periodic.tolist() == [True, flags == "T", True]
