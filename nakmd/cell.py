"""The simulation cell: three row vectors, and whether each is periodic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from nakmd.arrays import BoolArray, FloatArray, Int32Array
from nakmd.errors import InputError


class Cell:
    """A parallelepiped with a corner at the origin, periodic along any of its vectors.

    Parameters
    ----------
    matrix : (3, 3) or (3,) array_like [Å]
        Rows are the cell vectors; three lengths define an orthorhombic cell.
    periodic : sequence of three bool
        Whether the cell is periodic along each vector.

    Raises
    ------
    InputError
        If the vectors span no volume, or are left-handed.

    Notes
    -----
    Only barostats change ``matrix``, in place (`scale`).
    """

    __slots__ = ("matrix", "periodic")

    def __init__(self, matrix: ArrayLike, periodic: Sequence[bool] = (True, True, True)) -> None:
        vectors = np.array(matrix, dtype=np.float64)
        if vectors.shape == (3,):
            vectors = np.diag(vectors)
        if vectors.shape != (3, 3) or not np.all(np.isfinite(vectors)):
            raise InputError(f"A cell needs 3 lengths or 3x3 vectors in Å, got {np.asarray(matrix).tolist()}.")
        if abs(np.linalg.det(vectors)) < 1e-6:
            raise InputError(f"The cell vectors {vectors.tolist()} span no volume: they must be linearly independent.")
        if np.linalg.det(vectors) < 0.0:
            raise InputError(f"The cell vectors {vectors.tolist()} are left-handed: exchange two of them.")
        self.matrix: FloatArray = np.ascontiguousarray(vectors)
        self.periodic: BoolArray = np.array([bool(p) for p in periodic])

    def __repr__(self) -> str:
        return f"Cell({self.matrix.tolist()}, periodic={self.periodic.tolist()})"

    def copy(self) -> Cell:
        """Return an independent copy."""
        return Cell(self.matrix, self.periodic.tolist())

    @property
    def volume(self) -> float:
        """Volume [Å³]."""
        return float(np.linalg.det(self.matrix))

    @property
    def inverse(self) -> FloatArray:
        """Inverse matrix [1/Å]: ``fractional = positions @ inverse``."""
        return np.ascontiguousarray(np.linalg.inv(self.matrix))

    @property
    def lengths(self) -> FloatArray:
        """Lengths of the three vectors [Å]."""
        return np.asarray(np.linalg.norm(self.matrix, axis=1))

    @property
    def heights(self) -> FloatArray:
        """Distances [Å] between the three pairs of opposite faces."""
        return np.asarray(1.0 / np.linalg.norm(self.inverse, axis=0))

    @property
    def is_orthorhombic(self) -> bool:
        """Whether all off-diagonal elements vanish exactly."""
        return not np.any(self.matrix - np.diag(np.diag(self.matrix)))

    def images(self, positions: FloatArray) -> Int32Array:
        """Return the image counts of unwrapped positions, 0 along non-periodic directions.

        Parameters
        ----------
        positions : (n, 3) float64 [Å]
            Unwrapped.

        Returns
        -------
        (n, 3) int32
        """
        counts = np.floor(positions @ self.inverse).astype(np.int32)
        counts[:, ~self.periodic] = 0
        return counts

    def wrap(self, positions: FloatArray) -> tuple[FloatArray, Int32Array]:
        """Split unwrapped positions into positions inside the cell and image counts.

        Parameters
        ----------
        positions : (n, 3) float64 [Å]

        Returns
        -------
        wrapped : (n, 3) float64 [Å]
        images : (n, 3) int32
            ``positions = wrapped + images @ matrix``.
        """
        images = self.images(positions)
        return positions - images @ self.matrix, images

    def minimum_image(self, vectors: FloatArray) -> FloatArray:
        """Return the shortest periodic image of each vector (exact if it is shorter than half the smallest height).

        Parameters
        ----------
        vectors : (n, 3) float64 [Å]
        """
        counts = np.rint(vectors @ self.inverse)
        counts[:, ~self.periodic] = 0.0
        return np.asarray(vectors - counts @ self.matrix)

    def scale(self, factors: ArrayLike) -> None:
        """Scale the cell along Cartesian axis c by ``factors[c]``, in place."""
        self.matrix *= np.asarray(factors, dtype=np.float64)[None, :]
