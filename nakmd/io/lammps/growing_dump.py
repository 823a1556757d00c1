"""A LAMMPS dump that is read while LAMMPS writes it: every complete frame once, one at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import FileFormatError
from nakmd.io.lammps.box import LammpsBox
from nakmd.io.lammps.dump_index import DumpHead, index_dump

_POSITIONS = ("x", "y", "z")
_FLAGS = ("ix", "iy", "iz")
_VELOCITIES = ("vx", "vy", "vz")

#: Columns that are read, in this order.
COLUMNS = ("id", *_POSITIONS, *_FLAGS, *_VELOCITIES)


class DumpedFrame(NamedTuple):
    """A frame in the box of LAMMPS, its atoms in the order of their ids.

    Attributes
    ----------
    step : int
    box : LammpsBox
    positions : (n, 3) float64 [Å]
        As LAMMPS has them: from the origin of its coordinates.
    flags : (n, 3) int64
        Image flags.
    velocities : (n, 3) float64 [Å/ps]
    """

    step: int
    box: LammpsBox
    positions: FloatArray
    flags: IntArray
    velocities: FloatArray


class GrowingDump:
    """The frames of a text dump with the columns `COLUMNS`, as far as they are written.

    Parameters
    ----------
    path : path
        It need not exist yet.
    n_atoms : int
        Of every frame, with the ids 1 to n.
    """

    def __init__(self, path: str | os.PathLike[str], n_atoms: int) -> None:
        self.path = Path(path)
        self._n_atoms = n_atoms
        self._next = 0  # where the first frame begins that was not read

    def frames(self, after: int) -> Iterator[DumpedFrame]:
        """Yield the complete frames that no earlier call has passed, without those up to a step.

        Parameters
        ----------
        after : int

        Raises
        ------
        FileFormatError
            If the dump is damaged, or has other atoms or columns.
        """
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._next)
            for head in index_dump(self.path, file, growing=True).heads:
                if head.n_rows < head.n_atoms:
                    return
                lines = _Rows(file, head)
                frame = None if head.step <= after else self._read(head, lines)
                if not lines.pass_by():
                    return  # its last row is not complete yet
                self._next = file.tell()
                if frame is not None:
                    yield frame

    def drop_after(self, step: int) -> None:
        """Remove the frames after a step, and what is not complete: LAMMPS will append to the file."""
        if not self.path.exists():
            return
        end = 0
        with self.path.open("r+b") as file:
            for head in index_dump(self.path, file, growing=True).heads:
                if head.step > step or not _Rows(file, head).pass_by():
                    break
                end = file.tell()
            file.truncate(end)
        self._next = min(self._next, end)

    def check_end(self) -> None:
        """Check that every byte was read, when LAMMPS has ended.

        Raises
        ------
        FileFormatError
            If there is a part of a frame at the end.
        """
        rest = (self.path.stat().st_size if self.path.exists() else 0) - self._next
        if rest:
            raise FileFormatError(
                self.path,
                f"its last {rest} bytes are no complete frame.",
                "The disk may be full, or a file was changed.",
            )

    def _read(self, head: DumpHead, lines: _Rows) -> DumpedFrame | None:
        """Return the atoms of a frame; None if the last row is not complete."""
        missing = [name for name in COLUMNS if name not in head.columns]
        if head.n_atoms != self._n_atoms or missing:
            what = f"lacks the columns {' '.join(missing)}" if missing else f"has {head.n_atoms} atoms"
            raise self._damage(head, f"{what}; the run has {self._n_atoms} atoms and needs {' '.join(COLUMNS)}.")
        columns = [head.columns.index(name) for name in COLUMNS]
        try:
            values = np.loadtxt(lines, usecols=columns, ndmin=2, comments=None)
        except ValueError as error:
            if not lines.pass_by():
                return None
            raise self._damage(head, f"cannot be read ({error}).") from error
        if not lines.pass_by():
            return None
        values = values[np.argsort(values[:, 0], kind="stable")]
        if not np.array_equal(values[:, 0], np.arange(1, self._n_atoms + 1)):
            raise self._damage(head, f"does not have the atoms 1 to {self._n_atoms}.")
        if not np.all(np.isfinite(values)):
            raise self._damage(head, "has numbers that are not finite.")
        _, positions, flags, velocities = np.split(values, (1, 4, 7), axis=1)
        return DumpedFrame(
            head.step,
            head.box,
            np.ascontiguousarray(positions),
            flags.astype(np.int64),
            np.ascontiguousarray(velocities),
        )

    def _damage(self, head: DumpHead, what: str) -> FileFormatError:
        return FileFormatError(self.path, f"the frame of step {head.step} {what}")


class _Rows:
    """The lines of the atoms of one frame, and whether all of them are in the file."""

    def __init__(self, file: BinaryIO, head: DumpHead) -> None:
        self._file, self._left, self._last = file, head.n_atoms, b"\n"
        file.seek(head.offset)

    def __iter__(self) -> Iterator[bytes]:
        for line in islice(self._file, self._left):
            self._left -= 1
            self._last = line
            yield line

    def pass_by(self) -> bool:
        """Pass the lines that are left; return whether none is missing and the last one has its end."""
        for _ in self:
            pass
        return self._left == 0 and self._last.endswith(b"\n")
