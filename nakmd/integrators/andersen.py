"""Andersen thermostat: random collisions with a bath."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import BoolArray, FloatArray
from nakmd.integrators.groups import Mobility
from nakmd.integrators.stochastic import StochasticThermostat
from nakmd.kernels.random import STREAM_ANDERSEN, STREAM_COLLISIONS, fill_gaussians
from nakmd.system import System
from nakmd.units import ACCELERATION, K_B


class Andersen(StochasticThermostat):
    r"""Collisions with a bath: at random times an atom of the group gets a new Maxwell-Boltzmann velocity.

    Parameters
    ----------
    temperature : float, (float, float) or Ramp [K]
    time_constant : float [ps]
        τ, the mean time between two collisions of an atom.
    group : str
        Atoms it acts on; the others never collide.

    Notes
    -----
    In one time step an atom collides with probability

    .. math:: p = 1 - e^{-\Delta t/\tau},

    and a rigid body collides as one particle with its total mass. Collisions are in the middle of the drift. They are
    the O step of `Langevin` with c = 0 for particles that collide and c = 1 for the others, so a harmonic force
    samples the positions exactly at any stable time step, as in BAOAB. Collisions conserve no momentum, so no degree
    of freedom is taken off, and diffusion is slowed down: measure transport with `Bussi` or without thermostat. All
    random numbers depend on (seed, step, atom) alone.

    References
    ----------
    Andersen, J. Chem. Phys. 72, 2384 (1980). doi:10.1063/1.439486

    Examples
    --------
    >>> from nakmd.integrators import Andersen
    >>> Andersen((300.0, 450.0), time_constant=0.5).temperature.at(0.5)
    375.0
    """

    label = "Andersen"
    drawback = "whose collisions slow diffusion"
    stream = STREAM_ANDERSEN

    def start(self, system: System, mobility: Mobility, seed: int, timestep: float) -> None:
        """Prepare the collisions; errors as in `StochasticThermostat.start`."""
        super().start(system, mobility, seed, timestep)
        n = len(self._masses)
        self._largest_square = 2.0 * timestep / self.time_constant
        self._widths: FloatArray = np.sqrt(K_B * ACCELERATION / self._masses)
        self._collides: BoolArray = np.zeros(n, dtype=np.bool_)
        self._points: FloatArray = np.zeros((3, n))
        self._point_words = np.zeros((4, n), dtype=np.uint64)

    def prepare_particles(self, step: int) -> None:
        """Set retention and amplitude of every particle: 0 and sqrt(k_B/m) for one that collides, else 1 and 0."""
        points, collides = self._points, self._collides
        fill_gaussians(self._seed, STREAM_COLLISIONS, step, 0, len(collides), self._point_words, points)
        # x² + y² of two standard Gaussians is exponentially distributed with mean 2, so it is below 2 dt/τ with
        # probability 1 - exp(-dt/τ): τ (x² + y²)/2 is the time to the next collision.
        np.square(points, out=points)
        np.add(points[0], points[1], out=points[0])
        np.less(points[0], self._largest_square, out=collides)
        np.logical_and(collides, self._members, out=collides)
        np.subtract(1.0, collides, out=self._retention)
        np.multiply(self._widths, collides, out=self._amplitudes)
