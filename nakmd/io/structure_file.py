"""Structures to start from, in any file with atoms, and what had to be assumed about them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from nakmd.errors import FileFormatError, InputError
from nakmd.io.ase_atoms import system_of
from nakmd.io.contents import content_of, trajectory_at
from nakmd.io.extxyz import read_atoms, system_from
from nakmd.io.lammps.atom_types import type_names
from nakmd.io.lammps.structure import data_structure, dump_structure
from nakmd.io.trajectory import Trajectory, notes_on_atoms
from nakmd.io.velocity_columns import assumed_unit
from nakmd.system import System


class NotedStructure(NamedTuple):
    """The structure in a file.

    Attributes
    ----------
    system : System
    notes : tuple of str
        What the file does not state and had to be assumed.
    """

    system: System
    notes: tuple[str, ...]


def read_structure(
    path: str | os.PathLike[str], index: int = -1, types: str | Sequence[str] | None = None, units: str | None = None
) -> System:
    """Read a structure from a LAMMPS data file or any file that ASE reads, or a frame of a trajectory or LAMMPS dump.

    Parameters
    ----------
    path, index, types, units
        As in `open_structure`, which also says what had to be assumed.

    Returns
    -------
    System
        As described in `from_atoms`.

    Raises
    ------
    FileFormatError
        If the file is missing, damaged, or not a valid structure.
    InputError
        If an option does not apply to the file.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from ase.build import bulk
    >>> from nakmd.io import read_structure
    >>> with TemporaryDirectory() as folder:
    ...     bulk("Na", cubic=True).write(f"{folder}/POSCAR")
    ...     sodium = read_structure(f"{folder}/POSCAR")
    >>> sodium.n_atoms, sodium.cell.lengths.round(2).tolist()
    (2, [4.23, 4.23, 4.23])
    """
    return open_structure(path, index, types, units).system


def open_structure(
    path: str | os.PathLike[str],
    index: int = -1,
    types: str | Sequence[str] | None = None,
    units: str | None = None,
    periodic: Sequence[bool] | None = None,
) -> NotedStructure:
    """Read a structure, with notes on what the file does not state.

    Parameters
    ----------
    path : path
    index : int
        Image or frame of the file. Default: the last.
    types : str or sequence of str, optional
        Species of type 1, 2, ... of a LAMMPS file that does not name them.
    units : {"metal", "real"}, optional
        Unit style of a LAMMPS file that does not name it. Default: metal.
    periodic : sequence of three bool, optional
        Periodic directions of a LAMMPS file that does not name them. Default: all.

    Raises
    ------
    FileFormatError, InputError
        As `read_structure`.
    """
    where = trajectory_at(path)
    content = content_of(where)
    if content == "lammps-data":
        return NotedStructure(*data_structure(where, type_names(types), units, periodic))
    if content == "lammps-dump":
        return NotedStructure(*dump_structure(where, index, type_names(types), units, periodic))
    for name, value in (("types", types), ("units", units)):
        if value:
            raise InputError(f"{where}: {name} does not apply: the file is neither a dump nor a data file of LAMMPS.")
    if where.suffix == ".h5md" or content == "hdf5":
        with Trajectory(where) as trajectory:
            if not -len(trajectory) <= index < len(trajectory):
                raise FileFormatError(where, f"frame {index} does not exist: the file has {len(trajectory)} frames.")
            system = system_of(trajectory[index], trajectory.topology)
            return NotedStructure(system, tuple(notes_on_atoms(trajectory)))
    (atoms,) = read_atoms(where, index)
    assumed = assumed_unit(where, atoms)
    return NotedStructure(system_from(where, atoms), (assumed,) if assumed else ())
