"""Measures the speed of a task and estimates its remaining time."""

from __future__ import annotations

import math
import time
from collections import deque


class Pace:
    """Speed over a recent window of wall time.

    Parameters
    ----------
    window : float [s]
        Older marks are discarded; infinite for the mean since the first mark.

    Examples
    --------
    >>> pace = Pace()
    >>> pace.mark(0)
    >>> pace.rate, pace.seconds_left(100)
    (nan, nan)
    """

    def __init__(self, window: float = math.inf) -> None:
        self._window = window
        self._marks: deque[tuple[float, float]] = deque()

    def mark(self, done: float) -> None:
        """Record the current progress: steps, frames or any other measure of the work."""
        now = time.perf_counter()
        if self._window == math.inf and len(self._marks) > 1:
            self._marks.pop()  # the mean needs only the first and the last mark
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[0][0] > self._window:
            self._marks.popleft()

    @property
    def rate(self) -> float:
        """Work per second; NaN until there are two marks."""
        if len(self._marks) < 2:
            return math.nan
        (t_0, done_0), (t_1, done_1) = self._marks[0], self._marks[-1]
        return (done_1 - done_0) / (t_1 - t_0) if t_1 > t_0 else math.nan

    def seconds_left(self, total: float) -> float:
        """Return the time [s] from the last mark to ``total`` at this rate; NaN until the rate is known."""
        return (total - self._marks[-1][1]) / self.rate if self.rate > 0.0 else math.nan
