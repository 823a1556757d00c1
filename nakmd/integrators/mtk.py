"""The barostat of Martyna, Tobias and Klein: a piston with inertia, its temperature held by a chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import ExplosionError, InputError
from nakmd.integrators.barostat import Barostat
from nakmd.integrators.chain import Chain
from nakmd.integrators.groups import Mobility
from nakmd.integrators.lammps_fix import LAMMPSFix, lammps_axes
from nakmd.integrators.option import Option
from nakmd.integrators.ramps import Ramp
from nakmd.kernels import deformation
from nakmd.system import Result, System
from nakmd.units import K_B

#: Largest change of ln V in one step.
LARGEST_CHANGE = 0.2


class MTK(Barostat):
    r"""Stretch the cell along groups of axes by pistons with inertia, on a Nosé-Hoover chain of their own.

    Parameters
    ----------
    pressure, axes, temperature
        As for `Barostat`; every group of axes has a piston.
    time_constant : float [ps]
        τ in the masses of pistons and chain; take 5 to 10 times that of the thermostat.
    chain : int
        Length of the chain.
    weights, substeps : int
        As for `NoseHoover`.

    Notes
    -----
    Group g holds d_g axes, with the rate of strain ω_g = d ln L/dt along each of them. Of N_f degrees of freedom,

    .. math::
        \dot r_a &= v_a + \omega_g r_a, \qquad
        \dot v_a = F_a/m - \Big(\omega_g + \frac{1}{N_f}\sum_h d_h\omega_h\Big) v_a                         (1)

        W_g \dot\omega_g &= \sum_{a \in g}\Big(\sum_i m_i v_{ia}^2 + W_{aa} + n_c k_B T - P_0 V\Big)
                            + \frac{d_g}{N_f} \sum_i m_i v_i^2                                               (2)

    for axis a in g, with the virial W_aa and W_g = d_g (N_f/3 + 1) k_B T τ². Particles and pistons are damped by
    their own thermostats. n_c is 1 where total momentum is conserved: the centre of mass then has a position but no
    kinetic energy, and its mean is put in, as in `CellRescaling`; both sample
    exp(-(H + P_0 V)/k_B T) V Π dε_g, the isothermal-isobaric ensemble with the measure dV for one group.
    ``work`` is minus the energy of pistons, volume and chain: energy less the work of thermostat and barostat is the
    conserved quantity,

    .. math:: H + P_0 V - n_c k_B T \ln V + \sum_g \tfrac12 W_g \omega_g^2 + \text{chains}.

    One step: half steps of chain, (2), and the friction in (1); half kick; half of the stretch; drift; half of the
    stretch; forces; the same back. ω is constant between the two halves of (2), so the product of all Jacobians is
    that of (1), and the step preserves the measure. Reversing velocities, ω and chains reverses the run.

    Any thermostat goes with it. It reads the virial of every step, where `CellRescaling` reads it twice in ten.

    References
    ----------
    Martyna, Tuckerman, Tobias & Klein, Mol. Phys. 87, 1117 (1996). doi:10.1080/00268979600100761
    Tuckerman, Alejandre, López-Rendón, Jochim & Martyna, J. Phys. A 39, 5629 (2006). doi:10.1088/0305-4470/39/19/S18

    Examples
    --------
    >>> from nakmd.integrators import MTK, NoseHoover, VelocityVerlet
    >>> barostat = MTK(pressure=0.0, axes="xyz", time_constant=2.0)
    >>> npt = VelocityVerlet(0.001, NoseHoover(450.0, time_constant=0.2), barostat)
    >>> npt.has_thermostat, barostat.axes
    (True, ('xyz',))
    """

    label = "MTK"
    options = (Option("chain", "count", "number of thermostats on the piston", "3", 5),)

    def __init__(
        self,
        pressure: float | Sequence[float] | Ramp = 0.0,
        axes: str | Sequence[str] = "xyz",
        time_constant: float = 1.0,
        chain: int = 3,
        temperature: float | Sequence[float] | Ramp | None = None,
        weights: int = 3,
        substeps: int = 1,
    ) -> None:
        super().__init__(pressure, axes, time_constant, temperature)
        self._arguments = (chain, weights, substeps)
        self.chain = Chain(chain, time_constant, weights, substeps)
        self.rates: FloatArray = np.zeros(len(self.axes))

    def start(
        self, system: System, mobility: Mobility, seed: int, timestep: float, degrees_of_freedom: int,
        conserves_momentum: bool, temperature: Ramp,
    ) -> None:  # fmt: skip
        """Check the axes against cell and groups, and bring pistons and chain to rest."""
        super().start(system, mobility, seed, timestep, degrees_of_freedom, conserves_momentum, temperature)
        reference = temperature.at(0.5)
        if degrees_of_freedom < 1 or not reference > 0.0:
            raise InputError(
                f"An MTK barostat needs atoms that move and a temperature above 0, got {degrees_of_freedom} degrees of "
                f"freedom and {temperature.start} to {temperature.end} K."
            )
        self._half_step = 0.5 * timestep
        self._per_degree = 1.0 / degrees_of_freedom
        self._n_axes: FloatArray = np.array([len(columns) for columns in self._columns], dtype=np.float64)
        thermal = K_B * reference
        self._masses: FloatArray = self._n_axes * (degrees_of_freedom / 3.0 + 1.0) * thermal * self.time_constant**2
        self.rates = np.zeros(len(self.axes))
        self.chain.start(len(self.axes), reference, self._half_step)
        self._spent = 0.0

    def is_due(self, step: int) -> bool:
        """Return True: it acts in every step."""
        return True

    def needs_virial(self, step: int) -> bool:
        """Return True: it reads the virial of every step."""
        return True

    def open(self, system: System, result: Result, step: int, temperature: float, pressure: float) -> None:
        """Half a step of chain, pistons and friction."""
        self._thermalise(temperature)
        self._push(system, result, temperature, pressure)
        self._drag(system)

    def before_drift(self, system: System, result: Result, step: int, temperature: float, pressure: float) -> None:
        """Half of the stretch.

        Raises
        ------
        ExplosionError
            If the cell would change by more than `LARGEST_CHANGE` in this step.
        """
        change = 2.0 * self._half_step * float(self._n_axes @ self.rates)
        if not abs(change) < LARGEST_CHANGE:
            raise ExplosionError(
                f"Step {step}: the barostat would change the volume {system.cell.volume:.1f} Å³ by {change:.1%} in one "
                f"step, against a pressure of {pressure:.4g} eV/Å³ set. "
                "Relax the structure first, or give the barostat a longer time constant."
            )
        self._stretch(system, temperature, pressure)

    def after_drift(self, system: System, step: int, temperature: float, pressure: float) -> None:
        """Half of the stretch."""
        self._stretch(system, temperature, pressure)

    def close(self, system: System, result: Result, step: int, temperature: float, pressure: float) -> None:
        """Half a step of friction, pistons and chain."""
        self._drag(system)
        self._push(system, result, temperature, pressure)
        self._thermalise(temperature)
        self.work = -(self._spent + 0.5 * float(np.sum(self._masses * self.rates**2)) + self.chain.energy)

    def _thermalise(self, temperature: float) -> None:
        self.rates *= self.chain.advance(float(np.sum(self._masses * self.rates**2)), temperature)

    def _push(self, system: System, result: Result, temperature: float, pressure: float) -> None:
        """Change the rates by (2)."""
        kinetic = self._kinetic.tensor(system.velocities)[:3]
        inside = kinetic + result.virial[:3] + self._still * K_B * temperature - pressure * system.cell.volume
        mean = float(kinetic.sum()) * self._per_degree
        for g, columns in enumerate(self._columns):
            force = float(inside[columns].sum()) + len(columns) * mean
            self.rates[g] += self._half_step * force / self._masses[g]

    def _drag(self, system: System) -> None:
        """Apply the friction of (1)."""
        common = float(self._n_axes @ self.rates) * self._per_degree
        deformation.scale_axes(system.velocities, np.exp(-self._half_step * (self._rates_of_axes() + common)))

    def _stretch(self, system: System, temperature: float, pressure: float) -> None:
        """Stretch positions, cell and centres of springs; account for P dV - n_c k_B T d ln V."""
        before = system.cell.volume
        factors = np.exp(self._half_step * self._rates_of_axes())
        deformation.scale_axes(system.positions, factors)
        system.cell.scale(factors)
        self._mobility.stretch(factors)
        growth = self._half_step * float(self._n_axes @ self.rates)
        self._spent += pressure * (system.cell.volume - before) - self._still * K_B * temperature * growth

    def _rates_of_axes(self) -> FloatArray:
        rates = np.zeros(3)
        for g, columns in enumerate(self._columns):
            rates[columns] = self.rates[g]
        return rates

    def lammps_fix(self) -> LAMMPSFix:
        """Return the piston of ``fix nph`` with a chain of the same length."""
        return LAMMPSFix(
            "nph",
            f"{lammps_axes(self.pressure, self.axes, self.time_constant)} pchain {self.chain.length}",
            integrates=True,
            note="The piston of fix nph has the equations of the deck, and a mass for N + 1 atoms, not N_f/3 + 1.",
        )

    def settled(self) -> Self:
        """Return one whose ramps have ended, with pistons and a chain of its own."""
        chain, weights, substeps = self._arguments
        own = None if self.temperature is None else self.temperature.finished()
        return type(self)(self.pressure.finished(), self.axes, self.time_constant, chain, own, weights, substeps)

    def state(self) -> dict[str, Any]:
        """Return work, pistons and chain."""
        return {**super().state(), "rates": self.rates.copy(), "spent": self._spent, "chain": self.chain.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore work, pistons and chain."""
        super().restore(state)
        self.rates[:] = state["rates"]
        self._spent = float(state["spent"])
        self.chain.restore(state["chain"])
