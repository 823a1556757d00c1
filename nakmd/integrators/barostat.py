"""What every barostat is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from copy import copy
from typing import Self

import numpy as np

from nakmd.errors import InputError
from nakmd.integrators.base import KineticSums
from nakmd.integrators.coupling import Coupling
from nakmd.integrators.groups import AXES, Mobility
from nakmd.integrators.lammps_fix import LAMMPSFix
from nakmd.integrators.ramps import Ramp, as_number, as_ramp
from nakmd.system import Result, System


def _axis_groups(axes: str | Sequence[str]) -> tuple[str, ...]:
    given = ("xyz",) if axes == "isotropic" else (axes,) if isinstance(axes, str) else tuple(axes)
    letters = "".join(given)
    if not letters or any(not group or set(group) - set(AXES) for group in given) or len(set(letters)) < len(letters):
        raise InputError(
            f"The axes of a barostat are {axes!r}; give a group of axes that change together, such as 'xyz', 'xy' or "
            "'z', or a list of groups that change independently, such as ['xy', 'z']. No axis may appear twice."
        )
    return given


class Barostat(Coupling):
    """Changes the cell along groups of axes so that their pressure has the mean that is set.

    The kinds are in `nakmd.integrators.BAROSTATS`; decks, checks, reports and tests read them there. In a step where
    it is due, `VelocityVerlet` calls `open` before the half kick, `before_drift` and `after_drift` around the drift,
    and `close` after the half kick with the new forces. A kind overrides those in which it acts.

    Parameters
    ----------
    pressure : float, (float, float) or Ramp [eV/Å³]
    axes : str or sequence of str
        Groups of axes that are stretched by one factor: ``"xyz"`` (isotropic), ``"xy"``, ``"z"``,
        ``["xy", "z"]``, ``["x", "y", "z"]``.
    time_constant : float [ps]
    temperature : float, (float, float) or Ramp [K], optional
        Where there is no thermostat to take it from.

    Raises
    ------
    InputError
        If axes or time constant make no sense.
    """

    def __init__(
        self,
        pressure: float | Sequence[float] | Ramp = 0.0,
        axes: str | Sequence[str] = "xyz",
        time_constant: float = 1.0,
        temperature: float | Sequence[float] | Ramp | None = None,
    ) -> None:
        self.pressure = as_ramp(pressure)
        self.axes = _axis_groups(axes)
        self.time_constant = as_number("time_constant", time_constant, "ps")
        self.temperature = None if temperature is None else as_ramp(temperature)
        self._columns = [np.array([AXES.index(axis) for axis in group]) for group in self.axes]
        if not self.time_constant > 0.0:
            raise InputError(f"The time constant of a barostat is {self.time_constant} ps; it must be positive.")

    def start(
        self, system: System, mobility: Mobility, seed: int, timestep: float, degrees_of_freedom: int,
        conserves_momentum: bool, temperature: Ramp,
    ) -> None:  # fmt: skip
        """Bind to a system for a stage, with no work done yet; changes nothing in the system.

        Parameters
        ----------
        degrees_of_freedom : int
            Of all that moves, momentum taken off where it is conserved.
        conserves_momentum : bool
        temperature : Ramp [K]
            Its own, or that of the thermostat.

        Raises
        ------
        InputError
            If the cell does not repeat along one of the axes, or a frozen or rigid group would be deformed.
        """
        letters = "".join(self.axes)
        for axis in letters:
            along = system.cell.matrix[:, AXES.index(axis)] != 0.0
            if np.any(along & ~system.cell.periodic):
                raise InputError(
                    f"The barostat acts along {axis}, but the cell does not repeat there. "
                    f"Take {axis} out of its axes, or make the cell periodic along it."
                )
        mobility.refuse_deformation(system, letters)
        self._mobility = mobility
        self._still = 1.0 if conserves_momentum else 0.0
        self._kinetic = KineticSums(system.masses)
        self.work = 0.0

    @abstractmethod
    def is_due(self, step: int) -> bool:
        """Return whether it acts in this step."""

    @abstractmethod
    def needs_virial(self, step: int) -> bool:
        """Return whether it reads the virial of this step."""

    def open(self, system: System, result: Result, step: int, temperature: float, pressure: float) -> None:
        """Act at the beginning of the step, with the forces and velocities of the step before."""

    @abstractmethod
    def before_drift(self, system: System, result: Result, step: int, temperature: float, pressure: float) -> None:
        """Act between half kick and drift."""

    def after_drift(self, system: System, step: int, temperature: float, pressure: float) -> None:
        """Act between drift and forces."""

    def close(self, system: System, result: Result, step: int, temperature: float, pressure: float) -> None:
        """Act at the end of the step, with its forces."""

    def lammps_fix(self) -> LAMMPSFix | None:
        """Return what stands for it in LAMMPS; None if nothing does."""
        return None

    @property
    def is_stationary(self) -> bool:
        """Whether its set points are constant."""
        return self.pressure.is_constant and (self.temperature is None or self.temperature.is_constant)

    def settled(self) -> Self:
        """Return one whose ramps have ended, not started yet."""
        other = copy(self)
        other.pressure = self.pressure.finished()
        other.temperature = None if self.temperature is None else self.temperature.finished()
        return other
