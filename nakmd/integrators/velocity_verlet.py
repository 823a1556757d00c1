"""Velocity Verlet, alone or with a thermostat and a barostat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nakmd.errors import InputError
from nakmd.integrators.barostat import Barostat
from nakmd.integrators.base import Integrator, Span
from nakmd.integrators.groups import Mobility
from nakmd.integrators.thermostat import Thermostat
from nakmd.kernels import motion
from nakmd.system import Result, System
from nakmd.units import ACCELERATION


class VelocityVerlet(Integrator):
    """Half kick, drift, forces, half kick: time-reversible, symplectic, of second order.

    Parameters
    ----------
    timestep : float [ps]
    thermostat : Thermostat, optional
        Each kind says when it acts: in the middle of the drift (`Langevin`; the splitting is then BAOAB), at the end
        of the step (`Bussi`), or half a step at both ends (`NoseHoover`). Without one the energy is constant (NVE).
    barostat : Barostat, optional
        `CellRescaling` acts between half kick and drift, `MTK` at both ends of the step and on both sides of the drift.

    Notes
    -----
    One step: [thermostat, barostat open]; B half kick; [barostat]; A drift (A/2, O, A/2 with Langevin); [barostat];
    forces; B half kick; [barostat closes, thermostat]. Any thermostat goes with any barostat. Forces and positions
    belong together at the end of every step.

    References
    ----------
    Swope, Andersen, Berens & Wilson, J. Chem. Phys. 76, 637 (1982). doi:10.1063/1.442716

    Examples
    --------
    >>> from nakmd.integrators import Bussi, VelocityVerlet
    >>> VelocityVerlet(0.001, thermostat=Bussi(450.0, time_constant=0.2)).timestep
    0.001
    """

    def __init__(self, timestep: float, thermostat: Thermostat | None = None, barostat: Barostat | None = None) -> None:
        self.timestep = float(timestep)
        self.thermostat = thermostat
        self.barostat = barostat
        if not self.timestep > 0.0:
            raise InputError(f"The time step is {timestep} ps; it must be positive.")
        if barostat is not None and thermostat is None and barostat.temperature is None:
            raise InputError(
                "A barostat needs a temperature for its noise or its piston: add a thermostat, or give the barostat a "
                "temperature."
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
        self._acts_first = self.thermostat is not None and self.thermostat.acts_at_both_ends
        self.degrees_of_freedom = mobility.degrees_of_freedom() - 3 * self._conserves_momentum
        if self.barostat is not None:
            ramp = self.barostat.temperature or (self.thermostat.temperature if self.thermostat is not None else None)
            assert ramp is not None  # held by __init__
            self.barostat.start(
                system, mobility, seed, self.timestep, self.degrees_of_freedom, self._conserves_momentum, ramp
            )

    @property
    def conserves_momentum(self) -> bool:
        """Whether total momentum does not change; known after `start`."""
        return self._conserves_momentum

    def needs_virial(self, step: int) -> bool:
        """Return whether the barostat reads the virial of this step."""
        return self.barostat is not None and self.barostat.needs_virial(step)

    def before_forces(self, system: System, result: Result, step: int) -> None:
        """Half kick and drift, with the parts of thermostat and barostat that belong there."""
        positions, velocities = system.positions, system.velocities
        mobility, barostat = self._mobility, self._due_barostat(step)
        if self._acts_first:
            self._thermalise(system, step)
        if barostat is not None:
            barostat.open(system, result, step, *self._set_points(barostat, step))
        mobility.kick_bodies(system, result, self._strength)
        if barostat is not None:
            motion.kick(velocities, result.forces, mobility.inverse_masses, self._strength)
            barostat.before_drift(system, result, step, *self._set_points(barostat, step))
            motion.drift(positions, velocities, self._first_drift)
        else:
            motion.kick_and_drift(
                positions, velocities, result.forces, mobility.inverse_masses, self._strength, self._first_drift
            )
        if self._splits:
            self._thermalise(system, step)
        if barostat is not None:
            barostat.after_drift(system, step, *self._set_points(barostat, step))

    def after_forces(self, system: System, result: Result, step: int) -> None:
        """Half kick, then barostat and thermostat where they end a step."""
        mobility, barostat = self._mobility, self._due_barostat(step)
        motion.kick(system.velocities, result.forces, mobility.inverse_masses, self._strength)
        mobility.kick_bodies(system, result, self._strength)
        if barostat is not None:
            barostat.close(system, result, step, *self._set_points(barostat, step))
        if not self._splits:
            self._thermalise(system, step)

    def _due_barostat(self, step: int) -> Barostat | None:
        return self.barostat if self.barostat is not None and self.barostat.is_due(step) else None

    def _set_points(self, barostat: Barostat, step: int) -> tuple[float, float]:
        """Return temperature [K] and pressure [eV/Å³] of the barostat in this step."""
        fraction = self._span.fraction(step)
        own = barostat.temperature
        temperature = own.at(fraction) if own is not None else self.set_temperature(step)
        assert temperature is not None  # held by __init__
        return temperature, barostat.pressure.at(fraction)

    def _thermalise(self, system: System, step: int) -> None:
        if self.thermostat is not None:
            self.thermostat.apply(system, step, self.thermostat.temperature.at(self._span.fraction(step)))

    @property
    def thermostat_work(self) -> float:
        """Energy [eV] that the thermostat gave since the stage began."""
        return self.thermostat.work if self.thermostat is not None else 0.0

    @property
    def barostat_work(self) -> float:
        """Energy [eV] that the barostat gave since the stage began."""
        return self.barostat.work if self.barostat is not None else 0.0

    @property
    def parts(self) -> tuple[object, ...]:
        """Itself, and thermostat and barostat where there are any."""
        return tuple(part for part in (self, self.thermostat, self.barostat) if part is not None)

    def set_temperature(self, step: int) -> float | None:
        """Return the temperature [K] that the thermostat aims at in this step."""
        return None if self.thermostat is None else self.thermostat.temperature.at(self._span.fraction(step))

    @property
    def is_stationary(self) -> bool:
        """Whether all set points are constant."""
        thermostat, barostat = self.thermostat, self.barostat
        return (thermostat is None or thermostat.temperature.is_constant) and (
            barostat is None or barostat.is_stationary
        )

    def settled(self) -> VelocityVerlet:
        """Return an integrator whose ramps have ended."""
        return VelocityVerlet(
            self.timestep,
            None if self.thermostat is None else self.thermostat.settled(),
            None if self.barostat is None else self.barostat.settled(),
        )

    def state(self) -> dict[str, Any]:
        """Return the states of thermostat and barostat."""
        return {
            "thermostat": {} if self.thermostat is None else self.thermostat.state(),
            "barostat": {} if self.barostat is None else self.barostat.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore the states of thermostat and barostat."""
        if self.thermostat is not None:
            self.thermostat.restore(state["thermostat"])
        if self.barostat is not None:
            self.barostat.restore(state["barostat"])
