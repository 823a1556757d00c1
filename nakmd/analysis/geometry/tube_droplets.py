"""Droplets around, along and inside a tube."""

from __future__ import annotations

import math

import numpy as np

from nakmd.analysis.geometry.droplet_shape import DropletShape, centered, rings, strips
from nakmd.analysis.geometry.liquid_surface import Circle, Unduloid, fit_unduloid
from nakmd.analysis.geometry.surfaces import Placed, Tube
from nakmd.arrays import BoolArray, FloatArray
from nakmd.cell import Cell


class _OnAxis(DropletShape):
    """Shapes symmetric about the axis of the tube and about the plane through their centre across it."""

    def _cylindrical(self, points: FloatArray, placed: Placed, cell: Cell) -> tuple[FloatArray, FloatArray]:
        """Return the distance from the axis, and that from the centre along it; NaN on the other side of the wall."""
        assert isinstance(placed, Tube)
        radius = np.linalg.norm(placed.across(points), axis=1)
        along = np.abs(centered(points, cell) @ placed.axis)
        middle = 0.5 * (placed.inner + placed.outer)
        along[radius < middle if self.side == "outside" else radius > middle] = math.nan
        return radius, along


class Barrel(_OnAxis):
    """A drop around a tube: u is the distance from its centre along the axis, v the distance from the axis."""

    name = "barrel around the tube"
    labels = ("along the axis", "distance from the axis")

    def coordinates(self, points: FloatArray, placed: Placed, cell: Cell) -> FloatArray:
        """Return u and v."""
        radius, along = self._cylindrical(points, placed, cell)
        return np.stack([along, radius], axis=1)

    def volumes(self, u: FloatArray, v: FloatArray, cell: Cell) -> FloatArray:
        """Return the volumes of shells, both ends together."""
        return np.asarray(2.0 * math.pi * np.diff(u)[:, None] * np.diff(v**2)[None, :])

    def clearance(self, u: FloatArray, v: FloatArray, radius: float) -> FloatArray:
        """Return r - R."""
        return np.broadcast_to(v[None, :] - radius, (len(u), len(v)))

    def fit(self, points: FloatArray, weights: FloatArray, radius: float) -> Circle | Unduloid:
        """Return the unduloid."""
        return fit_unduloid(points, weights, radius)

    def cosine(self, curve: Circle | Unduloid, radius: float, contact: float) -> float:
        """Return the cosine of the slope of the unduloid at the tube."""
        assert isinstance(curve, Unduloid)
        return float(curve.cosine(radius + contact))


class Plug(_OnAxis):
    """A column that fills part of the tube: u is the distance from the axis, v that from its centre along the axis."""

    name = "plug inside the tube"
    labels = ("distance from the axis", "along the axis")

    def coordinates(self, points: FloatArray, placed: Placed, cell: Cell) -> FloatArray:
        """Return u and v."""
        return np.stack(self._cylindrical(points, placed, cell), axis=1)

    def volumes(self, u: FloatArray, v: FloatArray, cell: Cell) -> FloatArray:
        """Return the volumes of rings, both ends together."""
        return 2.0 * rings(u, v)

    def clearance(self, u: FloatArray, v: FloatArray, radius: float) -> FloatArray:
        """Return R - r."""
        return np.broadcast_to(radius - u[:, None], (len(u), len(v)))

    def capacity(self, counts: FloatArray, volumes: FloatArray, v: FloatArray) -> FloatArray:
        """Return the volume of each ring times the ratio of its density deep in the plug to the mean density.

        In a narrow tube the whole liquid is layered; the surface is then the end of each layer.
        """
        along = np.cumsum(counts.sum(axis=0))
        core = v[1:] <= v[1 + int(np.searchsorted(along, 0.5 * along[-1]))]
        atoms, space = counts[:, core].sum(axis=1), volumes[:, core].sum(axis=1)
        mean = atoms.sum() / max(float(space[atoms > 0.0].sum()), 1e-9)
        return np.asarray(volumes * (atoms / (space * max(mean, 1e-12)))[:, None])

    def cosine(self, curve: Circle | Unduloid, radius: float, contact: float) -> float:
        """Return the cosine for a meniscus."""
        assert isinstance(curve, Circle)
        return -curve.curvature * (radius - contact)


