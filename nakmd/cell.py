"""The simulation cell: three row vectors, and whether each is periodic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from nakmd.arrays import BoolArray, FloatArray, Int32Array, IntArray
from nakmd.errors import InputError

#: Least distance [Å] between opposite faces along a periodic vector. Only strongly sheared vectors of a real lattice
#: come near it, and a thinner cell has so many images within a cutoff that no list of pairs could hold them.
LEAST_HEIGHT = 0.1

#: Largest component of a cell vector [Å], 1 cm: see `nakmd.system.FARTHEST`.
MOST_LENGTH = 1e8

#: Largest image count, of a 32-bit integer.
MOST_IMAGES = 2**31 - 1


def right_handed(matrix: FloatArray, periodic: Sequence[bool]) -> FloatArray:
    """Return right-handed vectors of the same cell.

    Parameters
    ----------
    matrix : (3, 3) float64 [Å]
    periodic : sequence of three bool

    Returns
    -------
    (3, 3) float64 [Å]
        Of a left-handed cell, the last periodic vector is inverted, which gives the same lattice. Without a periodic
        vector, the first two are exchanged, which gives the same parallelepiped.

    Notes
    -----
    Image counts refer to the vectors they were written with: unwrap positions with those before this is called.
    """
    if np.linalg.det(matrix) > 0.0:
        return matrix
    vectors = matrix.copy()
    if any(periodic):
        vectors[int(np.flatnonzero(periodic)[-1])] *= -1.0
        return vectors
    return np.ascontiguousarray(vectors[[1, 0, 2]])


def completed(matrix: FloatArray, periodic: Sequence[bool]) -> tuple[FloatArray, list[bool], BoolArray]:
    """Return a cell in which unit vectors replace the vectors of zero length.

    Parameters
    ----------
    matrix, periodic
        As in `right_handed`.

    Returns
    -------
    matrix : (3, 3) float64 [Å]
        Right-handed if any vector was missing. The new vectors are orthogonal to all others.
    periodic : list of three bool
        False along the new vectors: a vector of zero length has no period, whatever the flag says.
    missing : (3,) bool
        Which vectors are new.
    """
    missing = ~np.any(matrix, axis=1)
    vectors = matrix.copy()
    if missing.sum() == 1:
        new = int(np.argmax(missing))
        normal = np.cross(matrix[new - 2], matrix[new - 1])
        length = float(np.linalg.norm(normal))
        vectors[new] = normal / length if length > 0.0 else 0.0  # parallel vectors: `Cell` refuses them
    elif missing.all():
        vectors = np.eye(3)
    elif missing.any():
        # the first right singular vector of a single row is its direction; the others are orthogonal to it
        vectors[missing] = np.linalg.svd(matrix[~missing])[2][1:]
        if np.linalg.det(vectors) < 0.0:
            vectors[int(np.argmax(missing))] *= -1.0
    return vectors, [bool(p and not lacks) for p, lacks in zip(periodic, missing)], missing


def image_counts(counts: FloatArray | IntArray) -> Int32Array:
    """Return image counts as they are stored.

    Parameters
    ----------
    counts : (n, 3) float64 or int64
        Whole numbers.

    Returns
    -------
    (n, 3) int32

    Raises
    ------
    InputError
        If one is beyond the range of 32 bits.
    """
    beyond = (counts > MOST_IMAGES) | (counts < -MOST_IMAGES)
    if np.any(beyond):
        k, c = (int(i) for i in np.argwhere(beyond)[0])
        raise InputError(
            f"atom {k} is {float(counts[k, c]):g} cells away along vector {'abc'[c]}; at most {MOST_IMAGES} can be "
            "counted. Correct its position, or its image count."
        )
    return counts.astype(np.int32)


class Cell:
    """A parallelepiped with a corner at the origin, periodic along any of its vectors.

    Parameters
    ----------
    matrix : (3, 3) or (3,) array_like [Å]
        Rows are the cell vectors; three lengths define an orthorhombic cell. Left-handed vectors are replaced by
        right-handed ones of the same cell (`right_handed`).
    periodic : sequence of three bool
        Whether the cell is periodic along each vector.

    Raises
    ------
    InputError
        If the vectors span no volume, or the cell is thinner than `LEAST_HEIGHT` along a periodic vector, or
        longer than `MOST_LENGTH`.

    Notes
    -----
    Only barostats change ``matrix``, in place (`scale`).

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Cell
    >>> cell = Cell([20.0, 20.0, 40.0], periodic=(True, True, False))
    >>> round(cell.volume)
    16000
    >>> wrapped, images = cell.wrap(np.array([[21.0, -1.0, 5.0]]))
    >>> wrapped.tolist(), images.tolist()
    ([[1.0, 19.0, 5.0]], [[1, -1, 0]])
    """

    __slots__ = ("matrix", "periodic")

    def __init__(self, matrix: ArrayLike, periodic: Sequence[bool] = (True, True, True)) -> None:
        vectors = np.array(matrix, dtype=np.float64)
        if vectors.shape == (3,):
            vectors = np.diag(vectors)
        if vectors.shape != (3, 3) or not np.all(np.isfinite(vectors)):
            raise InputError(f"A cell needs 3 lengths or 3x3 vectors in Å, got {np.asarray(matrix).tolist()}.")
        if np.abs(vectors).max() > MOST_LENGTH:
            raise InputError(f"The cell vectors {vectors.tolist()} are longer than {MOST_LENGTH:g} Å.")
        if abs(np.linalg.det(vectors)) < 1e-6:
            raise InputError(f"The cell vectors {vectors.tolist()} span no volume: they must be linearly independent.")
        self.periodic: BoolArray = np.array([bool(p) for p in periodic])
        self.matrix: FloatArray = np.ascontiguousarray(right_handed(vectors, self.periodic.tolist()))
        self._check_heights()

    def _check_heights(self) -> None:
        heights = np.where(self.periodic, self.heights, np.inf)
        thin = int(np.argmin(heights))
        if heights[thin] < LEAST_HEIGHT:
            raise InputError(
                f"The cell {self.matrix.tolist()} is periodic along vector {'abc'[thin]}, but only {heights[thin]:.3g} "
                f"Å thick there; at least {LEAST_HEIGHT} Å are needed. Enlarge it, or make it not periodic there."
            )

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

        Raises
        ------
        InputError
            If a count is beyond the range of 32 bits.
        """
        counts = np.floor(self._fractions(positions))
        counts[:, ~self.periodic] = 0.0
        return image_counts(counts)

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
        return positions - self._translations(images), images

    def minimum_image(self, vectors: FloatArray) -> FloatArray:
        """Return the shortest periodic image of each vector (exact if it is shorter than half the smallest height).

        Parameters
        ----------
        vectors : (n, 3) float64 [Å]
        """
        counts = np.rint(self._fractions(vectors))
        counts[:, ~self.periodic] = 0.0
        return np.asarray(vectors - self._translations(counts))

    # The general product is that of the library for matrices. In an orthorhombic cell all other terms are zero: the
    # same bits at a fraction of the time, which threads of that library can multiply on a loaded machine.
    def _fractions(self, vectors: FloatArray) -> FloatArray:
        """Return ``vectors @ inverse``."""
        return np.asarray(vectors * np.diag(self.inverse) if self.is_orthorhombic else vectors @ self.inverse)

    def _translations(self, counts: FloatArray | Int32Array) -> FloatArray:
        """Return ``counts @ matrix``."""
        return np.asarray(counts * np.diag(self.matrix) if self.is_orthorhombic else counts @ self.matrix)

    def scale(self, factors: ArrayLike) -> None:
        """Scale the cell along Cartesian axis c by ``factors[c]``, in place."""
        self.matrix *= np.asarray(factors, dtype=np.float64)[None, :]
