"""The part of space in which a thermostat acts."""

from __future__ import annotations

from typing import Any

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.errors import InputError
from nakmd.integrators.groups import AXES
from nakmd.kernels import far_atoms
from nakmd.system import System

#: What distances are measured from.
SHAPES = ("planar", "cylindrical")


class BathRegion:
    """All places farther than a distance from a plane or an axis, which moves with the centre of a group.

    Atoms of a liquid come and go: those that a thermostat acts on are found in every step.

    Parameters
    ----------
    center : str
        Group whose mean position the plane or the axis goes through: a sheet or a tube.
    beyond : float [Å]
    axis : {"x", "y", "z"}
        Normal of the plane, or direction of the axis.
    shape : {"planar", "cylindrical"}

    Raises
    ------
    InputError
        If a value makes no sense.

    Notes
    -----
    Distances are to the image by rounded cell coordinates, which is the nearest in a rectangular cell.

    Examples
    --------
    >>> from nakmd.integrators import BathRegion, Langevin
    >>> far = BathRegion("carbon", beyond=15.0, axis="z")
    >>> far.text
    'beyond 15 Å from carbon along z'
    >>> Langevin(400.0, group="liquid", region=far).temperature
    Ramp(start=400.0, end=400.0)
    """

    def __init__(self, center: str, beyond: float, axis: str = "z", shape: str = "planar") -> None:
        if axis not in AXES or shape not in SHAPES or not (beyond > 0.0 and np.isfinite(beyond)):
            raise InputError(
                f"A region needs an axis x, y or z, a shape {' or '.join(SHAPES)} and a distance > 0, got {axis!r}, "
                f"{shape!r} and {beyond} Å."
            )
        self.center, self.beyond, self.axis, self.shape = center, float(beyond), axis, shape

    @property
    def text(self) -> str:
        """A clause for reports."""
        return (
            f"beyond {self.beyond:g} Å from {self.center} {'along' if self.shape == 'planar' else 'around'} {self.axis}"
        )

    def describe(self) -> dict[str, Any]:
        """Return the values that it was made of."""
        return {"center": self.center, "beyond": self.beyond, "axis": self.axis, "shape": self.shape}

    def start(self, system: System) -> None:
        """Bind to a system.

        Raises
        ------
        InputError
            If no atom belongs to the group of the centre.
        """
        self._atoms: IntArray = np.flatnonzero(system.topology.select(self.center))
        if not len(self._atoms):
            raise InputError(f"The region of a thermostat is measured from {self.center!r}, which has no atoms.")
        self._point: FloatArray = np.zeros(3)
        self._near: BoolArray = np.zeros(system.n_atoms, dtype=np.bool_)

    def outside(self, system: System) -> BoolArray:
        """Return the mask of the atoms that are not in the region now, (n,); it is overwritten by the next call."""
        cell = system.cell
        far_atoms.mean_position(system.positions, self._atoms, self._point)
        far_atoms.mark_near(
            system.positions, cell.matrix, cell.inverse, cell.periodic, self._point, AXES.index(self.axis),
            self.shape == "cylindrical", self.beyond, self._near,
        )  # fmt: skip
        return self._near
