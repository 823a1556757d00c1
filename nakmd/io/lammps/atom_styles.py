"""Atom styles of LAMMPS: which columns of the section Atoms of a data file are type and position.

References
----------
LAMMPS manual, command ``read_data``, table of the section Atoms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import InputError


class AtomStyle(NamedTuple):
    """Columns of an atom style; the first is the atom id.

    Attributes
    ----------
    name : str
    type, x : int
        Columns of the type and of x, followed by y and z.
    n_columns : int
        Without the three image flags, which may follow.
    """

    name: str
    type: int
    x: int
    n_columns: int


ATOM_STYLES = {
    style.name: style
    for style in (
        AtomStyle("atomic", 1, 2, 5),
        AtomStyle("charge", 1, 3, 6),
        AtomStyle("molecular", 2, 3, 6),
        AtomStyle("bond", 2, 3, 6),
        AtomStyle("angle", 2, 3, 6),
        AtomStyle("full", 2, 4, 7),
        AtomStyle("sphere", 1, 4, 7),
        AtomStyle("ellipsoid", 1, 4, 7),
        AtomStyle("peri", 1, 4, 7),
        AtomStyle("dpd", 1, 3, 6),
        AtomStyle("dipole", 1, 3, 9),
        AtomStyle("spin", 1, 2, 9),
        AtomStyle("electron", 1, 5, 8),
        AtomStyle("sph", 1, 5, 8),
        AtomStyle("dielectric", 2, 4, 15),
    )
}

#: Styles that a file without a hint may have; the others need the hint.
_COMMON = ("atomic", "charge", "molecular", "full", "sphere")

#: Styles whose particles are not points, or whose columns vary.
_UNREAD = {
    *("body", "bpm/sphere", "edpd", "hybrid", "line", "mdpd", "mesont", "rheo", "rheo/thermal", "smd", "tdpd"),
    *("template", "tri", "wavepacket"),
}

#: Suffixes of accelerated styles, as in atomic/kk.
_SUFFIXES = ("/kk", "/gpu", "/intel", "/omp", "/opt")


class AtomColumns(NamedTuple):
    """The columns of the section Atoms that nakmd reads.

    Attributes
    ----------
    ids, types : (n,) int64
    positions : (n, 3) float64 [Å]
    flags : (n, 3) int64 or None
        Image flags.
    """

    ids: IntArray
    types: IntArray
    positions: FloatArray
    flags: IntArray | None

    def same_atoms(self, other: AtomColumns) -> bool:
        """Return whether both readings mean the same atoms."""
        if (self.flags is None) != (other.flags is None):
            return False
        pairs = zip(self, other)
        return all(one is None or other is None or np.array_equal(one, other) for one, other in pairs)


def read_atoms(
    rows: Sequence[Sequence[str]], hint: str, labels: dict[str, int], n_types: int, has_bonds: bool
) -> AtomColumns:
    """Return the atoms of a data file, by the atom style in its hint, or by the number and kind of its columns.

    Parameters
    ----------
    rows : sequence of sequence of str
        Words of the lines, all of the same number.
    hint : str
        Comment behind ``Atoms``: the style, or anything else.
    labels : dict of str to int
        Types by label.
    n_types : int
    has_bonds : bool
        Whether the file declares bonds, so that its style has a column of molecules.

    Raises
    ------
    InputError
        If the columns do not fit the style, or fit several styles that mean different atoms.
    """
    word = hint.partition(" ")[0]
    for suffix in _SUFFIXES:
        word = word.removesuffix(suffix)
    n = len(rows[0])
    if word in _UNREAD:
        raise InputError(f"the atom style {word} is not read; those read are {', '.join(ATOM_STYLES)}.")
    if word in ATOM_STYLES:
        style = ATOM_STYLES[word]
        if n not in (style.n_columns, style.n_columns + 3):
            raise InputError(
                f"atom style {word} has {style.n_columns} columns, or {style.n_columns + 3} with image flags; the "
                f"lines have {n}."
            )
        return _columns(rows, style, labels, n_types)
    found: dict[str, AtomColumns] = {}
    for name in _COMMON:
        style = ATOM_STYLES[name]
        if n in (style.n_columns, style.n_columns + 3) and not (has_bonds and style.type == 1):
            try:
                found[name] = _columns(rows, style, labels, n_types)
            except InputError:
                continue
    remedy = "Write the style behind the word, e.g. 'Atoms # charge'."
    if not found:
        raise InputError(f"the {n} columns fit none of the atom styles {', '.join(_COMMON)}. {remedy}")
    first, *others = found.values()
    if not all(first.same_atoms(other) for other in others):
        raise InputError(f"the {n} columns fit the atom styles {' and '.join(found)}, with different atoms. {remedy}")
    return first


def _columns(rows: Sequence[Sequence[str]], style: AtomStyle, labels: dict[str, int], n_types: int) -> AtomColumns:
    """Return the columns read as a style."""

    def column(k: int) -> list[str]:
        return [row[k] for row in rows]

    ids = _integers(column(0), "an atom id")
    types = _integers([str(labels.get(word, word)) for word in column(style.type)], "a type")
    if types.min() < 1 or types.max() > n_types:
        wrong = types.min() if types.min() < 1 else types.max()
        raise InputError(f"an atom has the type {wrong}; the header declares {n_types} atom types.")
    try:
        positions = np.array([column(style.x + axis) for axis in range(3)], dtype=np.float64).T
    except ValueError as error:
        raise InputError(f"a position is not a number ({error}).") from error
    wrong = np.flatnonzero(~np.isfinite(positions).all(axis=1))
    if len(wrong):
        raise InputError(f"the position of atom id {ids[wrong[0]]} is not finite.")
    flags = None
    if len(rows[0]) == style.n_columns + 3:
        flags = np.stack([_integers(column(style.n_columns + axis), "an image flag") for axis in range(3)], axis=1)
    return AtomColumns(ids, types, np.ascontiguousarray(positions), flags)


def _integers(words: Sequence[str], what: str) -> IntArray:
    try:
        return np.array([int(word) for word in words], dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{what} is not an integer ({error}).") from error
