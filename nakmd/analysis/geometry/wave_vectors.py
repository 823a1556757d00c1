"""Wave vectors of a periodic cell in bins of their modulus, and the density waves of atoms at them."""

from __future__ import annotations

import math

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.kernels import density_waves


class WaveVectors:
    r"""Wave vectors :math:`\mathbf q = 2\pi \, h^{-1} \mathbf n` for integers n, one of each ± pair.

    Parameters
    ----------
    cell : Cell
        Periodic along all directions.
    q_max : float [1/Å]
    bins : int
        Number of bins from 0 to ``q_max``.
    most : int
        Approximate number of wave vectors of a bin with more than this: they are drawn at random, with the same seed
        in every run. Other bins use all. 0: all wave vectors in every bin.

    Attributes
    ----------
    indices : (n, 3) int64
        The integers of each wave vector.
    counts : (n_bins,) int64
        Number of wave vectors of each bin; bins without one are omitted.

    Raises
    ------
    AnalysisError
        If no wave vector of the cell is below ``q_max``.
    """

    def __init__(self, cell: Cell, q_max: float, bins: int, most: int) -> None:
        reciprocal = 2.0 * math.pi * cell.inverse.T  # row c belongs to the c-th integer
        largest = np.floor(q_max * cell.lengths / (2.0 * math.pi) + 1e-9).astype(np.int64)
        width = q_max / bins
        centers = (np.arange(bins) + 0.5) * width
        expected = cell.volume * centers**2 * width / (4.0 * math.pi**2)  # number in half a shell
        probability = np.minimum(1.0, most / expected) if most else np.ones(bins)
        rng = np.random.default_rng(1)
        second, third = (np.arange(-m, m + 1) for m in largest[1:])
        plane = np.stack(np.meshgrid(second, third, indexing="ij"), axis=-1).reshape(-1, 2)
        chosen, chosen_bins = [], []
        for first in range(int(largest[0]) + 1):  # plane by plane, to limit the memory
            rows = plane if first else plane[(plane[:, 0] > 0) | ((plane[:, 0] == 0) & (plane[:, 1] > 0))]
            indices = np.column_stack([np.full(len(rows), first), rows])
            row_bins = (np.linalg.norm(indices @ reciprocal, axis=1) / width).astype(np.int64)
            indices, row_bins = indices[row_bins < bins], row_bins[row_bins < bins]
            kept = rng.uniform(size=len(row_bins)) < probability[row_bins]
            chosen.append(indices[kept])
            chosen_bins.append(row_bins[kept])
        self.indices: IntArray = np.ascontiguousarray(np.concatenate(chosen))
        if len(self.indices) == 0:
            raise AnalysisError(
                f"No wave vector of a cell of {', '.join(f'{x:.1f}' for x in cell.lengths)} Å is below "
                f"q_max = {q_max:g} 1/Å. Choose a larger q_max."
            )
        self.counts: IntArray
        _, self._bin_of, self.counts = np.unique(np.concatenate(chosen_bins), return_inverse=True, return_counts=True)
        tables = (3, int(np.abs(self.indices).max()) + 1, density_waves.CHUNK)
        self._cosines, self._sines = np.zeros(tables), np.zeros(tables)

    def moduli(self, cell: Cell) -> FloatArray:
        """Return the moduli of the wave vectors in a cell, (n,) [1/Å]."""
        return np.asarray(np.linalg.norm(self.indices @ (2.0 * math.pi * cell.inverse.T), axis=1))

    def add_density(self, fractional: FloatArray, waves: FloatArray) -> None:
        """Add the density waves Σ e^(i q·r) of some atoms.

        Parameters
        ----------
        fractional : (m, 3) float64
            Finite positions in units of the cell vectors.
        waves : (2, n) float64
            Real and imaginary parts; added to in place.
        """
        for start in range(0, len(fractional), density_waves.CHUNK):
            chunk = fractional[start : start + density_waves.CHUNK]
            density_waves.fill_phases(chunk, self._cosines, self._sines)
            density_waves.add_density_waves(self.indices, self._cosines, self._sines, len(chunk), waves[0], waves[1])

    def bin_means(self, values: FloatArray) -> FloatArray:
        """Return the means over the wave vectors of each bin, (n_bins,), of values (n,)."""
        return np.bincount(self._bin_of, values, minlength=len(self.counts)) / self.counts
