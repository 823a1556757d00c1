"""Checkpoints: the complete state of a run, for bit-identical continuation; safe against kills and power cuts.

The file is HDF5 after a text block of 512 bytes that HDF5 skips. The block holds the SHA-256 of the rest, so damage is
detected before any content is used. The previous checkpoint is kept.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import h5py
import numpy as np

from nakmd.errors import FileFormatError, InputError
from nakmd.io.atomic import write_atomically
from nakmd.io.library_errors import guard
from nakmd.io.outside_links import refuse_outside_data
from nakmd.io.stored_arrays import check_array, check_stored

_BLOCK = 512  # the smallest block that HDF5 skips
#: Version of the content; 2: separate states of thermostat and barostat. Increase it when a state changes.
_VERSION = 2
_NAME = b"nakmd checkpoint "
_MAGIC = _NAME + str(_VERSION).encode() + b"\nsha256 "


class Checkpoint(dict[str, Any]):
    """State returned by `read_checkpoint`, as passed to `write_checkpoint`.

    Parameters
    ----------
    state : mapping
    path : pathlib.Path
        The file that was read.
    note : str
        Empty, or a message for the user that says why the previous copy was used.
    """

    def __init__(self, state: Mapping[str, Any], path: Path, note: str = "") -> None:
        super().__init__(state)
        self.path = path
        self.note = note


def previous_copy(path: str | os.PathLike[str]) -> Path:
    """Return the path of the previous copy: ``checkpoint_prev.h5`` next to ``checkpoint.h5``."""
    where = Path(path)
    return where.with_name(f"{where.stem}_prev{where.suffix}")


def write_checkpoint(path: str | os.PathLike[str], state: Mapping[str, Any]) -> None:
    """Write a checkpoint; the existing one becomes the previous copy.

    Parameters
    ----------
    path : path
    state : mapping of str to array, int, float, bool, str, None, list or mapping of the same
        Arrays are restored with the same bits and dtype, floats and integers of any size exactly; a list holds JSON
        values (a tuple is restored as a list). The run also stores deck text, hashes and versions here.

    Raises
    ------
    InputError
        If the state contains another type.
    RunError
        If the disk is full or fails; the existing checkpoints are not changed.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from nakmd.io import read_checkpoint, write_checkpoint
    >>> with TemporaryDirectory() as folder:
    ...     write_checkpoint(f"{folder}/checkpoint.h5", {"step": 100, "positions": np.zeros((2, 3))})
    ...     read_checkpoint(f"{folder}/checkpoint.h5")["step"]
    100
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=_BLOCK, libver=("v110", "v110"), track_order=True) as file:
        _store(file, state, "")
    content = buffer.getvalue()[_BLOCK:]
    block = _MAGIC + hashlib.sha256(content).hexdigest().encode() + b"\n"
    where = Path(path)
    if where.exists():
        _keep_previous(where)
    write_atomically(where, block.ljust(_BLOCK, b"\0") + content)


def _keep_previous(where: Path) -> None:
    """Link the current checkpoint as the previous copy, without a moment in which there is no checkpoint."""
    # behind links, because a hard link to a link would follow it to the next checkpoint
    where, previous = (Path(os.path.realpath(path)) for path in (where, previous_copy(where)))
    try:
        if not _is_whole(where.read_bytes()):
            return  # a damaged file must not replace an intact previous copy
        temporary = previous.with_name(f".{previous.name}.{os.getpid()}.tmp")
        temporary.unlink(missing_ok=True)
        os.link(where, temporary)
        os.replace(temporary, previous)
        # renaming does nothing if both names belong to one file already, after a kill between this and the next line
        temporary.unlink(missing_ok=True)
    except OSError:  # a file system without hard links
        write_atomically(previous, where.read_bytes())


