"""Files that a deck names."""

from __future__ import annotations

from pathlib import Path

from nakmd.errors import FileFormatError, did_you_mean

#: Most files of a folder that a message lists or compares with a misspelt name.
_MOST_LISTED = 20


def named_file(path: Path) -> Path:
    """Return the path of an existing file.

    Raises
    ------
    FileFormatError
        If there is no such file; the message suggests a similar name in the same folder.
    """
    if not path.is_file():
        neighbours = [p.name for p in path.parent.glob("*") if p.is_file()] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, neighbours) if len(neighbours) < _MOST_LISTED else ""
        raise FileFormatError(path, "no such file.", hint)
    return path
