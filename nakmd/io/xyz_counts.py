"""Counts in the headers of XYZ files, compared with the size of the file before anything is read."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from nakmd.errors import FileFormatError

_PROPERTIES = re.compile(rb"""Properties\s*=\s*["']?([^\s"']+)""")


def refuse_endless_counts(where: Path) -> None:
    """Raise if a count in an XYZ file exceeds what the file holds; a reader would loop as often as it says.

    Parameters
    ----------
    where : pathlib.Path

    Raises
    ------
    FileFormatError
        If an image has more atoms than lines follow or a negative number of them, or more columns than its lines.

    Notes
    -----
    A line of an atom has at least two bytes, so most wrong counts are refused before a line is read.
    """
    with open(where, "rb") as file:
        size, at = where.stat().st_size, 1
        line = file.readline()
        while line:
            try:
                count = int(line)
            except ValueError:
                return  # the end of the images, or a line that the reader of ASE refuses
            header = file.readline()
            begin = file.tell()
            if not 0 <= count <= (size - begin + 1) // 2:
                raise FileFormatError(
                    where, f"an image is said to have {count} atoms, but only {size - begin} bytes follow.", line=at
                )
            found = _atoms_of(where, file, count, header, at)
            if found < count:
                raise FileFormatError(
                    where, f"an image is said to have {count} atoms, but its header is followed by {found}.", line=at
                )
            at += count + 2
            line = file.readline()
            while line.lstrip().startswith(b"VEC"):  # cell vectors of ADF
                line, at = file.readline(), at + 1


def _atoms_of(where: Path, file: BinaryIO, count: int, header: bytes, at: int) -> int:
    """Skip the atoms of an image and return how many there are; the first must have all columns of the header."""
    if not count:
        return 0
    first = file.readline()
    properties = _PROPERTIES.search(header)
    if properties is not None:
        widths = [int(word) for word in properties.group(1).split(b":")[2::3] if word.isdigit()]
        columns = len(first.split())
        if sum(widths) > columns:
            raise FileFormatError(
                where, f"Properties list {sum(widths)} columns, but the first atom has {columns}.", line=at + 1
            )
    return bool(first) + sum(1 for _ in islice(file, count - 1))
