"""The exchange moves of a run: trials, their energies, and what was accepted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nakmd.arrays import IntArray
from nakmd.errors import InputError
from nakmd.integrators import Move, Span
from nakmd.neighbors import Sites
from nakmd.potentials import Evaluator
from nakmd.potentials.local_energy import LocalEnergy
from nakmd.simulation.stages import Stage
from nakmd.system import System
from nakmd.units import ACCELERATION, K_B


class _BoundMove(NamedTuple):
    """A move of the current stage, what computes its energies, and the number of trials of those before it."""

    move: Move
    energies: list[LocalEnergy]
    sites: Sites
    first_draw: int


class Moved(NamedTuple):
    """What a move changed: positions, or also which atoms are present."""

    positions: bool
    present: bool


class Exchanges:
    """Makes the moves of the current stage, and counts them over the whole run.

    A call exchanges positions of the system, or parks atoms and brings others to their places. Afterwards neighbour
    lists and forces belong to another configuration: the loop computes them again if a trial was accepted.

    Parameters
    ----------
    system : System
    evaluator : Evaluator
    seed : int
    stages : sequence of Stage

    Attributes
    ----------
    are_planned : bool
        Whether any stage has moves.
    tried, accepted : int
        Exchanges since the run began.
    work : float [eV]
        Change of the energy by accepted exchanges since the run began: of the potential energy, and of the kinetic one
        where atoms are parked. The bath gives it, so the conserved energy excludes it. It is the sum of local
        differences: a conserved energy that drifts shows a fault in these.
    """

    def __init__(self, system: System, evaluator: Evaluator, seed: int, stages: Sequence[Stage]) -> None:
        self._system, self._evaluator, self._seed = system, evaluator, seed
        self.are_planned = any(stage.moves for stage in stages)
        self.tried = self.accepted = 0
        self.work = 0.0
        self._before_stage = (0, 0)
        self._moves: list[_BoundMove] = []
        self._columns = dict.fromkeys(
            (name for stage in stages for move in stage.moves for name in move.columns), math.nan
        )

    def enter(self) -> None:
        """Begin to count for a new stage."""
        self._before_stage = self.tried, self.accepted

    def bind(self, stage: Stage) -> None:
        """Take the moves of a stage that has been bound to the system.

        Raises
        ------
        InputError
            If a term has no local energy for the species.
        """
        self._moves, n_trials = [], 0
        for move in stage.moves:
            self._moves.append(_BoundMove(move, *self._evaluator.local_energies(move.exchanged), n_trials))
            n_trials += move.attempts

    @property
    def of_stage(self) -> tuple[int | None, int | None]:
        """Exchanges tried and accepted in the current stage; None without moves."""
        if not self._moves:
            return None, None
        return self.tried - self._before_stage[0], self.accepted - self._before_stage[1]

    def columns(self, temperature: float | None) -> dict[str, float | int]:
        """Return the columns of the thermo table; none if no stage has moves.

        Parameters
        ----------
        temperature : float [K] or None
            Set temperature of the thermostat.
        """
        if not self.are_planned:
            return {}
        found = {"exchange_work": self.work, "exchanges_tried": self.tried, "exchanges_accepted": self.accepted}
        return (
            found
            | self._columns
            | {
                name: value
                for bound in self._moves
                for name, value in bound.move.readings(K_B * _bath(bound.move, temperature)).items()
            }
        )

    def make_due(self, step: int, temperature: float | None) -> Iterator[Moved]:
        """Make the moves that are due at a step; yield for each what it changed.

        Parameters
        ----------
        step : int
        temperature : float [K] or None
            Set temperature of the thermostat.
        """
        for bound in self._moves:
            if step % bound.move.every == 0:
                yield self._make(bound, step, K_B * _bath(bound.move, temperature))

    def _make(self, bound: _BoundMove, step: int, thermal: float) -> Moved:
        """Make the trials of one move; ``thermal`` is kT [eV]."""
        system, sites, energies = self._system, bound.sites, bound.energies
        sites.begin(system)
        for energy in energies:
            energy.begin(sites)
        place = np.where(system.absent, -1, np.arange(system.n_atoms)).tolist()
        moved: dict[int, None] = {}
        trials = bound.move.trials(system, place, self._seed, step, bound.first_draw, thermal)
        for first, second, limit in trials:
            if place[second] < 0:
                sites.choose_change(place[first], int(system.species[second]))
            else:
                sites.choose_exchange(place[first], place[second])
            difference = sum(energy.difference(sites) for energy in energies)
            if difference <= limit:
                for energy in energies:
                    energy.accept(sites)
                sites.accept()
                if place[second] < 0:
                    difference += _replace(system, first, second)
                place[first], place[second] = place[second], place[first]
                moved[first] = moved[second] = None
                self.work += difference
                self.accepted += 1
        self.tried += bound.move.attempts
        return _settle(system, place, np.fromiter(moved, np.int64, len(moved)))

    def state(self) -> dict[str, Any]:
        """Return the counts for a checkpoint; empty without moves."""
        if not self.are_planned:
            return {}
        before_tried, before_accepted = self._before_stage
        return {
            "tried": self.tried,
            "accepted": self.accepted,
            "work": self.work,
            "tried_before_stage": before_tried,
            "accepted_before_stage": before_accepted,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Set the counts from a `state`."""
        if self.are_planned:
            self.tried, self.accepted, self.work = int(state["tried"]), int(state["accepted"]), float(state["work"])
            self._before_stage = int(state["tried_before_stage"]), int(state["accepted_before_stage"])


def _bath(move: Move, temperature: float | None) -> float:
    """Return the temperature [K] of a move; ``temperature`` is that of the thermostat, if there is one."""
    bath = move.temperature if temperature is None else temperature
    assert bath is not None  # checked by Stage.bind
    return bath


def _replace(system: System, old: int, new: int) -> float:
    """Give the momentum of an atom to the one that replaces it; return the change of the kinetic energy [eV]."""
    momentum = system.masses[old] * system.velocities[old]
    system.velocities[old] = 0.0
    system.velocities[new] = momentum / system.masses[new]
    squared = float(momentum @ momentum)
    return 0.5 / ACCELERATION * squared * float(1.0 / system.masses[new] - 1.0 / system.masses[old])


def _settle(system: System, place: Sequence[int], atoms: IntArray) -> Moved:
    """Bring atoms to their places, and park those without one at the origin of the cell."""
    places = np.array([place[atom] for atom in atoms.tolist()], np.int64)
    positions = np.where((places < 0)[:, None], 0.0, system.positions[places])
    system.positions[atoms] = positions
    if system.present is None:
        return Moved(len(atoms) > 0, present=False)
    parked = bool(np.any(system.present[atoms] != (places >= 0)))
    system.present[atoms] = places >= 0
    return Moved(len(atoms) > 0, parked)


def move_faults(system: System, evaluator: Evaluator, stages: Sequence[Stage]) -> Iterator[tuple[int, InputError]]:
    """Yield the index and the error of each stage whose moves the potential does not allow; the stages are bound."""
    for index, stage in enumerate(stages):
        if not stage.moves:
            continue
        try:
            stage.bind(system, 0, Span(0, stage.steps))
            for move in stage.moves:
                evaluator.local_energies(move.exchanged)
        except InputError as error:
            yield index, error
