"""The end of the wall time of a run, and when the run has to stop for it."""

from __future__ import annotations

import time

#: Time [s] to close the files and end the process after the last checkpoint.
CLOSING = 5.0


class Deadline:
    """Tells when a run has to stop to write its checkpoint in time.

    The run needs time for the next step and for a checkpoint. The next step is assumed to take as long as the longest
    one so far, which includes the compilation of kernels: a new stage may compile as many. The checkpoint is assumed to
    take twice as long as the longest one so far.

    Parameters
    ----------
    seconds : float
        Time available from now on [s].

    Attributes
    ----------
    seconds : float
    was_near : bool
        Whether `is_near` has been true.

    Examples
    --------
    >>> Deadline(3600.0).is_near(), Deadline(1.0).is_near()
    (False, True)
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.was_near = False
        self._end = time.monotonic() + seconds
        self._last: float | None = None
        self._longest_step = 0.0
        self._longest_checkpoint = 0.0

    def begin(self) -> None:
        """Begin to time a step; `is_near` ends it and begins the next one."""
        self._last = time.monotonic()

    def saved(self, seconds: float) -> None:
        """Record the duration [s] of a checkpoint, or of work that takes about as long."""
        self._longest_checkpoint = max(self._longest_checkpoint, seconds)

    def is_near(self) -> bool:
        """Return whether the run has to stop now."""
        now = time.monotonic()
        if self._last is not None:
            self._longest_step = max(self._longest_step, now - self._last)
        self._last = now
        reserve = self._longest_step + 2.0 * self._longest_checkpoint + CLOSING
        self.was_near = self.was_near or now + reserve > self._end
        return self.was_near
