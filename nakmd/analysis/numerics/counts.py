"""Counts of one realisation: shares of a number of atoms, and numbers of events, with their intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Self

import scipy

from nakmd.analysis.numerics.statistics import Measure

#: Probability within one standard error of a normal distribution.
ONE_SIGMA = 0.6826894921370859


@dataclass(frozen=True)
class Share(Measure):
    """A share of a number of atoms, with the interval of Wilson.

    Attributes
    ----------
    count, total : int
        Numbers of atoms; ``value`` is their ratio, NaN if there are none.

    Notes
    -----
    ``error`` is half the width of the interval at 68 %, so that a share of 0 or 1 has an error. Atoms count as
    independent: events that trigger each other scatter more, which several seeds show.

    References
    ----------
    Wilson, J. Am. Stat. Assoc. 22, 209 (1927). doi:10.1080/01621459.1927.10502953
    """

    count: int = field(kw_only=True)
    total: int = field(kw_only=True)

    @classmethod
    def of(cls, count: int, total: int) -> Self:
        """Return the share of ``count`` in ``total``."""
        if total == 0:
            return cls(math.nan, math.nan, "", 0.0, count=count, total=total)
        low, high = wilson(count, total, ONE_SIGMA)
        return cls(count / total, 0.5 * (high - low), "", float(total), count=count, total=total)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of Wilson."""
        return wilson(self.count, self.total, level)


@dataclass(frozen=True)
class Count(Measure):
    """A number of independent events, with the interval of Garwood for the mean of a Poisson distribution.

    Attributes
    ----------
    count : int
        Equal to ``value``; ``error`` is half the width of the interval at 68 %.

    References
    ----------
    Garwood, Biometrika 28, 437 (1936). doi:10.1093/biomet/28.3-4.437
    """

    count: int = field(kw_only=True)

    @classmethod
    def of(cls, count: int, unit: str = "") -> Self:
        """Return the measure of a number of events."""
        low, high = garwood(count, ONE_SIGMA)
        return cls(float(count), 0.5 * (high - low), unit, float(count), count=count)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of Garwood."""
        return garwood(self.count, level)


def wilson(count: int, total: int, level: float) -> tuple[float, float]:
    """Return the interval of Wilson for a probability; NaN if nothing was counted."""
    if total == 0:
        return math.nan, math.nan
    z = float(scipy.special.ndtri(0.5 * (1.0 + level)))
    share, spread = count / total, z * z / total
    centre = (share + 0.5 * spread) / (1.0 + spread)
    half = math.sqrt(share * (1.0 - share) * spread + 0.25 * spread * spread) / (1.0 + spread)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def garwood(count: int, level: float) -> tuple[float, float]:
    """Return the interval of Garwood for the mean number of events."""
    tail = 0.5 * (1.0 - level)
    low = float(scipy.special.gammaincinv(count, tail)) if count else 0.0
    return low, float(scipy.special.gammaincinv(count + 1, 1.0 - tail))
