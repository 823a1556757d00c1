"""Recognising files by their content, whatever their name, and opening compressed ones."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from nakmd.errors import FileFormatError

#: What a file is, as far as it decides on the reader; "other" is left to ASE.
Content = Literal["hdf5", "lammps-dump", "lammps-data", "other"]

#: Start of an HDF5 file.
_HDF5 = b"\x89HDF\r\n\x1a\n"

#: Starts of compressed files, and the functions that open them.
_COMPRESSED: dict[bytes, Callable[[Path], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_ZSTANDARD = b"\x28\xb5\x2f\xfd"

#: Bytes that are searched for the header of a LAMMPS data file.
_SPAN = 1 << 16

_DATA_ATOMS = re.compile(rb"^[ \t]*\d+[ \t]+atoms\b", re.MULTILINE)
_DATA_BOX = re.compile(rb"^[^\n#]*\b(xlo[ \t]+xhi|avec)\b", re.MULTILINE)

#: Binary files of LAMMPS that no reader here takes, by a pattern in their first bytes, and what to do instead.
_BINARY = (
    (rb"^.{8}DUMP(ATOM|CUSTOM)", "a binary LAMMPS dump", "Write a text dump, or convert it with LAMMPS's binary2txt."),
    (rb"^LammpS RestartT", "a LAMMPS restart file", "Convert it: lmp -restart2data FILE out.data."),
    (
        rb"^CDF.*LAMMPS",
        "a NetCDF dump of LAMMPS, which names no elements",
        "Write a text dump with its element column.",
    ),
)


#: Name of the trajectory in the folder of a run.
TRAJECTORY = "trajectory.h5md"


def trajectory_at(path: str | os.PathLike[str]) -> Path:
    """Return a path as it is, but of the folder of a run that of its trajectory."""
    where = Path(path)
    return where / TRAJECTORY if (where / TRAJECTORY).is_file() else where


def existing_file(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file; `FileFormatError` if there is none, or it is a folder."""
    where = Path(path)
    if not where.is_file():
        raise FileFormatError(
            where,
            f"this is a folder without {TRAJECTORY}. Give a file." if where.is_dir() else "there is no such file.",
        )
    return where


def open_plain(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading; gzip, bzip2 and xz are decompressed.

    `FileFormatError` if the file cannot be opened, or is compressed by Zstandard.
    """
    where = existing_file(path)
    try:
        with open(where, "rb") as file:
            start = file.read(6)
        if start.startswith(_ZSTANDARD):
            raise FileFormatError(where, "the file is compressed by Zstandard.", f"Decompress it: zstd -d {where.name}")
        for mark, opener in _COMPRESSED.items():
            if start.startswith(mark):
                return cast(BinaryIO, opener(where))
        return open(where, "rb")
    except OSError as error:
        raise FileFormatError(where, f"the file cannot be opened ({error.strerror or error}).") from error


def content_of(path: str | os.PathLike[str]) -> Content:
    """Return what a file is; `FileFormatError` if it cannot be read, or is a binary file of LAMMPS."""
    where = existing_file(path)
    try:
        with open_plain(where) as file:
            start = file.read(_SPAN)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise FileFormatError(where, f"the file cannot be decompressed ({error}).", "Copy it again.") from error
    if start.startswith(_HDF5):
        return "hdf5"
    for pattern, what, remedy in _BINARY:
        if re.search(pattern, start, re.DOTALL):
            raise FileFormatError(where, f"this is {what}; nakmd does not read it.", remedy)
    if start.lstrip().startswith(b"ITEM:"):
        return "lammps-dump"
    start = start.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if _DATA_ATOMS.search(start) and _DATA_BOX.search(start):
        return "lammps-data"
    return "other"
