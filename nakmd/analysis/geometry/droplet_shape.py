"""What a shape of droplet tells: the coordinates in which it is a body of revolution, or a ridge, and its angle.

Cosines of contact angles follow from the fitted curve where it meets the wall; the angle lies within the liquid.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.geometry.liquid_surface import Circle, Unduloid, fit_circle
from nakmd.analysis.geometry.surfaces import Placed
from nakmd.cell import Cell

FloatArray = NDArray[np.float64]

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


def rings(u: FloatArray, v: FloatArray) -> FloatArray:
    """Return the volumes [Å³] of rings between radii u and heights v, (n_u, n_v)."""
    return np.asarray(math.pi * np.diff(u**2)[:, None] * np.diff(v)[None, :])


def strips(u: FloatArray, v: FloatArray, length: float) -> FloatArray:
    """Return the volumes [Å³] of pairs of strips of this length between distances u and heights v, (n_u, n_v)."""
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
