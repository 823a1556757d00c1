"""Which shape of droplet sits on a wall."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.geometry.droplet_shape import DropletShape
from nakmd.analysis.geometry.sheet_droplets import CylindricalCap, SphericalCap
from nakmd.analysis.geometry.surfaces import Placed, Plane, Tube, height_along, largest_gap
from nakmd.analysis.geometry.tube_droplets import Barrel, Clamshell, Plug, Ridge
from nakmd.cell import Cell
from nakmd.errors import AnalysisError

FloatArray = NDArray[np.float64]

#: Liquid that leaves no stretch of the cell empty that is wider than this [Å, rad] spans it.
SPAN, TURN = 6.0, 1.0


def find_droplet(points: FloatArray, placed: Placed, cell: Cell, axis: int) -> DropletShape:
    """Return how a droplet sits on the wall, from its first frame.

    Parameters
    ----------
    points : (n, 3) float64 [Å]
        Metal atoms.
    placed : Placed
    cell : Cell
    axis : int
        Of the `WallShape`.

    Raises
    ------
    AnalysisError
        If the liquid covers the wall or fills the tube: there is no contact line.
    """

    def spans(c: int, which: FloatArray) -> bool:
        normal, period = height_along(cell, c)
        return largest_gap(which @ normal, period)[0] <= SPAN

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
    assert isinstance(placed, Tube)
    across = placed.across(points)
    outside = np.linalg.norm(across, axis=1) >= 0.5 * (placed.inner + placed.outer)
    side = "outside" if np.sum(outside) >= 0.5 * len(points) else "inside"
    own = outside if side == "outside" else ~outside
    way = across[own] - 0.0
    first = way[int(np.argmax(np.linalg.norm(way, axis=1)))]
    first = first / np.linalg.norm(first)
    angle = np.arctan2(way @ np.cross(placed.axis, first), way @ first)
    around = largest_gap(angle, 2.0 * math.pi)[0] <= TURN
    along = spans(axis, points[own])
    if around and along:
        what = "surrounds the tube along all of it" if side == "outside" else "fills the tube from end to end"
        raise AnalysisError(
            f"The liquid {what}, so there is no contact line. A contact angle needs a drop or a column that ends "
            "within the cell."
        )
    if side == "inside":
        if not around and not along:
            raise AnalysisError(
                "The drop inside the tube neither fills its cross-section nor runs along all of it; contact angles "
                "inside are those of a plug or of a ridge. Simulate more liquid."
            )
        return Ridge(side, axis) if along else Plug(side, axis)
    if around:
        return Barrel(side, axis)
    return Ridge(side, axis) if along else Clamshell(side, axis)
