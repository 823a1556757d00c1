"""Runs the points of a sweep until each has finished or failed."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any

from nakmd.errors import RunError
from nakmd.io.folder_lock import STALE
from nakmd.pace import Pace
from nakmd.runs.sweep_folder import SweepFolder
from nakmd.runs.sweep_index import SweepPoint
from nakmd.sweeps.attempt import attempt
from nakmd.sweeps.executors import lost_scheduler
from nakmd.sweeps.point_check import PointSize
from nakmd.sweeps.point_run import PointOutcome

#: Time [s] between two looks at the points that run, for each hundred points.
_INTERVAL = 1.0

#: Part of all atom-steps that must be done before a remaining time is estimated: at first, kernels are loaded.
_LEAST_PART = 0.01

#: Attempts at a point whose process or worker is lost, in one call.
MOST_LOSSES = 5


@dataclass(frozen=True)
class SweepProgress:
    """How far a sweep is.

    Attributes
    ----------
    finished, failed, total : int
        Points.
    fraction : float
        Part of all atom-steps that is done.
    seconds_left : float
        NaN while unknown.
    ended : str
        The point that has just ended, and how; empty in between.
    """

    finished: int
    failed: int
    total: int
    fraction: float
    seconds_left: float
    ended: str = ""


@dataclass
class SweepRun:
    """Points of a sweep on their way.

    Parameters
    ----------
    sweep : SweepFolder
    sizes : sequence of PointSize
    executor : Executor
        Runs `attempt`.
    threads : int
        Of a run.
    progress : callable, optional
        Called with a `SweepProgress` every second and whenever a point ends.
    """

    sweep: SweepFolder
    sizes: Sequence[PointSize]
    executor: Executor
    threads: int
    progress: Callable[[SweepProgress], None] | None = None
    _running: dict[Future[Any], SweepPoint] = field(default_factory=dict)
    _waiting: dict[int, float] = field(default_factory=dict)
    _losses: Counter[int] = field(default_factory=Counter)
    _ended: dict[int, PointOutcome] = field(default_factory=dict)
    _pace: Pace = field(default_factory=Pace)
    _begun: float = 0.0

    def run(self) -> dict[int, PointOutcome]:
        """Run all points that have not finished; return how each ended by index."""
        points = self.sweep.index.points
        for point in points:
            if self.sweep.is_complete(point):
                self.sweep.remove_failure(point)
                self._ended[point.index] = PointOutcome("finished")
        self._begun = self._work_done()
        self._pace.mark(self._begun)
        for point in points:
            if point.index not in self._ended:
                self._submit(point)
        self._tell()
        interval = _INTERVAL * max(1.0, len(points) / 100.0)
        while self._running or self._waiting:
            if self._running:
                done, _ = wait(self._running, timeout=interval, return_when=FIRST_COMPLETED)
            else:
                time.sleep(interval)
                done = set()
            for future in done:
                point = self._running.pop(future)
                self._take(point, _outcome(future))
            self._look_at_waiting()
            if not done:
                self._tell()
        return self._ended

    def _submit(self, point: SweepPoint) -> None:
        # the folder as the workers see it: theirs is another working folder
        future = self.executor.submit(attempt, str(self.sweep.path.resolve()), point.index, self.threads)
        self._running[future] = point

    def _take(self, point: SweepPoint, outcome: PointOutcome) -> None:
        """Note how an attempt ended, and make another one if it ended by no fault of the point."""
        if outcome.ending == "in use":
            self._waiting[point.index] = time.monotonic()
            return
        if outcome.ending in ("lost", "interrupted"):
            self._losses[point.index] += 1
            if self._losses[point.index] < MOST_LOSSES:
                self._submit(point)
                return
        if outcome.ending == "lost":
            message = f"{outcome.message}, {MOST_LOSSES} times: perhaps for lack of memory."
            outcome = PointOutcome("failed", message, 1)
        if outcome.ending == "failed":
            self.sweep.write_failure(point, outcome.message, outcome.exit_code)
        self._ended[point.index] = outcome
        self._tell(f"{point.label} {outcome.ending}")

    def _look_at_waiting(self) -> None:
        """Make another attempt at points that no other process runs any more.

        The lock of a process on another machine that was killed stays. An attempt notices it after `STALE` seconds.
        """
        for index, since in list(self._waiting.items()):
            point = self.sweep.index.points[index]
            if self.sweep.run_folder(point).is_busy and time.monotonic() - since < STALE:
                continue
            del self._waiting[index]
            if self.sweep.is_complete(point):
                self._take(point, PointOutcome("finished"))
            else:
                self._submit(point)

    def _work_done(self) -> float:
        return math.fsum(size.work * self._part(index) for index, size in enumerate(self.sizes))

    def _part(self, index: int) -> float:
        """Return the part of the steps of a point that is done."""
        if index in self._ended:
            return 1.0
        status = self.sweep.run_folder(self.sweep.index.points[index]).read_status()
        step, total = status.get("step"), status.get("total_steps")
        return min(step / total, 1.0) if isinstance(step, int) and isinstance(total, int) and total > 0 else 0.0

    def _tell(self, ended: str = "") -> None:
        if self.progress is None:
            return
        total = math.fsum(size.work for size in self.sizes)
        done = self._work_done()
        self._pace.mark(done)
        is_known = done - self._begun > _LEAST_PART * total
        counts = Counter(outcome.ending for outcome in self._ended.values())
        self.progress(
            SweepProgress(
                counts["finished"], counts["failed"], len(self.sizes), done / total if total else 1.0,
                self._pace.seconds_left(total) if is_known else math.nan, ended,
            )
        )  # fmt: skip


def _outcome(future: Future[Any]) -> PointOutcome:
    """Return how an attempt ended; one whose worker is lost is lost."""
    try:
        return PointOutcome(**future.result())
    except CancelledError:
        raise lost_scheduler() from None
    except RunError:
        raise
    except Exception as error:  # Dask gives up a task whose workers die one after the other
        return PointOutcome("lost", f"its Dask worker was lost ({type(error).__name__}: {error})", 1)
