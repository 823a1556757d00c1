"""The scatter between seeds against the errors within runs, of one quantity over the whole sweep."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy  # its modules load on first use

from nakmd.sweep_results.run_figure import FigureKey
from nakmd.sweep_results.seed_average import CONTRADICTION, CombinedFigure


@dataclass(frozen=True)
class SeedScatter:
    """Variance between seeds over the mean square of the errors within the runs.

    Attributes
    ----------
    record, name, unit : str
        As in `FigureKey`.
    ratio : float
        Over all points of the axes with several runs, each weighted by its degrees of freedom; 1 is expected.
    degrees : int
        Degrees of freedom of the variance between seeds.
    p_value : float
        Two-sided.
    """

    record: str
    name: str
    unit: str
    ratio: float
    degrees: int
    p_value: float

    @property
    def key(self) -> FigureKey:
        """The quantity."""
        return FigureKey(self.record, self.name, self.unit)

    @property
    def too_small(self) -> bool:
        """Whether the errors within the runs are too small."""
        return self.p_value < CONTRADICTION and self.ratio > 1.0

    @property
    def verdict(self) -> str:
        """What the test says of the errors within the runs; empty if it does not contradict them."""
        if self.p_value >= CONTRADICTION:
            return ""
        return f"errors within the runs are too {'small' if self.ratio > 1.0 else 'large'}"

    @property
    def factor(self) -> float:
        """What the errors within the runs are multiplied by, to agree with the scatter between them; at least 1."""
        return float(np.sqrt(max(1.0, self.ratio)))

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain numbers and strings."""
        return {**asdict(self), "too_small": self.too_small}


def scatter_of(combined: Iterable[CombinedFigure]) -> dict[FigureKey, SeedScatter]:
    """Return the scatter of each quantity that has several runs at a point of the axes.

    Notes
    -----
    The one-sided probabilities of the F tests, which are independent, are combined by Fisher's method on either side.

    References
    ----------
    Fisher's method: Fisher, Statistical Methods for Research Workers, Oliver and Boyd (1932), section 21.1.
    """
    groups: dict[FigureKey, list[CombinedFigure]] = {}
    for figure in combined:
        if figure.variance_ratio is not None and figure.within_error:
            groups.setdefault(figure.key, []).append(figure)
    return {key: _scatter(key, members) for key, members in groups.items()}


def _scatter(key: FigureKey, members: list[CombinedFigure]) -> SeedScatter:
    degrees = np.array([member.runs - 1 for member in members])
    squares = np.array([member.runs * (member.within_error or 0.0) ** 2 for member in members])
    ratios = np.array([member.variance_ratio for member in members], dtype=np.float64)
    above = np.array([member.p_above for member in members], dtype=np.float64)
    logarithms = [np.log(np.clip(p, 1e-300, 1.0)).sum() for p in (above, 1.0 - above)]
    sides = [float(scipy.special.chdtrc(2 * len(members), -2.0 * log)) for log in logarithms]
    ratio = float(np.sum(degrees * squares * ratios) / np.sum(degrees * squares))
    return SeedScatter(*key, ratio, int(degrees.sum()), min(1.0, 2.0 * min(sides)))
