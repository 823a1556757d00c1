"""Velocity Verlet with two time steps: a short one for stiff terms, a long one for all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.integrators.barostat import Barostat
from nakmd.integrators.base import Span
from nakmd.integrators.groups import Mobility
from nakmd.integrators.stiff_forces import StiffForces
from nakmd.integrators.thermostat import Thermostat
from nakmd.integrators.velocity_verlet import VelocityVerlet
from nakmd.kernels import motion
from nakmd.system import Result, System
from nakmd.units import ACCELERATION


class _Move(NamedTuple):
    """Part of an inner step: a kick (amu Å/(ps eV)), by new forces or by the last ones, and a drift (ps)."""

    by_new_forces: bool
    kick: float
    drift: float


class Respa(VelocityVerlet):
    r"""Two time steps: the stiff terms of the model act at inner steps, all others at the (outer) step.

    Parameters
    ----------
    timestep : float [ps]
        Outer step Δt: the step of the run, at whose end forces, energies, virial and frames belong together.
    inner_steps : int
        n, the number of inner steps δt = Δt/n in it.
    thermostat, barostat
        As for `VelocityVerlet`. They act once in an outer step.

    Notes
    -----
    With the Liouville operators of the drift iL_r, of the stiff forces iL_f and of all others iL_s, a step is

    .. math::
        e^{iL_s \Delta t/2} \left[e^{iL_f \delta t/2}\, e^{iL_r \delta t}\, e^{iL_f \delta t/2}\right]^n
        e^{iL_s \Delta t/2}                                                                                  (1)

    time-reversible, symplectic, and of second order in both steps. Atoms without stiff forces drift once in a step. A
    thermostat that splits the drift of velocity Verlet acts in the middle of the bracket, after half of the inner steps
    or in the middle of the drift of the inner step that is there: the splitting is then that of BAOAB, with (1)
    for its motion. The others, and barostats, act where they do in a step of velocity Verlet. `CellRescaling`
    therefore finds each atom half of its own step after the last forces, with the kinetic energy that balances their
    virial (see there). With n = 1 the motion has the bits of `VelocityVerlet`.

    The step of the slow terms is limited by resonance with the fastest vibration, of period T, that the stiff terms
    have: the motion is unstable near T/2, and loses energy conservation near T/3 and T/4 (`nakmd check` compares).

    Rigid bodies are moved by all forces at outer steps, so no stiff term may couple them to atoms that move freely.

    References
    ----------
    Tuckerman, Berne & Martyna, J. Chem. Phys. 97, 1990 (1992). doi:10.1063/1.463137
    Ma, Izaguirre & Skeel, SIAM J. Sci. Comput. 24, 1951 (2003), on resonances. doi:10.1137/S1064827501399833

    Examples
    --------
    >>> Respa(0.004, 8).inner_step
    0.0005
    """

    splits_forces = True
    _baths_drift = False

    def __init__(
        self,
        timestep: float,
        inner_steps: int,
        thermostat: Thermostat | Sequence[Thermostat] | None = None,
        barostat: Barostat | None = None,
    ) -> None:
        super().__init__(timestep, thermostat, barostat)
        if inner_steps < 1:
            raise InputError(f"There are {inner_steps} inner steps in a time step; there must be at least 1.")
        self.inner_steps = int(inner_steps)
        self._stiff: StiffForces | None = None

    @property
    def inner_step(self) -> float:
        """Inner time step [ps]."""
        return self.timestep / self.inner_steps

    def start(self, system: System, mobility: Mobility, seed: int, span: Span) -> None:
        """Bind to a system for a stage; `split` follows."""
        super().start(system, mobility, seed, span)
        self._stiff = None
        n, step = self.inner_steps, self.inner_step
        kick = step * ACCELERATION
        whole = _Move(True, kick, step)
        begin = _Move(False, 0.0, step)
        if not self._middle:
            self._first, self._second = [begin, *[whole] * (n - 1)], []
        elif n == 1:
            self._first, self._second = [begin._replace(drift=0.5 * step)], [begin._replace(drift=0.5 * step)]
        elif n % 2:
            half = n // 2
            self._first = [begin, *[whole] * (half - 1), _Move(True, kick, 0.5 * step)]
            self._second = [begin._replace(drift=0.5 * step), *[whole] * half]
        else:
            half = n // 2 - 1
            self._first = [begin, *[whole] * half, _Move(True, 0.5 * kick, 0.0)]
            self._second = [_Move(False, 0.5 * kick, step), *[whole] * half]
        # the half kick of a step, `VelocityVerlet`'s, is by all forces: this corrects that of the stiff ones
        self._correction = 0.5 * (step - self.timestep) * ACCELERATION

    def split(self, stiff: StiffForces | None) -> None:
        """Take the stiff forces of a stage, after `start`; None if no atom on which they act moves."""
        self._stiff = stiff
        if stiff is not None:
            self._inverse_masses: FloatArray = self._mobility.inverse_masses[stiff.atoms]

    def _kick(self, system: System, result: Result) -> None:
        super()._kick(system, result)
        if self._stiff is not None:
            motion.kick_atoms(
                system.velocities, self._stiff.atoms, self._stiff.at_step, self._inverse_masses, self._correction
            )

    def _kick_and_drift(self, system: System, result: Result) -> None:
        self._kick(system, result)
        self._drift(system)

    def _drift(self, system: System) -> None:
        self._move(system, self._first, self._first_drift)

    def _finish_drift(self, system: System) -> None:
        if self._middle:
            self._move(system, self._second, self._first_drift)

    def _move(self, system: System, moves: Sequence[_Move], drift: float) -> None:
        """Make some inner steps of the atoms with stiff forces; all others drift."""
        stiff = self._stiff
        if stiff is None:
            motion.drift(system.positions, system.velocities, drift)
            return
        positions, velocities = stiff.part.positions, stiff.part.velocities
        np.take(system.positions, stiff.atoms, axis=0, out=positions, mode="clip")
        np.take(system.velocities, stiff.atoms, axis=0, out=velocities, mode="clip")
        motion.drift(system.positions, system.velocities, drift)
        for move in moves:
            if move.by_new_forces:
                stiff.compute()
            motion.kick_and_drift(positions, velocities, stiff.inner, self._inverse_masses, move.kick, move.drift)
        system.positions[stiff.atoms] = positions
        system.velocities[stiff.atoms] = velocities

    def settled(self) -> Respa:
        """Return an integrator whose ramps have ended."""
        return Respa(
            self.timestep,
            self.inner_steps,
            [thermostat.settled() for thermostat in self.thermostats],
            None if self.barostat is None else self.barostat.settled(),
        )

    def state(self) -> dict[str, Any]:
        """Return the states of thermostats, barostat and stiff forces."""
        return {**super().state(), "stiff": {} if self._stiff is None else self._stiff.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore the states of thermostats, barostat and stiff forces."""
        super().restore(state)
        if self._stiff is not None:
            self._stiff.restore(state["stiff"])
