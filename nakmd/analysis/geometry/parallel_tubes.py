"""Several parallel tubes as one reference surface: every point belongs to the nearest of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nakmd.analysis.geometry.surfaces import Tube
from nakmd.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class ParallelTubes:
    """Parallel tubes along a cell vector, with one or more coaxial shells each.

    A point outside all of them belongs to the tube whose outer shell is nearest, a point within an outer shell to that
    tube. Sides, distances and volumes are those of the tubes together.

    Attributes
    ----------
    tubes : tuple of Tube
        At least two, in the same cell.
    sides : (str, str)
    """

    sides: ClassVar[tuple[str, str]] = ("outside", "inside")
    tubes: tuple[Tube, ...]

    @property
    def axis(self) -> FloatArray:
        """Unit vector along the tubes."""
        return self.tubes[0].axis

    @property
    def areas(self) -> FloatArray:
        """Areas of the cylinders through the nuclei of all outer and all inner shells."""
        return np.asarray(np.sum([tube.areas for tube in self.tubes], axis=0))

    @property
    def reach(self) -> FloatArray:
        """Largest distance of a point of the cell from the nearest outer shell, and from an inner shell to its axis."""
        outside = [float(self._boundary(k).max()) - tube.outer for k, tube in enumerate(self.tubes)]
        return np.array([max(outside), max(tube.inner for tube in self.tubes)])

    def nearest(self, points: FloatArray) -> tuple[IntArray, FloatArray]:
        """Return the tube of each point, (n,), and the perpendicular vectors from its axis, (n, 3) [Å]."""
        across = np.stack([tube.across(points) for tube in self.tubes])
        outer = np.array([tube.outer for tube in self.tubes])
        owner = np.argmin(np.linalg.norm(across, axis=2) - outer[:, None], axis=0)
        return owner, across[owner, np.arange(len(points))]

    def across(self, points: FloatArray) -> FloatArray:
        """Return the perpendicular vectors [Å] from the axis of the tube of each point, (n, 3)."""
        return self.nearest(points)[1]

    def locate(self, points: FloatArray) -> tuple[IntArray, FloatArray]:
        """Return the side and the distance from the nearest shell of the tube of each point."""
        owner = self.nearest(points)[0]
        side, distance = np.zeros(len(points), dtype=np.int64), np.zeros(len(points))
        for k, tube in enumerate(self.tubes):
            mine = owner == k
            side[mine], distance[mine] = tube.locate(points[mine])
        return side, distance

    def volumes(self, edges: FloatArray) -> FloatArray:
        """Return the volumes of the shells around all tubes, each within the region that is nearest to its tube."""
        parts = [tube.volumes(edges, self._boundary(k)) for k, tube in enumerate(self.tubes)]
        return np.asarray(np.sum(parts, axis=0))

    @property
    def middle(self) -> Tube:
        """The line through the mean of the axes, as a tube without radius."""
        first = self.tubes[0]
        offset = np.mean([first.across(tube.center[None])[0] for tube in self.tubes], axis=0)
        return Tube(first.axis, first.center + offset, 0.0, 0.0, first.length, first.basis)

    def _boundary(self, k: int) -> FloatArray:
        r"""Return the distance [Å] from the axis of tube k to the end of its region in each direction, (n,).

        The region ends where another tube or its image is as near: with D the vector to that axis and δ its outer
        radius less that of tube k, along the unit vector u at :math:`(D^2 - \delta^2) / (2 (D \cdot u + \delta))`.
        """
        tube = self.tubes[k]
        end, directions = tube.boundary()
        images = np.concatenate([np.zeros((1, 3)), tube.lattice])
        for j, other in enumerate(self.tubes):
            if j == k:
                continue
            difference = other.outer - tube.outer
            for vector in tube.across(other.center[None])[0] + images:
                along = directions @ vector + difference
                with np.errstate(divide="ignore"):
                    reach = 0.5 * (float(vector @ vector) - difference**2) / along
                end = np.minimum(end, np.where(along > 1e-9, reach, math.inf))
        return np.asarray(end)
