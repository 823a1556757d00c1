"""The text of a LAMMPS data file: header and sections, with line numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import FileFormatError
from nakmd.io.contents import open_plain

#: Header lines that are read; all others (bonds, extra ... per atom) do not concern the atoms.
_COUNT = re.compile(r"^(\S+)\s+(atoms|atom types|bonds|bond types)$")
_BOUNDS = re.compile(r"^(.+?)\s+([xyz])lo\s+\2hi$")
_TILTS = re.compile(r"^(.+?)\s+xy\s+xz\s+yz$")
_GENERAL = re.compile(r"\s(avec|bvec|cvec|abc origin)$")


class DataLine(NamedTuple):
    """A line of a section.

    Attributes
    ----------
    number : int
    words : list of str
    comment : str
        Behind ``#``.
    """

    number: int
    words: list[str]
    comment: str


@dataclass
class DataSections:
    """Header and sections of a data file.

    Attributes
    ----------
    path : pathlib.Path
    title : str
        The first line, which LAMMPS ignores.
    counts : dict of str to int
        ``"atoms"``, ``"atom types"``, ``"bonds"``, ``"bond types"``.
    bounds : (3, 2) float64 [Å]
    tilts : (3,) float64 [Å]
        xy, xz, yz.
    sections : dict of str to list of DataLine
        Lines by the name of the section.
    hints : dict of str to str
        Comment behind the name of the section.
    """

    path: Path
    title: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    bounds: FloatArray = field(default_factory=lambda: np.full((3, 2), np.nan))
    tilts: FloatArray = field(default_factory=lambda: np.zeros(3))
    sections: dict[str, list[DataLine]] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)


def read_sections(path: Path) -> DataSections:
    """Read the text of a data file, also compressed by gzip, bzip2 or xz.

    Parameters
    ----------
    path : pathlib.Path

    Raises
    ------
    FileFormatError
        If it cannot be read, a header line is damaged, or the header lacks the box or the number of atoms.
    """
    try:
        with open_plain(path) as file:
            lines = file.read().decode("utf-8", "replace").splitlines()
    except (OSError, EOFError) as error:
        raise FileFormatError(path, f"the file cannot be read ({error}).", "Copy it again.") from error
    data = DataSections(path, lines[0].strip() if lines else "")
    current: list[DataLine] | None = None
    for number, line in enumerate(lines[1:], start=2):
        text, _, comment = line.partition("#")
        text, comment = " ".join(text.split()), comment.strip()
        if not text:
            continue
        words = text.split()
        # only the name of a section consists of words alone: all other lines have a number
        if not any(_is_number(word) for word in words):
            if text in data.sections:
                raise FileFormatError(path, f"section {text} occurs twice.", line=number)
            current = data.sections.setdefault(text, [])
            data.hints[text] = comment
        elif current is None:
            _read_header(data, number, text)
        else:
            current.append(DataLine(number, words, comment))
    for name in ("atoms", "atom types"):
        if name not in data.counts:
            raise FileFormatError(
                path, f"the header does not give the number of {name}.", "LAMMPS ignores the first line of a data file."
            )
    missing = [axis for axis, bound in zip("xyz", data.bounds) if np.isnan(bound).any()]
    if missing:
        raise FileFormatError(path, f"the header has no {missing[0]}lo {missing[0]}hi: the box is unknown.")
    return data


def _read_header(data: DataSections, number: int, text: str) -> None:
    """Read a line of the header; lines that do not concern the atoms are ignored."""
    if _GENERAL.search(f" {text}"):
        raise FileFormatError(
            data.path,
            "the box is general triclinic (avec, bvec, cvec); nakmd reads orthogonal and restricted triclinic boxes.",
            "Write the file with LAMMPS's write_data, without the option triclinic/general.",
            number,
        )
    if count := _COUNT.match(text):
        if not (count[1].isascii() and count[1].isdigit()):
            raise FileFormatError(data.path, f"the number of {count[2]} is {count[1][:40]!r}.", line=number)
        data.counts[count[2]] = int(count[1])
    elif bound := _BOUNDS.match(text):
        values = _numbers(data.path, number, bound[1], 2)
        if values[1] <= values[0]:
            raise FileFormatError(
                data.path, f"the box has the length {values[1] - values[0]:g} along {bound[2]}.", line=number
            )
        data.bounds["xyz".index(bound[2])] = values
    elif tilts := _TILTS.match(text):
        data.tilts[:] = _numbers(data.path, number, tilts[1], 3)


def _numbers(path: Path, number: int, text: str, count: int) -> list[float]:
    words = text.split()
    if len(words) != count or not all(_is_number(word) for word in words):
        raise FileFormatError(path, f"expected {count} numbers, found {text[:60]!r}.", line=number)
    return [float(word) for word in words]


def _is_number(word: str) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False