class _OnFlank(DropletShape):
    """Shapes on one flank of a tube: v is measured along the line from the axis to the centre of the liquid."""

    def _frame(self, points: FloatArray, placed: Placed) -> tuple[Tube, FloatArray, FloatArray, BoolArray]:
        """Return the tube, the vectors from its axis, the direction of v, and which atoms are on this side."""
        assert isinstance(placed, Tube)
        across = placed.across(points)
        outside = np.linalg.norm(across, axis=1) >= 0.5 * (placed.inner + placed.outer)
        on_side = outside if self.side == "outside" else ~outside
        direction = across[on_side].mean(axis=0) if np.any(on_side) else across[0]
        direction = direction / np.linalg.norm(direction)
        # reversed inside, so that the liquid is below its surface in v there too
        return placed, across, direction if self.side == "outside" else -direction, on_side


class Ridge(_OnFlank):
    """Liquid along the whole tube on one flank: in the cross-section, two circles that intersect."""

    name = "ridge along the tube"
    labels = ("across", "from the axis of the tube")

    def coordinates(self, points: FloatArray, placed: Placed, cell: Cell) -> FloatArray:
        """Return u and v."""
        tube, across, direction, on_side = self._frame(points, placed)
        u = np.abs(across @ np.cross(tube.axis, direction))
        return np.stack([np.where(on_side, u, math.nan), across @ direction], axis=1)

    def volumes(self, u: FloatArray, v: FloatArray, cell: Cell) -> FloatArray:
        """Return the volumes of strips."""
        return strips(u, v, float(cell.lengths[self.axis]))

    def clearance(self, u: FloatArray, v: FloatArray, radius: float) -> FloatArray:
        """Return r - R outside, R - r inside."""
        distance = np.hypot(u[:, None], v[None, :]) - radius
        return distance if self.side == "outside" else -distance

    def cosine(self, curve: Circle | Unduloid, radius: float, contact: float) -> float:
        """Return the cosine for two circles: (R² + R_d² - c²)/(2 R R_d), with R_d = 1/κ and c = apex - R_d."""
        assert isinstance(curve, Circle)
        wall = radius + contact if self.side == "outside" else radius - contact
        k, apex = curve.curvature, curve.apex
        cosine = (k * (wall * wall - apex * apex) + 2.0 * apex) / (2.0 * wall)
        return cosine if self.side == "outside" else -cosine


class Clamshell(_OnFlank):
    """A drop on one flank of a tube that neither surrounds it nor spans its length, as part of a sphere."""

    name = "clamshell on the tube"
    labels = ("distance from the centre", "from the axis of the tube")

    def coordinates(self, points: FloatArray, placed: Placed, cell: Cell) -> FloatArray:
        """Return u and v."""
        tube, across, direction, on_side = self._frame(points, placed)
        u = np.hypot(across @ np.cross(tube.axis, direction), centered(points, cell) @ tube.axis)
        return np.stack([np.where(on_side, u, math.nan), across @ direction], axis=1)

    def volumes(self, u: FloatArray, v: FloatArray, cell: Cell) -> FloatArray:
        """Return the volumes of rings."""
        return rings(u, v)

    def clearance(self, u: FloatArray, v: FloatArray, radius: float) -> FloatArray:
        """Return the height above the plane tangent to the tube; below it the tube cuts the rings."""
        return np.broadcast_to(v[None, :] - radius, (len(u), len(v)))

    def cosine(self, curve: Circle | Unduloid, radius: float, contact: float) -> float:
        """Return the cosine in the plane through the axis, where the wall is straight."""
        assert isinstance(curve, Circle)
        return 1.0 - curve.curvature * (curve.apex - radius - contact)
