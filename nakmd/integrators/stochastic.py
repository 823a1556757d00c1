"""What thermostats have in common that replace a part of every velocity by noise."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import ClassVar

import numpy as np

from nakmd.arrays import BoolArray, FloatArray
from nakmd.errors import InputError
from nakmd.integrators.groups import Mobility
from nakmd.integrators.thermostat import Thermostat
from nakmd.kernels import bodies, motion
from nakmd.kernels.random import STREAM_BODIES
from nakmd.system import System
from nakmd.units import AMU_A2_PER_PS2


class StochasticThermostat(Thermostat):
    """Mixes the velocities of atoms and rigid bodies with noise, v ← c v + a √T g, in the middle of the drift.

    A kind sets the retentions c and the amplitudes a [Å/ps/√K] of all particles: the atoms, and after them the rigid
    bodies. They are 1 and 0 until then.

    Attributes
    ----------
    stream : int
        Stream of the random numbers of the atoms.
    """

    splits_drift = True
    allows_absolute_zero = True
    takes_region = True
    stream: ClassVar[int]

    @abstractmethod
    def start(self, system: System, mobility: Mobility, seed: int, timestep: float) -> None:
        """Prepare the particles; the kinds extend this by their retentions and amplitudes.

        Raises
        ------
        InputError
            If nothing in the group moves, a rigid body is partly in the group, or there are rigid bodies and a region.
        """
        mask = system.topology.select(self.group)
        self.degrees_of_freedom = mobility.degrees_of_freedom(mask, self.group)
        if self.degrees_of_freedom == 0 and not np.any(mask & system.absent):  # parked atoms may come, or have left
            raise InputError(f"Nothing in the group {self.group!r} of the thermostat moves. Choose another group.")
        if self.region is not None:
            if np.any(mobility.bodies_in(mask, self.group)):
                raise InputError(
                    f"The thermostat of {self.group!r} has a region, which selects atoms one by one, and the group has "
                    "rigid bodies. Remove the region, or name a group without rigid bodies."
                )
            self.region.start(system)
        n = system.n_atoms
        self._mobility = mobility
        self._seed, self._half_step = seed, 0.5 * timestep if self.finishes_drift else 0.0
        self._masses: FloatArray = np.concatenate([system.masses, mobility.body_masses])
        self._members: BoolArray = np.concatenate([mask & mobility.free, mobility.bodies_in(mask, self.group)])
        self._retention: FloatArray = np.ones(len(self._masses))
        self._amplitudes: FloatArray = np.zeros(len(self._masses))
        self._of_atoms = self._retention[:n], self._amplitudes[:n]
        self._of_bodies = self._retention[n:], self._amplitudes[n:]
        chunks = motion.n_chunks(n)
        self._words = np.zeros((chunks, 4, motion.CHUNK), dtype=np.uint64)
        self._noise: FloatArray = np.zeros((chunks, 3, motion.CHUNK))
        self._sums: FloatArray = np.zeros(chunks)
        self.work = 0.0

    def apply(self, system: System, step: int, temperature: float) -> None:
        """Mix velocities with noise; the last that splits the drift makes the second half of it."""
        root = math.sqrt(temperature)
        self.prepare_particles(step)
        if self.region is not None:
            outside = self.region.outside(system)
            np.copyto(self._of_atoms[0], 1.0, where=outside)
            np.copyto(self._of_atoms[1], 0.0, where=outside)
        gained = 0.0
        if self._mobility.has_bodies:
            m = self._mobility
            gained = bodies.thermalise_bodies(
                system.velocities, m.body_first, m.body_atoms, m.body_masses,
                *self._of_bodies, root, self._seed, STREAM_BODIES, step,
            )  # fmt: skip
        gained += motion.thermalise_and_drift(
            system.positions, system.velocities, system.masses, *self._of_atoms, root,
            self._seed, self.stream, step, self._half_step, self._words, self._noise, self._sums,
        )  # fmt: skip
        self.work += gained * AMU_A2_PER_PS2

    @abstractmethod
    def prepare_particles(self, step: int) -> None:
        """Set the retentions and amplitudes of a step, without a region."""

    def conserves_momentum(self, mobility: Mobility) -> bool:
        """Return False: the noise kicks the centre of mass."""
        return False
