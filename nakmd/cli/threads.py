"""The number of threads available to the kernels."""

from __future__ import annotations

import os
import sys


def allow_threads(threads: int | None) -> None:
    """Set the maximum number of threads of the kernels; it may exceed the number of cores.

    Numba reads the maximum when it is imported, so call this first.
    """
    if threads is not None and "numba" not in sys.modules:
        os.environ["NUMBA_NUM_THREADS"] = str(max(threads, os.cpu_count() or 1))
