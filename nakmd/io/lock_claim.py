"""The claim of a process on a folder: its lock file as read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from nakmd.io.process_identity import ProcessIdentity


class Claim(NamedTuple):
    """A lock file as read.

    Attributes
    ----------
    path : Path
    content : bytes
        All of it, to see whether it has been renewed.
    token : str
        Drawn at random by the process that took the lock.
    holder : ProcessIdentity or None
        None if the file is incomplete.
    """

    path: Path
    content: bytes
    token: str
    holder: ProcessIdentity | None

    @classmethod
    def read(cls, path: Path) -> Claim | None:
        """Read a lock file; None if it does not exist."""
        try:
            content = path.read_bytes()
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            entries = json.loads(content)
            token, holder = str(entries["token"]), ProcessIdentity.from_dict(entries)
        except (ValueError, TypeError, KeyError):
            # its process was killed between creating and writing it, or is about to write
            token, holder = f"unreadable-{status.st_ino}-{status.st_mtime_ns}", None
        return cls(path, content, token, holder)

    def __str__(self) -> str:
        return str(self.holder or "a process that left no name")
