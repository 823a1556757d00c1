"""Atomic replacement of files: a reader finds the old or the new content, never a mixture."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nakmd.errors import RunError
from nakmd.replaced_file import ReplacedFile


@contextmanager
def replacing(path: str | os.PathLike[str], sync: bool = False) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces ``path`` if the block succeeds and is deleted otherwise (`ReplacedFile`).

    Parameters
    ----------
    path : path
    sync : bool
        Force the content to the disk before renaming, so that the replacement is atomic in a power cut too.

    Raises
    ------
    InputError
        If ``path`` is something else than a file.
    RunError
        If the file cannot be written.
    """
    try:
        with ReplacedFile(path) as new, open(new.temporary, "w+b") as file:
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
        if sync:
            sync_folder(new.target.parent)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({failure(Path(path), error)}).") from error


def write_atomically(path: str | os.PathLike[str], content: bytes, sync: bool = True) -> None:
    """Replace a file atomically: after a kill at any moment it has the old or the new content.

    Parameters
    ----------
    path : path
    content : bytes
    sync : bool
        As in `replacing`.

    Raises
    ------
    InputError
        If ``path`` is something else than a file.
    RunError
        If the file cannot be written.
    """
    with replacing(path, sync) as file:
        file.write(content)


def failure(path: Path, error: OSError) -> str:
    """Return why a file cannot be written, in words; the system names the file when the folder is missing."""
    return (error.strerror or str(error)) if path.parent.is_dir() else "its folder does not exist or was removed"


def sync_folder(folder: Path) -> None:
    """Force the directory entries of a folder (new and renamed files) to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def plain(value: Any) -> Any:
    """Convert NumPy scalars, arrays, paths and mappings to JSON types.

    Parameters
    ----------
    value : Any
    """
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(entry) for entry in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def write_status(path: str | os.PathLike[str], status: Mapping[str, Any]) -> None:
    """Write ``status.json``, for batch jobs and dashboards that monitor the run.

    Parameters
    ----------
    path : path
    status : mapping
        Any JSON values; NaN and infinities become null.

    Notes
    -----
    Replaced atomically, but not forced to the disk: it is written often and not needed after a power cut.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from nakmd.io import write_status
    >>> with TemporaryDirectory() as folder:
    ...     write_status(f"{folder}/status.json", {"step": 100, "seconds_left": float("nan")})
    ...     print(Path(f"{folder}/status.json").read_text().strip())
    {
      "step": 100,
      "seconds_left": null
    }
    """
    text = json.dumps(_finite(plain(status)), indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(path, (text + "\n").encode(), sync=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
