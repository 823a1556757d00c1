"""Atoms sorted into bins of a cell of any shape and size, for searches within a cutoff."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import FloatArray, Int32Array, IntArray
from nakmd.cell import Cell
from nakmd.errors import StructureError
from nakmd.kernels.cells import sort_by_key
from nakmd.kernels.close_pairs import (
    CHUNK,
    MIDDLE,
    count_upper,
    fill_pairs,
    fill_places,
    find_closest,
    find_partners,
    wrap_points,
)

#: Partners of an atom for which there is room at first.
ROOM = 16


class CellBins:
    """Atoms wrapped into their cell and sorted into bins.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
        Unwrapped.
    cell : Cell
    cutoff : float [Å]
        Of the searches.

    Attributes
    ----------
    points : (n, 3) float64 [Å]
        The wrapped atoms, ``positions + shifts @ matrix``.
    shifts : (n, 3) int64
    """

    def __init__(self, positions: FloatArray, cell: Cell, cutoff: float) -> None:
        n = len(positions)
        self.cutoff, self.cell = float(cutoff), cell
        self._positions = np.ascontiguousarray(positions)
        self.points: FloatArray = np.empty((n, 3))
        self.shifts: IntArray = np.empty((n, 3), dtype=np.int64)
        fractions = np.empty((n, 3))
        wrap_points(
            self._positions, cell.matrix, cell.inverse, cell.periodic, self.points, self.shifts, fractions
        )  # fmt: skip
        low, extent = np.zeros(3), np.ones(3)
        free = ~cell.periodic
        if n and np.any(free):
            low[free] = fractions.min(axis=0)[free]
            extent[free] = np.maximum(fractions.max(axis=0)[free] - low[free], 1e-9)
        edges = np.floor(extent * cell.heights / max(self.cutoff, 1e-9))
        # not many more bins than atoms, so that vacuum costs nothing
        shape = np.clip(edges, 1.0, 2.0 * max(n, 1) ** (1.0 / 3.0) + 2.0).astype(np.int64)
        self._shape, self._periodic = shape, cell.periodic
        self._spread = np.ceil(self.cutoff * shape / (extent * cell.heights)).astype(np.int64)
        # beyond the bins of a direction that is not periodic there is nothing to search
        self._spread[free] = np.minimum(self._spread[free], shape[free])
        if np.any(self._spread // shape >= MIDDLE - 1):
            raise StructureError(
                f"The cell is {cell.heights.min():.3g} Å high, too thin for a search within {self.cutoff:g} Å. "
                "Enlarge it."
            )
        self._keys: IntArray = np.empty(n, dtype=np.int64)
        fill_places(fractions, low, shape / extent, shape, self._keys)
        self._start: Int32Array = np.empty(int(np.prod(shape)) + 1, dtype=np.int32)
        self._order: Int32Array = np.empty(n, dtype=np.int32)
        sort_by_key(self._keys, self._start, self._order)
        self._ordered = self.points[self._order]

    def partners(self, rows: IntArray | None = None) -> tuple[IntArray, IntArray]:
        """Return the partners of each atom within the cutoff (`nakmd.kernels.close_pairs`).

        Parameters
        ----------
        rows : (n, room) int64, optional
            Those of an earlier search, to be overwritten: allocating them again takes time.

        Returns
        -------
        rows : (n, room) int64
            With more room if it was needed.
        counts : (n,) int64
        """
        n = len(self.points)
        counts: IntArray = np.empty(n, dtype=np.int64)
        if rows is None:
            rows = np.empty((n, ROOM), dtype=np.int64)
        while True:
            find_partners(
                self._positions, self.points, self.shifts, self.cell.matrix, self._keys, self._order,
                self._ordered, self._start, self._shape, self._periodic, self._spread, self.cutoff, rows, counts,
            )  # fmt: skip
            most = int(counts.max(initial=0))
            if most <= rows.shape[1]:
                return rows, counts
            rows = np.empty((n, most), dtype=np.int64)

    def pairs(self) -> tuple[IntArray, IntArray, IntArray]:
        """Return every pair within the cutoff once, as `nakmd.structures.distances.pairs_within`."""
        rows, counts = self.partners()
        first: IntArray = np.zeros(len(counts) + 1, dtype=np.int64)
        count_upper(rows, counts, first[1:])
        np.cumsum(first, out=first)
        n_pairs = int(first[-1])
        i, j, shift = (np.empty(shape, dtype=np.int64) for shape in (n_pairs, n_pairs, (n_pairs, 3)))
        fill_pairs(rows, counts, first, self.shifts, i, j, shift)
        return i, j, shift

    def closest(self, species: IntArray, n_species: int) -> tuple[FloatArray, IntArray, IntArray]:
        """Return the closest two atoms of each pair of species below the cutoff.

        Parameters
        ----------
        species : (n,) int64
        n_species : int

        Returns
        -------
        distances : (n_species, n_species) float64 [Å]
            Of a species and one that is not before it; infinite without such a pair.
        i, j : (n_species, n_species) int64
        """
        n_chunks = max(1, (len(species) + CHUNK - 1) // CHUNK)
        shape = (n_chunks, n_species, n_species)
        squares, i, j = np.empty(shape), np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
        find_closest(
            self._positions, self.points, self.shifts, self.cell.matrix, self._keys, self._order,
            self._ordered, self._start, self._shape, self._periodic, self._spread, species, self.cutoff, squares, i, j,
        )  # fmt: skip
        best = np.argmin(squares, axis=0)[None]
        least, at_i, at_j = (np.take_along_axis(values, best, axis=0)[0] for values in (squares, i, j))
        return np.sqrt(least), at_i, at_j
