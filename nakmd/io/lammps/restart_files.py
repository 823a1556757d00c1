"""Restart files of LAMMPS: whether one is complete, and its step."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

#: The word with which LAMMPS begins and ends a restart file. One that was being written at a kill lacks the last.
_MAGIC = b"LammpS RestartT\0"

#: Numbers of entries of the header (write_restart.cpp): texts (version, units), and the step. Other entries before the
#: step are whole numbers of four bytes.
_TEXTS = (0, 4)
_STEP = 5

#: Entries that are read at most: the step is the seventh in LAMMPS of 2025.
_MOST_ENTRIES = 16


def restart_step(path: Path) -> int | None:
    """Return the step of a restart file; None if there is none, or it is not complete.

    Parameters
    ----------
    path : Path
    """
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return None
            file.seek(-len(_MAGIC), 2)
            if file.read() != _MAGIC:
                return None
            file.seek(len(_MAGIC) + 8)  # a number that shows the order of bytes, and the revision of the format
            return _step_of_header(file)
    except (OSError, struct.error):
        return None  # it does not exist, is being replaced, or is too short


def _step_of_header(file: BinaryIO) -> int | None:
    for _ in range(_MOST_ENTRIES):
        number = _integer(file)
        if number == _STEP:
            return int(struct.unpack("=q", file.read(8))[0])
        value = _integer(file)
        if number in _TEXTS:
            file.read(value)
    return None


def _integer(file: BinaryIO) -> int:
    return int(struct.unpack("=i", file.read(4))[0])
