"""Shares and means over several runs that differ in their seed, and what a change of the flux does to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nakmd.analysis.numerics.counts import Share

#: Seeds from which their scatter counts.
ENOUGH = 4

#: Standard errors from which a difference between two fluxes counts.
COUNTS = 2.0


@dataclass(frozen=True)
class SeedMean:
    """A number from several runs.

    Attributes
    ----------
    value : float
    error : float or None
        Standard error; None from a single run without a law for its scatter.
    interval : (float, float) or None
        95 % interval of Wilson, of a share.
    """

    value: float
    error: float | None
    interval: tuple[float, float] | None = None

    @classmethod
    def of_counts(cls, counts: Sequence[Sequence[int]]) -> SeedMean | None:
        """Return the share of all atoms of all runs; None if there are no atoms.

        The error is that of independent atoms, or of the scatter of four runs or more if that is larger: events that
        trigger each other scatter more.
        """
        pooled = Share.of(sum(c[0] for c in counts), sum(c[1] for c in counts))
        if pooled.total == 0:
            return None
        shares = [number / total for number, total in counts if total]
        scatter = _error_of_mean(shares) if len(shares) >= ENOUGH else 0.0
        return cls(pooled.value, max(pooled.error, scatter), pooled.interval())

    @classmethod
    def of_numbers(cls, numbers: Sequence[float | None]) -> SeedMean | None:
        """Return the mean of one number of each run; None without any."""
        known = [number for number in numbers if number is not None]
        if not known:
            return None
        return cls(float(np.mean(known)), _error_of_mean(known) if len(known) > 1 else None)


def _error_of_mean(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) / math.sqrt(len(values))


@dataclass(frozen=True)
class FluxChange:
    """What a quantity does between two fluxes.

    Attributes
    ----------
    numerical : float
        How far the line through both is from the slower one at no flux.
    sigmas : float
        Difference in standard errors; NaN if these are unknown.
    """

    numerical: float
    sigmas: float

    @classmethod
    def of(cls, slow: SeedMean, fast: SeedMean, ratio: float) -> FluxChange:
        """Return the change, with the ratio of the two fluxes."""
        difference = fast.value - slow.value
        error = math.nan if slow.error is None or fast.error is None else math.hypot(slow.error, fast.error)
        exact = math.inf if difference else 0.0  # seeds that all agree
        sigmas = exact if error == 0.0 else abs(difference) / error
        return cls(abs(difference) / (ratio - 1.0), sigmas)

    @property
    def is_limited(self) -> bool:
        """Whether the quantity depends on the flux: by more than two standard errors."""
        return self.sigmas > COUNTS
