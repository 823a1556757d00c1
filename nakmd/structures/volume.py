"""Accessible volume by counting points of a fixed grid."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.kernels.grid_points import cover_points, fill_midpoints
from nakmd.structures.distances import images_around, to_cartesian
from nakmd.structures.regions import Region
from nakmd.system import System

#: VolumeGrid spacing [Å]; the error of a volume of a few thousand Å³ between atoms is about 0.3 %.
SPACING = 0.5

#: Maximum number of points; larger cells get a coarser grid.
MAX_POINTS = 4_000_000

#: Points whose depth is found at once: few enough to stay in the cache of a core.
BLOCK = 16384


class VolumeGrid:
    """The midpoints of a uniform division of a cell.

    Parameters
    ----------
    cell : Cell
    spacing : float [Å]

    Attributes
    ----------
    shape : (3,) int64
        Divisions along each cell vector.
    size : int
        Number of points.
    volume : float [Å³]
        Volume per point.
    """

    def __init__(self, cell: Cell, spacing: float = SPACING) -> None:
        coarse = max(spacing, (cell.volume / MAX_POINTS) ** (1.0 / 3.0))
        self.cell = cell
        self.shape: IntArray = np.maximum(1, np.ceil(cell.lengths / coarse)).astype(np.int64)
        self.size = int(np.prod(self.shape))
        self.volume = cell.volume / self.size

    def covered(self, centers: FloatArray, radius: float) -> BoolArray:
        """Return which points are within a radius of any centre, images included, (size,) bool."""
        mask = np.zeros(self.size, dtype=np.bool_)
        if not len(centers) or radius <= 0.0:
            return mask
        near, _, _ = images_around(centers, self.cell, radius)
        # heights, not lengths: in a triclinic cell a sphere spans more grid planes
        reach = np.ceil(radius / self.cell.heights * self.shape).astype(np.int64) + 1
        home = np.floor(to_cartesian(near, self.cell.inverse) * self.shape).astype(np.int64)
        cover_points(near, home, reach, self.shape, self.cell.matrix, radius, mask)
        return mask

    def points(self, numbers: IntArray) -> FloatArray:
        """Return some of the points, (n, 3) [Å]."""
        points = np.empty((len(numbers), 3))
        fill_midpoints(numbers, self.shape, self.cell.matrix, points)
        return points


def _blocks(system: System, region: Region, exclusion: float, grid: VolumeGrid) -> Iterator[FloatArray]:
    """Yield the grid points of a region outside the exclusion radius of every atom, in blocks."""
    free = np.flatnonzero(~grid.covered(system.positions, exclusion))
    for start in range(0, len(free), BLOCK):
        points = grid.points(free[start : start + BLOCK])
        yield points[region.depth(points) >= 0.0]


def accessible_points(
    system: System, region: Region, exclusion: float, spacing: float = SPACING
) -> tuple[FloatArray, float]:
    """Return the grid points of a region outside the exclusion radius of every atom, and the volume per point.

    Parameters
    ----------
    system : System
    region : Region
    exclusion : float [Å]
        Radius around every atom.
    spacing : float [Å]

    Returns
    -------
    points : (n, 3) float64 [Å]
    volume : float [Å³]
        Volume per point.
    """
    grid = VolumeGrid(system.cell, spacing)
    return np.concatenate([np.zeros((0, 3)), *_blocks(system, region, exclusion, grid)]), grid.volume


def accessible_volume(system: System, region: Region, exclusion: float, spacing: float = SPACING) -> float:
    """Return the volume [Å³] of the part of a region further than ``exclusion`` from every atom.

    Examples
    --------
    >>> from nakmd.structures import accessible_volume, inside_tube, nanotube
    >>> tube = nanotube(20, 0, length=20.0)
    >>> inner, whole = (accessible_volume(tube, inside_tube(tube), exclusion) for exclusion in (3.0, 0.0))
    >>> round(inner), round(whole)
    (1606, 4134)
    """
    grid = VolumeGrid(system.cell, spacing)
    return sum(map(len, _blocks(system, region, exclusion, grid))) * grid.volume
