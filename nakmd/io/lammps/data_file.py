"""Reading LAMMPS data files: one configuration, with what the file holds, and nothing else.

A data file holds neither periodicity nor, as a rule, units: LAMMPS takes both from its input script. The first line,
which LAMMPS ignores, names units and step in files of its ``write_data``, and units, boundary, step and time in
files of nakmd.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.errors import FileFormatError, InputError
from nakmd.io.lammps.atom_styles import AtomColumns, read_atoms
from nakmd.io.lammps.box import LammpsBox, placed
from nakmd.io.lammps.data_sections import DataSections, read_sections
from nakmd.io.lammps.data_species import labels_of, topology_of
from nakmd.io.lammps.lammps_frame import LammpsFrame
from nakmd.io.lammps.unit_styles import NAMING_BOX, NAMING_UNITS, UNIT_STYLES, UnitStyle, agreed_style
from nakmd.system import Topology

#: What the first line says, in files of ``write_data`` ("units = metal") and of nakmd ("units metal").
_UNITS = re.compile(r"LAMMPS data file .*\bunits(?: = | )(\w+)")
_STEP = re.compile(r"LAMMPS data file .*\b(?:timestep = |step )(\d+)")
_TIME = re.compile(r"LAMMPS data file by nakmd: .*\btime (\S+) ps\b")
_BOUNDARY = re.compile(r"LAMMPS data file by nakmd: .*\bboundary ([pf]) ([pf]) ([pf])$")


class DataConfiguration(NamedTuple):
    """The configuration of a data file.

    Attributes
    ----------
    topology : Topology
        Species in the order of their first appearance, masses from the file, groups from the elements.
    frame : LammpsFrame
    notes : tuple of str
        What had to be assumed.
    """

    topology: Topology
    frame: LammpsFrame
    notes: tuple[str, ...]


def read_data(
    path: str | os.PathLike[str],
    types: Sequence[str] = (),
    units: str | None = None,
    periodic: Sequence[bool] | None = None,
) -> DataConfiguration:
    """Read a LAMMPS data file.

    Parameters
    ----------
    path : path
        Also compressed by gzip, bzip2 or xz.
    types : sequence of str
        Species of type 1, 2, ...; by default from type labels, the comments behind the masses, or the masses.
    units : str, optional
        Unit style of LAMMPS; by default that of the first line, else metal, with a note if there are velocities.
    periodic : sequence of three bool, optional
        Periodic directions of a file that does not name them; by default all, with a note.

    Raises
    ------
    FileFormatError
        If the file is damaged, its atom style is unknown, or it does not say what its atoms are.
    InputError
        If the units are unknown or contradict the file.
    """
    data = read_sections(Path(path))
    notes: list[str] = []
    style = _unit_style(data, units, notes)
    directions = _directions(data, periodic, notes)
    atoms = _atoms(data)
    order = np.argsort(atoms.ids, kind="stable")
    twice = np.flatnonzero(np.diff(atoms.ids[order]) == 0)
    if len(twice):
        raise FileFormatError(path, f"atom id {atoms.ids[order][twice[0]]} occurs twice in section Atoms.")
    box = LammpsBox.of(data.bounds, data.tilts, directions)
    cell = Cell(box.matrix, directions.tolist())
    flags = None if atoms.flags is None else atoms.flags[order]
    try:
        positions, images = placed(cell, atoms.positions[order] - box.origin, flags)
    except InputError as error:
        raise FileFormatError(path, str(error)) from error
    step, time = _STEP.search(data.title), _TIME.search(data.title)
    frame = LammpsFrame(
        None if step is None else int(step[1]),
        None if time is None else float(time[1]),
        cell,
        positions,
        images,
        flags is not None,
        _velocities(data, atoms.ids[order], style),
    )
    return DataConfiguration(topology_of(data, atoms.types[order], types, directions), frame, tuple(notes))


def _directions(data: DataSections, given: Sequence[bool] | None, notes: list[str]) -> BoolArray:
    """Return the periodic directions: those of the first line, else those that the user names, else all."""
    boundary = _BOUNDARY.search(data.title)
    if boundary is not None:
        return np.array([word == "p" for word in boundary.groups()])
    if given is None:
        notes.append(f"A data file does not say which directions are periodic: all are taken as periodic. {NAMING_BOX}")
    return np.array([True] * 3 if given is None else list(given))


def _unit_style(data: DataSections, given: str | None, notes: list[str]) -> UnitStyle:
    match = _UNITS.search(data.title)
    style = agreed_style(data.path, match[1] if match else "", "first line", given)
    if style is not None:
        return style
    if "Velocities" in data.sections:
        notes.append(f"The file does not name its units: metal is assumed (Å, Å/ps). {NAMING_UNITS}")
    return UNIT_STYLES["metal"]


def _atoms(data: DataSections) -> AtomColumns:
    """Return the columns of the section Atoms."""
    if not data.sections.get("Atoms"):
        raise FileFormatError(data.path, "there is no section Atoms, or it is empty.")
    lines = data.sections["Atoms"]
    n = data.counts["atoms"]
    if len(lines) != n:
        raise FileFormatError(
            data.path, f"section Atoms has {len(lines)} lines, the header declares {n} atoms.", line=lines[-1].number
        )
    width = len(lines[0].words)
    for line in lines:
        if len(line.words) != width:
            what = f"the line has {len(line.words)} columns, the first of section Atoms has {width}."
            raise FileFormatError(data.path, what, line=line.number)
    has_bonds = bool(data.counts.get("bonds") or data.counts.get("bond types"))
    try:
        rows = [line.words for line in lines]
        return read_atoms(rows, data.hints["Atoms"], labels_of(data), data.counts["atom types"], has_bonds)
    except InputError as error:
        raise FileFormatError(data.path, f"section Atoms: {error}", line=lines[0].number - 1) from error


def _velocities(data: DataSections, ids: IntArray, style: UnitStyle) -> FloatArray | None:
    """Return the velocities in the order of the ids, None if the file has none."""
    lines = data.sections.get("Velocities")
    if not lines:
        return None
    try:
        rows = {int(line.words[0]): [float(word) for word in line.words[1:4]] for line in lines}
        velocities = np.array([rows[k] for k in ids.tolist()], dtype=np.float64).reshape(len(ids), 3)
    except (ValueError, KeyError, IndexError) as error:
        raise FileFormatError(
            data.path, f"section Velocities does not give three numbers for each atom ({error}).", line=lines[0].number
        ) from error
    if len(lines) != len(ids) or not np.isfinite(velocities).all():
        raise FileFormatError(
            data.path,
            f"section Velocities has {len(lines)} lines for {len(ids)} atoms, or a number that is not finite.",
            line=lines[0].number,
        )
    return velocities * style.velocity
