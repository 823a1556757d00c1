"""Droplets on a sheet: spherical and cylindrical caps."""

from __future__ import annotations

import math

import numpy as np

from nakmd.analysis.geometry.droplet_shape import DropletShape, centered, rings, strips
from nakmd.analysis.geometry.liquid_surface import Circle, Unduloid
from nakmd.analysis.geometry.surfaces import Placed, Plane
from nakmd.arrays import FloatArray
from nakmd.cell import Cell


def _height(points: FloatArray, plane: Plane, side: str) -> FloatArray:
    """Return heights above the outer sheet under the droplet, up to the periodic image of the sheets."""
    height = points @ plane.normal
    height = height - plane.top if side == "above" else plane.bottom - height
    return np.asarray(height % plane.period if math.isfinite(plane.period) else height)


class _OnPlane(DropletShape):
    def clearance(self, u: FloatArray, v: FloatArray, radius: float) -> FloatArray:
        return np.broadcast_to(v[None, :], (len(u), len(v)))

    def cosine(self, curve: Circle | Unduloid, radius: float, contact: float) -> float:
        assert isinstance(curve, Circle)
        return 1.0 - curve.curvature * (curve.apex - contact)


class SphericalCap(_OnPlane):
    """Part of a sphere on a sheet: u is the distance from the symmetry axis, v the height above the sheet."""

    name = "spherical cap"
    labels = ("distance from the centre", "height above the sheet")

    def coordinates(self, points: FloatArray, placed: Placed, cell: Cell) -> FloatArray:
        """Return u and v."""
        assert isinstance(placed, Plane)
        offsets = centered(points, cell)
        offsets -= np.outer(offsets @ placed.normal, placed.normal)
        return np.stack([np.linalg.norm(offsets, axis=1), _height(points, placed, self.side)], axis=1)

    def volumes(self, u: FloatArray, v: FloatArray, cell: Cell) -> FloatArray:
        """Return the volumes of rings."""
        return rings(u, v)


class CylindricalCap(_OnPlane):
    """A ridge on a sheet that is continuous along one cell vector: part of a cylinder."""

    name = "cylindrical cap"
    labels = ("distance from the centre", "height above the sheet")

    def coordinates(self, points: FloatArray, placed: Placed, cell: Cell) -> FloatArray:
        """Return u and v."""
        assert isinstance(placed, Plane)
        along = cell.matrix[self.axis] / np.linalg.norm(cell.matrix[self.axis])
        across = np.cross(placed.normal, along)
        return np.stack([np.abs(centered(points, cell) @ across), _height(points, placed, self.side)], axis=1)

    def volumes(self, u: FloatArray, v: FloatArray, cell: Cell) -> FloatArray:
        """Return the volumes of strips."""
        return strips(u, v, float(cell.lengths[self.axis]))
