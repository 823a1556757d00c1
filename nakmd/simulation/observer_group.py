"""The observers of a run: which are due at a step, and calls to all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nakmd.simulation.observers import Observer
from nakmd.simulation.stages import Stage


class ObserverGroup:
    """Observers that are called in order.

    Attributes
    ----------
    members : list of Observer
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self.members = list(observers)

    def of_stage(self, stage: Stage) -> list[Observer]:
        """Return the observers that observe a stage."""
        return [observer for observer in self.members if stage.is_called(observer.stages)]

    def next_step(self, stage: Stage, step: int) -> int:
        """Return the next step after ``step`` at which an observer of the stage is due; -1 for never."""
        return min(((step // o.every + 1) * o.every for o in self.of_stage(stage)), default=-1)

    def due(self, stage: Stage, step: int) -> list[Observer]:
        """Return the observers that are due at a step."""
        return [observer for observer in self.of_stage(stage) if step % observer.every == 0]

    def needs(self, stage: Stage, step: int) -> frozenset[str]:
        """Return the optional fields of `Frame` that the observers due at a step read."""
        return frozenset().union(*(observer.needs for observer in self.due(stage, step)))

    def flush(self) -> None:
        """Flush all observers to disk."""
        for observer in self.members:
            observer.flush()

    def close(self) -> None:
        """Close all observers."""
        for observer in self.members:
            observer.close()

    def state(self) -> dict[str, Any]:
        """Return the states of all observers, by index."""
        return {str(k): observer.state() for k, observer in enumerate(self.members)}

    def restore(self, states: Mapping[str, Any]) -> None:
        """Restore all observers from a `state`; an observer without an entry gets an empty state."""
        for k, observer in enumerate(self.members):
            observer.restore(states.get(str(k), {}))
