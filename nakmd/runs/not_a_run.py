"""What lies at a path where the folder of a run was expected."""

from __future__ import annotations

from pathlib import Path

from nakmd.runs.folder import RunFolder
from nakmd.runs.sweep_folder import INDEX, POINTS

#: Runs that a message names, of those in a folder.
MOST_NAMED = 5


def what_else(path: Path) -> str:
    """Return what a path is that is not the folder of a run, and what to give instead.

    A file in the folder of a run, a sweep and a folder of runs are recognised; the text is empty for anything else.
    """
    if path.is_file():
        return (
            f"{path} is a file in the folder of a run. Give the folder: {path.parent}." if _is_run(path.parent) else ""
        )
    if not path.is_dir():
        return ""
    if (path / INDEX).is_file():
        runs = _runs_in(path / POINTS)
        each = f"; its runs are in {path / POINTS}, such as {runs[0]}" if runs else ", and none of its runs has begun"
        return (
            f"{path} is a sweep{each}. `nakmd sweep {path}` continues it, `nakmd report {path}` combines its results."
        )
    runs = _runs_in(path)
    named = ", ".join(map(str, runs[:MOST_NAMED]))
    more = f" and {len(runs) - MOST_NAMED} more" if len(runs) > MOST_NAMED else ""
    return f"{path} is a folder of runs: {named}{more}. Give one of them." if runs else ""


def _is_run(path: Path) -> bool:
    return RunFolder(path).holds_run


def _runs_in(path: Path) -> list[Path]:
    """Return the folders of runs in a folder, by name."""
    return sorted(inner for inner in path.iterdir() if inner.is_dir() and _is_run(inner)) if path.is_dir() else []
