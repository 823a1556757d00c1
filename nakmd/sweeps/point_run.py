"""One point of a sweep in this process: run, resumed, or left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from nakmd.errors import InUseError, NakmdError
from nakmd.reported import resume, run
from nakmd.runs.folder import RunFolder
from nakmd.runs.outcome import Run
from nakmd.runs.run import resume_run, run_deck
from nakmd.runs.session import ProgressReport
from nakmd.sweeps.sweep_folder import SweepFolder
from nakmd.sweeps.sweep_index import SweepPoint

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
        sweep.confirm(point)
        done = _carried_on(sweep, point, threads, progress, tell)
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


def _carried_on(
    sweep: SweepFolder,
    point: SweepPoint,
    threads: int | None,
    progress: ProgressReport | None,
    tell: Callable[[str], None] | None,
) -> Run:
    folder = sweep.run_folder(point)
    carry_on, start = (resume, run) if sweep.index.report else (resume_run, run_deck)
    if _has_checkpoint(folder, tell):
        return carry_on(folder.path, threads=threads, progress=progress, tell=tell)
    source = sweep.index.source_of(point)
    return start(source, folder.path, threads=threads, progress=progress, tell=tell)


def _has_checkpoint(folder: RunFolder, tell: Callable[[str], None] | None) -> bool:
    """Return whether a run can be resumed; what is left of one that cannot is removed.

    Only the holder of the lock removes anything: another process may have begun the point in the meantime.
    """
    if not folder.is_resumable and folder.path.is_dir():
        with folder.held(tell):
            if not folder.is_resumable:
                folder.remove_run()
    return folder.is_resumable
