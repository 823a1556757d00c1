"""Reading a file that another process is writing."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path
from typing import TypeVar

from nakmd.errors import FileFormatError
from nakmd.io.journal import is_being_written

T = TypeVar("T")

#: How long [s] to go on trying, and the waits between attempts, which grow to the last one. A writer without pauses,
#: or one that a busy machine stops in the middle of a change, fails many attempts in a row.
_PATIENCE = 10.0
_PAUSES = (0.002, 0.005, 0.01, 0.02, 0.05)


def read_patiently(path: Path, read: Callable[[], T]) -> T:
    """Return what a reader returns; while a writer is at work, repeat a reading that fails: it may fall between pages.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    read : callable
        Reads it; may be called several times.

    Raises
    ------
    FileFormatError
        That of ``read``, if nobody writes the file or 10 s have passed.
    """
    deadline = time.monotonic() + _PATIENCE
    pauses = chain(_PAUSES, repeat(_PAUSES[-1]))
    while True:
        busy = is_being_written(path)  # asked first: the writer may end while this reads
        try:
            return read()
        except FileFormatError:
            if time.monotonic() > deadline or not (busy or is_being_written(path)):
                raise
        time.sleep(next(pauses))