def _store(group: h5py.Group, state: Mapping[str, Any], where: str) -> None:
    for key, value in state.items():
        if not isinstance(key, str) or not key:
            raise InputError(f"Checkpoint keys must be non-empty strings, not {key!r} (in {where or 'the state'}).")
        name = quote(key, safe=" ").replace(".", "%2E")
        if isinstance(value, Mapping):
            _store(group.create_group(name, track_order=True), value, f"{where}/{key}")
            continue
        if isinstance(value, np.ndarray | np.generic):
            array = np.asarray(value)
            if array.dtype.kind not in "biufc":
                raise InputError(
                    f"Checkpoint entry {where}/{key} is an array of {array.dtype}; only numbers can be stored."
                )
            group.create_dataset(name, data=array).attrs["kind"] = "array"
        elif value is None or isinstance(value, bool | int | float | str | list | tuple):
            try:
                # JSON writes the shortest text that reads back as the same double, and integers of any size
                text = json.dumps(value)
            except TypeError as error:
                raise InputError(f"Checkpoint entry {where}/{key} cannot be stored: {error}.") from None
            group.create_dataset(name, data=np.frombuffer(text.encode(), dtype=np.uint8)).attrs["kind"] = "json"
        else:
            raise InputError(f"Checkpoint entry {where}/{key} has type {type(value).__name__}, which cannot be stored.")


def _load(path: Path, group: h5py.Group, seen: set[int]) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for name, entry in group.items():
        key = unquote(name)
        address = h5py.h5o.get_info(entry.id).addr
        if address in seen:
            raise FileFormatError(path, f"the entry {entry.name} occurs twice.")
        seen.add(address)
        if isinstance(entry, h5py.Group):
            state[key] = _load(path, entry, seen)
            continue
        check_array(path, entry, "biufc", (None,) * entry.ndim)
        check_stored(path, entry)
        if entry.attrs["kind"] == "json":
            state[key] = json.loads(entry[...].tobytes())
        else:
            state[key] = entry[()]
    return state


def _is_whole(content: bytes) -> bool:
    digest = hashlib.sha256(content[_BLOCK:]).hexdigest().encode()
    return content[:_BLOCK] == (_MAGIC + digest + b"\n").ljust(_BLOCK, b"\0")


def _read_copy(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise FileFormatError(path, "there is no such file.")
    with guard(path, "the checkpoint cannot be read"):
        content = path.read_bytes()
        if content.startswith(_NAME) and not content.startswith(_MAGIC):
            version = content[len(_NAME) :].split(b"\n", 1)[0].decode("ascii", "replace")
            raise FileFormatError(
                path,
                f"this is a checkpoint of version {version[:20]}, written by another version of nakmd; this one reads "
                f"version {_VERSION}.",
                "Resume with the version of nakmd that wrote it, or start the run again.",
            )
        if content and not content.startswith(_MAGIC):
            raise FileFormatError(path, "this is not a checkpoint of nakmd.")
        if not _is_whole(content):
            raise FileFormatError(path, f"truncated or damaged: the checksum of its {len(content)} bytes is wrong.")
        with h5py.File(io.BytesIO(content), "r") as file:
            refuse_outside_data(path, file)
            return _load(path, file, set())


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint, or the previous copy if it is damaged or missing.

    Parameters
    ----------
    path : path
        ``checkpoint.h5``; the previous copy is expected next to it.

    Returns
    -------
    Checkpoint
        The state, a dict; its ``note`` says if and why the previous copy was used.

    Raises
    ------
    FileFormatError
        If neither copy can be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from nakmd.io import read_checkpoint, write_checkpoint
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "checkpoint.h5"
    ...     write_checkpoint(file, {"step": 100})
    ...     write_checkpoint(file, {"step": 200})  # the first becomes the previous copy
    ...     _ = file.write_bytes(b"damaged")
    ...     state = read_checkpoint(file)
    >>> state["step"], bool(state.note)
    (100, True)
    """
    where, previous = Path(path), previous_copy(path)
    try:
        return Checkpoint(_read_copy(where), where)
    except FileFormatError as error:
        first = error
    try:
        state = _read_copy(previous)
    except FileFormatError as second:
        raise FileFormatError(
            where,
            f"no checkpoint can be read: {_reason(first, where)} {previous.name}: {_reason(second, previous)}",
            "Start the run again.",
        ) from second
    return Checkpoint(state, previous, f"{first} Used the previous checkpoint, {previous.name}.")


def _reason(error: FileFormatError, path: Path) -> str:
    return str(error).removeprefix(f"{path}: ")
