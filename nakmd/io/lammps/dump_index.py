"""The headers of the frames of a LAMMPS text dump, and where their atoms are in the file.

A frame is a sequence of items (``ITEM: TIMESTEP``, ``NUMBER OF ATOMS``, ``BOX BOUNDS``, ``ATOMS``, and on request
``UNITS`` and ``TIME``), each followed by its lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from nakmd.arrays import BoolArray, FloatArray
from nakmd.errors import FileFormatError
from nakmd.io.lammps.box import LammpsBox

_DAMAGED = "The file is damaged: copy it again, or repeat the run."
_TRUNCATED = "The run that wrote it was killed, or the copy is incomplete. --frames :-1 leaves the last frame out."


class DumpHead(NamedTuple):
    """The header of a frame.

    Attributes
    ----------
    line : int
        First line of the frame.
    step, n_atoms : int
    time : float [unit of the file] or None
    box : LammpsBox
    names_boundaries : bool
        Whether the header says which directions are periodic; else all are taken as periodic.
    columns : tuple of str
    offset, atoms_line : int
        Position of the first atom in the file [bytes], and its line.
    n_rows : int
        Lines of atoms in the file; fewer than ``n_atoms`` if the frame is incomplete.
    """

    line: int
    step: int
    n_atoms: int
    time: float | None
    box: LammpsBox
    names_boundaries: bool
    columns: tuple[str, ...]
    offset: int
    atoms_line: int
    n_rows: int

    def with_periodic(self, directions: Sequence[bool]) -> DumpHead:
        """Return the header with other periodic directions.

        Parameters
        ----------
        directions : sequence of three bool
        """
        return self._replace(box=self.box._replace(periodic=np.array([bool(p) for p in directions])))


class DumpIndex(NamedTuple):
    """All headers of a dump.

    Attributes
    ----------
    heads : list of DumpHead
    units : str
        Name of the unit style if the file has it, else empty.
    fault : FileFormatError or None
        The fault of one more frame, whose header is incomplete because the file ends there.
    """

    heads: list[DumpHead]
    units: str
    fault: FileFormatError | None


class _Lines:
    """Lines of a file, with their numbers."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path, self.file, self.number = path, file, 0
        self._kept: bytes | None = None

    def next(self) -> str:
        """Return the next line that is not blank, without spaces at its ends; an empty text at the end of the file."""
        while True:
            if self._kept is None:
                line = self.file.readline()
                self.number += 1
            else:
                line, self._kept = self._kept, None
            text = line.decode("utf-8", "replace").strip()
            if text or not line:
                return text

    def skip(self, n: int) -> int:
        """Skip n lines of atoms; stop at the end of the file or at the next item. Return the number skipped."""
        for k in range(n):
            line = self.file.readline()
            if not line.strip():
                return k
            self.number += 1
            if line.startswith(b"ITEM:"):
                self._kept = line
                return k
        return n

    def more(self) -> bool:
        """Return whether anything follows."""
        return self._kept is not None or bool(self.file.read(1))

    def fail(self, what: str, remedy: str = "") -> FileFormatError:
        return FileFormatError(self.path, what, remedy, self.number)

    def numbers(self, count: int, what: str) -> list[float]:
        """Return the numbers of the next line, which must be ``count``."""
        text = self.next()
        try:
            values = [float(word) for word in text.split()]
        except ValueError:
            values = []
        if len(values) != count or not np.all(np.isfinite(values)):
            raise self.fail(f"{what} must have {count} number{'s' * (count > 1)}, not {text[:60]!r}.", _DAMAGED)
        return values

    def count(self, what: str) -> int:
        """Return the whole number of the next line."""
        word = self.next()
        if not (word.isascii() and word.isdigit()):
            raise self.fail(f"{what} must be a whole number, not {word[:40]!r}.", _DAMAGED)
        return int(word)

    def box(self, words: list[str]) -> tuple[LammpsBox, bool]:
        """Return the box, and whether the header names the boundaries."""
        if "abc" in words:
            raise self.fail(
                "the box is general triclinic (BOX BOUNDS abc origin); nakmd reads orthogonal and restricted triclinic "
                "boxes.",
                "Write the dump with `dump_modify triclinic/general no`.",
            )
        tilted = words[:3] == ["xy", "xz", "yz"]
        flags = words[3:] if tilted else words
        if flags and not (len(flags) == 3 and all(re.fullmatch("[pfsm]{2}", flag) for flag in flags)):
            raise self.fail(f"unknown box bounds {' '.join(words)!r}; expected e.g. pp pp ff, or xy xz yz pp pp ff.")
        periodic: BoolArray = np.array([flag == "pp" for flag in flags] if flags else [True] * 3)
        rows: FloatArray = np.array([self.numbers(2 + tilted, f"the bounds of {axis}") for axis in "xyz"])
        box = LammpsBox.of_bounding(rows[:, :2], rows[:, 2] if tilted else np.zeros(3), periodic)
        lengths = np.diag(box.matrix)
        if np.any(lengths <= 0.0):
            axis = int(np.argmax(lengths <= 0.0))
            raise self.fail(f"the box has the length {lengths[axis]:g} along {'xyz'[axis]}.", _DAMAGED)
        return box, bool(flags)


