"""A file that is replaced as a whole: it has the old or the new content, never a mixture."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from nakmd.errors import InputError

#: What else may have the name of a file, by the test of its type.
_KINDS = (
    (stat.S_ISDIR, "folder"),
    (stat.S_ISFIFO, "named pipe"),
    (stat.S_ISSOCK, "socket"),
    (lambda mode: True, "device"),
)


class ReplacedFile:
    """A temporary file that replaces another if the block succeeds and is deleted otherwise.

    The block writes the new content to `temporary`, which exists and is empty. A symbolic link stays, and the file
    behind it is replaced. The permissions of the file are kept.

    Parameters
    ----------
    path : path

    Attributes
    ----------
    target : pathlib.Path
        The file itself, behind symbolic links; it need not exist.
    temporary : pathlib.Path
        In the same folder. Its name holds the number of the process, so that no other process has the same.

    Raises
    ------
    InputError
        If something else than a file has this name, such as a pipe or a device.
    OSError
        If the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "notes.txt"
    >>> with ReplacedFile(path) as new:
    ...     _ = new.temporary.write_text("complete")
    >>> path.read_text()
    'complete'
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.target = Path(os.path.realpath(path) if os.path.islink(path) else path)
        self.temporary = self.target.with_name(f".{self.target.name}.{os.getpid()}.tmp")
        self._permissions: int | None = None
        self._is_replaced = False
        try:
            mode = os.stat(path).st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISREG(mode):
            kind = next(kind for is_kind, kind in _KINDS if is_kind(mode))
            raise InputError(f"{path} is a {kind}, not a file, and is not replaced. Give the name of a file.")
        self._permissions = stat.S_IMODE(mode)

    def __enter__(self) -> Self:
        self.temporary.unlink(missing_ok=True)  # of a killed process that had the same number
        # until the content is complete, only the owner may read what may be private
        self.temporary.touch(mode=0o666 if self._permissions is None else 0o600, exist_ok=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.replace()
        finally:
            self.temporary.unlink(missing_ok=True)

    def replace(self) -> None:
        """Replace the file before the block ends, if something must follow in it; a second call does nothing."""
        if self._is_replaced:
            return
        if self._permissions is not None:
            self.temporary.chmod(self._permissions)
        os.replace(self.temporary, self.target)
        self._is_replaced = True
