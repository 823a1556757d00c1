"""Stochastic velocity rescaling."""

from __future__ import annotations

import math

from nakmd.integrators.groups import Mobility
from nakmd.integrators.lammps_fix import SEED, LAMMPSFix, lammps_ramp
from nakmd.integrators.velocity_scaling import VelocityScaling
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


class Bussi(VelocityScaling):
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

    Examples
    --------
    >>> from nakmd.integrators import Bussi, VelocityVerlet
    >>> from nakmd.potentials import load
    >>> from nakmd.simulation import Simulation, Stage
    >>> from nakmd.structures import crystal
    >>> nvt = VelocityVerlet(0.002, Bussi(300.0, time_constant=0.1))
    >>> stage = Stage("produce", nvt, steps=5, initial_temperature=300.0)
    >>> simulation = Simulation(crystal("Na", 3), load("nak"), [stage], seed=1)
    >>> simulation.run().value
    'finished'
    """

    label = "Bussi"

    def start(self, system: System, mobility: Mobility, seed: int, timestep: float) -> None:
        """Count the degrees of freedom of the group."""
        super().start(system, mobility, seed, timestep)
        self._decay = math.exp(-timestep / self.time_constant)
        self._seed = seed
        self._stream = self.stream_of(STREAM_RESCALING)

    def apply(self, system: System, step: int, temperature: float) -> None:
        """Rescale once, at the end of a step."""
        kinetic_energy = self._kinetic.energy(system.velocities)
        if not kinetic_energy > 0.0:  # nothing to scale; a NaN is for the watch of the loop to report
            return
        gauss = gaussian(self._seed, self._stream, step, 0)
        squares = sum_of_squares(self.degrees_of_freedom - 1, self._seed, self._stream, step, 1)
        factor = rescaling_factor(kinetic_energy, self.degrees_of_freedom, temperature, self._decay, gauss, squares)
        self.scale(system, factor)
        self.work += (factor * factor - 1.0) * kinetic_energy

    def lammps_fix(self) -> LAMMPSFix:
        """Return ``fix temp/csvr``, the same thermostat."""
        return LAMMPSFix("temp/csvr", f"{lammps_ramp(self.temperature)} {self.time_constant!r} {SEED}")
