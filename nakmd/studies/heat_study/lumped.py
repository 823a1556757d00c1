"""An electrode of one temperature that is heated from within and loses heat to gas, surroundings and support."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import constants

from nakmd.arrays import FloatArray

#: Biot number below which the temperature is taken to be the same everywhere.
LUMPED = 0.1


@dataclass(frozen=True)
class LumpedElectrode:
    r"""A flat electrode, warm on both faces.

    Attributes
    ----------
    mass : ndarray [kg]
    carbon_fraction : ndarray
        w, by mass.
    thickness : ndarray [m]
    convection : ndarray [W/m²/K]
    support : ndarray [W/K]
        Conductance to the support.
    emissivity : ndarray
    capacity_metal, capacity_carbon : ndarray [J/kg/K]
    density_metal, density_carbon : ndarray [kg/m³]
    start : ndarray [K]
        Temperature of the surroundings, and its own at the start.

    Notes
    -----
    :math:`c = (1 - w) c_m + w c_C`; :math:`A = 2 m / \rho L` with :math:`\rho = (1 - w) \rho_m + w \rho_C`, up to 2 %
    above the harmonic mean at w = 0.15; :math:`G = (h_c + 4 \epsilon \sigma T_0^3) A + G_s`; :math:`\tau = m c / G`.
    """

    mass: FloatArray
    carbon_fraction: FloatArray
    thickness: FloatArray
    convection: FloatArray
    support: FloatArray
    emissivity: FloatArray
    capacity_metal: FloatArray
    capacity_carbon: FloatArray
    density_metal: FloatArray
    density_carbon: FloatArray
    start: FloatArray

    @property
    def capacity(self) -> FloatArray:
        """Heat capacity [J/kg/K]."""
        return (1.0 - self.carbon_fraction) * self.capacity_metal + self.carbon_fraction * self.capacity_carbon

    @property
    def transfer(self) -> FloatArray:
        """Heat transfer by gas and radiation [W/m²/K]."""
        return self.convection + 4.0 * self.emissivity * constants.sigma * self.start**3

    @property
    def decay_time(self) -> FloatArray:
        """Time in which the warmth decays [s], τ."""
        density = (1.0 - self.carbon_fraction) * self.density_metal + self.carbon_fraction * self.density_carbon
        area = 2.0 * self.mass / (density * self.thickness)
        return self.mass * self.capacity / (self.transfer * area + self.support)

    def biot(self, conductivity: ArrayLike) -> FloatArray:
        """Return the Biot number h L/λ for a thermal conductivity [W/m/K]."""
        found: FloatArray = self.transfer * self.thickness / np.asarray(conductivity, float)
        return found

    def adiabatic_rise(self, heat: ArrayLike) -> FloatArray:
        """Return w q / c [K] of a heat [J per kg of carbon]."""
        found: FloatArray = self.carbon_fraction * np.asarray(heat, float) / self.capacity
        return found


def peak_time(rate: ArrayLike, decay_time: ArrayLike) -> FloatArray:
    r"""Return when the electrode is warmest [s], :math:`\ln\kappa/(k - 1/\tau)` with :math:`\kappa = k\tau`.

    Parameters
    ----------
    rate : array_like [1/s]
        k of a release of first order.
    decay_time : array_like [s]
        τ.
    """
    return np.asarray(decay_time) * _exponent(np.asarray(rate) * np.asarray(decay_time))


def peak_share(rate: ArrayLike, decay_time: ArrayLike) -> FloatArray:
    r"""Return the highest rise over the adiabatic one, :math:`\kappa^{1/(1-\kappa)}`; 1/e for κ = 1."""
    return np.exp(-_exponent(np.asarray(rate) * np.asarray(decay_time)))


def _exponent(kappa: FloatArray) -> FloatArray:
    """Return ln κ/(κ - 1), which is 1 for κ = 1."""
    off = np.asarray(kappa - 1.0)
    near = np.abs(off) < 1e-8
    return np.where(near, 1.0, np.log1p(np.where(near, 1.0, off)) / np.where(near, 1.0, off))


def warming(time: ArrayLike, rate: ArrayLike, decay_time: ArrayLike) -> FloatArray:
    r"""Return the rise over the adiabatic one, :math:`\frac{\kappa}{\kappa-1} (e^{-t/\tau} - e^{-kt})`.

    Parameters
    ----------
    time : array_like [s]
    rate : array_like [1/s]
    decay_time : array_like [s]
    """
    tau = np.asarray(decay_time, float)
    kappa, turns = np.asarray(rate, float) * tau, np.asarray(time, float) / tau
    off = np.asarray(kappa - 1.0)
    near = np.abs(off) < 1e-8
    # where κ = 1 the fraction is t/τ
    grown = np.where(near, turns, -np.expm1(-off * turns) / np.where(near, 1.0, off))
    found: FloatArray = kappa * np.exp(-turns) * grown
    return found
