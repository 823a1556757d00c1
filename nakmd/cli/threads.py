"""The option ``--threads``."""

from __future__ import annotations

import os
import sys


def allow_threads(threads: int | None) -> int | None:
    """Return the number of threads of ``--threads``, at most the cores of the machine; a smaller one is announced.

    Numba reads its maximum when it is imported, so call this first.
    """
    if threads is None:
        return None
    from nakmd.cli.guard import complain
    from nakmd.kernels.thread_count import allowed_threads, machine_cores

    allowed = allowed_threads(threads)
    if allowed < threads:
        complain(f"--threads {threads}: this machine has {machine_cores()} cores; {allowed} threads are used.")
    if "numba" not in sys.modules:
        os.environ["NUMBA_NUM_THREADS"] = str(max(allowed, machine_cores()))
    return allowed
