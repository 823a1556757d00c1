"""Starts the run of a point, or resumes it."""

from __future__ import annotations

from collections.abc import Callable

from nakmd.reported import resume, run
from nakmd.runs.folder import RunFolder
from nakmd.runs.outcome import Run
from nakmd.runs.run import resume_run, run_deck
from nakmd.runs.session import ProgressReport
from nakmd.runs.sweep_folder import SweepFolder
from nakmd.runs.sweep_index import SweepPoint
from nakmd.sweeps.sweep_preparation import confirm_point


def start_or_resume(
    sweep: SweepFolder,
    point: SweepPoint,
    threads: int | None,
    progress: ProgressReport | None,
    tell: Callable[[str], None] | None,
) -> Run:
    """Run a point that is still what its name says: from its checkpoint if there is one, else from the beginning.

    Parameters and errors are those of `nakmd.run` and `nakmd.resume`.
    """
    confirm_point(sweep, point)
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
