"""Droplets on, along and inside a tube."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.geometry.droplet_shape import DropletShape, centered, rings, strips
from nakmd.analysis.geometry.liquid_surface import Circle, Unduloid, fit_unduloid
from nakmd.analysis.geometry.surfaces import Placed, Tube
from nakmd.cell import Cell

FloatArray = NDArray[np.float64]


class Barrel(DropletShape):
    """A drop all around a tube: u along the axis from its middle, v the distance from the axis."""

    name = "barrel around the tube"
    labels = ("along the axis", "distance from the axis")

    def coordinates(self, points: FloatArray, placed: Placed, cell: Cell) -> FloatArray:
        """Return u and v."""
        assert isinstance(placed, Tube)
        radius = np.linalg.norm(placed.across(points), axis=1)
        along = np.abs(centered(points, cell) @ placed.axis)
        along[radius < 0.5 * (placed.inner + placed.outer)] = math.nan
        return np.stack([along, radius], axis=1)

    def volumes(self, u: FloatArray, v: FloatArray, cell: Cell) -> FloatArray:
        """Return the volumes of shells, those of both ends together."""
        return np.asarray(2.0 * math.pi * np.diff(u)[:, None] * np.diff(v**2)[None, :])

    def clearance(self, u: FloatArray, v: FloatArray, radius: float) -> FloatArray:
        """Return r - R."""
        return np.broadcast_to(v[None, :] - radius, (len(u), len(v)))

    def fit(self, points: FloatArray, weights: FloatArray, radius: float) -> Circle | Unduloid:
        """Return the unduloid."""
        return fit_unduloid(points, weights, radius)

    def cosine(self, curve: Circle | Unduloid, radius: float, contact: float) -> float:
        """Return the slope of the outline at the tube."""
        assert isinstance(curve, Unduloid)
        return float(curve.cosine(radius + contact))


class Plug(DropletShape):
    """A column that fills the tube over part of its length: u from the axis, v along it from the middle."""

    name = "plug inside the tube"
    labels = ("distance from the axis", "along the axis")

    def coordinates(self, points: FloatArray, placed: Placed, cell: Cell) -> FloatArray:
        """Return u and v."""
        assert isinstance(placed, Tube)
        radius = np.linalg.norm(placed.across(points), axis=1)
        along = np.abs(centered(points, cell) @ placed.axis)
        along[radius > 0.5 * (placed.inner + placed.outer)] = math.nan
        return np.stack([radius, along], axis=1)

    def volumes(self, u: FloatArray, v: FloatArray, cell: Cell) -> FloatArray:
        """Return the volumes of rings, those of both ends together."""
        return 2.0 * rings(u, v)

    def clearance(self, u: FloatArray, v: FloatArray, radius: float) -> FloatArray:
        """Return R - r."""
        return np.broadcast_to(radius - u[:, None], (len(u), len(v)))

    def capacity(self, counts: FloatArray, volumes: FloatArray, v: FloatArray) -> FloatArray:
        """Return the volumes, each ring's times its density deep in the plug over the mean one.

        A narrow tube layers the liquid across all of it, so that the surface is where each layer ends.
        """
        along = np.cumsum(counts.sum(axis=0))
        core = v[1:] <= v[1 + int(np.searchsorted(along, 0.5 * along[-1]))]
        atoms, space = counts[:, core].sum(axis=1), volumes[:, core].sum(axis=1)
        mean = atoms.sum() / max(float(space[atoms > 0.0].sum()), 1e-9)
        return np.asarray(volumes * (atoms / (space * max(mean, 1e-12)))[:, None])

    def cosine(self, curve: Circle | Unduloid, radius: float, contact: float) -> float:
        """Return that of a meniscus."""
        assert isinstance(curve, Circle)
        return -curve.curvature * (radius - contact)


class _OnFlank(DropletShape):
    """Shapes that sit on one flank of a tube: v along the line from the axis to the middle of the liquid."""

    def _frame(self, points: FloatArray, placed: Placed) -> tuple[Tube, FloatArray, FloatArray, FloatArray]:
        assert isinstance(placed, Tube)
        across = placed.across(points)
        outside = np.linalg.norm(across, axis=1) >= 0.5 * (placed.inner + placed.outer)
        own = outside if self.side == "outside" else ~outside
        way = across[own].mean(axis=0) if np.any(own) else across[0]
        way = way / np.linalg.norm(way)
        # inside, the liquid lies below its surface as it does outside
        return placed, across, way if self.side == "outside" else -way, own


class Ridge(_OnFlank):
    """Liquid along the whole tube on one flank of it: circle meets circle in the cross-section."""

    name = "ridge along the tube"
    labels = ("across", "from the axis of the tube")

    def coordinates(self, points: FloatArray, placed: Placed, cell: Cell) -> FloatArray:
        """Return u and v."""
        tube, across, way, own = self._frame(points, placed)
        u = np.abs(across @ np.cross(tube.axis, way))
        return np.stack([np.where(own, u, math.nan), across @ way], axis=1)

    def volumes(self, u: FloatArray, v: FloatArray, cell: Cell) -> FloatArray:
        """Return the volumes of strips."""
        return strips(u, v, float(cell.lengths[self.axis]))

    def clearance(self, u: FloatArray, v: FloatArray, radius: float) -> FloatArray:
        """Return r - R outside, R - r inside."""
        distance = np.hypot(u[:, None], v[None, :]) - radius
        return distance if self.side == "outside" else -distance

    def cosine(self, curve: Circle | Unduloid, radius: float, contact: float) -> float:
        """Return that of two circles: (R² + R_d² - c²)/(2 R R_d), with R_d = 1/κ and c = apex - R_d."""
        assert isinstance(curve, Circle)
        wall = radius + contact if self.side == "outside" else radius - contact
        k, apex = curve.curvature, curve.apex
        cosine = (k * (wall * wall - apex * apex) + 2.0 * apex) / (2.0 * wall)
        return cosine if self.side == "outside" else -cosine


class Clamshell(_OnFlank):
    """A drop on one flank of a tube, neither around it nor along all of it, as part of a sphere."""

    name = "clamshell on the tube"
    labels = ("distance from the middle", "from the axis of the tube")

    def coordinates(self, points: FloatArray, placed: Placed, cell: Cell) -> FloatArray:
        """Return u and v."""
        tube, across, way, own = self._frame(points, placed)
        u = np.hypot(across @ np.cross(tube.axis, way), centered(points, cell) @ tube.axis)
        return np.stack([np.where(own, u, math.nan), across @ way], axis=1)

    def volumes(self, u: FloatArray, v: FloatArray, cell: Cell) -> FloatArray:
        """Return the volumes of rings."""
        return rings(u, v)

    def clearance(self, u: FloatArray, v: FloatArray, radius: float) -> FloatArray:
        """Return the height over the plane that touches the tube: below it the tube cuts the rings."""
        return np.broadcast_to(v[None, :] - radius, (len(u), len(v)))

    def cosine(self, curve: Circle | Unduloid, radius: float, contact: float) -> float:
        """Return that in the plane through the axis, where the wall is straight."""
        assert isinstance(curve, Circle)
        return 1.0 - curve.curvature * (curve.apex - radius - contact)
