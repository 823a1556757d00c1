"""The last complete step of a run whose model may fail: a failure returns to it, and its checkpoint is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from nakmd.errors import ModelError
from nakmd.potentials import Potential
from nakmd.simulation.arrivals import Arrivals
from nakmd.simulation.restraining import Restraints
from nakmd.simulation.schedule import Schedule
from nakmd.system import Result, System


class LastStep:
    """Copies of what a step changes, into arrays that are allocated once.

    Parameters
    ----------
    system : System
    result : Result
        Forces, energies and virial of the run.
    schedule : Schedule
    restraints : Restraints
    arrivals : Arrivals

    Notes
    -----
    The neighbour lists are not copied. They may have been built for the step that failed, and are valid for the one
    before it.
    """

    def __init__(
        self, system: System, result: Result, schedule: Schedule, restraints: Restraints, arrivals: Arrivals
    ) -> None:
        self._arrays = [
            system.positions, system.velocities, system.cell.matrix, result.forces, result.energies, result.virial,
            *([] if system.present is None else [system.present]),
        ]  # fmt: skip
        self._copies = [array.copy() for array in self._arrays]
        self._result, self._undivided = result, result.undivided
        self._schedule, self._restraints, self._arrivals = schedule, restraints, arrivals
        self._restrained: dict[str, Any] = {}
        self._arrived: dict[str, Any] = {}
        self._place: dict[str, Any] = {}
        self._integrator: dict[str, Any] = {}

    @classmethod
    def of(
        cls, potential: Potential, system: System, result: Result, schedule: Schedule, restraints: Restraints,
        arrivals: Arrivals,
    ) -> Self | None:  # fmt: skip
        """Return one for a potential with a program outside nakmd, else None.

        With it, energies and virial are computed in every step: a program that fails in one step may not answer again
        for the step before it.
        """
        can_fail = any(term.is_external for term in potential.terms)
        return cls(system, result, schedule, restraints, arrivals) if can_fail else None

    def take(self) -> None:
        """Copy the present step; call before the next one begins."""
        for array, copy in zip(self._arrays, self._copies, strict=True):
            np.copyto(copy, array)
        self._undivided = self._result.undivided
        self._restrained, self._arrived = self._restraints.state(), self._arrivals.state()
        self._place, self._integrator = self._schedule.state(), self._schedule.stage.integrator.state()

    def save(self, checkpoint: Callable[[], None]) -> str:
        """Return to the step that was copied and write its checkpoint; return a sentence on it, empty without one."""
        if not self._place:
            return ""
        for array, copy in zip(self._arrays, self._copies, strict=True):
            np.copyto(array, copy)
        self._result.undivided = self._undivided
        self._schedule.restore(self._place)
        self._schedule.stage.integrator.restore(self._integrator)
        self._restraints.restore(self._restrained)
        self._arrivals.return_to(self._arrived)
        try:
            checkpoint()
        except ModelError:  # energies or virial of that step were not computed, and fail too
            return ""
        return f" The checkpoint is of step {self._schedule.step}."
