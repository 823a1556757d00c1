"""Progress reports of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from nakmd.pace import Pace
from nakmd.simulation.schedule import Schedule

#: Wall time over which the speed is averaged [s].
PACE_WINDOW = 20.0


@dataclass(frozen=True)
class Progress:
    """Position and speed of a run.

    Attributes
    ----------
    step, total_steps : int
        Steps done and planned; a minimisation may need fewer.
    stage : str
    stage_index, n_stages : int
        Counted from 0.
    time : float [ps]
    temperature : float [K]
    steps_per_second : float
        Average over the recent window.
    ns_per_day : float
        Simulated time at that speed; 0 in a minimisation.
    seconds_left : float
        Estimate at that speed; NaN until the speed is known.

    Examples
    --------
    >>> from nakmd.integrators import VelocityVerlet
    >>> from nakmd.potentials import load
    >>> from nakmd.simulation import Simulation, Stage
    >>> from nakmd.structures import crystal
    >>> stage = Stage("produce", VelocityVerlet(0.001), steps=4, initial_temperature=100.0)
    >>> simulation = Simulation(crystal("Na", 3), load("nak"), [stage])

    Examples
    --------
    >>> from nakmd.integrators import VelocityVerlet
    >>> from nakmd.potentials import load
    >>> from nakmd.simulation import Simulation, Stage
    >>> from nakmd.structures import crystal
    >>> def show(progress):
    ...     if progress.step == progress.total_steps:
    ...         print(progress.stage, progress.step, f"{progress.time:g} ps")
    >>> stage = Stage("produce", VelocityVerlet(0.001), steps=4, initial_temperature=100.0)
    >>> simulation = Simulation(crystal("Na", 3), load("nak"), [stage], report=show)
    >>> simulation.run().value
    produce 4 0.004 ps
    'finished'
    """

    step: int
    total_steps: int
    stage: str
    stage_index: int
    n_stages: int
    time: float
    temperature: float
    steps_per_second: float
    ns_per_day: float
    seconds_left: float


class ProgressReporter:
    """Measures the speed of a run and passes `Progress` to a callback.

    Parameters
    ----------
    callback : callable or None
    """

    def __init__(self, callback: Callable[[Progress], None] | None) -> None:
        self._callback = callback
        self._pace = Pace(PACE_WINDOW)
        self._last_report = 0.0

    def begin(self, step: int) -> None:
        """Record the step at which running starts or continues."""
        self._pace.mark(step)

    def is_due(self, interval: float) -> bool:
        """Return whether the last report is older than an interval [s]."""
        return self._callback is not None and time.perf_counter() - self._last_report > interval

    def send(self, schedule: Schedule, temperature: float) -> None:
        """Update the speed and report the position in the schedule; ``temperature`` in K."""
        self._last_report = time.perf_counter()
        self._pace.mark(schedule.step)
        if self._callback is None:
            return
        integrator, rate = schedule.stage.integrator, self._pace.rate
        timestep = integrator.timestep if integrator.advances_time else 0.0
        self._callback(
            Progress(
                step=schedule.step,
                total_steps=schedule.total_steps,
                stage=schedule.stage.name,
                stage_index=schedule.stage_index,
                n_stages=len(schedule.stages),
                time=schedule.time,
                temperature=temperature,
                steps_per_second=rate,
                ns_per_day=rate * timestep * 86.4,
                seconds_left=self._pace.seconds_left(schedule.total_steps),
            )
        )
