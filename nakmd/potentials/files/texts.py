"""Read and write text files; all file access of `nakmd.potentials` is in this module."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from nakmd.errors import FileFormatError, InputError, in_bytes
from nakmd.potentials.files.raw_content import decoded
from nakmd.replaced_file import ReplacedFile

#: Largest size of a file that is read.
MAX_BYTES = 1_000_000_000


def read_text(path: Path | str) -> str:
    """Return the text of a file (`nakmd.potentials.files.raw_content.decoded`).

    Raises
    ------
    FileFormatError
        If the file cannot be read, or is no text.
    """
    return decoded(path, _read_bytes(path))


def sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    return hashlib.sha256(_read_bytes(path)).hexdigest()


def _read_bytes(path: Path | str) -> bytes:
    try:
        status = os.stat(path)
        if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
            raise FileFormatError(path, "is a device, not a file.", "Give a file.")
        if status.st_size > MAX_BYTES:
            size = in_bytes(status.st_size)
            raise FileFormatError(path, f"has {size}; potential files have less than 1 GB.", "Give a potential file.")
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise FileFormatError(path, "no such file.", "Check the name and the folder.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FileFormatError(path, f"cannot be read ({reason}).", "Give a readable file.") from None


def write_text(path: Path | str, text: str) -> Path:
    """Write a text file atomically, so that a reader never sees a part of it, and return its path.

    Raises
    ------
    InputError
        If the file cannot be written, or something else than a file has its name.
    """
    _write({Path(path): text})
    return Path(path)


def write_texts(folder: Path | str, texts: Mapping[str, str]) -> list[Path]:
    """Write texts under their names into a folder, which is created if it does not exist, and return the paths.

    No file is replaced before all of them are written next to their places.

    Raises
    ------
    InputError
        As for `write_text`.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be created: {error.strerror}. Choose another folder.") from None
    paths = {folder / name: text for name, text in texts.items()}
    _write(paths)
    return list(paths)


def _write(texts: Mapping[Path, str]) -> None:
    path = Path()
    try:
        with ExitStack() as files:
            for path, text in texts.items():
                new = files.enter_context(ReplacedFile(path))
                new.temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}. Choose another folder.") from None
