"""The restraints of a run: those of the current stage, their work, and their columns in the thermo table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nakmd.simulation.restraints import BoundRestraint
from nakmd.simulation.stages import Stage
from nakmd.system import Result, System

#: Columns of each restraint in the thermo table and their units; the name of the restraint follows.
COLUMNS = {
    "coordinate": "Angstrom",
    "restraint_centre": "Angstrom",
    "restraint_energy": "eV",
    "restraint_force": "eV Angstrom-1",
}


def column_of(name: str, what: str = "coordinate") -> str:
    """Return the name of a column of a restraint in the thermo table.

    Examples
    --------
    >>> column_of("1"), column_of("pull", "restraint_force")
    ('coordinate_1', 'restraint_force_pull')
    """
    return f"{what}_{name}"


def restraint_units(stages: Sequence[Stage]) -> dict[str, str]:
    """Return the units of the columns of all restraints of a run."""
    return {
        column_of(name, what): unit
        for stage in stages
        for name in stage.restraint_names
        for what, unit in COLUMNS.items()
    }


class Restraints:
    """Adds the restraints of the current stage to the forces, and counts their work over the whole run.

    Parameters
    ----------
    system : System
    stages : sequence of Stage

    Attributes
    ----------
    bound : list of BoundRestraint
        Those of the current stage.
    work : float [eV]
        Of moving restraints since the run began. The conserved energy excludes it.
    """

    def __init__(self, system: System, stages: Sequence[Stage]) -> None:
        self._system = system
        self._empty = dict.fromkeys(restraint_units(stages), math.nan)
        self.bound: list[BoundRestraint] = []
        self._names: list[str] = []
        self._before: list[tuple[float, float]] = []
        self.work = 0.0

    def begin_stage(self, stage: Stage, bound: list[BoundRestraint]) -> None:
        """Take the restraints of a stage that has been bound to the system."""
        self.bound, self._names = bound, stage.restraint_names

    def begin_step(self, step: int) -> None:
        """Move the centres to their places in a step, before its forces are computed."""
        self._before = [(one.value, one.centre) for one in self.bound]
        for one in self.bound:
            one.move_to(step)

    def add(self, result: Result) -> float:
        """Add the restraints to forces, energies and virial; return their energy [eV]."""
        energy = 0.0
        for one in self.bound:
            one.add(self._system, result)
            energy += one.energy
        return energy

    def book(self) -> None:
        """Add the work of the centres in this step, whose forces have been computed."""
        for one, before in zip(self.bound, self._before, strict=True):
            self.work += one.work_of_move(*before)

    def columns(self) -> dict[str, float]:
        """Return the columns of the thermo table: NaN for restraints of other stages; none if no stage has any."""
        if not self._empty:
            return {}
        row = {"restraint_work": self.work, **self._empty}
        for name, one in zip(self._names, self.bound, strict=True):
            values = (one.value, one.centre, one.energy, one.force)
            row.update((column_of(name, what), value) for what, value in zip(COLUMNS, values, strict=True))
        return row

    def state(self) -> dict[str, Any]:
        """Return atoms, values and work for a checkpoint; empty without restraints."""
        if not self._empty:
            return {}
        return {"work": self.work, **{str(k): one.state() for k, one in enumerate(self.bound)}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Set the values from a `state`; the stage has been bound."""
        if self._empty:
            self.work = float(state["work"])
            for k, one in enumerate(self.bound):
                one.restore(state[str(k)])
