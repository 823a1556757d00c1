"""LAMMPS files as structures to start from."""

from __future__ import annotations

from pathlib import Path

from nakmd.errors import FileFormatError
from nakmd.io.lammps.data_file import read_data
from nakmd.io.lammps.dump_file import DumpFile, DumpSeries
from nakmd.io.lammps.lammps_frame import LammpsFrame
from nakmd.system import System, Topology


def data_structure(path: Path) -> System:
    """Read a data file; `FileFormatError` if it is damaged, or does not say what its atoms are."""
    read = read_data(path)
    return _system(read.frame, read.topology)


def dump_structure(path: Path, index: int = -1) -> System:
    """Read one frame of a dump.

    Parameters
    ----------
    path : pathlib.Path
    index : int
        Negative numbers count from the end.

    Raises
    ------
    FileFormatError
        If there is no such frame, it is damaged, or it does not say what its atoms are.
    """
    dump = DumpFile(path)
    try:
        n = len(dump)
        if not -n <= index < n:
            raise FileFormatError(path, f"frame {index} does not exist: the file has {n} frames.")
        series = DumpSeries(dump, index % n, alone=True)
        return _system(series[index % n], series.topology)
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
