"""Andersen thermostat: random collisions with a bath."""

from __future__ import annotations

import math

import numpy as np

from nakmd.arrays import BoolArray, FloatArray
from nakmd.errors import InputError
from nakmd.integrators.groups import Mobility
from nakmd.integrators.thermostat import Thermostat
from nakmd.kernels import bodies, motion
from nakmd.kernels.random import STREAM_ANDERSEN, STREAM_BODIES, STREAM_COLLISIONS, fill_gaussians
from nakmd.system import System
from nakmd.units import ACCELERATION, AMU_A2_PER_PS2, K_B


class Andersen(Thermostat):
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
    """

    label = "Andersen"
    splits_drift = True
    allows_absolute_zero = True
    drawback = "whose collisions slow diffusion"

    def start(self, system: System, mobility: Mobility, seed: int, timestep: float) -> None:
        """Prepare the particles: the atoms, and after them the rigid bodies.

        Raises
        ------
        InputError
            If nothing in the group moves, or a rigid body is partly in the group.
        """
        mask = system.topology.select(self.group)
        self.degrees_of_freedom = mobility.degrees_of_freedom(mask, self.group)
        if self.degrees_of_freedom == 0:
            raise InputError(f"Nothing in the group {self.group!r} of the thermostat moves. Choose another group.")
        n = system.n_atoms
        masses = np.concatenate([system.masses, mobility.body_masses])
        self._mobility = mobility
        self._seed, self._half_step = seed, 0.5 * timestep
        self._largest_square = 2.0 * timestep / self.time_constant
        self._members: BoolArray = np.concatenate([mask & mobility.free, mobility.bodies_in(mask, self.group)])
        self._widths: FloatArray = np.sqrt(K_B * ACCELERATION / masses)
        self._collides: BoolArray = np.zeros(len(masses), dtype=np.bool_)
        self._retention: FloatArray = np.ones(len(masses))
        self._amplitudes: FloatArray = np.zeros(len(masses))
        self._of_atoms = self._retention[:n], self._amplitudes[:n]
        self._of_bodies = self._retention[n:], self._amplitudes[n:]
        self._points: FloatArray = np.zeros((3, len(masses)))
        self._point_words = np.zeros((4, len(masses)), dtype=np.uint64)
        chunks = motion.n_chunks(n)
        self._words = np.zeros((chunks, 4, motion.CHUNK), dtype=np.uint64)
        self._noise: FloatArray = np.zeros((chunks, 3, motion.CHUNK))
        self._sums: FloatArray = np.zeros(chunks)
        self.work = 0.0

    def apply(self, system: System, step: int, temperature: float) -> None:
        """Let particles collide, and make the second half of the drift."""
        self._choose_collisions(step)
        root = math.sqrt(temperature)
        gained = 0.0
        if self._mobility.has_bodies:
            m = self._mobility
            gained = bodies.thermalise_bodies(
                system.velocities, m.body_first, m.body_atoms, m.body_masses,
                *self._of_bodies, root, self._seed, STREAM_BODIES, step,
            )  # fmt: skip
        gained += motion.thermalise_and_drift(
            system.positions, system.velocities, system.masses, *self._of_atoms, root,
            self._seed, STREAM_ANDERSEN, step, self._half_step, self._words, self._noise, self._sums,
        )  # fmt: skip
        self.work += gained * AMU_A2_PER_PS2

    def conserves_momentum(self, mobility: Mobility) -> bool:
        """Return False: collisions with the bath kick the centre of mass."""
        return False

    def _choose_collisions(self, step: int) -> None:
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
