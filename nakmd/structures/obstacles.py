"""Fixed atoms that packed ones keep away from."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, Int32Array, IntArray
from nakmd.cell import Cell
from nakmd.kernels.cells import sort_by_key
from nakmd.kernels.close_pairs import fill_places
from nakmd.kernels.packed_atoms import list_obstacles
from nakmd.structures.distances import images_around


class Obstacles:
    """Fixed atoms with their images within a cutoff of the cell, in bins.

    Parameters
    ----------
    positions : (k, 3) float64 [Å]
    cell : Cell
    cutoff : float [Å]
        Of searches from points in the cell.
    margin : float [Å]
        Distance beyond the cutoff within which images are kept.

    Attributes
    ----------
    points : (m, 3) float64 [Å]
    atom : (m,) int64
        Atom that each point is an image of.
    """

    def __init__(self, positions: FloatArray, cell: Cell, cutoff: float, margin: float = 0.0) -> None:
        self.points, self.atom, _ = images_around(positions, cell, cutoff + margin)
        self.cutoff = float(cutoff)
        m = len(self.points)
        low = self.points.min(axis=0) if m else np.zeros(3)
        extent = np.maximum(np.ptp(self.points, axis=0) if m else np.zeros(3), self.cutoff)  # no bin is smaller
        most = 2.0 * max(m, 1) ** (1.0 / 3.0) + 2.0
        self._shape = np.clip(np.floor(extent / self.cutoff), 1.0, most).astype(np.int64)
        self._low, self._scale = low, self._shape / extent
        keys: IntArray = np.empty(m, dtype=np.int64)
        fill_places(self.points, low, self._scale, self._shape, keys)
        self._start: Int32Array = np.empty(int(np.prod(self._shape)) + 1, dtype=np.int32)
        self._order: Int32Array = np.empty(m, dtype=np.int32)
        sort_by_key(keys, self._start, self._order)

    def near(self, points: FloatArray) -> tuple[IntArray, Int32Array]:
        """Return the obstacles within the cutoff of each point.

        Parameters
        ----------
        points : (n, 3) float64 [Å]
            In the cell.

        Returns
        -------
        first : (n + 1,) int64
            First entry of each point.
        found : (first[n],) int32
            Rows of `points`, ascending for each.
        """
        counts, nothing = np.empty(len(points), dtype=np.int64), np.zeros(0, dtype=np.int32)
        first: IntArray = np.zeros(len(points) + 1, dtype=np.int64)
        self._search(points, first, False, counts, nothing)
        np.cumsum(counts, out=first[1:])
        found: Int32Array = np.empty(int(first[-1]), dtype=np.int32)
        self._search(points, first, True, counts, found)
        return first, found

    def clear_of(self, points: FloatArray) -> BoolArray:
        """Return which points have no obstacle within the cutoff, (n,)."""
        counts: IntArray = np.empty(len(points), dtype=np.int64)
        self._search(points, np.zeros(len(points) + 1, dtype=np.int64), False, counts, np.zeros(0, dtype=np.int32))
        return np.asarray(counts == 0)

    def _search(
        self, points: FloatArray, first: IntArray, is_filling: bool, counts: IntArray, found: Int32Array
    ) -> None:
        list_obstacles(
            points, self.points, self._order, self._start, self._low, self._scale, self._shape, self.cutoff, first,
            is_filling, counts, found,
        )  # fmt: skip
