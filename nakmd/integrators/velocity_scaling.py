"""What thermostats share that multiply all velocities of a group by one factor."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import BoolArray
from nakmd.errors import InputError
from nakmd.integrators.base import KineticSums
from nakmd.integrators.groups import Mobility
from nakmd.integrators.thermostat import Thermostat
from nakmd.kernels import motion
from nakmd.system import System


class VelocityScaling(Thermostat):
    """Scales the velocities of a group; conserves total momentum where it acts on all atoms.

    It cannot set atoms at rest in motion: velocities must not be all zero when it starts.
    """

    needs_velocities = True

    def start(self, system: System, mobility: Mobility, seed: int, timestep: float) -> None:
        """Count the degrees of freedom of the group.

        Raises
        ------
        InputError
            If the group has none.
        """
        mask = system.topology.select(self.group)
        self._members: BoolArray = mask & mobility.moves
        self.degrees_of_freedom = mobility.degrees_of_freedom(mask, self.group)
        if self.conserves_momentum(mobility):
            self.degrees_of_freedom -= 3
        if self.degrees_of_freedom <= 0:
            raise InputError(
                f"The group {self.group!r} of the thermostat has no degree of freedom (frozen atoms and, where it is "
                "conserved, total momentum do not count). Choose another group, or a Langevin thermostat."
            )
        self._kinetic = KineticSums(np.where(self._members, system.masses, 0.0))
        self.work = 0.0

    def scale(self, system: System, factor: float) -> None:
        """Multiply the velocities of the group."""
        motion.scale_velocities(system.velocities, self._members, factor)

    def conserves_momentum(self, mobility: Mobility) -> bool:
        """Return whether every atom is scaled, and nothing is fixed in space."""
        return mobility.is_translation_invariant and np.array_equal(self._members, mobility.moves)
