"""Where a run stands, and how fast it goes."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes
    ----------
    step, total_steps : int
        The total is what is planned; a relaxation may end earlier.
    stage : str
    stage_index, n_stages : int
        Counted from 0.
    time : float [ps]
    temperature : float [K]
    steps_per_second : float
        Over the recent window.
    ns_per_day : float
        Of simulated time at that rate; 0 in a relaxation.
    seconds_left : float
        At that rate; NaN until it is known.
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


class Pace:
    """Speed over a recent window of wall time.

    Parameters
    ----------
    window : float [s]
    """

    def __init__(self, window: float = 20.0) -> None:
        self._window = window
        self._marks: deque[tuple[float, int]] = deque()

    def mark(self, step: int) -> None:
        """Note that a step is done now."""
        now = time.perf_counter()
        self._marks.append((now, step))
        while len(self._marks) > 2 and now - self._marks[0][0] > self._window:
            self._marks.popleft()

    @property
    def steps_per_second(self) -> float:
        """Speed; NaN until two steps are noted."""
        if len(self._marks) < 2:
            return float("nan")
        (t_0, s_0), (t_1, s_1) = self._marks[0], self._marks[-1]
        return (s_1 - s_0) / (t_1 - t_0) if t_1 > t_0 else float("nan")
