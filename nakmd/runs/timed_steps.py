"""The speed of a deck on this machine: some steps of its stages, timed on a copy of its system."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass, replace

from nakmd.deck.deck import Deck
from nakmd.deck.stage_sections import Dynamics, Relax
from nakmd.errors import NakmdError
from nakmd.potentials import Potential
from nakmd.runs.stage_builder import build_stages
from nakmd.simulation import Deadline, Simulation, Stage
from nakmd.system import System

#: Wall time [s] for the steps of one kind of stage, once `LEAST_STEPS` are done.
BUDGET = 0.5

#: Steps that are not counted (they compile and build the first lists), and the least number that is.
UNCOUNTED, LEAST_STEPS = 2, 16


@dataclass(frozen=True)
class StageTime:
    """What a stage takes.

    Attributes
    ----------
    steps : int
        All steps of the stage; those until convergence of a minimisation that converged while it was timed.
    seconds : float [s]
        Wall time of one step.
    """

    steps: int
    seconds: float


class _Stopwatch(Deadline):
    """Stops a simulation when its steps have been timed for long enough."""

    def __init__(self, least: int) -> None:
        super().__init__(0.0)
        self.taken: list[float] = []
        self._least = UNCOUNTED + least

    def begin(self) -> None:
        self._step_began = time.perf_counter()

    def is_near(self) -> bool:
        now = time.perf_counter()
        self.taken.append(now - self._step_began)
        self._step_began = now
        return len(self.taken) >= self._least and sum(self.taken[UNCOUNTED:]) >= BUDGET

    @property
    def mean(self) -> float:
        """Mean of the counted steps [s], of all if there are no others."""
        counted = self.taken[UNCOUNTED:] or self.taken
        return sum(counted) / max(len(counted), 1)


def time_stages(deck: Deck, system: System, potential: Potential, threads: int) -> list[StageTime] | None:
    """Time the stages of a deck that can run.

    Relaxations that begin the run are run first, so that the steps after them are like those of the run. Of stages
    with the same integrator, thermostat and barostat the longest is timed. Exchange moves are timed with the steps
    between them; atoms that arrive are not.

    Parameters
    ----------
    deck : Deck
    system : System
        Not changed.
    potential : Potential
    threads : int

    Returns
    -------
    list of StageTime or None
        For each stage; None if the steps cannot be made, for example because the structure explodes without the
        whole relaxation.
    """
    trial = system.copy()
    stages = build_stages(deck, has_velocities=True)
    kinds = [_kind(stage) for stage in stages]
    longest = {kind: max(_of(kind, kinds), key=lambda index: stages[index].steps) for kind in dict.fromkeys(kinds)}
    found: dict[Hashable, StageTime] = {}
    try:
        for kind, index in longest.items():
            found[kind] = _time_stage(stages[index], deck.stage[index], deck.seed, trial, potential, threads)
    except NakmdError:
        return None
    times = []
    for stage, kind in zip(stages, kinds, strict=True):
        timed = found[kind]
        converged = timed.steps < stages[longest[kind]].steps
        times.append(StageTime(min(timed.steps, stage.steps) if converged else stage.steps, timed.seconds))
    return times


def _of(kind: Hashable, kinds: list[Hashable]) -> list[int]:
    return [index for index, one in enumerate(kinds) if one == kind]


def _kind(stage: Stage) -> Hashable:
    """Return what stages whose steps take the same time have in common."""
    integrator = stage.integrator
    parts = [type(part).__name__ for name in ("thermostats", "barostat") for part in _parts(integrator, name)]
    moves = [(type(move).__name__, move.every, move.attempts) for move in stage.moves]
    return type(integrator).__name__, tuple(parts), tuple(moves), getattr(integrator, "inner_steps", 1)


def _parts(integrator: object, name: str) -> list[object]:
    part = getattr(integrator, name, None)
    return list(part) if isinstance(part, list | tuple) else [part]


def _time_stage(
    stage: Stage, section: Relax | Dynamics, seed: int, system: System, potential: Potential, threads: int
) -> StageTime:
    """Run the first steps of a stage and time them; the system is changed."""
    least = max([LEAST_STEPS, *(2 * move.every for move in stage.moves)])
    start = None
    if isinstance(section, Dynamics):
        start = section.velocities if section.temperature is None else max(section.temperature)
    watch = _Stopwatch(least)
    tried = replace(stage, initial_temperature=start, deposit=None)
    simulation = Simulation(system, potential, [tried], seed=seed, threads=threads, deadline=watch)
    simulation.run()
    is_converged = isinstance(section, Relax) and stage.integrator.is_finished
    return StageTime(simulation.step if is_converged else stage.steps, watch.mean)
