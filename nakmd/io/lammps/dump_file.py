"""Reading LAMMPS text dumps: what the columns hold, and nothing else.

Positions come from ``xu yu zu`` or ``xsu ysu zsu`` (unwrapped), or from ``x y z`` or ``xs ys zs`` with the image flags
``ix iy iz``; without flags, images are absent. Velocities are ``vx vy vz``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.errors import FileFormatError, InputError
from nakmd.io.contents import open_plain
from nakmd.io.element_groups import element_groups
from nakmd.io.lammps.box import LammpsBox, placed
from nakmd.io.lammps.dump_index import DumpHead, index_dump
from nakmd.io.lammps.dump_rows import DumpRows
from nakmd.io.lammps.dump_species import DumpSpecies, default_element
from nakmd.io.lammps.lammps_frame import LammpsFrame
from nakmd.io.lammps.unit_styles import NAMING_BOX, NAMING_UNITS, UNIT_STYLES, UnitStyle, agreed_style
from nakmd.system import Topology


class _Coordinates(NamedTuple):
    """One of the four kinds of positions."""

    names: tuple[str, str, str]
    scaled: bool
    unwrapped: bool


#: Unwrapped positions first: they need no image flags.
_COORDINATES = (
    _Coordinates(("xu", "yu", "zu"), scaled=False, unwrapped=True),
    _Coordinates(("xsu", "ysu", "zsu"), scaled=True, unwrapped=True),
    _Coordinates(("x", "y", "z"), scaled=False, unwrapped=False),
    _Coordinates(("xs", "ys", "zs"), scaled=True, unwrapped=False),
)
_FLAGS = ("ix", "iy", "iz")
_VELOCITIES = ("vx", "vy", "vz")


def _kind(columns: Sequence[str]) -> _Coordinates | None:
    """Return the kind of positions in these columns, None if there are none."""
    return next((kind for kind in _COORDINATES if set(kind.names) <= set(columns)), None)


class DumpFile:
    """A dump, with its frames indexed.

    Parameters
    ----------
    path : path
        A text dump, also compressed by gzip, bzip2 or xz.
    units : str, optional
        Unit style of LAMMPS; by default that of ``ITEM: UNITS``, else metal, with a note.
    periodic : sequence of three bool, optional
        Periodic directions of frames that do not name them; by default all, with a note.

    Attributes
    ----------
    units : UnitStyle
    notes : list of str
        What had to be assumed.

    Raises
    ------
    FileFormatError
        If the file is no dump of atoms or is damaged.
    InputError
        If the units are unknown or contradict the file.
    """

    def __init__(
        self, path: str | os.PathLike[str], units: str | None = None, periodic: Sequence[bool] | None = None
    ) -> None:
        self.path = Path(path)
        self.notes: list[str] = []
        self._file = open_plain(path)
        try:
            self._heads, stated, self._fault = index_dump(self.path, self._file)
            self.units = self._unit_style(stated, units)
        except (OSError, EOFError) as error:
            self.close()
            raise FileFormatError(self.path, f"the file cannot be read ({error}).", "Copy it again.") from error
        except BaseException:
            self.close()
            raise
        if periodic is not None:
            self._heads = [head if head.names_boundaries else head.with_periodic(periodic) for head in self._heads]
        elif not all(head.names_boundaries for head in self._heads):
            self.notes.append(
                "The dump names no boundaries (pp, ff): the box is taken as periodic in all directions. " + NAMING_BOX
            )

    def _unit_style(self, stated: str, given: str | None) -> UnitStyle:
        style = agreed_style(self.path, stated, "ITEM: UNITS", given)
        if style is not None:
            return style
        head = self._heads[0]
        if set(_VELOCITIES) <= set(head.columns) or head.time is not None:
            self.notes.append(f"The dump does not name its units: metal is assumed (Å, ps, Å/ps). {NAMING_UNITS}")
        return UNIT_STYLES["metal"]

    def __len__(self) -> int:
        return len(self._heads) + (self._fault is not None)

    @property
    def has_times(self) -> bool:
        """Whether all frames have their time (``ITEM: TIME``)."""
        return all(head.time is not None for head in self._heads)

    def head(self, number: int) -> DumpHead:
        """Return the header of a frame; `FileFormatError` if it is incomplete."""
        if self._fault is not None and number == len(self._heads):
            raise self._fault
        return self._heads[number]

    def rows(self, number: int) -> DumpRows:
        """Return the rows of atoms of a frame; `FileFormatError` if they are damaged."""
        try:
            return DumpRows(self.path, self._file, number, self.head(number))
        except (OSError, EOFError) as error:
            raise FileFormatError(self.path, f"the file cannot be read ({error}).", "Copy it again.") from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class DumpSeries:
    """Frames of a dump that have the same atoms, read one by one on request.

    Parameters
    ----------
    dump : DumpFile
    first : int
        Number of the frame that says what the atoms are.
    types : sequence of str
        Species of type 1, 2, ...; empty if the file says it.
    alone : bool
        Whether no other frame will be read; others need atom ids.

    Attributes
    ----------
    topology : Topology
        Of the first frame; groups from the elements.
    notes : list of str
        What had to be assumed.

    Raises
    ------
    FileFormatError
        If the first frame is damaged, or does not say what its atoms are.
    """

    def __init__(self, dump: DumpFile, first: int, types: Sequence[str] = (), alone: bool = False) -> None:
        self._dump, self._first, self._types = dump, first, tuple(types)
        rows = dump.rows(first)
        if rows.ids is None and not alone:
            raise rows.error(
                "has no column id, so that atoms cannot be followed from frame to frame.",
                "Write the dump with the column id, or convert single frames, e.g. --frames -1.",
            )
        if not len(rows):
            raise rows.error("has no atoms.")
        self._ids = rows.ids
        self._atoms = atoms = DumpSpecies.of(rows, self._types)
        self.notes = [] if self._types else default_element(rows, atoms)
        self._periodic: BoolArray = dump.head(first).box.periodic
        groups = element_groups(atoms.names, atoms.species)
        self.topology = Topology(atoms.names, atoms.species, atoms.masses, self._periodic, groups)
        self._flags = [name for name, periodic in zip(_FLAGS, self._periodic) if periodic]

    def has_images(self, number: int) -> bool:
        """Return whether a frame has image flags, or unwrapped positions.

        Parameters
        ----------
        number : int
        """
        columns = self._dump.head(number).columns
        kind = _kind(columns)
        return kind is not None and (kind.unwrapped or set(self._flags) <= set(columns))

    def __getitem__(self, number: int) -> LammpsFrame:
        """Read a frame.

        Raises
        ------
        FileFormatError
            If it is damaged, or does not have the atoms of the first frame.
        """
        rows, head, units = self._dump.rows(number), self._dump.head(number), self._dump.units
        if number != self._first:
            self._compare(rows, head)
        cell = Cell(head.box.matrix, head.box.periodic.tolist())
        positions, flags = self._positions(rows, head.box)
        try:
            wrapped, images = placed(cell, positions, flags)
        except InputError as error:
            raise rows.error(f"has an atom that cannot be placed: {error}") from error
        velocities = rows.numbers(_VELOCITIES) * units.velocity if rows.has(_VELOCITIES) else None
        time = None if head.time is None else head.time * units.time
        return LammpsFrame(head.step, time, cell, wrapped, images, flags is not None, velocities)

    def _positions(self, rows: DumpRows, box: LammpsBox) -> tuple[FloatArray, IntArray | None]:
        """Return the positions from the corner of the cell, and their image flags, None if the file has none."""
        kind = _kind(rows.names)
        if kind is None:
            raise rows.error(
                f"has no positions; its columns are {' '.join(rows.names)}.", "Write the dump with x y z ix iy iz."
            )
        values = rows.numbers(kind.names)
        origin = box.shift(self._dump.head(self._first).box.origin)
        positions = values @ box.matrix + box.origin - origin if kind.scaled else values - origin
        if kind.unwrapped:
            return positions, np.zeros((len(rows), 3), dtype=np.int64)
        if not rows.has(self._flags):
            return positions, None
        flags = np.zeros((len(rows), 3), dtype=np.int64)
        flags[:, self._periodic] = rows.integers(self._flags)
        return positions, flags

    def _compare(self, rows: DumpRows, head: DumpHead) -> None:
        """Refuse a frame whose atoms are not those of the first."""
        first = self._dump.head(self._first)
        before = f"frame {self._first} (step {first.step})"
        separate = "Convert the frames with equal atoms separately, with --frames START:STOP."
        if head.n_atoms != first.n_atoms:
            raise rows.error(f"has {head.n_atoms} atoms, {before} has {first.n_atoms}.", separate)
        if not np.array_equal(head.box.periodic, self._periodic):
            raise rows.error(f"has other boundaries than {before}.", separate)
        if rows.ids is None or self._ids is None or not np.array_equal(rows.ids, self._ids):
            raise rows.error(f"has other atom ids than {before}.", separate)
        names = self._atoms.by_atom
        atoms = DumpSpecies.of(rows, self._types).by_atom
        changed = np.flatnonzero(atoms != names)
        if len(changed):
            k = int(changed[0])
            raise rows.error(f"has {atoms[k]} as {rows.label(k)}, which is {names[k]} in {before}.", separate)
