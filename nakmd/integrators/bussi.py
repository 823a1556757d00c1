"""Stochastic velocity rescaling."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nakmd.errors import InputError
from nakmd.integrators.base import KineticSums, Thermostat
from nakmd.integrators.groups import Mobility
from nakmd.integrators.ramps import Ramp, as_ramp
from nakmd.kernels import motion
from nakmd.kernels.random import STREAM_RESCALING, gaussian, sum_of_squares
from nakmd.system import System
from nakmd.units import K_B


def rescaling_factor(
    kinetic_energy: float, degrees_of_freedom: int, temperature: float, decay: float, gauss: float, squares: float
) -> float:
    r"""Return the factor on velocities that takes the kinetic energy one exact step along its own dynamics.

    .. math::
        \alpha^2 = c + (1-c)\frac{\bar K}{N_f K}\Big(R_1^2 + \sum_{i=2}^{N_f} R_i^2\Big)
                   + 2 R_1 \sqrt{c (1-c) \frac{\bar K}{N_f K}}

    Parameters
    ----------
    kinetic_energy : float [eV]
        K, positive.
    degrees_of_freedom : int
        N_f.
    temperature : float [K]
        Mean kinetic energy K̄ = N_f k_B T / 2.
    decay : float
        c = exp(-dt/τ).
    gauss, squares : float
        R_1, and the sum of the other N_f - 1 squares.

    Returns
    -------
    float
        α with the sign of R_1 + sqrt(c N_f K / ((1 - c) K̄)): a flip of all velocities, almost never.

    References
    ----------
    Bussi, Donadio & Parrinello, J. Chem. Phys. 126, 014101 (2007), eqs. (A7) and (A8). doi:10.1063/1.2408420
    """
    ratio = 0.5 * K_B * temperature / kinetic_energy
    spread = (1.0 - decay) * ratio
    # c + spread R_1² + 2 R_1 sqrt(c spread) is a square: α² is never negative, and its root carries the sign.
    root = math.sqrt(decay) + gauss * math.sqrt(spread)
    return math.copysign(math.sqrt(root * root + spread * squares), root)


class Bussi(Thermostat):
    """Rescale the velocities of a group so that its kinetic energy follows the canonical distribution.

    Parameters
    ----------
    temperature : float, (float, float) or Ramp [K]
    time_constant : float [ps]
        Of the relaxation of the kinetic energy.
    group : str
        Atoms it acts on; the others feel no bath.

    Notes
    -----
    It conserves total momentum where it acts on all atoms, and hardly disturbs transport. It scales what is there:
    velocities must not be all zero when it starts.

    References
    ----------
    Bussi, Donadio & Parrinello, J. Chem. Phys. 126, 014101 (2007). doi:10.1063/1.2408420
    """

    needs_velocities = True

    def __init__(
        self, temperature: float | Sequence[float] | Ramp, time_constant: float = 0.5, group: str = "all"
    ) -> None:
        self.temperature = as_ramp(temperature)
        self.time_constant = float(time_constant)
        self.group = group
        if min(self.temperature.start, self.temperature.end) <= 0.0 or not self.time_constant > 0.0:
            raise InputError(
                f"A rescaling thermostat needs a temperature > 0 and a time constant > 0, got "
                f"{self.temperature.start} to {self.temperature.end} K and {self.time_constant} ps."
            )

    def start(self, system: System, mobility: Mobility, seed: int, timestep: float) -> None:
        """Count the degrees of freedom of the group."""
        mask = system.topology.select(self.group)
        self._members = mask & mobility.moves
        self.degrees_of_freedom = mobility.degrees_of_freedom(mask, self.group)
        if self.conserves_momentum(mobility):
            self.degrees_of_freedom -= 3
        if self.degrees_of_freedom <= 0:
            raise InputError(
                f"The group {self.group!r} of the thermostat has no degree of freedom (frozen atoms and, where it is "
                "conserved, total momentum do not count). Choose another group, or a Langevin thermostat."
            )
        self._kinetic = KineticSums(np.where(self._members, system.masses, 0.0))
        self._decay = math.exp(-timestep / self.time_constant)
        self._seed = seed
        self.work = 0.0

    def apply(self, system: System, step: int, temperature: float) -> None:
        """Rescale once, at the end of a step."""
        kinetic_energy = self._kinetic.energy(system.velocities)
        if not kinetic_energy > 0.0:  # nothing to scale; a NaN is for the watch of the loop to report
            return
        gauss = gaussian(self._seed, STREAM_RESCALING, step, 0)
        squares = sum_of_squares(self.degrees_of_freedom - 1, self._seed, STREAM_RESCALING, step, 1)
        factor = rescaling_factor(kinetic_energy, self.degrees_of_freedom, temperature, self._decay, gauss, squares)
        motion.scale_velocities(system.velocities, self._members, factor)
        self.work += (factor * factor - 1.0) * kinetic_energy

    def conserves_momentum(self, mobility: Mobility) -> bool:
        """Return whether every atom is scaled, and nothing is fixed in space."""
        return mobility.is_translation_invariant and bool(self._members.all())

    def settled(self) -> Bussi:
        """Return one at the end of the ramp."""
        return Bussi(self.temperature.finished(), self.time_constant, self.group)
