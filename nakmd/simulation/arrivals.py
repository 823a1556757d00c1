"""The arrivals of a run: atoms that are released and parked, and what that does to energy and temperature."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.elements import COVALENT_RADII
from nakmd.errors import InputError, RunError
from nakmd.integrators import SIDES, Deposit, Mobility, Side, VelocityVerlet, atoms_to_come
from nakmd.integrators.base import KineticSums
from nakmd.simulation.schedule import Schedule
from nakmd.simulation.stages import Stage
from nakmd.system import DEPOSITED, System
from nakmd.units import K_B

#: Steps between two searches for atoms that have evaporated, and two samples of the temperature of the free atoms.
SEARCH_EVERY = 20

#: Places that are tried for an atom that arrives, until no other atom flies there.
ATTEMPTS = 50

#: Two atoms touch if their distance is below this multiple of the sum of their covalent radii, where the first shell of
#: liquid Na and K ends.
TOUCHING = 1.5

#: Number of the highest atoms among which the surface is searched first; all others follow if all of these fly.
HIGHEST = 64

#: Atoms of the largest cluster that may fly: pairs and small clusters leave a wall that holds them weakly. What touches
#: more atoms, or one that is held, belongs to the surface.
LARGEST_FLYING = 12


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
        Whether any stage is a deposition.
    arrived, evaporated : int
        Atoms released and parked since the run began. Atoms of the substrate may evaporate too, and small clusters.
    work : float [eV]
        Energy that came and went with them, which the conserved energy excludes.
    """

    def __init__(self, system: System, reach: float, seed: int, stages: Sequence[Stage]) -> None:
        self._system, self._reach, self._seed = system, reach, seed
        self.are_planned = any(stage.deposit is not None for stage in stages)
        self._atoms: IntArray = np.flatnonzero(system.groups.get(DEPOSITED, np.zeros(0)))
        self._first = len(self._atoms) - len(atoms_to_come(system))
        radii = np.array([COVALENT_RADII.get(element, 1.0) for element in system.topology.elements])
        self._radii: FloatArray = radii[system.species]
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
        bath = np.zeros(self._system.n_atoms, np.bool_)
        for thermostat in stage.integrator.thermostats if isinstance(stage.integrator, VelocityVerlet) else ():
            bath |= self._system.topology.select(thermostat.group)
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
        temperature = self.free_temperature if sampled and self._deposit is not None else math.nan
        if not math.isnan(temperature):  # nothing may be there
            self._heat = self._heat[0] + temperature, self._heat[1] + 1
        self._level, flying = self._surface()
        self._parks = np.array([atom for one in flying if self._has_evaporated(one) for atom in one], np.int64)
        first = self._first + int(self._first_of_stage[schedule.stage_index])
        self._releases = self._atoms[:0]
        if number is not None:
            self._releases = self._atoms[first + number : first + number + 1]
            if not len(self._releases):
                raise RunError(
                    f"Stage {schedule.stage.name!r}: all atoms to come have arrived before arrival {number + 1}."
                )
        return len(self._parks) + len(self._releases) > 0

    def make(self, schedule: Schedule) -> None:
        """Park and release the atoms found by `are_due`.

        Raises
        ------
        RunError
            If there is no room for an atom that arrives.
        """
        system = self._system
        assert system.present is not None  # guaranteed by are_due
        system.velocities[self._parks] = 0.0
        system.present[self._parks] = False
        self.evaporated += len(self._parks)
        for atom in self._releases.tolist():
            system.positions[atom], system.velocities[atom] = self._arrival(atom, schedule)
            system.present[atom] = True
            self.arrived += 1

    def _arrival(self, atom: int, schedule: Schedule) -> tuple[FloatArray, FloatArray]:
        """Return position and velocity of an atom that arrives where no other one flies."""
        assert self._deposit is not None  # it releases the atom
        assert self._side is not None
        height = self._deposit.height_for(self._reach)
        room, distance = self._side.room(self._level), 0.0
        for attempt in range(ATTEMPTS if room > height else 0):
            arrival = self._deposit.arrive(self._system, atom, self._side, self._level + height, self._seed, attempt)
            distance = float(self._distances(arrival[0], atom)[1].min(initial=math.inf))
            if distance > 0.99 * min(height, self._reach):
                return arrival
        raise RunError(
            f"Step {schedule.step}, stage {schedule.stage.name!r}: no room for arrival {self.arrived + 1}. The surface "
            f"is at {self._level:.1f} Å, the atom arrives {height:.1f} Å above it, and {room:.1f} Å are free"
            + (f"; at the last of {ATTEMPTS} places another atom is {distance:.2f} Å away" if room > height else "")
            + ". Make the cell larger (vacuum in [structure.box]), or deposit fewer atoms."
        )

    def _surface(self) -> tuple[float, list[list[int]]]:
        """Return the height [Å] of the highest atom that does not fly, and the atoms and clusters that fly above it."""
        system, side = self._system, self._side
        assert system.present is not None  # guaranteed by are_due
        assert side is not None
        present = np.flatnonzero(system.present)
        heights = side.heights(system.positions[present])
        flying: list[list[int]] = []
        for most in (HIGHEST, len(present)):
            top = np.argpartition(heights, -most)[-most:] if most < len(present) else np.arange(len(present))
            flying = []
            for row in top[np.argsort(-heights[top], kind="stable")]:
                atom = int(present[row])
                if any(atom in cluster for cluster in flying):
                    continue
                cluster = self._flying_with(atom, len(present))
                if cluster is None:
                    return float(heights[row]), flying
                flying.append(cluster)
        return float(heights.min(initial=0.0)), flying

    def _flying_with(self, atom: int, present: int) -> list[int] | None:
        """Return an atom and all that it touches, directly or through others; None if that belongs to the surface."""
        cluster = [atom]
        for member in cluster:  # grows meanwhile
            others, distances = self._distances(self._system.positions[member], member)
            touching = others[distances < TOUCHING * (self._radii[member] + self._radii[others])]
            cluster += [one for one in touching.tolist() if one not in cluster]
            is_large = len(cluster) > min(LARGEST_FLYING, present // 2)
            if len(cluster) > 1 and (is_large or not np.all(self._mobile[cluster])):
                return None
        return cluster

    def _distances(self, position: FloatArray, itself: int) -> tuple[IntArray, FloatArray]:
        """Return the atoms that are present, except one, and their distances [Å] from a place."""
        system = self._system
        chosen = ~system.absent
        chosen[itself] = False
        others = np.flatnonzero(chosen)
        vectors = system.cell.minimum_image(system.positions[others] - position)
        return others, np.sqrt(np.einsum("ac,ac->a", vectors, vectors))

    def _has_evaporated(self, cluster: list[int]) -> bool:
        """Return whether atoms that fly are free to move, beyond the reach of all others, and move away."""
        assert self._side is not None  # guaranteed by are_due
        system = self._system
        outward = [self._side.outward(system.positions[atom]) for atom in cluster]
        momentum = sum(
            system.masses[atom] * (system.velocities[atom] @ n) for atom, n in zip(cluster, outward, strict=True)
        )
        if not np.all(self._mobile[cluster]) or momentum <= 0.0:
            return False
        for atom in cluster:
            others, distances = self._distances(system.positions[atom], atom)
            if float(distances[~np.isin(others, cluster)].min(initial=math.inf)) <= self._reach:
                return False
        return True

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
        """Return the counts for a checkpoint; empty without a deposition."""
        if not self.are_planned:
            return {}
        return {
            "first": self._first,
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
        self.return_to(state)
        for stage in stages[:stage_index]:
            if stage.deposit is not None:
                self._side = SIDES[stage.deposit.side](self._system)

    def return_to(self, state: Mapping[str, Any]) -> None:
        """Set the counts from a `state` of the current stage."""
        if not self.are_planned:
            return
        self._first = int(state["first"])
        self.arrived, self.evaporated = int(state["arrived"]), int(state["evaporated"])
        self.work = float(state["work"])
        self._before_stage = int(state["arrived_before_stage"]), int(state["evaporated_before_stage"])
        self._heat = float(state["temperature_sum"]), int(state["temperature_samples"])


def arrival_faults(system: System, stages: Sequence[Stage], reach: float) -> Iterator[tuple[int, InputError]]:
    """Yield the index and the error of each stage whose atoms cannot arrive; the stages have been bound.

    Parameters
    ----------
    system : System
    stages : sequence of Stage
    reach : float [Å]
        Largest range of the potential.
    """
    everyone = system.groups.get(DEPOSITED, np.zeros(system.n_atoms, np.bool_))
    left, is_new = int(np.count_nonzero(everyone)), not np.any(everyone & ~system.absent)
    for index, stage in enumerate(stages):
        deposit = stage.deposit
        if deposit is None:
            continue
        if deposit.count > left:
            yield index, InputError(f"{deposit.count} atoms are to arrive, and {left} are left of those to come.")
        left -= deposit.count
        if not is_new:
            continue  # the room was checked before the first one arrived
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
