"""Droplets on sheets and tubes: the coordinates in which each is a body of revolution, or a ridge, and its angle.

Cosines of contact angles follow from the fitted curve where it meets the wall; the angle lies within the liquid.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from nakmd.analysis.geometry.liquid_surface import Circle, Unduloid, fit_circle, fit_unduloid
from nakmd.analysis.geometry.surfaces import Placed, Plane, Tube, height_along, largest_gap
from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.errors import AnalysisError

#: Liquid that leaves no stretch of the cell empty that is wider than this [Å, rad] spans it.
SPAN, TURN = 6.0, 1.0

#: Layers next to a flat wall or the outside of a tube that are left out of the fit [Å], and the share of the radius
#: inside of a tube.
EXCLUDE, EXCLUDE_INSIDE = 8.0, 0.3


@dataclass(frozen=True)
class DropletShape(ABC):
    """One way of sitting on a wall.

    Attributes
    ----------
    side : str
        Of the wall.
    axis : int
        Cell vector: the one that a ridge spans, or that a tube runs along; the sheets' normal for a spherical cap.
    """

    side: str
    axis: int

    name = ""
    #: What u and v are, for plots.
    labels = ("", "")

    @abstractmethod
    def coordinates(self, points: FloatArray, placed: Placed, cell: Cell) -> FloatArray:
        """Return u and v [Å] of the metal atoms of a frame, (n, 2); NaN for those on another side."""

    @abstractmethod
    def volumes(self, u: FloatArray, v: FloatArray, cell: Cell) -> FloatArray:
        """Return the volumes [Å³] of bins with these edges, (n_u, n_v)."""

    @abstractmethod
    def clearance(self, u: FloatArray, v: FloatArray, radius: float) -> FloatArray:
        """Return the distance [Å] from the wall, positive within the liquid; ``radius`` is the tube's."""

    @abstractmethod
    def cosine(self, curve: Circle | Unduloid, radius: float, contact: float) -> float:
        """Return cos θ on a surface at a distance ``contact`` [Å] from the nuclei."""

    def fit(self, points: FloatArray, weights: FloatArray, radius: float) -> Circle | Unduloid:
        """Return the curve through the surface."""
        return fit_circle(points, weights)

    def capacity(self, counts: FloatArray, volumes: FloatArray, v: FloatArray) -> FloatArray:
        """Return the volumes [Å³] by which counts become densities whose half is the surface."""
        return volumes

    def exclusion(self, radius: float) -> float:
        """Return the distance from the wall [Å] within which the surface is not fitted."""
        return min(EXCLUDE, EXCLUDE_INSIDE * radius) if self.side == "inside" else EXCLUDE


def _rings(u: FloatArray, v: FloatArray) -> FloatArray:
    return np.asarray(math.pi * np.diff(u**2)[:, None] * np.diff(v)[None, :])


def _strips(u: FloatArray, v: FloatArray, length: float) -> FloatArray:
    return np.asarray(2.0 * length * np.diff(u)[:, None] * np.diff(v)[None, :])


def centered(points: FloatArray, cell: Cell) -> FloatArray:
    """Return vectors [Å] from the middle of the droplet, each to the nearest image."""
    fractional = points @ cell.inverse
    middle = fractional.mean(axis=0)
    periodic = cell.periodic
    phases = np.exp(2j * math.pi * fractional[:, periodic]).mean(axis=0)
    middle[periodic] = np.angle(phases) / (2.0 * math.pi)
    for _ in range(2):  # the mean of the phases is not yet the mean of the positions
        offsets = fractional - middle
        offsets[:, periodic] -= np.rint(offsets[:, periodic])
        middle += offsets.mean(axis=0)
    offsets = fractional - middle
    offsets[:, periodic] -= np.rint(offsets[:, periodic])
    return np.asarray(offsets @ cell.matrix)


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
        return _rings(u, v)


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
        return _strips(u, v, float(cell.lengths[self.axis]))


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
        return 2.0 * _rings(u, v)

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
        return _strips(u, v, float(cell.lengths[self.axis]))

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
        return _rings(u, v)

    def clearance(self, u: FloatArray, v: FloatArray, radius: float) -> FloatArray:
        """Return the height over the plane that touches the tube: below it the tube cuts the rings."""
        return np.broadcast_to(v[None, :] - radius, (len(u), len(v)))

    def cosine(self, curve: Circle | Unduloid, radius: float, contact: float) -> float:
        """Return that in the plane through the axis, where the wall is straight."""
        assert isinstance(curve, Circle)
        return 1.0 - curve.curvature * (curve.apex - radius - contact)


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
