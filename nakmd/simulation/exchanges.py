"""The exchange moves of a run: trials, their energies, and what was accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nakmd.arrays import IntArray
from nakmd.errors import InputError
from nakmd.integrators import Span, Swap
from nakmd.neighbors import Sites
from nakmd.potentials import Evaluator
from nakmd.potentials.local_energy import LocalEnergy
from nakmd.simulation.stages import Stage
from nakmd.system import System
from nakmd.units import K_B


class Exchanges:
    """Makes the moves of the current stage, and counts them over the whole run.

    A call exchanges positions of the system. Afterwards neighbour lists and forces belong to another configuration:
    the loop computes them again if an exchange was accepted.

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
        Change of the potential energy by accepted exchanges since the run began. The bath gives it, so the conserved
        energy excludes it. It is the sum of local differences: a conserved energy that drifts shows a fault in these.
    """

    def __init__(self, system: System, evaluator: Evaluator, seed: int, stages: Sequence[Stage]) -> None:
        self._system, self._evaluator, self._seed = system, evaluator, seed
        self.are_planned = any(stage.moves for stage in stages)
        self.tried = self.accepted = 0
        self.work = 0.0
        self._before_stage = (0, 0)
        self._moves: list[tuple[Swap, list[LocalEnergy], Sites, int]] = []
        self._place: IntArray = np.zeros(0, np.int64)

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
            self._moves.append((move, *self._evaluator.local_energies(move.exchanged), n_trials))
            n_trials += move.attempts

    @property
    def of_stage(self) -> tuple[int | None, int | None]:
        """Exchanges tried and accepted in the current stage; None without moves."""
        if not self._moves:
            return None, None
        return self.tried - self._before_stage[0], self.accepted - self._before_stage[1]

    def make_due(self, step: int, temperature: float | None) -> Iterator[bool]:
        """Make the moves that are due at a step; yield for each whether it changed the positions.

        Parameters
        ----------
        step : int
        temperature : float [K] or None
            Set temperature of the thermostat.
        """
        for move, energies, sites, first_draw in self._moves:
            if step % move.every == 0:
                bath = move.temperature if temperature is None else temperature
                assert bath is not None  # checked by Stage.bind
                yield self._make(move, energies, sites, step, first_draw, K_B * bath)

    def _make(
        self, move: Swap, energies: list[LocalEnergy], sites: Sites, step: int, first_draw: int, thermal: float
    ) -> bool:
        """Make the trials of one move; ``thermal`` is kT [eV]."""
        system = self._system
        sites.begin(system)
        for energy in energies:
            energy.begin(sites)
        if len(self._place) != system.n_atoms:
            self._place = np.arange(system.n_atoms)
        place = self._place  # of each atom; atom i begins at place i
        moved: dict[int, None] = {}
        for a, b, threshold in zip(
            *(values.tolist() for values in move.draw(self._seed, step, first_draw)), strict=True
        ):
            sites.choose(place[a], place[b])
            difference = sum(energy.difference(sites) for energy in energies)
            if difference <= thermal * threshold:
                for energy in energies:
                    energy.accept(sites)
                sites.exchange()
                place[a], place[b] = place[b], place[a]
                moved[a] = moved[b] = None
                self.work += difference
                self.accepted += 1
        self.tried += move.attempts
        atoms = np.fromiter(moved, np.int64, len(moved))
        system.positions[atoms] = system.positions[place[atoms]]
        place[atoms] = atoms
        return len(atoms) > 0

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
