"""Interface of a droplet shape: its two symmetry coordinates, its bin volumes and its contact angle.

The cosine of the contact angle follows from the fitted curve where it meets the wall. The angle is measured through
the liquid.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from nakmd.analysis.geometry.liquid_surface import Circle, Unduloid, fit_circle
from nakmd.analysis.geometry.surfaces import Placed
from nakmd.arrays import FloatArray
from nakmd.cell import Cell

#: Distance [Å] from a flat wall or the outside of a tube that the fit excludes, and the excluded fraction of the
#: radius inside a tube.
EXCLUDE, EXCLUDE_INSIDE = 8.0, 0.3


@dataclass(frozen=True)
class DropletShape(ABC):
    """A droplet shape on a wall.

    Attributes
    ----------
    side : str
        Side of the wall.
    axis : int
        Cell vector: spanned by a ridge, along a tube, or normal to the sheets for a spherical cap.
    """

    side: str
    axis: int

    name = ""
    #: Plot labels of u and v.
    labels = ("", "")

    @abstractmethod
    def coordinates(self, points: FloatArray, placed: Placed, cell: Cell) -> FloatArray:
        """Return u and v [Å] of the metal atoms of a frame, (n, 2); NaN for atoms on another side."""

    @abstractmethod
    def volumes(self, u: FloatArray, v: FloatArray, cell: Cell) -> FloatArray:
        """Return the volumes [Å³] of the bins between the edges u and v, (n_u, n_v)."""

    @abstractmethod
    def clearance(self, u: FloatArray, v: FloatArray, radius: float) -> FloatArray:
        """Return the distance [Å] from the wall, positive on the liquid side; ``radius`` is that of the tube."""

    @abstractmethod
    def cosine(self, curve: Circle | Unduloid, radius: float, contact: float) -> float:
        """Return cos θ on a surface at a distance ``contact`` [Å] from the nuclei."""

    def fit(self, points: FloatArray, weights: FloatArray, radius: float) -> Circle | Unduloid:
        """Return the curve fitted to the surface points."""
        return fit_circle(points, weights)

    def capacity(self, counts: FloatArray, volumes: FloatArray, v: FloatArray) -> FloatArray:
        """Return the volumes [Å³] that turn counts into the densities whose half-value defines the surface."""
        return volumes

    def exclusion(self, radius: float) -> float:
        """Return the distance from the wall [Å] within which the surface is not fitted."""
        return min(EXCLUDE, EXCLUDE_INSIDE * radius) if self.side == "inside" else EXCLUDE


def rings(u: FloatArray, v: FloatArray) -> FloatArray:
    """Return the volumes [Å³] of rings between radii u and heights v, (n_u, n_v)."""
    return np.asarray(math.pi * np.diff(u**2)[:, None] * np.diff(v)[None, :])


def strips(u: FloatArray, v: FloatArray, length: float) -> FloatArray:
    """Return the volumes [Å³] of the two strips at ±u of a given length, between heights v, (n_u, n_v)."""
    return np.asarray(2.0 * length * np.diff(u)[:, None] * np.diff(v)[None, :])


def centered(points: FloatArray, cell: Cell) -> FloatArray:
    """Return the vectors [Å] from the centre of the droplet to the nearest image of each atom."""
    fractional = points @ cell.inverse
    center = fractional.mean(axis=0)
    periodic = cell.periodic
    phases = np.exp(2j * math.pi * fractional[:, periodic]).mean(axis=0)
    center[periodic] = np.angle(phases) / (2.0 * math.pi)
    for _ in range(2):  # the mean phase only approximates the mean position
        offsets = fractional - center
        offsets[:, periodic] -= np.rint(offsets[:, periodic])
        center += offsets.mean(axis=0)
    offsets = fractional - center
    offsets[:, periodic] -= np.rint(offsets[:, periodic])
    return np.asarray(offsets @ cell.matrix)
