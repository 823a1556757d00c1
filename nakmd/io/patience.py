"""Reading a file while another process writes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path
from typing import TypeVar

from nakmd.errors import FileFormatError
from nakmd.io.journal import is_being_written

T = TypeVar("T")

#: Total time of retries [s], and the pauses between them [s], the last of which repeats. A writer without pauses, or
#: one suspended in the middle of a change, can make many attempts fail.
_PATIENCE = 10.0
_PAUSES = (0.002, 0.005, 0.01, 0.02, 0.05)


def read_patiently(path: Path, read: Callable[[], T]) -> T:
    """Call a reader; while the file is being written, retry on failure, because a read may see half a change.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    read : callable
        Reads the file; may be called several times.

    Raises
    ------
    FileFormatError
        The error of ``read``, if the file is not being written or 10 s have passed.
    """
    deadline = time.monotonic() + _PATIENCE
    pauses = chain(_PAUSES, repeat(_PAUSES[-1]))
    while True:
        busy = is_being_written(path)  # checked first: the writer may finish during the read
        try:
            return read()
        except FileFormatError:
            if time.monotonic() > deadline or not (busy or is_being_written(path)):
                raise
        time.sleep(next(pauses))
