"""Headers and columns of extended XYZ that hold something else than their names say, and numbers beyond any use."""

import pytest

from nakmd.errors import FileFormatError
from nakmd.io import convert, read_structure

LATTICE = 'Lattice="16 0 0 0 16 0 0 0 16"'

#: Columns after the position, their entries, and what is said.
COLUMNS = {
    "image of one column": ("image:I:1", "3", "the column image must hold numbers for each atom, 3 columns"),
    "image of letters": ("image:S:3", "a b c", "the column image must hold numbers"),
    "image without a number": ("image:R:3", "nan 0 0", "The position of atom 0 is not finite"),
    "image of 10^9 cells": ("image:I:3", "1000000000 0 0", r"more than 1e\+08 Å from the origin"),
    "mass of letters": ("mass:S:1", "x", "the column mass must hold numbers"),
    "two masses": ("masses:R:2", "39 39", "the column masses must hold numbers for each atom, 1 column; it holds"),
    "group of words": ("group_a:S:1", "no", "the column group_a must hold T or F"),
    "group of two columns": ("group_a:L:2", "T F", "the column group_a must hold T or F"),
    "two sites": ("site:S:2", "a b", "the column site must hold one label"),
}

#: Entries of the header, and what is said when frames are read.
HEADERS = {
    "step=abc": "image 0: step is abc in the header; it must be a number",
    "step=1e30": r"image 0: step is 1e\+30 in the header",
    'time="1 2 3"': r"image 0: time is \[1 2 3\] in the header",
    "time=inf": "image 0: time is inf in the header",
    "time=1 units_time=days": "image 0: units_time is days|image 0: units_time is 'days'",
    "energy=abc": "image 0: energy is abc in the header",
}


def write(path, properties="", entries="", header="", lattice=LATTICE, place="0 0 0"):
    columns = f"Properties=species:S:1:pos:R:3{properties and ':' + properties}"
    path.write_text(f"1\n{lattice} {columns} {header}\nK {place} {entries}\n")
    return path


@pytest.mark.parametrize("name", COLUMNS)
def test_columns(tmp_path, name):
    properties, entries, message = COLUMNS[name]
    path = write(tmp_path / "c.xyz", properties, entries)
    for read in (read_structure, lambda path: convert(path, tmp_path / "c.h5md")):
        with pytest.raises(FileFormatError, match=message):
            read(path)


@pytest.mark.parametrize("header", HEADERS)
def test_headers(tmp_path, header):
    path = write(tmp_path / "h.xyz", header=header)
    assert read_structure(path).n_atoms == 1
    for target in ("h.h5md", "h.dump"):
        with pytest.raises(FileFormatError, match=HEADERS[header]):
            convert(path, tmp_path / target)
        assert not (tmp_path / target).exists()


@pytest.mark.parametrize(
    ("lattice", "place", "message"),
    [
        ("1e300 0 0 0 1e300 0 0 0 1e300", "0 0 0", r"are longer than 1e\+08 Å"),
        ("16 0 0 0 16 0 0 0 16", "1e12 0 0", r"The position of atom 0 is more than 1e\+08 Å from the origin"),
        ("10 0 0 10 0 0 0 0 0", "0 0 0", "span no volume"),
        ("10 0 0 0 10 0 10 10 0", "0 0 0", "span no volume"),
        ("nan 0 0 0 10 0 0 0 10", "0 0 0", "A cell needs 3 lengths or 3x3 vectors"),
    ],
)
def test_cells_and_positions_beyond_any_use(tmp_path, lattice, place, message):
    path = write(tmp_path / "s.xyz", lattice=f'Lattice="{lattice}"', place=place)
    for read in (read_structure, lambda path: convert(path, tmp_path / "s.h5md")):
        with pytest.raises(FileFormatError, match=message):
            read(path)
