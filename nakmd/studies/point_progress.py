"""Progress of a validation or a study through its points."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PointProgress:
    """How many points are done.

    Attributes
    ----------
    done, total : int
        Number of points.
    key : str
        The point just finished; empty at the start.
    seconds_left : float
        Estimate from the points so far; NaN while unknown.
    """

    done: int
    total: int
    key: str
    seconds_left: float
