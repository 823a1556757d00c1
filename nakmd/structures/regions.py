"""Regions of space to fill with liquid: signed depth and inward direction of every point.

Regions combine with ``&``. They describe geometry alone; minimum distances between atoms keep liquid away from carbon
(`nakmd.structures.packing`).
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.errors import StructureError
from nakmd.structures.distances import lengths_of, to_cartesian
from nakmd.structures.tube_axis import TubeAxis, tube_axes, tube_axis
from nakmd.system import System


class Region(ABC):
    """A region of space."""

    @abstractmethod
    def depth(self, points: FloatArray) -> FloatArray:
        """Return the distance to the boundary, positive inside, (n,) [Å].

        Parameters
        ----------
        points : (n, 3) float64 [Å]
        """

    @abstractmethod
    def inward(self, points: FloatArray) -> FloatArray:
        """Return the unit vectors of steepest increase of the depth, (n, 3)."""

    def __and__(self, other: Region) -> Region:
        """Return the intersection of both regions."""
        return Intersection((self, other))

    def __or__(self, other: Region) -> Region:
        """Return the union of both regions."""
        return Union((self, other))

    def confine(self, points: FloatArray) -> FloatArray:
        """Return the points with those outside projected onto the boundary, (n, 3) [Å]."""
        depth = self.depth(points)
        outside = np.flatnonzero(depth < 0.0)
        if not len(outside):
            return points
        confined = points.copy()
        confined[outside] -= depth[outside, None] * self.inward(points[outside])
        return confined


@dataclass(frozen=True)
class Intersection(Region):
    """The intersection of regions.

    Attributes
    ----------
    parts : tuple of Region

    Examples
    --------
    >>> from nakmd.structures import Slab, inside_tube, nanotube
    >>> tube = nanotube(20, 0, length=20.0)
    >>> plug = inside_tube(tube) & Slab(tube.cell, 5.0, 15.0)
    >>> type(plug).__name__, len(plug.parts)
    ('Intersection', 2)
    """

    parts: tuple[Region, ...]

    def depth(self, points: FloatArray) -> FloatArray:
        """Return the smallest depth of the parts."""
        return np.asarray(functools.reduce(np.minimum, (part.depth(points) for part in self.parts)))

    def inward(self, points: FloatArray) -> FloatArray:
        """Return the inward direction of the part with the smallest depth."""
        least = np.argmin([part.depth(points) for part in self.parts], axis=0)
        directions = np.array([part.inward(points) for part in self.parts])
        return np.asarray(directions[least, np.arange(len(points))])

    def confine(self, points: FloatArray) -> FloatArray:
        """Return the points projected into each part in turn."""
        for part in self.parts:
            points = part.confine(points)
        return points


@dataclass(frozen=True)
class Union(Region):
    """The union of regions that do not overlap.

    Attributes
    ----------
    parts : tuple of Region

    Examples
    --------
    >>> from nakmd.structures import Slab, graphene
    >>> sheet = graphene(repeats=(4, 3), vacuum=20.0)
    >>> both_faces = Slab(sheet.cell, 20.0, 30.0) | Slab(sheet.cell, 10.0, 20.0)
    >>> both_faces.depth(sheet.cell.matrix.sum(axis=0) / 2 + [[0.0, 0.0, 6.0], [0.0, 0.0, -12.0]]).tolist()
    [4.0, -2.0]
    """

    parts: tuple[Region, ...]

    def depth(self, points: FloatArray) -> FloatArray:
        """Return the largest depth of the parts."""
        return np.asarray(np.max([part.depth(points) for part in self.parts], axis=0))

    def inward(self, points: FloatArray) -> FloatArray:
        """Return the inward direction of the part with the largest depth."""
        most = np.argmax([part.depth(points) for part in self.parts], axis=0)
        directions = np.array([part.inward(points) for part in self.parts])
        return np.asarray(directions[most, np.arange(len(points))])


@dataclass(frozen=True)
class Inside(Region):
    """The whole cell; its faces are boundaries only along non-periodic axes.

    Attributes
    ----------
    cell : Cell

    Examples
    --------
    >>> film = Inside(Cell([20.0, 20.0, 50.0], periodic=(True, True, False)))
    >>> film.depth(np.array([[1.0, 1.0, 48.0]])).tolist()
    [2.0]
    """

    cell: Cell

    def _faces(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        height = to_cartesian(points, self.cell.inverse) * self.cell.heights
        depths = np.concatenate([height, self.cell.heights - height], axis=1)
        depths[:, np.tile(self.cell.periodic, 2)] = np.inf
        normals = (self.cell.inverse * self.cell.heights).T
        return depths, np.concatenate([normals, -normals])

    def depth(self, points: FloatArray) -> FloatArray:
        """Return the distance to the nearest boundary face; infinite in a fully periodic cell."""
        if self.cell.periodic.all():
            return np.full(len(points), np.inf)
        return np.asarray(np.min(self._faces(points)[0], axis=1))

    def inward(self, points: FloatArray) -> FloatArray:
        """Return the normal of the nearest boundary face."""
        depths, normals = self._faces(points)
        return np.asarray(normals[np.argmin(depths, axis=1)])


@dataclass(frozen=True)
class Cylinder(Region):
    """The inside or the outside of a cylinder along x, y or z.

    Attributes
    ----------
    cell : Cell
        Distances are to the nearest image of the axis.
    center : (float, float) [Å]
        The axis in the plane across it, as in `TubeAxis`.
    radius : float [Å]
    outside : bool
    axis : int
        0, 1 or 2 for x, y or z.

    Examples
    --------
    >>> pore = Cylinder(Cell([40.0, 40.0, 20.0]), center=(20.0, 20.0), radius=8.0)
    >>> pore.depth(np.array([[20.0, 20.0, 3.0], [30.0, 20.0, 3.0]])).tolist()
    [8.0, -2.0]
    """

    cell: Cell
    center: tuple[float, float]
    radius: float
    outside: bool = False
    axis: int = 2

    def _from_axis(self, points: FloatArray) -> FloatArray:
        if self.cell.is_orthorhombic:
            offset = np.zeros_like(points)
            for c, place in zip(((self.axis + 1) % 3, (self.axis + 2) % 3), self.center):
                offset[:, c] = self._along(points, c, place)
            return offset
        middle = np.zeros(3)
        middle[[(self.axis + 1) % 3, (self.axis + 2) % 3]] = self.center
        offset = points - middle
        offset[:, self.axis] = 0.0
        offset = self.cell.minimum_image(offset)
        offset[:, self.axis] = 0.0
        return offset

    def depth(self, points: FloatArray) -> FloatArray:
        """Return radius minus distance from the axis (negated if ``outside``)."""
        if self.cell.is_orthorhombic:
            # in the order of the coordinates, as of three of which one is zero
            first, second = sorted(zip(((self.axis + 1) % 3, (self.axis + 2) % 3), self.center))
            distance = np.sqrt(self._along(points, *first) ** 2 + self._along(points, *second) ** 2)
        else:
            distance = lengths_of(self._from_axis(points))
        depth = self.radius - distance
        return np.asarray(-depth if self.outside else depth)

    def _along(self, points: FloatArray, c: int, place: float) -> FloatArray:
        """Return the distance [Å] of the nearest image along one coordinate of an orthorhombic cell."""
        offset = points[:, c] - place
        if not self.cell.periodic[c]:
            return np.asarray(offset)
        return np.asarray(offset - np.rint(offset * self.cell.inverse[c, c]) * self.cell.matrix[c, c])

    def inward(self, points: FloatArray) -> FloatArray:
        """Return the direction to the axis (away from it if ``outside``)."""
        offset = self._from_axis(points)
        unit = offset / np.maximum(lengths_of(offset), 1e-12)[:, None]
        return np.asarray(unit if self.outside else -unit)


@dataclass(frozen=True)
class Slab(Region):
    """The space between two planes.

    Attributes
    ----------
    cell : Cell
    low, high : float [Å]
        Coordinates along ``axis``; along a periodic axis they may exceed the cell, at most one period apart.
    axis : int

    Examples
    --------
    >>> from nakmd.structures import Slab, liquid, select
    >>> melt = liquid(0.67, 450.0, n_atoms=200)
    >>> lower = Slab(melt.cell, 0.0, 0.5 * melt.cell.lengths[2])
    >>> select(melt, lower.depth(melt.positions) > 0.0).n_atoms
    108
    """

    cell: Cell
    low: float
    high: float
    axis: int = 2

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise StructureError(f"A slab from {self.low:g} to {self.high:g} Å is empty.")
        if np.any(np.delete(self.cell.matrix[:, self.axis], self.axis)) or np.any(
            np.delete(self.cell.matrix[self.axis], self.axis)
        ):
            name = "xyz"[self.axis]
            raise StructureError(
                f"A slab normal to {name} needs a cell vector along {name} and the other two normal to it."
            )

    def _from_middle(self, points: FloatArray) -> FloatArray:
        offset = np.asarray(points[:, self.axis] - 0.5 * (self.low + self.high))
        if self.cell.periodic[self.axis]:
            period = self.cell.matrix[self.axis, self.axis]
            offset = offset - period * np.rint(offset / period)
        return offset

    def depth(self, points: FloatArray) -> FloatArray:
        """Return half the thickness minus the distance from the mid-plane."""
        return np.asarray(0.5 * (self.high - self.low) - np.abs(self._from_middle(points)))

    def inward(self, points: FloatArray) -> FloatArray:
        """Return the direction to the mid-plane."""
        direction = np.zeros_like(points)
        direction[:, self.axis] = np.where(self._from_middle(points) > 0.0, -1.0, 1.0)
        return direction


@dataclass(frozen=True)
class Sphere(Region):
    """A sphere; intersected with half-spaces and tubes it is a droplet.

    Attributes
    ----------
    cell : Cell
    center : (float, float, float) [Å]
    radius : float [Å]
    foot : (float, float, float) [Å] or None
        Reference point of the minimum image; default: the centre. The centre of a flat cap is far below its surface,
        where the image nearest to the centre would be wrong.

    Examples
    --------
    >>> ball = Sphere(Cell([40.0, 40.0, 40.0]), center=(2.0, 20.0, 20.0), radius=5.0)
    >>> ball.depth(np.array([[39.0, 20.0, 20.0]])).tolist()  # the nearest image counts
    [2.0]
    """

    cell: Cell
    center: tuple[float, float, float]
    radius: float
    foot: tuple[float, float, float] | None = None

    def _from_center(self, points: FloatArray) -> FloatArray:
        near = np.array(self.center if self.foot is None else self.foot)
        return np.asarray(self.cell.minimum_image(points - near) + (near - np.array(self.center)))

    def depth(self, points: FloatArray) -> FloatArray:
        """Return radius minus distance from the centre."""
        return np.asarray(self.radius - lengths_of(self._from_center(points)))

    def inward(self, points: FloatArray) -> FloatArray:
        """Return the direction to the centre."""
        offset = self._from_center(points)
        return np.asarray(-offset / np.maximum(lengths_of(offset), 1e-12)[:, None])


def _axes_of(system: System, group: str) -> list[TubeAxis]:
    """Return the axes of the tubes of a group: those of all tubes for ``"tube"``."""
    return tube_axes(system) if group == "tube" else [tube_axis(system, group)]


def outside_tube(system: System, group: str = "tube") -> Region:
    """Return the space outside the outermost wall of a tube, or of all tubes of a bundle.

    Examples
    --------
    >>> from nakmd.structures import nanotube, outside_tube
    >>> tube = nanotube(10, 10, length=10.0, vacuum=15.0)
    >>> middle = tube.cell.matrix.sum(axis=0) / 2
    >>> outside_tube(tube).depth(middle + [[0.0, 0.0, 0.0], [10.0, 0.0, 0.0]]).round(2).tolist()
    [-6.78, 3.22]
    """
    parts = [
        Cylinder(system.cell, axis.center, axis.radius, outside=True, axis=axis.direction)
        for axis in _axes_of(system, group)
    ]
    return parts[0] if len(parts) == 1 else Intersection(tuple(parts))


def inside_tube(system: System, group: str = "tube") -> Region:
    """Return the space inside the innermost wall of a tube, or of all tubes of a bundle.

    Examples
    --------
    >>> from nakmd.structures import fill, inside_tube, nanotube
    >>> tube = nanotube(20, 0, length=20.0)
    >>> filled = fill(tube, x_K=0.67, temperature=450.0, region=inside_tube(tube))
    >>> int(filled.groups["tube"].sum()), int(filled.groups["liquid"].sum())
    (400, 39)
    """
    parts = [Cylinder(system.cell, axis.center, axis.inner, axis=axis.direction) for axis in _axes_of(system, group)]
    return parts[0] if len(parts) == 1 else Union(tuple(parts))


def _level(system: System, group: str) -> float:
    if group not in system.groups or not np.any(system.groups[group]):
        names = ", ".join(sorted(system.groups)) or "none"
        raise StructureError(f"Group {group!r} has no atoms. The groups of the system are: {names}.")
    return float(np.mean(system.positions[system.groups[group], 2]))


def above_sheet(system: System, thickness: float, group: str = "sheet") -> Region:
    """Return a slab of this thickness [Å] above a sheet in the xy plane, measured from its atoms.

    Examples
    --------
    >>> from nakmd.structures import above_sheet, fill, graphene
    >>> sheet = graphene(repeats=(6, 4), vacuum=20.0)
    >>> wet = fill(sheet, x_K=1.0, temperature=450.0, region=above_sheet(sheet, thickness=12.0))
    >>> heights = wet.positions[wet.groups["liquid"], 2] - sheet.positions[0, 2]
    >>> bool(heights.min() > 2.8), float(heights.max().round(2))
    (True, 12.0)
    """
    level = _level(system, group)
    period = system.cell.matrix[2, 2]
    if system.cell.periodic[2] and thickness >= period:
        raise StructureError(f"A slab of {thickness:g} Å does not fit into a cell {period:.2f} Å high.")
    return Slab(system.cell, level, level + thickness)


def between_sheets(system: System, groups: Sequence[str] = ("sheet1", "sheet2")) -> Region:
    """Return the slab between two sheets in the xy plane, the lower one first.

    Examples
    --------
    >>> from nakmd.structures import between_sheets, graphene
    >>> walls = graphene(repeats=(6, 4), layers=2, gap=15.0)
    >>> slit = between_sheets(walls)
    >>> round(slit.high - slit.low, 6)
    15.0
    """
    low, high = (_level(system, group) for group in groups)
    return Slab(system.cell, low, high)
