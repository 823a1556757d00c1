"""Rounds of a fit: what that of an element and that of the functions between elements have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from scipy.optimize import least_squares

from nakmd.arrays import FloatArray

#: Distance of the parameters of a round from the present ones over which its linear response loses its weight, in
#: changes of the energy of the liquid [k_B T].
RANGE = 2.0


@dataclass
class Settings:
    """Amount of sampling, and weight against large steps.

    ``step`` multiplies the distance in units of what changes the energies of the liquid by k_B T: the linear response
    holds within about one. It grows from round to round up to ``last_step``, so that the last rounds settle.
    """

    atoms: int = 432
    settle: float = 5.0
    time: float = 40.0
    film_atoms: int = 1000
    film_time: float = 100.0
    step: float = 0.4
    last_step: float = 1.2
    growth: float = 1.1


class Rounds(ABC):
    """The measured rounds of a fit, and the step after them.

    Parameters
    ----------
    first : (n,) float64
        Parameters of the first round.
    settings : Settings
    folder : Path
        Where every round is stored.

    Attributes
    ----------
    theta, next : (n,) float64
        Present parameters, and those of the last step.
    rounds : list of dict
        Of each round ``"theta"``, ``"responses"`` and ``"diffusion"``.
    spread : (n, n) float64
        Its product with a change of the parameters is a distance in changes of the energy of the liquid [k_B T].
    """

    #: Evaluations of the residuals in a step.
    EVALUATIONS: ClassVar[int]

    def __init__(self, first: FloatArray, settings: Settings, folder: Path) -> None:
        self.first, self.settings, self.folder = first, settings, folder
        self.theta, self.next = first.copy(), first.copy()
        self.rounds: list[dict[str, Any]] = []
        self.spread: FloatArray = np.zeros((0, len(first)))

    @abstractmethod
    def residuals(self, theta: FloatArray, trust: bool = True) -> FloatArray:
        """Return the weighted residuals, with ``trust`` also the distance from before."""

    @abstractmethod
    def measured_cost(self, record: dict[str, Any]) -> float:
        """Return the cost of a measured round."""

    @abstractmethod
    def restore(self) -> int:
        """Read the stored rounds; return their number."""

    def shares(self) -> FloatArray:
        """Return the weights of the rounds, whose sum is 1: those near the present parameters count.

        One round has noise in its derivatives, and a step along it is shorter than predicted; several average it.
        """
        distances = np.array([np.linalg.norm(self.spread @ (record["theta"] - self.theta)) for record in self.rounds])
        weights = np.exp(-0.5 * (distances / RANGE) ** 2)
        return np.asarray(weights / weights.sum()) if len(self.rounds) else weights

    def distance(self, theta: FloatArray, trust: bool) -> list[float]:
        """Return the residuals against a large step; zeros without ``trust``."""
        s = self.settings
        step = min(s.step * s.growth ** len(self.rounds), s.last_step)
        return list((step if trust else 0.0) * self.spread @ (theta - self.theta))

    def solve(self) -> float:
        """Move to the least squares of the residuals; return the cost."""
        origin, scale = self.theta.copy(), 0.02 + 0.1 * np.abs(self.theta)
        found = least_squares(
            lambda u: self.residuals(origin + scale * u), np.zeros(len(origin)), max_nfev=self.EVALUATIONS
        )
        self.next = origin + scale * found.x
        return float(found.cost)

    def resume(self) -> int:
        """Continue after the stored rounds, with the targets of today; return their number."""
        if self.restore():
            print("restored; cost", self.solve())
            self.theta = self.next
        return len(self.rounds)

    def best(self) -> FloatArray:
        """Return the parameters of the stored round that was measured nearest to the targets."""
        return np.asarray(min(self.rounds, key=self.measured_cost)["theta"])
