"""The forms of a coordinate: distance of two points, height over a plane, distance from the surface of a tube."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.kernels import restraints


@dataclass(frozen=True)
class CoordinateShape(ABC):
    """How a coordinate follows from the positions of the restrained atoms and of those that it refers to.

    Attributes
    ----------
    axis : int
        Cell vector that crosses the plane or is parallel to the tube; -1 for a distance.
    """

    axis: int = -1

    #: Compiled function that returns the coordinate and writes its derivatives (`nakmd.kernels.restraints`).
    measure: ClassVar[Callable[..., Any]]

    #: What the density of states is proportional to, for texts.
    volume: ClassVar[str]

    def direction(self, cell: Cell) -> FloatArray:
        """Return the unit vector (3,) that the compiled function needs."""
        return np.zeros(3)

    @abstractmethod
    def signed(self, points: FloatArray, reference: FloatArray, weights: FloatArray, cell: Cell) -> FloatArray:
        """Return the coordinate of single atoms, with the sign of their side of the wall.

        Parameters
        ----------
        points : (n, 3) float64 [Å]
        reference : (m, 3) float64 [Å]
            Atoms that the coordinate refers to, in one image.
        weights : (m,) float64
        cell : Cell

        Returns
        -------
        (n,) float64 [Å]
            Negative below a sheet and inside a tube.
        """

    @abstractmethod
    def reach(self, reference: FloatArray, weights: FloatArray, cell: Cell) -> float:
        """Return the largest value [Å] at which the shortest image is unique."""

    def jacobian(self, values: FloatArray, side: float, radius: float) -> FloatArray:
        """Return the volume per length at each value of the coordinate, up to a constant factor.

        Parameters
        ----------
        values : (n,) float64 [Å]
        side : float
            Sign of the side of the wall.
        radius : float [Å]
            Mean radius of a tube.
        """
        return np.ones(len(values))

    def radius(self, reference: FloatArray, weights: FloatArray, cell: Cell) -> float:
        """Return the mean distance of the reference atoms from their axis [Å]; 0 without an axis."""
        return 0.0


@dataclass(frozen=True)
class Distance(CoordinateShape):
    """Distance of two points."""

    measure = staticmethod(restraints.measure_distance)
    volume = "ξ²"

    def signed(self, points: FloatArray, reference: FloatArray, weights: FloatArray, cell: Cell) -> FloatArray:
        """Return the distances, which have no sign."""
        return np.asarray(np.linalg.norm(cell.minimum_image(points - weights @ reference), axis=1))

    def reach(self, reference: FloatArray, weights: FloatArray, cell: Cell) -> float:
        """Return half the smallest distance of opposite faces."""
        return 0.5 * float(np.min(cell.heights[cell.periodic], initial=np.inf))

    def jacobian(self, values: FloatArray, side: float, radius: float) -> FloatArray:
        """Return ξ²."""
        return values**2


@dataclass(frozen=True)
class Height(CoordinateShape):
    """Distance from a plane parallel to a face of the cell."""

    measure = staticmethod(restraints.measure_height)
    volume = "1"

    def direction(self, cell: Cell) -> FloatArray:
        """Return the normal of the face."""
        normal = cell.inverse[:, self.axis]
        return np.asarray(normal / np.linalg.norm(normal))

    def signed(self, points: FloatArray, reference: FloatArray, weights: FloatArray, cell: Cell) -> FloatArray:
        """Return the heights."""
        return np.asarray(cell.minimum_image(points - weights @ reference) @ self.direction(cell))

    def reach(self, reference: FloatArray, weights: FloatArray, cell: Cell) -> float:
        """Return half the distance to the periodic image of the plane."""
        return 0.5 * float(cell.heights[self.axis]) if cell.periodic[self.axis] else np.inf


@dataclass(frozen=True)
class Radius(CoordinateShape):
    """Distance from the mean radius of a tube, from inside or outside."""

    measure = staticmethod(restraints.measure_radius)
    volume = "R + ξ outside, R - ξ inside"

    def direction(self, cell: Cell) -> FloatArray:
        """Return the direction of the axis."""
        along = cell.matrix[self.axis]
        return np.asarray(along / np.linalg.norm(along))

    def _from_axis(self, vectors: FloatArray, cell: Cell) -> FloatArray:
        along = self.direction(cell)
        return np.asarray(np.linalg.norm(vectors - np.outer(vectors @ along, along), axis=1))

    def signed(self, points: FloatArray, reference: FloatArray, weights: FloatArray, cell: Cell) -> FloatArray:
        """Return the distances from the axis less the mean radius."""
        vectors = cell.minimum_image(points - weights @ reference)
        return self._from_axis(vectors, cell) - self.radius(reference, weights, cell)

    def reach(self, reference: FloatArray, weights: FloatArray, cell: Cell) -> float:
        """Return half the distance to the next image of the tube, less the radius."""
        others = [c for c in range(3) if c != self.axis and cell.periodic[c]]
        return 0.5 * float(np.min(cell.heights[others], initial=np.inf)) - self.radius(reference, weights, cell)

    def jacobian(self, values: FloatArray, side: float, radius: float) -> FloatArray:
        """Return the distance from the axis."""
        return np.maximum(radius + side * values, 0.0)

    def radius(self, reference: FloatArray, weights: FloatArray, cell: Cell) -> float:
        """Return Σ w |ρ|."""
        return float(weights @ self._from_axis(reference - weights @ reference, cell))
