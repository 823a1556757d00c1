"""Checks of the headers of XYZ files before anything else is read: counts against the size, and periodic flags."""

from __future__ import annotations

import re
from io import StringIO
from itertools import islice
from pathlib import Path

from nakmd.errors import FileFormatError

_PROPERTIES = re.compile(r"""Properties\s*=\s*["']?([^\s"']+)""")
_PBC = re.compile(r"""\bpbc\s*=\s*(?:["'{\[]([^"'}\]]*)["'}\]]|(\S+))""")

#: Words of which ASE makes flags. If one of them is another word, ASE takes all three for true.
_FLAGS = ({"T", "F", "True", "False", "true", "false", "TRUE", "FALSE"}, {"0", "1"})


def check_xyz_headers(where: Path, text: str) -> None:
    """Raise if a count in an XYZ file exceeds what the file holds; a reader would loop as often as it says.

    Parameters
    ----------
    where : pathlib.Path
        For messages.
    text : str
        The content of the file, with line ends as the reader of ASE gets them.

    Raises
    ------
    FileFormatError
        If an image has more atoms than lines follow or a negative number of them, more columns than its lines, or a
        periodic flag that is none, or if anything follows an empty line in place of a count.

    Notes
    -----
    A line of an atom has at least two characters, so most wrong counts are refused before a line is read.
    """
    with StringIO(text) as file:
        size, at = len(text), 1
        line = file.readline()
        while line:
            try:
                count = int(line)
            except ValueError:
                _check_end(where, file, line, at)
                return
            header = file.readline()
            begin = file.tell()
            if not 0 <= count <= (size - begin + 1) // 2:
                raise FileFormatError(
                    where,
                    f"an image is said to have {count} atoms, but only {size - begin} characters follow.",
                    line=at,
                )
            _check_flags(where, header, at + 1)
            found = _atoms_of(where, file, count, header, at)
            if found < count:
                raise FileFormatError(
                    where, f"an image is said to have {count} atoms, but its header is followed by {found}.", line=at
                )
            at += count + 2
            line = file.readline()
            while line.lstrip().startswith("VEC"):  # cell vectors of ADF
                line, at = file.readline(), at + 1


def _check_end(where: Path, file: StringIO, line: str, at: int) -> None:
    """Refuse text behind an empty line: the reader of ASE stops there. Any other line that is no count, ASE refuses."""
    if not line.strip() and any(rest.strip() for rest in file):
        what = "the line is empty, where an image begins with its number of atoms; more text follows."
        raise FileFormatError(where, what, "Remove the line, or all that follows it.", line=at)


def _check_flags(where: Path, header: str, line: int) -> None:
    found = _PBC.search(header)
    words = [] if found is None else (found.group(1) or found.group(2) or "").replace(",", " ").split()
    if words and (len(words) not in (1, 3) or not any(set(words) <= known for known in _FLAGS)):
        raise FileFormatError(
            where, f'pbc is "{" ".join(words)}" in the header; it must be three of T and F.', line=line
        )


def _atoms_of(where: Path, file: StringIO, count: int, header: str, at: int) -> int:
    """Skip the atoms of an image and return how many there are; the first must have all columns of the header."""
    if not count:
        return 0
    first = file.readline()
    properties = _PROPERTIES.search(header)
    if properties is not None:
        widths = [int(word) for word in properties.group(1).split(":")[2::3] if word.isdecimal()]
        columns = len(first.split())
        if sum(widths) > columns:
            raise FileFormatError(
                where, f"Properties list {sum(widths)} columns, but the first atom has {columns}.", line=at + 1
            )
    return bool(first) + sum(1 for _ in islice(file, count - 1))
