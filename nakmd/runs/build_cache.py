"""Systems that were built before, in the cache folder: what `nakmd check` builds, `nakmd run` reads.

A file is named by a digest of all that determines its system, so that it never has to be brought up to date: the
structure, the seed, the bond of the model, whether layers are named, the wall as read from a file, the sources of the
builders, and the versions and the processor on which the last bits depend. It ends with the SHA-256 of its content; a
file that is damaged counts as absent, and is replaced. Files are replaced as a whole: processes may share the folder.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nakmd.cell import Cell
from nakmd.deck.matter import Structure
from nakmd.errors import NakmdError
from nakmd.io.atomic import write_atomically
from nakmd.kernels.jit import cache_folder, source_digest, versions
from nakmd.system import System

#: Environment variable that switches the cache off with the value 0.
SWITCH = "NAKMD_BUILD_CACHE"

#: Building times [s] below which a system is not stored: reading it would save nothing that anybody notices.
LEAST_SECONDS = 0.5

#: Largest size [bytes] of all files; beyond it, those that were used least recently are removed.
MOST_BYTES = 2_000_000_000

#: Bytes of a digest at the end of a file.
_DIGEST = 32

_FOLDER, _SUFFIX = "built", ".built"


@dataclass(frozen=True)
class BuiltFile:
    """A built system with what had to be noted while it was built."""

    system: System
    notes: list[str]


def is_on() -> bool:
    """Return whether built systems are kept: unless ``NAKMD_BUILD_CACHE`` is 0."""
    return os.environ.get(SWITCH, "1") != "0"


def built_folder() -> Path:
    """Return the folder of built systems, beside that of the compiled kernels."""
    return cache_folder() / _FOLDER


def stored_files() -> list[Path]:
    """Return the files of all systems that are kept."""
    return sorted(built_folder().glob(f"*{_SUFFIX}"))


def build_key(structure: Structure, seed: int, bond: float, layered: bool, wall: System | None = None) -> str | None:
    """Return the name under which a system is kept.

    Parameters
    ----------
    structure : Structure
        As `build_system` takes it.
    seed : int
    bond : float [Å]
    layered : bool
        Whether the groups of layers are added.
    wall : System, optional
        The wall of a `CarbonFile`, as read.

    Returns
    -------
    str or None
        None if nothing is kept: the cache is off, or a file holds the complete structure and is read each time.
    """
    if not is_on() or structure.file is not None:
        return None
    digest = hashlib.sha256(_builders().encode())
    told = {"structure": structure.model_dump(mode="json"), "seed": seed, "bond": bond.hex(), "layered": layered}
    digest.update(json.dumps(told, sort_keys=True).encode())
    if wall is not None:
        digest.update(_content(BuiltFile(wall, [])))
    return digest.hexdigest()


def load_built(key: str | None) -> BuiltFile | None:
    """Return a system that was kept, None if there is none or its file is damaged."""
    if key is None:
        return None
    path = _path(key)
    try:
        content = path.read_bytes()
        if hashlib.sha256(content[:-_DIGEST]).digest() != content[-_DIGEST:]:
            return None
        built = _read(content[:-_DIGEST])
        os.utime(path)  # used now: others are removed before it
    except (OSError, ValueError, KeyError, TypeError, NakmdError):
        return None
    return built


def store_built(key: str | None, system: System, notes: Sequence[str], seconds: float) -> bool:
    """Keep a system; return whether it is kept.

    It is not if it was built in less than `LEAST_SECONDS`, or if the folder cannot be written.

    Parameters
    ----------
    key : str or None
        Of `build_key`.
    system : System
    notes : sequence of str
    seconds : float [s]
        Time that building took.
    """
    if key is None or seconds < LEAST_SECONDS:
        return False
    content = _content(BuiltFile(system, list(notes)))
    if len(content) + _DIGEST > MOST_BYTES:
        return False
    with suppress(OSError, NakmdError):
        built_folder().mkdir(parents=True, exist_ok=True)
        _make_room(len(content) + _DIGEST)
        write_atomically(_path(key), content + hashlib.sha256(content).digest(), sync=False)
        return True
    return False


def _path(key: str) -> Path:
    return built_folder() / f"{key[:32]}{_SUFFIX}"


def _make_room(size: int) -> None:
    """Remove the files that were used least recently until one of this size [bytes] fits."""
    ages = []
    for path in stored_files():
        with suppress(FileNotFoundError):  # another process may remove it
            state = path.stat()
            ages.append((state.st_mtime_ns, state.st_size, path))
    total = size + sum(length for _, length, _ in ages)
    for _, length, path in sorted(ages):
        if total <= MOST_BYTES:
            return
        path.unlink(missing_ok=True)
        total -= length


@cache
def _builders() -> str:
    """Return a digest of the sources of the builders, and of the versions and the processor."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(source_digest().encode())
    modules = [*(package / "structures").rglob("*.py"), *(package / "deck").glob("matter.py")]
    modules += [package / name for name in ("cell.py", "system.py", "elements.py", "fire_pace.py", "units.py")]
    modules += [package / "runs" / f"{name}.py" for name in ("system_builder", "built_wall", "planned_size")]
    for path in sorted(modules):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes())
    told = {"numpy": np.__version__, "file": Path(__file__).read_text(encoding="utf-8"), **versions()}
    digest.update(json.dumps(told, sort_keys=True).encode())
    return digest.hexdigest()


def _content(built: BuiltFile) -> bytes:
    """Return a system as bytes: a line of JSON, then arrays as NumPy stores them."""
    system = built.system
    arrays: dict[str, Any] = {
        "positions": system.positions,
        "species": system.species.astype(np.min_scalar_type(max(len(system.species_names), 1))),
        "matrix": system.cell.matrix,
    }
    if np.any(system.velocities):
        arrays["velocities"] = system.velocities
    if system.present is not None:
        arrays["present"] = np.packbits(system.present)
    arrays["masses"], arrays["mass"] = np.unique(system.masses, return_inverse=True)
    arrays["mass"] = arrays["mass"].astype(np.min_scalar_type(len(arrays["masses"])))
    arrays |= {f"group {k}": np.packbits(mask) for k, mask in enumerate(system.groups.values())}
    head = {
        "names": system.species_names,
        "periodic": system.cell.periodic.tolist(),
        "groups": list(system.groups),
        "arrays": list(arrays),
        "notes": built.notes,
    }
    file = io.BytesIO()
    file.write(json.dumps(head).encode() + b"\n")
    for array in arrays.values():
        np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _read(content: bytes) -> BuiltFile:
    file = io.BytesIO(content)
    head = json.loads(file.readline())
    arrays = {name: np.load(file, allow_pickle=False) for name in head["arrays"]}
    n = len(arrays["positions"])

    def mask(name: str) -> Any:
        return np.unpackbits(arrays[name], count=n).astype(np.bool_)

    system = System(
        arrays["positions"],
        arrays["species"],
        head["names"],
        Cell(arrays["matrix"], head["periodic"]),
        arrays.get("velocities"),
        arrays["masses"][arrays["mass"]],
        {name: mask(f"group {k}") for k, name in enumerate(head["groups"])},
        mask("present") if "present" in arrays else None,
    )
    return BuiltFile(system, list(head["notes"]))
