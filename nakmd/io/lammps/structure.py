"""LAMMPS files as structures to start from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nakmd.errors import FileFormatError
from nakmd.io.lammps.data_file import read_data
from nakmd.io.lammps.dump_file import DumpFile, DumpSeries
from nakmd.io.lammps.lammps_frame import LammpsFrame
from nakmd.io.library_errors import guard
from nakmd.system import System, Topology


def data_structure(
    path: Path, types: Sequence[str] = (), units: str | None = None, periodic: Sequence[bool] | None = None
) -> tuple[System, tuple[str, ...]]:
    """Read a data file, with notes on what had to be assumed; parameters and errors as in `read_data`."""
    with guard(path, "the file cannot be read"):
        read = read_data(path, types, units, periodic)
    return _system(read.frame, read.topology), read.notes


def dump_structure(
    path: Path,
    index: int = -1,
    types: Sequence[str] = (),
    units: str | None = None,
    periodic: Sequence[bool] | None = None,
) -> tuple[System, tuple[str, ...]]:
    """Read one frame of a dump, with notes on what had to be assumed.

    Parameters
    ----------
    path : pathlib.Path
    index : int
        Negative numbers count from the end.
    types, units, periodic
        As in `read_data`.

    Raises
    ------
    FileFormatError
        If there is no such frame, it is damaged, or it does not say what its atoms are.
    """
    dump = DumpFile(path, units, periodic)
    try:
        n = len(dump)
        if not -n <= index < n:
            raise FileFormatError(path, f"frame {index} does not exist: the file has {n} frames.")
        series = DumpSeries(dump, index % n, types, alone=True)
        return _system(series[index % n], series.topology), (*dump.notes, *series.notes)
    finally:
        dump.close()


def _system(frame: LammpsFrame, topology: Topology) -> System:
    return System(
        frame.positions + frame.images @ frame.cell.matrix,
        topology.species,
        topology.species_names,
        frame.cell,
        frame.velocities,
        topology.masses,
        topology.groups,
    )
