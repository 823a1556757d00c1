"""Parts of space that liquid may fill: a signed depth and the way back in, for every point.

Regions combine with ``&``. They speak of geometry alone; how close liquid comes to carbon is decided by distances
between atoms (`nakmd.structures.packing`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.errors import StructureError
from nakmd.structures.distances import lengths_of, to_cartesian
from nakmd.structures.nanotube import tube_axis
from nakmd.system import System


class Region(ABC):
    """A part of space."""

    @abstractmethod
    def depth(self, points: FloatArray) -> FloatArray:
        """Return the distance to the border, positive inside, (n,) [Å].

        Parameters
        ----------
        points : (n, 3) float64 [Å]
        """

    @abstractmethod
    def inward(self, points: FloatArray) -> FloatArray:
        """Return the unit vectors along which depth grows fastest, (n, 3)."""

    def __and__(self, other: Region) -> Region:
        """Return the part of space that lies in both."""
        return Intersection((self, other))

    def confine(self, points: FloatArray) -> FloatArray:
        """Return the points, those outside put back onto the border, (n, 3) [Å]."""
        outside = np.minimum(self.depth(points), 0.0)
        return np.asarray(points - outside[:, None] * self.inward(points))


@dataclass(frozen=True)
class Intersection(Region):
    """What several regions share.

    Attributes
    ----------
    parts : tuple of Region
    """

    parts: tuple[Region, ...]

    def depth(self, points: FloatArray) -> FloatArray:
        """Return the smallest of the parts' depths."""
        return np.asarray(np.min([part.depth(points) for part in self.parts], axis=0))

    def inward(self, points: FloatArray) -> FloatArray:
        """Return the way into the part that is least deep."""
        least = np.argmin([part.depth(points) for part in self.parts], axis=0)
        ways = np.array([part.inward(points) for part in self.parts])
        return np.asarray(ways[least, np.arange(len(points))])

    def confine(self, points: FloatArray) -> FloatArray:
        """Return the points put back into one part after the other."""
        for part in self.parts:
            points = part.confine(points)
        return points


@dataclass(frozen=True)
class Inside(Region):
    """The whole cell; its faces are borders only where it does not repeat.

    Attributes
    ----------
    cell : Cell
    """

    cell: Cell

    def _faces(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        height = to_cartesian(points, self.cell.inverse) * self.cell.heights
        depths = np.concatenate([height, self.cell.heights - height], axis=1)
        depths[:, np.tile(self.cell.periodic, 2)] = np.inf
        normals = (self.cell.inverse * self.cell.heights).T
        return depths, np.concatenate([normals, -normals])

    def depth(self, points: FloatArray) -> FloatArray:
        """Return the distance to the nearest face that is a border; infinite in a fully periodic cell."""
        return np.asarray(np.min(self._faces(points)[0], axis=1))

    def inward(self, points: FloatArray) -> FloatArray:
        """Return the normal of the nearest such face."""
        depths, normals = self._faces(points)
        return np.asarray(normals[np.argmin(depths, axis=1)])


@dataclass(frozen=True)
class Cylinder(Region):
    """The inside or the outside of a cylinder along z.

    Attributes
    ----------
    cell : Cell
        Distances to the axis are to its nearest image.
    center : (float, float) [Å]
    radius : float [Å]
    outside : bool
    """

    cell: Cell
    center: tuple[float, float]
    radius: float
    outside: bool = False

    def _from_axis(self, points: FloatArray) -> FloatArray:
        offset = points - np.array([*self.center, 0.0])
        offset[:, 2] = 0.0
        offset = self.cell.minimum_image(offset)
        offset[:, 2] = 0.0
        return offset

    def depth(self, points: FloatArray) -> FloatArray:
        """Return radius minus distance from the axis (its negative outside)."""
        depth = self.radius - lengths_of(self._from_axis(points))
        return np.asarray(-depth if self.outside else depth)

    def inward(self, points: FloatArray) -> FloatArray:
        """Return the way to the axis (away from it outside)."""
        offset = self._from_axis(points)
        unit = offset / np.maximum(lengths_of(offset), 1e-12)[:, None]
        return np.asarray(unit if self.outside else -unit)


@dataclass(frozen=True)
class Slab(Region):
    """Between two planes.

    Attributes
    ----------
    cell : Cell
    low, high : float [Å]
        Coordinates along ``axis``; along a repeating axis they may lie beyond the cell, at most one period apart.
    axis : int
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
            raise StructureError(f"A slab across {'xyz'[self.axis]} needs a cell with that vector upright.")

    def _from_middle(self, points: FloatArray) -> FloatArray:
        offset = np.asarray(points[:, self.axis] - 0.5 * (self.low + self.high))
        if self.cell.periodic[self.axis]:
            period = self.cell.matrix[self.axis, self.axis]
            offset = offset - period * np.rint(offset / period)
        return offset

    def depth(self, points: FloatArray) -> FloatArray:
        """Return half the thickness minus the distance from the middle plane."""
        return np.asarray(0.5 * (self.high - self.low) - np.abs(self._from_middle(points)))

    def inward(self, points: FloatArray) -> FloatArray:
        """Return the way to the middle plane."""
        way = np.zeros_like(points)
        way[:, self.axis] = np.where(self._from_middle(points) > 0.0, -1.0, 1.0)
        return way


@dataclass(frozen=True)
class Sphere(Region):
    """A ball; with half-spaces and tubes left out it is a droplet.

    Attributes
    ----------
    cell : Cell
    center : (float, float, float) [Å]
    radius : float [Å]
    foot : (float, float, float) [Å] or None
        Points are taken at their image nearest to this one, the centre if left out. A flat cap has its centre far
        below the surface that it sits on, where the nearest image would be the wrong one.
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
        """Return the way to the centre."""
        offset = self._from_center(points)
        return np.asarray(-offset / np.maximum(lengths_of(offset), 1e-12)[:, None])


def outside_tube(system: System, group: str = "tube") -> Region:
    """Return the space around a tube along z."""
    axis = tube_axis(system, group)
    return Cylinder(system.cell, axis.center, axis.radius, outside=True)


def inside_tube(system: System, group: str = "tube") -> Region:
    """Return the space within a tube along z."""
    axis = tube_axis(system, group)
    return Cylinder(system.cell, axis.center, axis.radius)


def _level(system: System, group: str) -> float:
    if group not in system.groups or not np.any(system.groups[group]):
        known = ", ".join(sorted(system.groups)) or "none"
        raise StructureError(f"No atoms are in group {group!r} here; groups are {known}.")
    return float(np.mean(system.positions[system.groups[group], 2]))


def above_sheet(system: System, thickness: float, group: str = "sheet") -> Region:
    """Return a slab of so many Å above a sheet in the xy plane (measured from its atoms)."""
    level = _level(system, group)
    period = system.cell.matrix[2, 2]
    if system.cell.periodic[2] and thickness >= period:
        raise StructureError(f"A slab of {thickness:g} Å does not fit into a cell {period:.2f} Å high.")
    return Slab(system.cell, level, level + thickness)


def between_sheets(system: System, groups: Sequence[str] = ("sheet1", "sheet2")) -> Region:
    """Return the slab between two sheets in the xy plane, the lower one named first."""
    low, high = (_level(system, group) for group in groups)
    return Slab(system.cell, low, high)
