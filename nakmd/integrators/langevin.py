"""Langevin thermostat in the BAOAB splitting."""

from __future__ import annotations

import math

import numpy as np

from nakmd.integrators.groups import Mobility
from nakmd.integrators.lammps_fix import SEED, LAMMPSFix, lammps_ramp
from nakmd.integrators.stochastic import StochasticThermostat
from nakmd.kernels.random import STREAM_LANGEVIN
from nakmd.system import System
from nakmd.units import ACCELERATION, K_B


class Langevin(StochasticThermostat):
    r"""Friction and noise on every atom of a group: the O of BAOAB, between two half drifts.

    Parameters
    ----------
    temperature : float, (float, float) or Ramp [K]
    time_constant : float [ps]
        1/γ: the velocity autocorrelation decays as exp(-t/time_constant).
    group : str
        Atoms it acts on; the others are not thermostatted.

    Notes
    -----
    With γ = 1/time_constant and ξ normal random numbers, the O step is the exact solution of its part of the motion:

    .. math::
        dv_i = -\gamma v_i\, dt + \sqrt{\frac{2 \gamma k_B T}{m_i}}\, dW_i, \qquad
        v_i \leftarrow e^{-\gamma \Delta t} v_i
        + \sqrt{\left(1 - e^{-2 \gamma \Delta t}\right) \frac{k_B T}{m_i}}\, \xi_i

    For a harmonic force BAOAB samples the positions exactly at any stable time step. It conserves no momentum, so
    no degree of freedom is taken off, and diffusion is slowed down: measure transport with `Bussi` or without
    thermostat. The noise depends on (seed, step, atom) alone.

    References
    ----------
    Leimkuhler & Matthews, J. Chem. Phys. 138, 174102 (2013). doi:10.1063/1.4802990

    Examples
    --------
    >>> from nakmd.integrators import Langevin, VelocityVerlet
    >>> wall = Langevin(450.0, time_constant=0.1, group="carbon")
    >>> [bath.group for bath in VelocityVerlet(0.001, [wall, Langevin(450.0, group="liquid")]).baths]
    ['carbon', 'liquid']
    """

    label = "Langevin"
    drawback = "whose friction slows diffusion"
    stream = STREAM_LANGEVIN

    def start(self, system: System, mobility: Mobility, seed: int, timestep: float) -> None:
        """Prepare retention and amplitude of every particle; errors as in `StochasticThermostat.start`."""
        super().start(system, mobility, seed, timestep)
        retention = math.exp(-timestep / self.time_constant)
        strength = math.sqrt(1.0 - retention * retention) * math.sqrt(K_B * ACCELERATION)
        self._retention[self._members] = retention
        self._amplitudes[self._members] = strength / np.sqrt(self._masses[self._members])
        self._everywhere = (self._retention.copy(), self._amplitudes.copy()) if self.region is not None else None

    def prepare_particles(self, step: int) -> None:
        """Undo what a region has set in the step before."""
        if self._everywhere is not None:
            np.copyto(self._retention, self._everywhere[0])
            np.copyto(self._amplitudes, self._everywhere[1])

    def lammps_fix(self) -> LAMMPSFix:
        """Return ``fix langevin`` with the same friction."""
        return LAMMPSFix(
            "langevin",
            f"{lammps_ramp(self.temperature)} {self.time_constant!r} {SEED} tally yes",
            note="fix langevin has the friction and the noise of the deck, but adds them to the forces: the "
            "positions have an error of second order in the time step, where those of BAOAB have almost none.",
        )
