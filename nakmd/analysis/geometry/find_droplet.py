"""Classification of the droplet shape on a wall."""

from __future__ import annotations

import math

import numpy as np

from nakmd.analysis.geometry.droplet_shape import DropletShape
from nakmd.analysis.geometry.parallel_tubes import ParallelTubes
from nakmd.analysis.geometry.sheet_droplets import CylindricalCap, SphericalCap
from nakmd.analysis.geometry.surfaces import Placed, Plane, Tube, height_along, largest_gap
from nakmd.analysis.geometry.tube_droplets import Barrel, Clamshell, Plug, Ridge
from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.errors import AnalysisError

#: Liquid spans the cell if its largest gap along it is at most this wide [Å, rad].
SPAN, TURN = 6.0, 1.0


def find_droplet(points: FloatArray, placed: Placed, cell: Cell, axis: int) -> DropletShape:
    """Return the shape of the droplet on the wall in the first frame.

    Parameters
    ----------
    points : (n, 3) float64 [Å]
        Positions of the metal atoms.
    placed : Placed
    cell : Cell
    axis : int
        Axis of the `WallShape`.

    Raises
    ------
    AnalysisError
        If the liquid covers the wall or fills the tube, so that there is no contact line; if there are several tubes.
    """

    def spans(c: int, atoms: FloatArray) -> bool:
        normal, period = height_along(cell, c)
        return largest_gap(atoms @ normal, period)[0] <= SPAN

    if isinstance(placed, Plane):
        height = placed.heights(points)
        near = np.abs(height) < 0.5 * (placed.top - placed.bottom) + 7.0
        side = "above" if np.sum(height[near] > 0.0) >= 0.5 * np.sum(near) else "below"
        lateral = [c for c in range(3) if c != axis]
        long = [c for c in lateral if spans(c, points)]
        if len(long) == 2:
            raise AnalysisError(
                "The liquid covers the sheet from end to end, so there is no contact line. A contact angle needs a "
                "droplet, or a ridge along one cell vector, in a wider cell."
            )
        return CylindricalCap(side, long[0]) if long else SphericalCap(side, axis)
    if isinstance(placed, ParallelTubes):
        raise AnalysisError(
            f"The wall is {len(placed.tubes)} tubes. A contact angle is defined for a droplet on one tube or "
            "on sheets; liquid between tubes has none."
        )
    assert isinstance(placed, Tube)
    across = placed.across(points)
    outside = np.linalg.norm(across, axis=1) >= 0.5 * (placed.inner + placed.outer)
    side = "outside" if np.sum(outside) >= 0.5 * len(points) else "inside"
    on_side = outside if side == "outside" else ~outside
    radial = across[on_side]
    first = radial[int(np.argmax(np.linalg.norm(radial, axis=1)))]
    first = first / np.linalg.norm(first)
    angle = np.arctan2(radial @ np.cross(placed.axis, first), radial @ first)
    around = largest_gap(angle, 2.0 * math.pi)[0] <= TURN
    along = spans(axis, points[on_side])
    if around and along:
        extent = "surrounds the tube along its whole length" if side == "outside" else "fills the tube from end to end"
        raise AnalysisError(
            f"The liquid {extent}, so there is no contact line. A contact angle needs a drop or a column that ends "
            "within the cell."
        )
    if side == "inside":
        if not around and not along:
            raise AnalysisError(
                "The drop inside the tube neither fills its cross-section nor spans its length. Contact angles "
                "inside a tube are defined for a plug or a ridge. Simulate more liquid."
            )
        return Ridge(side, axis) if along else Plug(side, axis)
    if around:
        return Barrel(side, axis)
    return Ridge(side, axis) if along else Clamshell(side, axis)
