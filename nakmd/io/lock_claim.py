"""The claim of a process on a folder: its lock file as read."""

from __future__ import annotations

import errno
import json
import stat
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
        """Read a lock file; None if it does not exist, `OSError` if it cannot be read or is something else."""
        try:
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):  # a read of a pipe would wait, a link may point to no file
                raise OSError(errno.EINVAL, "it is not a file")
            content = path.read_bytes()
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