class _Pending:
    """The items of a frame that were read so far."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.step: int | None = None
        self.n_atoms: int | None = None
        self.time: float | None = None
        self.box: tuple[LammpsBox, bool] | None = None
        self.columns: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the atoms follow."""
        return bool(self.columns)

    def take(self, lines: _Lines, text: str) -> None:
        """Read an item, given its first line."""
        if not text.startswith("ITEM:"):
            raise lines.fail(f"expected an ITEM of a LAMMPS dump, found {text[:60]!r}.", _DAMAGED)
        item = text[5:].strip()
        if item == "TIME":
            (self.time,) = lines.numbers(1, "the time")
        elif item == "TIMESTEP":
            self.step = lines.count("the step")
        elif item == "NUMBER OF ATOMS":
            self.n_atoms = lines.count("the number of atoms")
        elif item.startswith("BOX BOUNDS"):
            self.box = lines.box(item.split()[2:])
        elif item.startswith("ATOMS"):
            self.columns = tuple(item.split()[1:])
            if not self.columns:
                raise lines.fail("ITEM: ATOMS names no columns.", "Write the dump with `dump custom`.")
        else:
            raise lines.fail(f"the dump has ITEM: {item[:40]}; nakmd reads dumps of atoms (dump custom or atom).")

    def finish(self, lines: _Lines) -> DumpHead:
        """Return the header, and skip the atoms."""
        if self.step is None or self.n_atoms is None or self.box is None:
            items = {"TIMESTEP": self.step, "NUMBER OF ATOMS": self.n_atoms, "BOX BOUNDS": self.box}
            missing = next(name for name, value in items.items() if value is None)
            raise lines.fail(f"the frame has no ITEM: {missing} before its atoms.", _DAMAGED)
        offset, atoms_line = lines.file.tell(), lines.number + 1
        n_rows = lines.skip(self.n_atoms)
        return DumpHead(
            self.line, self.step, self.n_atoms, self.time, *self.box, self.columns, offset, atoms_line, n_rows
        )


def index_dump(path: Path, file: BinaryIO, growing: bool = False) -> DumpIndex:
    """Read the headers of all frames; an incomplete last frame counts, so that it can be refused or left out.

    Parameters
    ----------
    path : pathlib.Path
    file : binary file
        At the beginning of a frame.
    growing : bool
        Whether the file is still being written: then every fault may be that of a frame which is not complete yet.

    Raises
    ------
    FileFormatError
        If it is no dump of atoms, or a header is damaged, except for that of the last of several frames.
    """
    lines = _Lines(path, file)
    heads: list[DumpHead] = []
    units = ""
    try:
        while text := lines.next():
            pending = _Pending(lines.number)
            while not pending.complete:
                if not text:
                    raise lines.fail("the header of the last frame is incomplete.", _TRUNCATED)
                if text == "ITEM: UNITS":
                    units = lines.next()
                else:
                    pending.take(lines, text)
                text = "" if pending.complete else lines.next()
            heads.append(pending.finish(lines))
    except FileFormatError as fault:
        if not growing and (not heads or lines.more()):
            raise
        return DumpIndex(heads, units, fault)
    return DumpIndex(heads, units, None)


def incomplete(path: Path, row: int, head: DumpHead) -> FileFormatError:
    """Return the error of a frame that lacks atoms.

    Parameters
    ----------
    path : pathlib.Path
    row : int
        Number of the frame.
    head : DumpHead
    """
    return FileFormatError(
        path,
        f"frame {row} (step {head.step}) has {head.n_rows} of its {head.n_atoms} atoms.",
        _TRUNCATED,
        head.atoms_line + head.n_rows - 1,
    )
