"""Difference of the means of two parts of a correlated series, in standard errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nakmd.analysis.numerics.autocorrelation import statistical_inefficiency
from nakmd.analysis.numerics.trend import normal_quantile
from nakmd.arrays import FloatArray

#: Relative rounding of a constant series.
ROUNDING = 1e-9


def is_constant(values: FloatArray) -> bool:
    """Return whether a series varies only by rounding."""
    return not np.ptp(values) > ROUNDING * abs(float(np.mean(values)))


@dataclass(frozen=True)
class CorrelatedMean:
    """Mean of a correlated series, the variance of this mean, and the number of independent samples."""

    value: float
    variance: float
    n_effective: float

    @classmethod
    def of(cls, values: FloatArray) -> CorrelatedMean:
        """Return the mean of a series."""
        mean = float(np.mean(values))
        if is_constant(values):
            return cls(mean, 0.0, float(len(values)))
        number = max(len(values) / statistical_inefficiency(values), 1.0)
        return cls(mean, float(np.var(values)) / number, number)

    def difference(self, other: CorrelatedMean) -> float:
        """Return by how many standard errors two means differ, as in `normal_quantile`.

        References
        ----------
        Degrees of freedom: Welch, Biometrika 34, 28 (1947). doi:10.1093/biomet/34.1-2.28
        """
        difference, variance = abs(self.value - other.value), self.variance + other.variance
        if not variance > 0.0:
            return math.inf if difference > ROUNDING * max(abs(self.value), abs(other.value)) else 0.0
        weights = sum(mean.variance**2 / max(mean.n_effective - 1.0, 1.0) for mean in (self, other))
        return normal_quantile(difference / math.sqrt(variance), variance**2 / weights)


def contrast_of(values: FloatArray, start: int, n_effective: float) -> float:
    """Return by how many standard errors the means before and from ``start`` on differ, as in `normal_quantile`.

    The variance of both means is that of the ``n_effective`` independent samples from ``start`` on: those before may
    contain a relaxation.
    """
    n, tail = len(values), values[start:]
    variance = float(np.var(tail)) * (n - start) / n_effective * (1.0 / start + 1.0 / (n - start))
    difference = abs(float(values[:start].mean() - tail.mean()))
    return normal_quantile(difference / math.sqrt(variance), n_effective - 1.0) if variance > 0.0 else math.inf
