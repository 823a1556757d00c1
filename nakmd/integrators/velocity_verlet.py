"""Velocity Verlet, alone or with a thermostat and a barostat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nakmd.errors import InputError
from nakmd.integrators.barostat import Barostat
from nakmd.integrators.base import Integrator, Span
from nakmd.integrators.groups import Mobility
from nakmd.integrators.ramps import as_number
from nakmd.integrators.thermostat import Thermostat
from nakmd.kernels import motion
from nakmd.system import Result, System
from nakmd.units import ACCELERATION


class VelocityVerlet(Integrator):
    r"""Half kick, drift, forces, half kick: time-reversible, symplectic, of second order.

    Parameters
    ----------
    timestep : float [ps]
    thermostat : Thermostat or sequence of Thermostat, optional
        Several act on groups without common atoms, each with its own temperature and its own work. Each kind says when
        it acts: in the middle of the drift (`Langevin`; the splitting is then BAOAB), at the end of the step (`Bussi`),
        or half a step at both ends (`NoseHoover`). Without one the energy is constant (NVE).
    barostat : Barostat, optional
        `CellRescaling` acts between half kick and drift, `MTK` at both ends of the step and on both sides of the drift.

    Notes
    -----
    Without thermostat and barostat a step is

    .. math::
        v_i \leftarrow v_i + \frac{\Delta t}{2 m_i} F_i(r), \qquad
        r_i \leftarrow r_i + \Delta t\, v_i, \qquad
        v_i \leftarrow v_i + \frac{\Delta t}{2 m_i} F_i(r)

    One step with both: [thermostat, barostat open]; B half kick; [barostat]; A drift (A/2, O, A/2 with Langevin);
    [barostat]; forces; B half kick; [barostat closes, thermostat]. Any thermostat goes with any barostat. Forces and
    positions belong together at the end of every step.

    Several thermostats make a heat flow: with different temperatures there is no temperature of the stage, so a
    barostat needs one of its own, and moves are refused.

    Attributes
    ----------
    thermostats : tuple of Thermostat

    References
    ----------
    Swope, Andersen, Berens & Wilson, J. Chem. Phys. 76, 637 (1982). doi:10.1063/1.442716

    Examples
    --------
    >>> from nakmd.integrators import Bussi, VelocityVerlet
    >>> VelocityVerlet(0.001, thermostat=Bussi(450.0, time_constant=0.2)).timestep
    0.001
    """

    #: Whether a thermostat that splits the drift makes its second half.
    _baths_drift = True

    def __init__(
        self,
        timestep: float,
        thermostat: Thermostat | Sequence[Thermostat] | None = None,
        barostat: Barostat | None = None,
    ) -> None:
        self.timestep = as_number("timestep", timestep, "ps")
        given = () if thermostat is None else thermostat
        self.thermostats = (given,) if isinstance(given, Thermostat) else tuple(given)
        self.barostat = barostat
        if not self.timestep > 0.0:
            raise InputError(f"The time step is {timestep} ps; it must be positive.")
        if barostat is not None and len(self.thermostats) != 1 and barostat.temperature is None:
            raise InputError(
                "A barostat needs a temperature for its noise or its piston: have one thermostat, or give the barostat "
                "a temperature."
            )
        self._conserves_momentum: bool | None = None
        self.needs_velocities = any(thermostat.needs_velocities for thermostat in self.thermostats)

    def start(self, system: System, mobility: Mobility, seed: int, span: Span) -> None:
        """Bind to a system for a stage; changes nothing in it."""
        self._mobility = mobility
        self._span = span
        self._strength = 0.5 * self.timestep * ACCELERATION
        self._start_thermostats(system, mobility, seed)
        self._first_drift = 0.5 * self.timestep if self._middle else self.timestep
        conserves = mobility.is_translation_invariant and all(
            thermostat.conserves_momentum(mobility) for thermostat in self.thermostats
        )
        self._conserves_momentum = conserves
        self.degrees_of_freedom = mobility.degrees_of_freedom() - 3 * conserves
        if self.barostat is not None:
            ramp = self.barostat.temperature or self.thermostats[0].temperature
            self.barostat.start(system, mobility, seed, self.timestep, self.degrees_of_freedom, conserves, ramp)

    def _start_thermostats(self, system: System, mobility: Mobility, seed: int) -> None:
        """Start all thermostats, and note which act when; `InputError` if two act on one atom."""
        self._opening = tuple(t for t in self.thermostats if t.acts_at_both_ends)
        self._middle = tuple(t for t in self.thermostats if t.splits_drift)
        self._closing = tuple(t for t in self.thermostats if not t.splits_drift)
        taken = np.full(system.n_atoms, -1)
        for number, thermostat in enumerate(self.thermostats):
            mask = system.topology.select(thermostat.group)
            common = np.flatnonzero(mask & (taken >= 0))
            if len(common):
                other = self.thermostats[taken[common[0]]].group
                raise InputError(
                    f"{len(common)} atoms (the first is {common[0]}) belong to {thermostat.group!r} and to {other!r}, "
                    "and each has a thermostat. An atom has one bath: name groups that do not overlap."
                )
            taken[mask] = number
            thermostat.number = number
            thermostat.finishes_drift = self._baths_drift and thermostat is (self._middle or (None,))[-1]
            thermostat.start(system, mobility, seed, self.timestep)

    @property
    def conserves_momentum(self) -> bool:
        """Whether total momentum does not change; known after `start`, before it an `InputError`."""
        if self._conserves_momentum is None:
            raise InputError(
                "Whether momentum is conserved depends on the system: ask when the stage has begun (Simulation.run)."
            )
        return self._conserves_momentum

    def needs_virial(self, step: int) -> bool:
        """Return whether the barostat reads the virial of this step."""
        return self.barostat is not None and self.barostat.needs_virial(step)

    def before_forces(self, system: System, result: Result, step: int) -> None:
        """Half kick and drift, with the parts of thermostat and barostat that belong there."""
        barostat = self._due_barostat(step)
        self._thermalise(self._opening, system, step)
        if barostat is not None:
            barostat.open(system, result, step, *self._set_points(barostat, step))
        self._mobility.kick_bodies(system, result, self._strength)
        if barostat is not None:
            self._kick(system, result)
            barostat.before_drift(system, result, step, *self._set_points(barostat, step))
            self._drift(system)
        else:
            self._kick_and_drift(system, result)
        self._thermalise(self._middle, system, step)
        self._finish_drift(system)
        if barostat is not None:
            barostat.after_drift(system, step, *self._set_points(barostat, step))

    def after_forces(self, system: System, result: Result, step: int) -> None:
        """Half kick, then barostat and thermostat where they end a step."""
        barostat = self._due_barostat(step)
        self._kick(system, result)
        self._mobility.kick_bodies(system, result, self._strength)
        if barostat is not None:
            barostat.close(system, result, step, *self._set_points(barostat, step))
        self._thermalise(self._closing, system, step)

    def _kick(self, system: System, result: Result) -> None:
        """Half kick of the atoms that move one by one."""
        motion.kick(system.velocities, result.forces, self._mobility.inverse_masses, self._strength)

    def _drift(self, system: System) -> None:
        """Drift, up to the thermostats that split it."""
        motion.drift(system.positions, system.velocities, self._first_drift)

    def _kick_and_drift(self, system: System, result: Result) -> None:
        """`_kick` and then `_drift`, in one call."""
        motion.kick_and_drift(
            system.positions, system.velocities, result.forces, self._mobility.inverse_masses, self._strength,
            self._first_drift,
        )  # fmt: skip

    def _finish_drift(self, system: System) -> None:
        """Drift from the thermostats that split it to the end; here they have done so (`Thermostat.finishes_drift`)."""

    def _due_barostat(self, step: int) -> Barostat | None:
        return self.barostat if self.barostat is not None and self.barostat.is_due(step) else None

    def _set_points(self, barostat: Barostat, step: int) -> tuple[float, float]:
        """Return temperature [K] and pressure [eV/Å³] of the barostat in this step."""
        fraction = self._span.fraction(step)
        own = barostat.temperature
        temperature = own.at(fraction) if own is not None else self.set_temperature(step)
        assert temperature is not None  # held by __init__
        return temperature, barostat.pressure.at(fraction)

    def _thermalise(self, acting: tuple[Thermostat, ...], system: System, step: int) -> None:
        for thermostat in acting:
            thermostat.apply(system, step, thermostat.temperature.at(self._span.fraction(step)))

    @property
    def thermostat_work(self) -> float:
        """Energy [eV] that all thermostats gave since the stage began."""
        return sum(thermostat.work for thermostat in self.thermostats)

    @property
    def thermostat(self) -> Thermostat | None:
        """The thermostat; None without one, or with several."""
        return self.thermostats[0] if len(self.thermostats) == 1 else None

    @property
    def baths(self) -> tuple[Thermostat, ...]:
        """The thermostats, if there are several."""
        return self.thermostats if len(self.thermostats) > 1 else ()

    @property
    def has_thermostat(self) -> bool:
        """Whether there is a thermostat."""
        return bool(self.thermostats)

    @property
    def barostat_work(self) -> float:
        """Energy [eV] that the barostat gave since the stage began."""
        return self.barostat.work if self.barostat is not None else 0.0

    @property
    def parts(self) -> tuple[object, ...]:
        """Itself, and thermostats and barostat where there are any."""
        return tuple(part for part in (self, *self.thermostats, self.barostat) if part is not None)

    def set_temperature(self, step: int) -> float | None:
        """Return the temperature [K] that all thermostats aim at in this step; None if they differ or there is none."""
        wanted = {thermostat.temperature.at(self._span.fraction(step)) for thermostat in self.thermostats}
        return wanted.pop() if len(wanted) == 1 else None

    @property
    def is_stationary(self) -> bool:
        """Whether all set points are constant."""
        return all(thermostat.temperature.is_constant for thermostat in self.thermostats) and (
            self.barostat is None or self.barostat.is_stationary
        )

    def settled(self) -> VelocityVerlet:
        """Return an integrator whose ramps have ended."""
        return VelocityVerlet(
            self.timestep,
            [thermostat.settled() for thermostat in self.thermostats],
            None if self.barostat is None else self.barostat.settled(),
        )

    def state(self) -> dict[str, Any]:
        """Return the states of thermostats and barostat."""
        first = self.thermostats[0].state() if self.thermostats else {}
        further = {str(number): other.state() for number, other in enumerate(self.thermostats) if number > 0}
        return {
            "thermostat": first,
            **({"further_thermostats": further} if further else {}),
            "barostat": {} if self.barostat is None else self.barostat.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore the states of thermostats and barostat."""
        for number, thermostat in enumerate(self.thermostats):
            thermostat.restore(state["further_thermostats"][str(number)] if number else state["thermostat"])
        if self.barostat is not None:
            self.barostat.restore(state["barostat"])
