"""Droplets on a sheet: caps."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.geometry.droplet_shape import DropletShape, centered, rings, strips
from nakmd.analysis.geometry.liquid_surface import Circle, Unduloid
from nakmd.analysis.geometry.surfaces import Placed, Plane
from nakmd.cell import Cell

FloatArray = NDArray[np.float64]


def _height(points: FloatArray, plane: Plane, side: str) -> FloatArray:
    """Return heights over the face of the sheets that the droplet sits on, up to the image of the other face."""
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
    """Part of a sphere on a sheet: u from the droplet's middle, v from the sheet."""

    name = "spherical cap"
    labels = ("distance from the middle", "height over the sheet")

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
    """A ridge on a sheet that meets its own image along one cell vector: part of a cylinder."""

    name = "cylindrical cap"
    labels = ("distance from the middle", "height over the sheet")

    def coordinates(self, points: FloatArray, placed: Placed, cell: Cell) -> FloatArray:
        """Return u and v."""
        assert isinstance(placed, Plane)
        along = cell.matrix[self.axis] / np.linalg.norm(cell.matrix[self.axis])
        across = np.cross(placed.normal, along)
        return np.stack([np.abs(centered(points, cell) @ across), _height(points, placed, self.side)], axis=1)

    def volumes(self, u: FloatArray, v: FloatArray, cell: Cell) -> FloatArray:
        """Return the volumes of strips."""
        return strips(u, v, float(cell.lengths[self.axis]))
