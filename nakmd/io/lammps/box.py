"""The box of LAMMPS: its cell, its origin, and atoms placed in it.

The cell of nakmd has its corner at the origin, the box of LAMMPS anywhere, so positions are shifted by the origin of
the box. Along a periodic direction this is the origin of the same frame: barostats of LAMMPS move it, and scaled
coordinates are measured from it. Along other directions it is the origin of the first frame, because a shrink-wrapped
face follows the outermost atom and says nothing about the others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, Int32Array, IntArray
from nakmd.cell import Cell, image_counts


class LammpsBox(NamedTuple):
    """The box of a configuration.

    Attributes
    ----------
    origin : (3,) float64 [Å]
        The corner xlo, ylo, zlo.
    matrix : (3, 3) float64 [Å]
        Rows are the cell vectors, lower triangular.
    periodic : (3,) bool
    """

    origin: FloatArray
    matrix: FloatArray
    periodic: BoolArray

    @classmethod
    def of(cls, bounds: FloatArray, tilts: FloatArray, periodic: BoolArray) -> LammpsBox:
        """Return the box of the limits of a data file.

        Parameters
        ----------
        bounds : (3, 2) float64 [Å]
            Low and high of x, y, z.
        tilts : (3,) float64 [Å]
            xy, xz, yz.
        periodic : (3,) bool
        """
        matrix = np.diag(bounds[:, 1] - bounds[:, 0])
        matrix[1, 0], matrix[2, 0], matrix[2, 1] = tilts
        return cls(bounds[:, 0].copy(), matrix, periodic)

    @classmethod
    def of_bounding(cls, bounds: FloatArray, tilts: FloatArray, periodic: BoolArray) -> LammpsBox:
        """Return the box of the limits of a dump, which encloses a tilted cell; parameters as in `of`.

        References
        ----------
        LAMMPS manual, "Triclinic (non-orthogonal) simulation boxes": xlo_bound = xlo + min(0, xy, xz, xy+xz) etc.
        """
        xy, xz, yz = tilts
        inner = bounds.copy()
        inner[0] -= min(0.0, xy, xz, xy + xz), max(0.0, xy, xz, xy + xz)
        inner[1] -= min(0.0, yz), max(0.0, yz)
        return cls.of(inner, tilts, periodic)

    def shift(self, first: FloatArray) -> FloatArray:
        """Return the origin from which positions are measured [Å], (3,).

        Parameters
        ----------
        first : (3,) float64 [Å]
            Origin of the box of the first frame.
        """
        return np.where(self.periodic, self.origin, first)


def placed(cell: Cell, positions: FloatArray, flags: IntArray | None) -> tuple[FloatArray, Int32Array]:
    """Return positions inside the cell, and image counts.

    Parameters
    ----------
    cell : Cell
    positions : (n, 3) float64 [Å]
        Measured from the corner of the cell; LAMMPS lets atoms leave it between two reneighborings.
    flags : (n, 3) int or None
        Image flags of these positions.

    Returns
    -------
    wrapped : (n, 3) float64 [Å]
    images : (n, 3) int32

    Raises
    ------
    InputError
        If a count is beyond the range of 32 bits.
    """
    wrapped, images = cell.wrap(positions)
    if flags is not None:
        images = image_counts(images.astype(np.int64) + np.where(cell.periodic, flags, 0))
    return wrapped, images
