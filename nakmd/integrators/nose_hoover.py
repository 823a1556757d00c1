"""Nosé-Hoover chains: a deterministic, time-reversible thermostat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from nakmd.integrators.chain import Chain
from nakmd.integrators.groups import Mobility
from nakmd.integrators.lammps_fix import LAMMPSFix, lammps_ramp
from nakmd.integrators.option import Option
from nakmd.integrators.ramps import Ramp
from nakmd.integrators.velocity_scaling import VelocityScaling
from nakmd.system import System


class NoseHoover(VelocityScaling):
    r"""Scale the velocities of a group by a chain of thermostats that has its own equations of motion; no noise.

    Parameters
    ----------
    temperature : float, (float, float) or Ramp [K]
    time_constant : float [ps]
        τ in the masses Q_1 = N_f k_B T τ², Q_k = k_B T τ². The kinetic energy oscillates with a period of
        about √2 π τ; take τ at least 20 time steps.
    group : str
        Atoms it acts on; the others feel no bath.
    chain : int
        Number of thermostats M. With 1 it is the Nosé-Hoover thermostat, which is not ergodic for small or stiff
        systems.
    weights : {1, 3, 5, 7}
        Number of Suzuki-Yoshida weights.
    substeps : int
        Parts of half a time step for the chain.

    Notes
    -----
    Half a step of the chain opens the time step, half a step closes it. ``work`` is minus the energy of the chain,

    .. math:: \sum_k \tfrac12 Q_k v_k^2 + N_f k_B T \xi_1 + k_B T \sum_{k>1} \xi_k,

    so that energy less work is the conserved quantity of the extended system, constant to second order in the time
    step. In a ramp the masses are those of its mean temperature, and k_B T dξ is summed with T as it goes.

    A chain samples the canonical ensemble where the dynamics are ergodic. A harmonic or almost harmonic system, or a
    handful of atoms, may not be, with chains of 3 and more as well: take `Langevin` there. As `Bussi`, it conserves
    total momentum where it acts on all atoms, and cannot start from atoms at rest.

    References
    ----------
    Martyna, Klein & Tuckerman, J. Chem. Phys. 97, 2635 (1992). doi:10.1063/1.463940
    Martyna, Tuckerman, Tobias & Klein, Mol. Phys. 87, 1117 (1996). doi:10.1080/00268979600100761

    Examples
    --------
    >>> from nakmd.integrators import NoseHoover, VelocityVerlet
    >>> thermostat = NoseHoover(450.0, time_constant=0.2, chain=3)
    >>> VelocityVerlet(0.001, thermostat).has_thermostat
    True
    """

    label = "Nosé-Hoover"
    acts_at_both_ends = True
    options = (Option("chain", "count", "number of thermostats in the chain", "3", 5),)

    def __init__(
        self,
        temperature: float | Sequence[float] | Ramp,
        time_constant: float = 0.5,
        group: str = "all",
        chain: int = 3,
        weights: int = 3,
        substeps: int = 1,
    ) -> None:
        super().__init__(temperature, time_constant, group)
        self._arguments = (chain, weights, substeps)
        self.chain = Chain(chain, time_constant, weights, substeps)

    def start(self, system: System, mobility: Mobility, seed: int, timestep: float) -> None:
        """Count the degrees of freedom of the group, and bring the chain to rest."""
        super().start(system, mobility, seed, timestep)
        self.chain.start(self.degrees_of_freedom, self.temperature.at(0.5), 0.5 * timestep)

    def apply(self, system: System, step: int, temperature: float) -> None:
        """Act for half a time step."""
        self.scale(system, self.chain.advance(2.0 * self._kinetic.energy(system.velocities), temperature))
        self.work = -self.chain.energy

    def lammps_fix(self) -> LAMMPSFix:
        """Return ``fix nvt`` with a chain of the same length and masses."""
        return LAMMPSFix(
            "nvt",
            f"temp {lammps_ramp(self.temperature)} {self.time_constant!r} tchain {self.chain.length}",
            integrates=True,
            note="fix nvt has the chain of the deck, with one weight for a time step where nakmd has three."
            + ("" if self.temperature.is_constant else " Its masses follow the ramp of the temperature."),
        )

    def settled(self) -> Self:
        """Return one whose ramp has ended, with a chain of its own."""
        chain, weights, substeps = self._arguments
        return type(self)(self.temperature.finished(), self.time_constant, self.group, chain, weights, substeps)

    def state(self) -> dict[str, Any]:
        """Return the work and the chain."""
        return {**super().state(), "chain": self.chain.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore work and chain."""
        super().restore(state)
        self.chain.restore(state["chain"])
