"""The arrivals of a run: atoms that are released and parked, and what that does to energy and temperature."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.errors import InputError, RunError
from nakmd.integrators import SIDES, Deposit, Mobility, Side, VelocityVerlet, atoms_to_come
from nakmd.integrators.base import KineticSums
from nakmd.simulation.schedule import Schedule
from nakmd.simulation.stages import Stage
from nakmd.system import System
from nakmd.units import K_B

#: Steps between two searches for atoms that have evaporated, and two samples of the temperature of the free atoms.
SEARCH_EVERY = 20

#: Smallest distance [Å] between an atom that arrives and another: closer, it would be thrown back.
LEAST_DISTANCE = 2.0

#: Coordinates searched first for the surface; more are searched only if all of these fly.
HIGHEST = 64


class Arrivals:
    """Releases the atoms of deposition stages, and parks those that evaporate, then and in later stages.

    Parameters
    ----------
    system : System
    reach : float [Å]
        Largest range of the potential.
    seed : int
    stages : sequence of Stage

    Attributes
    ----------
    are_planned : bool
        Whether atoms of the system are parked.
    arrived, evaporated : int
        Atoms released and parked since the run began. An atom of the substrate may evaporate too.
    work : float [eV]
        Energy that came and went with them, which the conserved energy excludes.
    """

    def __init__(self, system: System, reach: float, seed: int, stages: Sequence[Stage]) -> None:
        self._system, self._reach, self._seed = system, reach, seed
        self.are_planned = system.present is not None
        self._atoms: IntArray = atoms_to_come(system)
        self._first_of_stage = np.cumsum([0, *(stage.deposit.count if stage.deposit else 0 for stage in stages)])
        self.arrived = self.evaporated = 0
        self.work = 0.0
        self._before_stage = (0, 0)
        self._heat = (0.0, 0)  # sum of the samples of the temperature, and their number
        self._deposit: Deposit | None = None
        self._side: Side | None = None
        self._free: BoolArray | None = None
        self._kinetic: KineticSums | None = None
        self._releases: IntArray = np.zeros(0, np.int64)
        self._parks: IntArray = np.zeros(0, np.int64)
        self._level = math.nan

    def enter(self) -> None:
        """Begin to count for a new stage."""
        self._before_stage, self._heat = (self.arrived, self.evaporated), (0.0, 0)

    def bind(self, stage: Stage, mobility: Mobility) -> None:
        """Take the deposition of a stage that has been bound to the system; its side also serves later stages."""
        if not self.are_planned:
            return
        self._deposit = stage.deposit
        if stage.deposit is not None:
            self._side = SIDES[stage.deposit.side](self._system)
        self._mobile = mobility.free
        thermostat = stage.integrator.thermostat if isinstance(stage.integrator, VelocityVerlet) else None
        bath = np.zeros(self._system.n_atoms, np.bool_)
        if thermostat is not None:
            bath = self._system.topology.select(thermostat.group)
        free = mobility.free & ~bath
        self._free = free if free.any() else mobility.free
        self._kinetic = KineticSums(np.where(self._free, self._system.masses, 0.0))

    # ------------------------------------------------------------------------------------------ coming and going
    def are_due(self, schedule: Schedule) -> bool:
        """Find the atoms that come and go after the step that was made; return whether there are any."""
        if self._side is None or not schedule.stage.integrator.advances_time:
            return False
        number = None
        if self._deposit is not None:
            number = self._deposit.number_due(schedule.steps_in_stage)
        sampled = schedule.step % SEARCH_EVERY == 0
        if number is None and not sampled:
            return False
        if sampled and self._deposit is not None:
            self._heat = self._heat[0] + self.free_temperature, self._heat[1] + 1
        self._level, flying = self._surface()
        going = [atom for atom in flying if self._moves_away(atom) and self._mobile[atom]]
        self._parks = np.array(going, np.int64)
        first = int(self._first_of_stage[schedule.stage_index])
        self._releases = self._atoms[:0] if number is None else self._atoms[first + number : first + number + 1]
        return len(self._parks) + len(self._releases) > 0

    def make(self, schedule: Schedule) -> None:
        """Park and release the atoms found by `are_due`.

        Raises
        ------
        RunError
            If an atom would arrive outside the cell, or on top of another.
        """
        system = self._system
        assert system.present is not None  # guaranteed by are_due
        system.velocities[self._parks] = 0.0
        system.present[self._parks] = False
        self.evaporated += len(self._parks)
        for atom in self._releases.tolist():
            assert self._deposit is not None  # it has released the atom
            assert self._side is not None
            height = self._deposit.height_for(self._reach)
            position, velocity = self._deposit.arrive(system, atom, self._side, self._level, height, self._seed)
            distance = self._nearest(position)
            if distance < LEAST_DISTANCE or not self._side.room(self._level) > height:
                raise RunError(
                    f"Step {schedule.step}, stage {schedule.stage.name!r}: no room for arrival {self.arrived + 1}. The "
                    f"surface is at {self._level:.1f} Å, the atom arrives {height:.1f} Å above it, "
                    f"{self._side.room(self._level):.1f} Å are free, and the nearest atom is {distance:.2f} Å away. "
                    "Make the cell larger (vacuum in [structure.box]), or deposit fewer atoms."
                )
            system.positions[atom], system.velocities[atom] = position, velocity
            system.present[atom] = True
            self.arrived += 1

    def _surface(self) -> tuple[float, list[int]]:
        """Return the height [Å] of the highest atom that another one touches, and the atoms that fly above it."""
        system, side = self._system, self._side
        assert system.present is not None  # guaranteed by are_due
        assert side is not None
        present = np.flatnonzero(system.present)
        heights = side.heights(system.positions[present])
        flying: list[int] = []
        for most in (HIGHEST, len(present)):
            top = np.argpartition(heights, -most)[-most:] if most < len(present) else np.arange(len(present))
            flying = []
            for row in top[np.argsort(-heights[top], kind="stable")]:
                atom = int(present[row])
                if self._nearest(system.positions[atom], atom) < self._reach:
                    return float(heights[row]), flying
                flying.append(atom)
        return float(heights.min(initial=0.0)), flying

    def _nearest(self, position: FloatArray, itself: int = -1) -> float:
        """Return the distance [Å] from a place to the nearest atom that is present."""
        system = self._system
        chosen = ~system.absent
        if itself >= 0:
            chosen[itself] = False
        vectors = system.cell.minimum_image(system.positions[chosen] - position)
        return math.sqrt(float(np.einsum("ac,ac->a", vectors, vectors).min(initial=math.inf)))

    def _moves_away(self, atom: int) -> bool:
        assert self._side is not None  # guaranteed by are_due
        return float(self._system.velocities[atom] @ self._side.outward(self._system.positions[atom])) > 0.0

    # ------------------------------------------------------------------------------------------ figures
    @property
    def free_temperature(self) -> float:
        """Temperature [K] of the atoms that move without thermostat, of all that move if there are none."""
        if self._free is None or self._kinetic is None:
            return math.nan
        freedom = 3 * int(np.count_nonzero(self._free))
        energy = self._kinetic.energy(self._system.velocities)
        return 2.0 * energy / (freedom * K_B) if freedom else math.nan

    @property
    def of_stage(self) -> tuple[int | None, int | None, float | None]:
        """Atoms arrived and evaporated in the stage, and the mean temperature [K] of its free atoms; None without."""
        if self._deposit is None:
            return None, None, None
        total, count = self._heat
        mean = total / count if count else None
        return self.arrived - self._before_stage[0], self.evaporated - self._before_stage[1], mean

    def state(self) -> dict[str, Any]:
        """Return the counts for a checkpoint; empty without parked atoms."""
        if not self.are_planned:
            return {}
        return {
            "arrived": self.arrived,
            "evaporated": self.evaporated,
            "work": self.work,
            "arrived_before_stage": self._before_stage[0],
            "evaporated_before_stage": self._before_stage[1],
            "temperature_sum": self._heat[0],
            "temperature_samples": self._heat[1],
        }

    def restore(self, state: Mapping[str, Any], stages: Sequence[Stage], stage_index: int) -> None:
        """Set the counts from a `state`, and the side from the deposition before the current stage."""
        if not self.are_planned:
            return
        self.arrived, self.evaporated = int(state["arrived"]), int(state["evaporated"])
        self.work = float(state["work"])
        self._before_stage = int(state["arrived_before_stage"]), int(state["evaporated_before_stage"])
        self._heat = float(state["temperature_sum"]), int(state["temperature_samples"])
        for stage in stages[:stage_index]:
            if stage.deposit is not None:
                self._side = SIDES[stage.deposit.side](self._system)


def arrival_faults(system: System, stages: Sequence[Stage], reach: float) -> Iterator[tuple[int, InputError]]:
    """Yield the index and the error of each stage whose atoms cannot arrive; the stages are bound.

    Parameters
    ----------
    system : System
    stages : sequence of Stage
    reach : float [Å]
        Largest range of the potential.
    """
    left = len(atoms_to_come(system))
    for index, stage in enumerate(stages):
        deposit = stage.deposit
        if deposit is None:
            continue
        if deposit.count > left:
            yield index, InputError(f"{deposit.count} atoms are to arrive, and {left} are left that are parked.")
        left -= deposit.count
        try:
            side = SIDES[deposit.side](system)
        except InputError:
            continue  # reported where the stage is bound
        present = system.positions[~system.absent]
        level = float(side.heights(present).max(initial=-math.inf)) if len(present) else 0.0
        height, room = deposit.height_for(reach), side.room(level)
        if room < height + reach:
            yield (
                index,
                InputError(
                    f"Atoms arrive {height:.1f} Å above the surface and must be {reach:.1f} Å, the reach of the "
                    f"potential, from what lies beyond, but only {room:.1f} Å are free. Make the vacuum larger "
                    "([structure.box]), by more than the thickness of what grows."
                ),
            )
