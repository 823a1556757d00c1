"""The speed of a deck on this machine: some steps of its stages, timed on a copy of its system."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource
from nakmd.deck.stage_names import measured_stages
from nakmd.deck.stage_sections import Dynamics, Relax
from nakmd.errors import NakmdError
from nakmd.integrators import VelocityVerlet
from nakmd.io.checkpoint import write_checkpoint
from nakmd.potentials import Potential
from nakmd.results.measure import Measuring
from nakmd.runs.stage_builder import build_stages
from nakmd.runs.trajectory_file import open_trajectory
from nakmd.simulation import Deadline, FrameWriter, Observer, Simulation, Stage, ThermoWriter
from nakmd.system import System

#: Wall time [s] for the steps of one kind of stage, once `LEAST_STEPS` are done.
BUDGET = 0.5

#: Steps that are not counted (they compile and build the first lists), and the least number that is. Steps up to the
#: first exchange move, row or frame are not counted either.
UNCOUNTED, LEAST_STEPS = 2, 16

#: A step that takes this many times the median was held up by another program: it is no step of the run. A search for
#: neighbours makes a step five to ten times as long.
STALL = 15.0

#: Least and largest number of rows or frames in the steps that are timed with them.
LEAST_OUTPUT, MOST_OUTPUT = 4, 100


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


class TimedSteps(NamedTuple):
    """What the stages and the output of a deck take.

    Attributes
    ----------
    stages : list of StageTime
    row, frame, checkpoint : float [s]
        What a row of the thermo table, a frame and a checkpoint take.
    sample : float [s]
        What a sample of all live analyses takes; 0 without any.
    """

    stages: list[StageTime]
    row: float
    frame: float
    checkpoint: float
    sample: float


class _Stopwatch(Deadline):
    """Stops a simulation when its steps have been timed for long enough.

    Parameters
    ----------
    least, most : float
        Numbers of steps that are counted.
    periods : sequence of int
        Steps from one exchange move, row or frame to the next: steps with them are judged by themselves.
    """

    def __init__(self, least: int, most: float, periods: Sequence[int] = ()) -> None:
        super().__init__(0.0)
        self.taken: list[float] = []
        self._periods = np.array(periods, np.int64)
        self._uncounted = UNCOUNTED + max(periods, default=0)
        self._least, self._most = self._uncounted + least, self._uncounted + most

    def begin(self) -> None:
        self._step_began = time.perf_counter()

    def is_near(self) -> bool:
        now = time.perf_counter()
        self.taken.append(now - self._step_began)
        self._step_began = now
        number = len(self.taken)
        return number >= self._most or (number >= self._least and sum(self.taken[self._uncounted :]) >= BUDGET)

    @property
    def mean(self) -> float:
        """Mean of the counted steps that were not held up [s], of all if there are no others."""
        taken = np.array(self.taken[self._uncounted :] or self.taken)
        if not len(taken):
            return 0.0
        step = 1 + len(self.taken) - len(taken) + np.arange(len(taken))
        moves = np.any(step[:, None] % self._periods == 0, axis=1)
        kinds = [taken[kind] for kind in (moves, ~moves) if kind.any()]
        return sum(len(kind) * float(np.mean(kind[kind <= STALL * np.median(kind)])) for kind in kinds) / len(taken)


def time_stages(
    deck: Deck, source: DeckSource, system: System, potential: Potential, threads: int
) -> TimedSteps | None:
    """Time the stages of a deck that can run, and its output.

    Relaxations that begin the run are run first, so that the steps after them are like those of the run. Of stages
    with the same integrator, thermostat and barostat the longest is timed. Exchange moves are timed with the steps
    between them; atoms that arrive are not. Rows and frames are written to a temporary folder as often as in the run:
    steps after one are slower, because their data have left the cache. What they take is what such steps take more, and
    so for samples of live analyses.

    Parameters
    ----------
    deck : Deck
    source : DeckSource
        The text of the deck, which a trajectory stores.
    system : System
        Not changed.
    potential : Potential
    threads : int

    Returns
    -------
    TimedSteps or None
        None if the steps cannot be made, for example because the structure explodes without the whole relaxation.
    """
    trial = _Trial(deck, source, system.copy(), potential, threads)
    stages = trial.stages
    kinds = [_kind(stage) for stage in stages]
    longest: dict[Hashable, int] = {}
    for index, kind in enumerate(kinds):
        if kind not in longest or stages[index].steps > stages[longest[kind]].steps:
            longest[kind] = index
    found: dict[Hashable, StageTime] = {}
    try:
        for kind, index in longest.items():
            found[kind] = trial.time_stage(index)
        last = max(range(len(stages)), key=lambda index: stages[index].steps)
        output = trial.time_output(last, found[kinds[last]].seconds)
        sample = trial.time_sample([found[kind].seconds for kind in kinds])
    except NakmdError:
        return None
    times = []
    for stage, kind in zip(stages, kinds, strict=True):
        timed = found[kind]
        converged = timed.steps < stages[longest[kind]].steps
        times.append(StageTime(min(timed.steps, stage.steps) if converged else stage.steps, timed.seconds))
    return TimedSteps(times, *output, sample)


def _kind(stage: Stage) -> Hashable:
    """Return what stages whose steps take the same time have in common."""
    integrator = stage.integrator
    parts: list[type] = [type(integrator)]
    if isinstance(integrator, VelocityVerlet):
        parts += [*map(type, integrator.thermostats), type(integrator.barostat)]
    moves = tuple((type(move), move.every, move.attempts) for move in stage.moves)
    return tuple(parts), moves, getattr(integrator, "inner_steps", 1)


def _longest_interval(step: float) -> int:
    """Return the largest number of steps of some time [s] after which enough output comes within the budget."""
    return max(1, int(BUDGET / (LEAST_OUTPUT * max(step, 1e-9))))


class _Trial:
    """A system on which the stages of a deck are tried one after the other; it is changed."""

    def __init__(self, deck: Deck, source: DeckSource, system: System, potential: Potential, threads: int) -> None:
        self.stages = build_stages(deck, has_velocities=True)
        self._deck, self._source, self._system, self._potential = deck, source, system, potential
        self._threads = threads

    def time_stage(self, index: int) -> StageTime:
        """Run the first steps of a stage and time them."""
        stage, section = self.stages[index], self._deck.stage[index]
        simulation, seconds = self._run(index)
        is_converged = isinstance(section, Relax) and stage.integrator.is_finished
        return StageTime(simulation.step if is_converged else stage.steps, seconds)

    def time_output(self, index: int, step: float) -> tuple[float, float, float]:
        """Return what a row, a frame and a checkpoint take in a stage whose steps take a time [s] without them."""
        output, topology = self._deck.output, self._system.topology
        most = _longest_interval(step)
        row_every, frame_every = min(output.thermo_every, most), min(output.trajectory_every, most)
        with TemporaryDirectory(prefix="nakmd-check-") as folder:
            path, checkpoint = Path(folder) / "trajectory.h5md", Path(folder) / "checkpoint.h5"
            with open_trajectory(
                path, "w", self._deck, self._source, topology, self._potential, self.stages, {}
            ) as writer:
                rows = ThermoWriter(writer, row_every, heat_current=output.heat_current)
                simulation, with_row = self._run(index, [rows])
                frames = FrameWriter(writer, frame_every, virials=output.virials)
                _, with_frame = self._run(index, [frames])
                begun = time.perf_counter()
                write_checkpoint(checkpoint, {"simulation": simulation.state()})
                saved = time.perf_counter() - begun
        return max(0.0, with_row - step) * row_every, max(0.0, with_frame - step) * frame_every, saved

    def time_sample(self, seconds: Sequence[float]) -> float:
        """Return what a sample of all live analyses takes [s]; steps of the stages take ``seconds`` without them."""
        live = Measuring(self._deck, self._system.topology).observers
        if not live:
            return 0.0
        names = measured_stages(self._deck)
        measured = (index for index, stage in enumerate(self.stages) if stage.name in names)
        index = max(measured, key=lambda index: self.stages[index].steps)
        every = min(live[0].every, _longest_interval(seconds[index]))
        _, with_sample = self._run(index, [one.again(-math.inf, every) for one in live])
        return max(0.0, with_sample - seconds[index]) * every

    def _run(self, index: int, outputs: Sequence[Observer] = ()) -> tuple[Simulation, float]:
        """Return the simulation of the first steps of a stage, and the mean time of a step [s].

        Observers act at the same steps.
        """
        stage, section = self.stages[index], self._deck.stage[index]
        start = None
        if isinstance(section, Dynamics):
            start = section.velocities if section.temperature is None else max(section.temperature)
        periods = [move.every for move in stage.moves]
        least, most = max([LEAST_STEPS, *(2 * every for every in periods)]), math.inf
        if outputs:  # frames of large systems fill a disk
            least, most = LEAST_OUTPUT * outputs[0].every, MOST_OUTPUT * outputs[0].every
            periods.append(outputs[0].every)
        watch = _Stopwatch(least, most, periods)
        tried = replace(stage, initial_temperature=start, deposit=None)
        simulation = Simulation(
            self._system, self._potential, [tried], outputs, seed=self._deck.seed, threads=self._threads,
            deadline=watch,
        )  # fmt: skip
        simulation.run()
        return simulation, watch.mean
