"""Accessible volume by counting points of a fixed grid."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import BoolArray, FloatArray
from nakmd.cell import Cell
from nakmd.structures.distances import images_around, lengths_of, to_cartesian
from nakmd.structures.regions import Region
from nakmd.system import System

#: Grid spacing [Å]; the error of a volume of a few thousand Å³ between atoms is about 0.3 %.
SPACING = 0.5

#: Maximum number of points; larger cells get a coarser grid.
MAX_POINTS = 4_000_000


def grid(cell: Cell, spacing: float = SPACING) -> tuple[FloatArray, tuple[int, int, int], float]:
    """Return the midpoints of a uniform division of the cell.

    Returns
    -------
    points : (n, 3) float64 [Å]
    counts : (int, int, int)
    volume : float [Å³]
        Volume per point.
    """
    coarse = max(spacing, (cell.volume / MAX_POINTS) ** (1.0 / 3.0))
    counts = np.maximum(1, np.ceil(cell.lengths / coarse)).astype(int)
    axes = [(np.arange(count) + 0.5) / count for count in counts]
    fractional = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    shape = (int(counts[0]), int(counts[1]), int(counts[2]))
    return to_cartesian(fractional, cell.matrix), shape, cell.volume / len(fractional)


def covered(
    points: FloatArray, counts: tuple[int, int, int], centers: FloatArray, cell: Cell, radius: float
) -> BoolArray:
    """Return which points of a `grid` are within a radius of any centre, images included, (n,) bool."""
    mask = np.zeros(len(points), dtype=np.bool_)
    if not len(centers) or radius <= 0.0:
        return mask
    near, _, _ = images_around(centers, cell, radius)
    shape = np.array(counts)
    # heights, not lengths: in a triclinic cell a sphere spans more grid planes
    reach = np.ceil(radius / cell.heights * shape).astype(int) + 1
    stencil = np.stack([g.ravel() for g in np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij")], axis=1)
    home = np.floor(to_cartesian(near, cell.inverse) * shape).astype(int)
    for start in range(0, len(near), 1000):
        index = home[start : start + 1000, None, :] + stencil[None, :, :]
        inside = np.all((index >= 0) & (index < shape), axis=2)
        which, _ = np.nonzero(inside)
        index = index[inside]
        flat = (index[:, 0] * shape[1] + index[:, 1]) * shape[2] + index[:, 2]
        close = lengths_of(points[flat] - near[start + which]) < radius
        mask[flat[close]] = True
    return mask


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
    points, counts, volume = grid(system.cell, spacing)
    free = ~covered(points, counts, system.positions, system.cell, exclusion)
    points = points[free]
    return points[region.depth(points) >= 0.0], volume


def accessible_volume(system: System, region: Region, exclusion: float, spacing: float = SPACING) -> float:
    """Return the volume [Å³] of the part of a region further than ``exclusion`` from every atom."""
    points, volume = accessible_points(system, region, exclusion, spacing)
    return len(points) * volume
