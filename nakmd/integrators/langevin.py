"""Langevin thermostat in the BAOAB splitting."""

from __future__ import annotations

import math

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.integrators.groups import Mobility
from nakmd.integrators.thermostat import Thermostat
from nakmd.kernels import bodies, motion
from nakmd.kernels.random import STREAM_BODIES, STREAM_LANGEVIN
from nakmd.system import System
from nakmd.units import ACCELERATION, AMU_A2_PER_PS2, K_B


class Langevin(Thermostat):
    """Friction and noise on every atom of a group: the O of BAOAB, between two half drifts.

    Parameters
    ----------
    temperature : float, (float, float) or Ramp [K]
    time_constant : float [ps]
        1/γ: the velocity autocorrelation decays as exp(-t/time_constant).
    group : str
        Atoms it acts on; the others are not thermostatted.

    Notes
    -----
    For a harmonic force BAOAB samples the positions exactly at any stable time step. It conserves no momentum, so
    no degree of freedom is taken off, and diffusion is slowed down: measure transport with `Bussi` or without
    thermostat. The noise depends on (seed, step, atom) alone.

    References
    ----------
    Leimkuhler & Matthews, J. Chem. Phys. 138, 174102 (2013). doi:10.1063/1.4802990
    """

    label = "Langevin"
    splits_drift = True
    allows_absolute_zero = True
    drawback = "whose friction slows diffusion"

    def start(self, system: System, mobility: Mobility, seed: int, timestep: float) -> None:
        """Prepare retention and amplitude of every atom."""
        mask = system.topology.select(self.group)
        acted_on = mask & mobility.free
        in_group = mobility.bodies_in(mask, self.group)
        self.degrees_of_freedom = mobility.degrees_of_freedom(mask, self.group)
        if self.degrees_of_freedom == 0:
            raise InputError(f"Nothing in the group {self.group!r} of the thermostat moves. Choose another group.")
        retention = math.exp(-timestep / self.time_constant)
        strength = math.sqrt(1.0 - retention * retention) * math.sqrt(K_B * ACCELERATION)
        self._mobility = mobility
        self._seed, self._half_step = seed, 0.5 * timestep
        self._retention: FloatArray = np.where(acted_on, retention, 1.0)
        self._amplitudes: FloatArray = np.where(acted_on, strength / np.sqrt(system.masses), 0.0)
        self._body_retention: FloatArray = np.where(in_group, retention, 1.0)
        self._body_amplitudes: FloatArray = np.where(in_group, strength / np.sqrt(mobility.body_masses), 0.0)
        chunks = motion.n_chunks(system.n_atoms)
        self._words = np.zeros((chunks, 4, motion.CHUNK), dtype=np.uint64)
        self._noise: FloatArray = np.zeros((chunks, 3, motion.CHUNK))
        self._sums: FloatArray = np.zeros(chunks)
        self.work = 0.0

    def apply(self, system: System, step: int, temperature: float) -> None:
        """Mix velocities with noise, and make the second half of the drift."""
        root = math.sqrt(temperature)
        gained = 0.0
        if self._mobility.has_bodies:
            m = self._mobility
            gained = bodies.thermalise_bodies(
                system.velocities, m.body_first, m.body_atoms, m.body_masses,
                self._body_retention, self._body_amplitudes, root, self._seed, STREAM_BODIES, step,
            )  # fmt: skip
        gained += motion.thermalise_and_drift(
            system.positions, system.velocities, system.masses, self._retention, self._amplitudes, root,
            self._seed, STREAM_LANGEVIN, step, self._half_step, self._words, self._noise, self._sums,
        )  # fmt: skip
        self.work += gained * AMU_A2_PER_PS2

    def conserves_momentum(self, mobility: Mobility) -> bool:
        """Return False: the noise kicks the centre of mass."""
        return False
