"""The stages of a run, and the position of the run in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nakmd.errors import InputError
from nakmd.integrators import Span
from nakmd.simulation.stages import Stage


class Schedule:
    """Counts steps through the stages of a run.

    Parameters
    ----------
    stages : sequence of Stage

    Attributes
    ----------
    stages : list of Stage
    step : int
        Steps done in the whole run.
    stage_index : int
        Index of the current stage.
    steps_in_stage : int
        Steps done in the current stage.
    entered : bool
        Whether the current stage has begun.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = list(stages)
        self.step = 0
        self.stage_index = 0
        self.steps_in_stage = 0
        self.entered = False
        self._stage_time = 0.0

    @property
    def stage(self) -> Stage:
        """The current stage."""
        return self.stages[self.stage_index]

    @property
    def is_last_stage(self) -> bool:
        """Whether no stage follows."""
        return self.stage_index + 1 == len(self.stages)

    @property
    def is_stage_done(self) -> bool:
        """Whether the stage has all its steps, or its minimiser has finished."""
        return self.steps_in_stage >= self.stage.steps or self.stage.integrator.is_finished

    @property
    def span(self) -> Span:
        """Steps of the run that the current stage covers."""
        return Span(self.step - self.steps_in_stage, self.stage.steps)

    @property
    def time(self) -> float:
        """Simulated time [ps]; a minimisation does not advance it."""
        integrator = self.stage.integrator
        return self._stage_time + (self.steps_in_stage * integrator.timestep if integrator.advances_time else 0.0)

    @property
    def total_steps(self) -> int:
        """Planned steps of the run: those of past stages, and those of the current and the following stages."""
        return self.step - self.steps_in_stage + sum(stage.steps for stage in self.stages[self.stage_index :])

    def advance(self) -> int:
        """Begin the next step and return its number."""
        self.step += 1
        self.steps_in_stage += 1
        return self.step

    def next_stage(self) -> None:
        """Move to the beginning of the next stage."""
        self._stage_time = self.time
        self.stage_index += 1
        self.steps_in_stage = 0
        self.entered = False

    def extend(self, steps: int) -> None:
        """Add steps to the last stage, or a stage at the final set points if the last stage has ramps."""
        last = self.stages[-1]
        if last.is_stationary:
            self.stages[-1] = replace(last, steps=last.steps + steps)
        else:
            self.stages.append(last.settled(steps))

    def state(self) -> dict[str, Any]:
        """Return the position for a checkpoint."""
        return {
            "step": self.step,
            "stage_index": self.stage_index,
            "stage_name": self.stage.name,
            "steps_in_stage": self.steps_in_stage,
            "stage_time": self._stage_time,
            "entered": self.entered,
        }

    def check_state(self, state: Mapping[str, Any]) -> None:
        """Check that a `state` fits these stages.

        Raises
        ------
        InputError
            If no stage of that index and name exists.
        """
        index = int(state["stage_index"])
        if not index < len(self.stages) or self.stages[index].name != state["stage_name"]:
            raise InputError(
                f"The checkpoint was written in stage {index + 1}, {state['stage_name']!r}; this run has the stages "
                f"{', '.join(repr(stage.name) for stage in self.stages)}. Resume with the deck of the checkpoint."
            )

    def restore(self, state: Mapping[str, Any]) -> None:
        """Set the position from a checked `state`."""
        self.step, self.stage_index = int(state["step"]), int(state["stage_index"])
        self.steps_in_stage, self._stage_time = int(state["steps_in_stage"]), float(state["stage_time"])
        self.entered = bool(state["entered"])
