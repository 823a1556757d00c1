"""One point of a sweep in this process: run, resumed, or left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nakmd.errors import InUseError, NakmdError
from nakmd.runs.sweep_folder import SweepFolder
from nakmd.runs.sweep_index import SweepPoint

if TYPE_CHECKING:
    from nakmd.runs.session import ProgressReport

#: How an attempt at a point ended; "in use": another process runs it; "lost": its process ended without an answer.
Ending = Literal["finished", "failed", "interrupted", "in use", "lost"]


@dataclass(frozen=True)
class PointOutcome:
    """How an attempt at a point ended, with a message and the exit code of `nakmd` for it."""

    ending: Ending
    message: str = ""
    exit_code: int = 0


def run_point(
    sweep: SweepFolder,
    point: SweepPoint,
    threads: int | None = None,
    progress: ProgressReport | None = None,
    tell: Callable[[str], None] | None = None,
) -> PointOutcome:
    """Run one point to its end: a finished one is kept, one with a checkpoint resumed, any other begun.

    Parameters
    ----------
    sweep : SweepFolder
    point : SweepPoint
    threads, progress, tell
        As in `nakmd.run`.

    Returns
    -------
    PointOutcome
        A failure is an outcome, and stored in ``failure.json``; it harms no other point.
    """
    try:
        if sweep.is_complete(point):
            sweep.remove_failure(point)
            return PointOutcome("finished")
        from nakmd.sweeps.point_start import start_or_resume  # noqa: PLC0415  (Numba is slow to import)

        done = start_or_resume(sweep, point, threads, progress, tell)
    except InUseError as error:
        return PointOutcome("in use", str(error))
    except NakmdError as error:
        sweep.write_failure(point, str(error), error.exit_code)
        return PointOutcome("failed", str(error), error.exit_code)
    except Exception as error:
        sweep.write_failure(point, f"Internal error in nakmd: {type(error).__name__}: {error}", 1)
        raise
    if done.status != "finished":
        return PointOutcome("interrupted", f"stopped at step {done.step}", 3)
    sweep.remove_failure(point)
    return PointOutcome("finished")
