"""The atoms of a LAMMPS file at one step, in the units of nakmd."""

from __future__ import annotations

from typing import NamedTuple

from nakmd.arrays import FloatArray, Int32Array
from nakmd.cell import Cell
from nakmd.system import Frame


class LammpsFrame(NamedTuple):
    """A frame of a dump, or that of a data file.

    Attributes
    ----------
    step : int or None
        None if a data file does not name it.
    time : float [ps] or None
        None if the file does not name it.
    cell : Cell
    positions : (n, 3) float64 [Å]
        Inside the cell, whose corner is at the origin; in the order of the atom ids.
    images : (n, 3) int32
    has_images : bool
        Whether the file has them; else ``images`` only undoes the wrapping of the positions as they are in the file.
    velocities : (n, 3) float64 [Å/ps] or None
    """

    step: int | None
    time: float | None
    cell: Cell
    positions: FloatArray
    images: Int32Array
    has_images: bool
    velocities: FloatArray | None

    def at(self, time: float) -> Frame:
        """Return it as a frame of a trajectory at a time [ps]; a missing step is 0."""
        return Frame(
            self.step or 0,
            time,
            self.positions,
            self.images,
            self.cell.copy(),
            self.velocities,
            has_images=self.has_images,
        )
