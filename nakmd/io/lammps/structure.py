"""LAMMPS files as structures to start from."""

from __future__ import annotations

from pathlib import Path

from nakmd.errors import FileFormatError
from nakmd.io.element_groups import element_groups
from nakmd.io.lammps.data_file import read_data
from nakmd.io.lammps.dump_file import DumpFile, DumpSeries
from nakmd.system import System


def data_structure(path: Path) -> System:
    """Read a data file.

    Parameters
    ----------
    path : pathlib.Path

    Raises
    ------
    FileFormatError
        If it is damaged, or does not say what its atoms are.
    """
    read = read_data(path)
    topology = read.topology
    return System(
        read.positions + read.images @ read.cell.matrix,
        topology.species,
        topology.species_names,
        read.cell,
        read.velocities,
        topology.masses,
        element_groups(topology.species_names, topology.species),
    )


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
        read, atoms = series[index % n], series.atoms
    finally:
        dump.close()
    return System(
        read.positions + read.images @ read.cell.matrix,
        atoms.species,
        atoms.names,
        read.cell,
        read.velocities,
        atoms.masses,
        element_groups(atoms.names, atoms.species),
    )
