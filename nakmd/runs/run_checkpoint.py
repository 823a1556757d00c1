"""Checkpoints of runs: their entries have the types that a run writes."""

from __future__ import annotations

import os

from nakmd.errors import FileFormatError
from nakmd.io.checkpoint import Checkpoint, read_checkpoint

#: Remedy for a checkpoint that is whole, but not one of this run.
AGAIN = "Start the run again."

#: Entries of the checkpoint of a run, and their types.
_ENTRIES: dict[str, type] = {
    "nakmd": str,
    "deck": str,
    "folder": str,
    "potential_hash": str,
    "extensions": list,
    "began_with_velocities": bool,
    "simulation": dict,
}


def read_run_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read the checkpoint of a run, or its previous copy.

    Parameters
    ----------
    path : path
        As in `nakmd.io.read_checkpoint`.

    Raises
    ------
    FileFormatError
        If neither copy can be read, or an entry is missing or of another type.
    """
    stored = read_checkpoint(path)
    for name, kind in _ENTRIES.items():
        value = stored.get(name)
        if not isinstance(value, kind):
            found = "missing" if name not in stored else f"of type {type(value).__name__}, not {kind.__name__}"
            raise FileFormatError(
                stored.path,
                f"this is not a checkpoint of a run: its entry {name!r} is {found}.",
                AGAIN,
            )
    wrong = [steps for steps in stored["extensions"] if type(steps) is not int or steps < 1]
    if wrong:
        raise FileFormatError(stored.path, f"the run was extended by {wrong[0]!r}, not by a number of steps.", AGAIN)
    return stored
