"""Detection of exploding runs: values that are not finite, a jump of the temperature, atoms that leave the cell.

The check uses sums that are computed anyway, and searches for the atom at fault only when they are wrong.
"""

from __future__ import annotations

import math

import numpy as np

from nakmd.errors import ExplosionError
from nakmd.integrators import Integrator
from nakmd.kernels import watch as search
from nakmd.system import Result, System

#: Steps between two checks.
EVERY = 50

#: Largest displacement of an atom in one step [Å]; a potassium atom at 450 K moves 0.003 Å in 1 fs.
LARGEST_STEP = 0.5

#: Largest temperature, as a multiple of the set or initial one, and as a difference from it [K].
LARGEST_RATIO = 10.0
LARGEST_RISE = 3000.0

#: How far outside the cell an atom may be along a non-periodic direction, in cell lengths.
MARGIN = 1.0


class Watch:
    """Checks that a stage has not exploded.

    Parameters
    ----------
    integrator : Integrator
        Already started.
    temperature : float [K]
        At the beginning of the stage.
    """

    def __init__(self, integrator: Integrator, temperature: float) -> None:
        self._integrator = integrator
        self._first_temperature = temperature

    @property
    def first_temperature(self) -> float:
        """Temperature [K] at the beginning of the stage."""
        return self._first_temperature

    def check(self, system: System, result: Result, temperature: float, step: int) -> None:
        """Check the current step.

        Raises
        ------
        ExplosionError
            With the atom, the numbers, and the remedy.
        """
        if not math.isfinite(result.energy + temperature + float(np.sum(result.forces))):
            self._raise_not_finite(system, result, step)
        if self._integrator.advances_time:
            atom, speed = search.find_fastest(system.velocities)
            reach = speed * self._integrator.timestep
            if not reach <= LARGEST_STEP:
                raise ExplosionError(
                    f"Step {step}: {self._name(system, atom)} moves at {speed:.4g} Å/ps, {reach:.2g} Å in one step, "
                    f"at {self._place(system, atom)} under a force of {self._force(result, atom)}. {self._remedy()}"
                )
            reference = max(self._integrator.set_temperature(step) or 0.0, self._first_temperature)
            limit = max(LARGEST_RATIO * reference, reference + LARGEST_RISE)
            if temperature > limit:
                raise ExplosionError(
                    f"Step {step}: the temperature is {temperature:.0f} K, the set or initial one {reference:.0f} K; "
                    f"the fastest atom is {self._name(system, atom)} with {speed:.4g} Å/ps. {self._remedy()}"
                )
        if not np.all(system.cell.periodic):
            atom = search.find_outlier(system.positions, system.cell.inverse, system.cell.periodic, MARGIN)
            if atom >= 0:
                raise ExplosionError(
                    f"Step {step}: {self._name(system, atom)} has left the cell along a non-periodic direction: "
                    f"it is at {self._place(system, atom)} with a velocity of "
                    f"{np.array2string(system.velocities[atom], precision=3)} Å/ps. Make the cell larger or periodic "
                    "along this direction, or lower the temperature if the atom has evaporated."
                )

    def _raise_not_finite(self, system: System, result: Result, step: int) -> None:
        for quantity, array in (
            ("position", system.positions),
            ("velocity", system.velocities),
            ("force", result.forces),
            *([("energy", result.energies[:, None])] if result.undivided is None else []),
        ):
            wrong = np.flatnonzero(~np.isfinite(array).all(axis=1))
            if len(wrong):
                atom = int(wrong[0])
                raise ExplosionError(
                    f"Step {step}: the {quantity} of {self._name(system, atom)} is not a number "
                    f"({len(wrong)} atoms in all), at {self._place(system, atom)}. {self._remedy()}"
                )
        raise ExplosionError(f"Step {step}: the energy {result.energy} eV is not finite. {self._remedy()}")

    def _remedy(self) -> str:
        return (
            f"The time step is {self._integrator.timestep * 1000.0:g} fs: relax the structure first, look for atoms "
            "that are too close to each other, or shorten the time step."
        )

    @staticmethod
    def _name(system: System, atom: int) -> str:
        return f"atom {atom} ({system.species_names[system.species[atom]]})"

    @staticmethod
    def _place(system: System, atom: int) -> str:
        return f"{np.array2string(system.positions[atom], precision=3)} Å"

    @staticmethod
    def _force(result: Result, atom: int) -> str:
        return f"{np.linalg.norm(result.forces[atom]):.4g} eV/Å"
