"""Sums over blocks of frames in bounded memory, and the standard errors of their means."""

from __future__ import annotations

import math

import numpy as np

from nakmd.analysis.numerics.autocorrelation import statistical_inefficiency
from nakmd.arrays import FloatArray


def error_of_blocks(series: FloatArray) -> tuple[FloatArray, float]:
    """Return the standard error of the mean of block values, and the number of independent blocks.

    All elements share one statistical inefficiency, because they come from the same trajectory.

    Parameters
    ----------
    series : (n_blocks, ...) float64
        NaN where a block has no value: the error of that element is NaN, the other elements are unaffected.

    Returns
    -------
    error : (...) float64
        NaN where there are fewer than two blocks.
    n_effective : float
    """
    n = len(series)
    if n < 2:
        return np.full(series.shape[1:], math.nan), float(n)
    n_effective = n / statistical_inefficiency(np.nan_to_num(series).reshape(n, -1))
    return np.asarray(np.sqrt(np.var(series, axis=0) / max(n_effective - 1.0, 1.0))), n_effective


class BlockSums:
    """Sums of an array over successive blocks of frames, in bounded memory.

    When ``capacity`` blocks are complete, adjacent blocks are merged and the block length doubles. Any number of
    frames therefore gives ``capacity/2`` to ``capacity`` complete blocks.

    Parameters
    ----------
    capacity : int
        Largest number of blocks; even.
    """

    def __init__(self, capacity: int = 64) -> None:
        self.capacity = capacity
        self.length = 1
        self.count = 0
        self.total: FloatArray = np.zeros(0)
        self._blocks: list[FloatArray] = []
        self._open: FloatArray = np.zeros(0)
        self._in_open = 0

    def add(self, values: FloatArray) -> None:
        """Add the array of the next frame; it is copied."""
        if self.count == 0:
            self.total = np.zeros_like(values)
        self.count += 1
        self.total += values
        self._open = values.copy() if self._in_open == 0 else self._open + values
        self._in_open += 1
        if self._in_open == self.length:
            self._blocks.append(self._open)
            self._in_open = 0
        if len(self._blocks) == self.capacity:
            self._blocks = [a + b for a, b in zip(self._blocks[0::2], self._blocks[1::2])]
            self.length *= 2

    @property
    def mean(self) -> FloatArray:
        """Mean over all frames."""
        return self.total / self.count

    def block_means(self) -> FloatArray:
        """Means over the complete blocks, shape (n_blocks, ...)."""
        return np.stack(self._blocks) / self.length

    def errors(self) -> tuple[FloatArray, float]:
        """Return the standard error of the mean of each element, and the number of independent blocks."""
        return error_of_blocks(self.block_means())
