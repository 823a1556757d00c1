"""Velocity Verlet, alone or with a thermostat and a barostat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nakmd.errors import InputError
from nakmd.integrators.base import Integrator, Span, Thermostat
from nakmd.integrators.cell_rescaling import CellRescaling
from nakmd.integrators.groups import Mobility
from nakmd.kernels import motion
from nakmd.system import Result, System
from nakmd.units import ACCELERATION


class VelocityVerlet(Integrator):
    """Half kick, drift, forces, half kick: time-reversible, symplectic, of second order.

    Parameters
    ----------
    timestep : float [ps]
    thermostat : Thermostat, optional
        `Langevin` acts in the middle of the drift (the splitting is BAOAB then), `Bussi` at the end of the step.
        Without one the energy is constant (NVE).
    barostat : CellRescaling, optional
        Acts between half kick and drift.

    Notes
    -----
    One step: B half kick; [barostat]; A drift (A/2, O, A/2 with Langevin); forces; B half kick; [Bussi].
    Forces and positions belong together at the end of every step.

    References
    ----------
    Swope, Andersen, Berens & Wilson, J. Chem. Phys. 76, 637 (1982). doi:10.1063/1.442716

    Examples
    --------
    >>> from nakmd.integrators import Bussi, VelocityVerlet
    >>> VelocityVerlet(0.001, thermostat=Bussi(450.0, time_constant=0.2)).timestep
    0.001
    """

    def __init__(
        self, timestep: float, thermostat: Thermostat | None = None, barostat: CellRescaling | None = None
    ) -> None:
        self.timestep = float(timestep)
        self.thermostat = thermostat
        self.barostat = barostat
        if not self.timestep > 0.0:
            raise InputError(f"The time step is {timestep} ps; it must be positive.")
        if barostat is not None and thermostat is None and barostat.temperature is None:
            raise InputError(
                "A barostat needs a temperature for its noise: add a thermostat, or give the barostat a temperature."
            )
        self.needs_velocities = thermostat is not None and thermostat.needs_velocities

    def start(self, system: System, mobility: Mobility, seed: int, span: Span) -> None:
        """Bind to a system for a stage; changes nothing in it."""
        self._mobility = mobility
        self._span = span
        self._strength = 0.5 * self.timestep * ACCELERATION
        self._splits = self.thermostat is not None and self.thermostat.splits_drift
        self._first_drift = 0.5 * self.timestep if self._splits else self.timestep
        if self.thermostat is not None:
            self.thermostat.start(system, mobility, seed, self.timestep)
        self._conserves_momentum = mobility.is_translation_invariant and (
            self.thermostat is None or self.thermostat.conserves_momentum(mobility)
        )
        if self.barostat is not None:
            self.barostat.start(system, mobility, seed, self.timestep, self._conserves_momentum)
        self.degrees_of_freedom = mobility.degrees_of_freedom() - 3 * self._conserves_momentum

    @property
    def conserves_momentum(self) -> bool:
        """Whether total momentum does not change; known after `start`."""
        return self._conserves_momentum

    def needs_virial(self, step: int) -> bool:
        """Return whether the barostat reads the virial of this step."""
        return self.barostat is not None and self.barostat.needs_virial(step)

    def before_forces(self, system: System, result: Result, step: int) -> None:
        """Half kick, barostat, drift with the thermostat that splits it."""
        positions, velocities = system.positions, system.velocities
        mobility = self._mobility
        mobility.kick_bodies(system, result, self._strength)
        if self.barostat is not None and self.barostat.is_due(step):
            motion.kick(velocities, result.forces, mobility.inverse_masses, self._strength)
            fraction = self._span.fraction(step)
            own = self.barostat.temperature
            temperature = own.at(fraction) if own is not None else self.set_temperature(step)
            assert temperature is not None  # held by __init__
            self.barostat.apply(system, result, step, temperature, self.barostat.pressure.at(fraction))
            motion.drift(positions, velocities, self._first_drift)
        else:
            motion.kick_and_drift(
                positions, velocities, result.forces, mobility.inverse_masses, self._strength, self._first_drift
            )
        if self._splits and self.thermostat is not None:
            self.thermostat.apply(system, step, self.thermostat.temperature.at(self._span.fraction(step)))

    def after_forces(self, system: System, result: Result, step: int) -> None:
        """Half kick, then the thermostat that ends a step."""
        mobility = self._mobility
        motion.kick(system.velocities, result.forces, mobility.inverse_masses, self._strength)
        mobility.kick_bodies(system, result, self._strength)
        if self.barostat is not None and self.barostat.is_due(step):
            self.barostat.account(result)
        if self.thermostat is not None and not self._splits:
            self.thermostat.apply(system, step, self.thermostat.temperature.at(self._span.fraction(step)))

    @property
    def thermostat_work(self) -> float:
        """Energy [eV] that the thermostat gave since the stage began."""
        return self.thermostat.work if self.thermostat is not None else 0.0

    @property
    def barostat_work(self) -> float:
        """Energy [eV] that the barostat gave since the stage began."""
        return self.barostat.work if self.barostat is not None else 0.0

    def set_temperature(self, step: int) -> float | None:
        """Return the temperature [K] that the thermostat aims at in this step."""
        return None if self.thermostat is None else self.thermostat.temperature.at(self._span.fraction(step))

    @property
    def is_stationary(self) -> bool:
        """Whether all set points are constant."""
        ramps = [self.thermostat.temperature] if self.thermostat is not None else []
        if self.barostat is not None:
            ramps += [self.barostat.pressure]
            ramps += [self.barostat.temperature] if self.barostat.temperature is not None else []
        return all(ramp.is_constant for ramp in ramps)

    def settled(self) -> VelocityVerlet:
        """Return an integrator whose ramps have ended."""
        return VelocityVerlet(
            self.timestep,
            None if self.thermostat is None else self.thermostat.settled(),
            None if self.barostat is None else self.barostat.settled(),
        )

    def state(self) -> dict[str, float]:
        """Return the work done by thermostat and barostat."""
        return {"thermostat_work": self.thermostat_work, "barostat_work": self.barostat_work}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up the work done."""
        if self.thermostat is not None:
            self.thermostat.work = float(state["thermostat_work"])
        if self.barostat is not None:
            self.barostat.work = float(state["barostat_work"])
