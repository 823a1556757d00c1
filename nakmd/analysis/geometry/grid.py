"""Cell grid: atoms sorted by grid cell, for neighbour searches up to a cutoff."""

from __future__ import annotations

import itertools

import numpy as np

from nakmd.analysis.base import require_finite
from nakmd.arrays import FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.kernels import sampling

#: Number of blocks of grid cells with a partial pair histogram each.
HISTOGRAM_BLOCKS = 64

#: From this many atoms per cell on, cells half as wide as the cutoff are faster (measured).
WORTH_SPLITTING = 10.0


class CellGrid:
    """Atoms of one frame, sorted by grid cell.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
    kinds : (n,) int64
        Kind index of each atom.
    cell : Cell
    cutoff : float [Å]
        Largest distance of a neighbour.
    also : (q, 3) float64 [Å], optional
        Query positions that may lie outside the range of the atoms along open directions.

    Raises
    ------
    AnalysisError
        If a position is not finite.
    """

    def __init__(
        self,
        positions: FloatArray,
        kinds: IntArray,
        cell: Cell,
        cutoff: float,
        also: FloatArray | None = None,
    ) -> None:
        all_points = positions if also is None else np.concatenate([positions, also])
        require_finite(all_points)
        self.cutoff = cutoff
        self.periodic = cell.periodic
        self.matrix = cell.matrix.copy()
        self._inverse = cell.inverse
        fractional = all_points @ self._inverse
        open_ = ~cell.periodic
        self._origin = np.zeros(3)
        self._span = np.ones(3)
        if len(all_points):
            self._origin[open_] = fractional.min(axis=0)[open_]
            self._span[open_] = np.maximum(np.ptp(fractional, axis=0)[open_], 1e-9)
        widths = self._span * cell.heights
        # cells of half the cutoff need fewer distances than cells of the full cutoff, but more cells are searched
        finest = 2.0 * widths / cutoff
        occupied = len(positions) / max(float(np.prod(np.maximum(finest, 1.0))), 1.0)
        shape = np.floor(finest if occupied > WORTH_SPLITTING else 0.5 * finest)
        self.shape: IntArray = np.clip(shape, 1, 512).astype(np.int64)
        self._widths = widths / self.shape
        self._orthorhombic = cell.is_orthorhombic
        wrapped, cells = self.locate(positions)
        keys = (cells[:, 0] * self.shape[1] + cells[:, 1]) * self.shape[2] + cells[:, 2]
        order = np.argsort(keys, kind="stable")
        self.positions: FloatArray = np.ascontiguousarray(wrapped[order])
        self.kinds: IntArray = np.ascontiguousarray(kinds[order])
        self.ids: IntArray = order.astype(np.int64)
        self.first: IntArray = np.zeros(int(np.prod(self.shape)) + 1, dtype=np.int64)
        np.cumsum(np.bincount(keys, minlength=len(self.first) - 1), out=self.first[1:])

    def locate(self, positions: FloatArray) -> tuple[FloatArray, IntArray]:
        """Return the positions wrapped along periodic directions, and the grid cell of each."""
        fractional = positions @ self._inverse
        images = np.where(self.periodic, np.floor(fractional), 0.0)
        inside = (fractional - images - self._origin) / self._span
        cells = np.clip((inside * self.shape).astype(np.int64), 0, self.shape - 1)
        return np.ascontiguousarray(positions - images @ self.matrix), cells

    def stencil(self, half: bool) -> IntArray:
        """Return the offsets to the grid cells that may contain a neighbour; with ``half`` one of each ± pair."""
        reach = np.ceil(self.cutoff / self._widths - 1e-12).astype(int)
        # along open directions there are no cells beyond the grid
        reach = np.where(self.periodic, reach, np.minimum(reach, self.shape - 1))
        steps = list(itertools.product(*(range(-r, r + 1) for r in reach)))
        if half:
            steps = [(0, 0, 0)] + [step for step in steps if step > (0, 0, 0)]
        stencil = np.array(steps, dtype=np.int64).reshape(-1, 3)
        gaps = np.maximum(np.abs(stencil) - 1, 0) * self._widths
        # squares of the gaps add up only if the faces are perpendicular
        nearest = np.sqrt(np.sum(gaps**2, axis=1)) if self._orthorhombic else gaps.max(axis=1)
        return np.ascontiguousarray(stencil[nearest < self.cutoff])

    def pair_histogram(self, pair_of: IntArray, n_pairs: int, n_bins: int) -> IntArray:
        """Return the histogram of pair distances up to the cutoff, (n_pairs, n_bins); each pair counts once."""
        counts = np.zeros((HISTOGRAM_BLOCKS, n_pairs, n_bins), dtype=np.int64)
        sampling.count_pair_histogram(
            self.positions, self.kinds, self.first, self.shape, self.periodic, self.matrix,
            self.stencil(half=True), pair_of, self.cutoff, counts,
        )  # fmt: skip
        return np.asarray(counts.sum(axis=0))

    def neighbor_counts(
        self, queries: FloatArray, inner: FloatArray, outer: FloatArray, ids: IntArray | None = None
    ) -> FloatArray:
        """Return the number of neighbours of each kind around each query, (q, n_kinds).

        Parameters
        ----------
        queries : (q, 3) float64 [Å]
        inner, outer : (n_kinds,) float64 [Å]
            The weight of a neighbour falls from 1 to 0 between the two; equal values give a sharp cutoff.
        ids : (q,) int64, optional
            Index of the atom at the query itself, which is not counted; -1 for none.
        """
        wrapped, cells = self.locate(queries)
        counts = np.zeros((len(queries), len(outer)))
        excluded = np.full(len(queries), -1, dtype=np.int64) if ids is None else ids
        sampling.count_neighbors(
            wrapped, cells, excluded, self.positions, self.kinds, self.ids, self.first, self.shape,
            self.periodic, self.matrix, self.stencil(half=False), inner, outer, counts,
        )  # fmt: skip
        return counts

    def nearest_distances(self, queries: FloatArray) -> FloatArray:
        """Return the distance [Å] from each query to the nearest atom, infinite beyond the cutoff."""
        wrapped, cells = self.locate(queries)
        distances = np.zeros(len(queries))
        sampling.find_nearest(
            wrapped, cells, self.positions, self.first, self.shape, self.periodic, self.matrix,
            self.stencil(half=False), self.cutoff, distances,
        )  # fmt: skip
        return distances
