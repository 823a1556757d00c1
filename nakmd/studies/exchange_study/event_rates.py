"""Rates of rare events: counts with their exact intervals, and the law of Arrhenius by maximum likelihood."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2

from nakmd.units import K_B

#: Bounds of the energy [eV] of an Arrhenius law, and width of the likelihood [twice the logarithm] of 95 %.
ENERGIES, DROP = (-1.0, 2.0), 3.8415


@dataclass(frozen=True)
class Rate:
    """Events per time.

    Attributes
    ----------
    value : float [1/ps]
        Events over time: the maximum of the likelihood of independent events.
    low, high : float [1/ps]
        Exact 95 % interval (Garwood).
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, events: int, time: float) -> Rate:
        """Return the rate of a number of events in a time [ps].

        Examples
        --------
        >>> rate = Rate.of(0, 100.0)
        >>> rate.value, rate.low, round(rate.high, 4)
        (0.0, 0.0, 0.0369)
        """
        low = float(chi2.ppf(0.025, 2 * events)) / 2.0 if events else 0.0
        return cls(events / time, low / time, float(chi2.ppf(0.975, 2 * events + 2)) / 2.0 / time)


@dataclass(frozen=True)
class Activation:
    """ν exp(-E/kT), fitted to counts.

    Attributes
    ----------
    energy : float [eV]
    low, high : float [eV]
        95 % interval from the profile of the likelihood; infinite on a side that the counts do not limit.
    prefactor : float [1/ps]
    """

    energy: float
    low: float
    high: float
    prefactor: float

    @property
    def error(self) -> float:
        """Standard error [eV]: a quarter of the 95 % interval, near enough; infinite if it has no ends."""
        return (self.high - self.low) / 3.92


def activation(temperatures: Sequence[float], events: Sequence[int], times: Sequence[float]) -> Activation | None:
    r"""Return the Arrhenius law of counts at several temperatures; None with events at fewer than two of them.

    Parameters
    ----------
    temperatures : sequence of float [K]
    events : sequence of int
    times : sequence of float [ps]

    Notes
    -----
    The counts are Poisson numbers with means :math:`\nu t_i e^{-E/kT_i}`. For each E the best ν is
    :math:`\sum n_i / \sum t_i e^{-E/kT_i}`; the interval of E is where twice the logarithm of the likelihood, with
    that ν, is within 3.84 of its maximum. Temperatures without events count as well.
    """
    T, n, t = (np.asarray(values, dtype=np.float64) for values in (temperatures, events, times))
    if np.count_nonzero(n) < 2:
        return None
    # relative to the middle of the temperatures, or the numbers overflow
    x = 1.0 / (K_B * T) - np.mean(1.0 / (K_B * T))

    def loss(energy: float) -> float:
        """Twice the negative logarithm of the profile likelihood."""
        return float(2.0 * (n.sum() * np.log(np.sum(t * np.exp(-energy * x))) + energy * np.sum(n * x)))

    best = minimize_scalar(loss, bounds=ENERGIES, method="bounded", options={"xatol": 1e-7})
    energy, least = float(best.x), float(best.fun)

    def end(bound: float) -> float:
        return float(brentq(lambda e: loss(e) - least - DROP, energy, bound)) if loss(bound) - least > DROP else (
            math.copysign(math.inf, bound - energy)
        )  # fmt: skip

    prefactor = n.sum() / float(np.sum(t * np.exp(-energy / (K_B * T))))
    return Activation(energy, end(ENERGIES[0]), end(ENERGIES[1]), prefactor)
