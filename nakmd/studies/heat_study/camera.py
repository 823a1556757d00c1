"""What a thermal camera reads from a surface that is neither black nor of the emissivity that is set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy import constants

from nakmd.arrays import FloatArray

#: Nodes of the quadrature over the band, and the table of temperatures [K]: its first and last, and its step. Between
#: them the interpolation is linear, with an error below 2e-5 K.
NODES, COLDEST, HOTTEST, STEP = 64, 100.0, 1600.0, 0.1


def band_radiance(temperature: ArrayLike, low: float, high: float) -> FloatArray:
    r"""Return the radiance of a black body within a band [W/m²/sr].

    .. math:: B(T) = \int \frac{2 h c^2}{\lambda^5} \frac{\mathrm{d}\lambda}{e^{hc/\lambda k T} - 1}

    Parameters
    ----------
    temperature : array_like [K]
    low, high : float [m]
        Ends of the band.
    """
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    wavelengths = 0.5 * (high + low) + 0.5 * (high - low) * nodes
    power = constants.h * constants.c / (wavelengths * constants.k * np.asarray(temperature, float)[..., None])
    spectrum = 2.0 * constants.h * constants.c**2 / wavelengths**5 / np.expm1(power)
    found: FloatArray = 0.5 * (high - low) * (spectrum @ weights)
    return found


@dataclass(frozen=True)
class Camera:
    r"""A camera that is set to an emissivity, and to the temperature of the surroundings at the start.

    It receives :math:`\epsilon B(T) + (1 - \epsilon) B(T_r)` from a grey surface that reflects its surroundings of
    temperature :math:`T_r`, and reads the temperature for which :math:`\epsilon_s B(T') + (1 - \epsilon_s) B(T_0)` is
    the same. For small rises in surroundings of temperature :math:`T_0` it reads :math:`\epsilon/\epsilon_s` of them.

    Parameters
    ----------
    low, high : float [m]
        Ends of the band.
    start : float [K]
        :math:`T_0`.
    setting : float
        :math:`\epsilon_s`.
    """

    low: float
    high: float
    start: float
    setting: float

    @cached_property
    def _table(self) -> tuple[FloatArray, FloatArray]:
        temperatures = np.arange(COLDEST, HOTTEST, STEP)
        return temperatures, band_radiance(temperatures, self.low, self.high)

    def radiance(self, temperature: ArrayLike) -> FloatArray:
        """Return B(T), from the table."""
        found: FloatArray = np.interp(np.asarray(temperature, float), *self._table)
        return found

    def temperature(self, radiance: ArrayLike) -> FloatArray:
        """Return the temperature [K] of a black body of that radiance."""
        temperatures, radiances = self._table
        found: FloatArray = np.interp(np.asarray(radiance, float), radiances, temperatures)
        return found

    def _read(self, temperature: ArrayLike, emissivity: ArrayLike, reflected: ArrayLike) -> FloatArray:
        """Return what is read [K]."""
        epsilon = np.asarray(emissivity)
        received = epsilon * self.radiance(temperature) + (1.0 - epsilon) * self.radiance(
            self.start + np.asarray(reflected)
        )
        background = (1.0 - self.setting) * self.radiance(self.start)
        return self.temperature((received - background) / self.setting)

    def reading(self, rise: ArrayLike, emissivity: ArrayLike, reflected: ArrayLike = 0.0) -> FloatArray:
        """Return how far the reading rises [K] when the surface warms by ``rise``.

        Parameters
        ----------
        rise : array_like [K]
        emissivity : array_like
            True one.
        reflected : array_like [K]
            Temperature of the surroundings above that of the start; it does not change.
        """
        before = self._read(self.start, emissivity, reflected)
        return self._read(self.start + np.asarray(rise), emissivity, reflected) - before

    def rise(self, reading: ArrayLike, emissivity: ArrayLike, reflected: ArrayLike = 0.0) -> FloatArray:
        """Return how far the surface has warmed [K] when the reading has risen by ``reading``: inverse of `reading`."""
        epsilon, shown = np.asarray(emissivity), self._read(self.start, emissivity, reflected) + np.asarray(reading)
        received = self.setting * self.radiance(shown) + (1.0 - self.setting) * self.radiance(self.start)
        own = (received - (1.0 - epsilon) * self.radiance(self.start + np.asarray(reflected))) / epsilon
        return self.temperature(own) - self.start

    def background(self, change: float, emissivity: ArrayLike) -> FloatArray:
        """Return how far the reading rises [K] when the surroundings warm by ``change``, and the surface does not."""
        return self._read(self.start, emissivity, change) - self._read(self.start, emissivity, 0.0)
