"""How many threads the kernels may use."""

from __future__ import annotations

import os
import sys


def allow_threads(threads: int | None) -> None:
    """Let the kernels start with this many threads, more than there are cores if so wanted.

    Numba fixes the largest number when it is imported, so this comes before.
    """
    if threads is not None and "numba" not in sys.modules:
        os.environ["NUMBA_NUM_THREADS"] = str(max(threads, os.cpu_count() or 1))
