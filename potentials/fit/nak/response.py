"""Averages of a run and their linear response to the parameters, by fluctuations.

∂⟨A⟩/∂θ = ⟨∂A/∂θ⟩ − β cov(A, ∂U/∂θ), as in ForceBalance: L.-P. Wang, T. J. Martinez and V. S. Pande, J. Phys. Chem.
Lett. 5, 1885 (2014). doi:10.1021/jz500737m
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from features import MIDDLES, Evaluation, Features

from nakmd.analysis.numerics.statistics import mean_with_error
from nakmd.arrays import FloatArray
from nakmd.units import BAR_PER_EV_A3, J_PER_M2_PER_EV_A2, K_B

MN_PER_M = 1e3 * J_PER_M2_PER_EV_A2


@dataclass
class Response:
    """An average at parameters θ, its error, and its gradient.

    Attributes
    ----------
    theta : (n,) float64
        Where it was measured.
    value, error : float
    gradient : (n,) float64
    """

    theta: FloatArray
    value: float
    error: float
    gradient: FloatArray

    def at(self, theta: FloatArray) -> float:
        """Return the linear prediction at other parameters."""
        return self.value + float(self.gradient @ (theta - self.theta))

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "theta": self.theta.tolist(), "value": self.value, "error": self.error, "gradient": self.gradient.tolist()
        }  # fmt: skip

    @classmethod
    def of(cls, record: dict[str, Any]) -> Response:
        """Return what `to_dict` wrote."""
        return cls(np.array(record["theta"]), record["value"], record["error"], np.array(record["gradient"]))


def fluctuation(
    a: FloatArray, of_a: FloatArray | None, made: Evaluation, temperature: float, theta: FloatArray
) -> Response:
    """Return the mean of a quantity with values ``a`` (f,) in the frames and derivatives ``of_a`` (f, n) there."""
    beta = 1.0 / (K_B * temperature)
    gradient = -beta * ((a - a.mean()) @ (made.of_energy - made.of_energy.mean(axis=0))) / len(a)
    if of_a is not None:
        gradient = gradient + of_a.mean(axis=0)
    measure = mean_with_error(a)
    return Response(theta, measure.value, measure.error, gradient)


def of_bulk(features: Features, made: Evaluation, temperature: float, theta: FloatArray) -> dict[str, Response]:
    """Return pressure [bar] and potential energy [eV/atom]."""
    n, volume = len(features.species), features.volume
    pressure = (n * K_B * temperature - made.virial / 3.0) / volume * BAR_PER_EV_A3
    of_pressure = -made.of_virial / (3.0 * volume) * BAR_PER_EV_A3
    return {
        "pressure": fluctuation(pressure, of_pressure, made, temperature, theta),
        "energy": fluctuation(made.energy / n, made.of_energy / n, made, temperature, theta),
    }


def of_structure(
    g: FloatArray, made: Evaluation, temperature: float, theta: FloatArray, peak: float
) -> dict[str, Response]:
    """Return position [Å] and height of the first peak of g(r).

    Parameters
    ----------
    g : (f, n_bins) float64
        g(r) of every frame.
    peak : float [Å]
        About the position of the peak.
    """
    out = {}
    # vertex of the parabola through g within a tenth of the position, linearised about the mean
    window = np.abs(MIDDLES - peak) < 0.1 * peak
    c = g[:, window] @ np.linalg.pinv(np.vander(MIDDLES[window] - peak, 3)).T
    c2, c1 = float(c[:, 0].mean()), float(c[:, 1].mean())
    position = -0.5 * c1 / c2
    moved = peak + position - 0.5 * (c[:, 1] - c1) / c2 + 0.5 * c1 / c2**2 * (c[:, 0] - c2)
    height = c[:, 2] + position * c[:, 1] + position**2 * c[:, 0]
    out["peak"] = fluctuation(moved, None, made, temperature, theta)
    out["height"] = fluctuation(height, None, made, temperature, theta)
    return out


def of_film(
    film: Evaluation, bulk: Evaluation, n_film: int, n_bulk: int, area: float, tension: tuple[float, float],
    theta: FloatArray,
) -> Response:  # fmt: skip
    """Return the tension [mN/m] of a film, with the first-order change: the excess of ∂U/∂θ over the bulk per area."""
    excess = film.of_energy.mean(axis=0) - n_film / n_bulk * bulk.of_energy.mean(axis=0)
    return Response(theta, tension[0], tension[1], excess / (2.0 * area) * MN_PER_M)
