"""What a publication of a sweep should cite: what any of its runs used."""

from __future__ import annotations

from pathlib import Path

from nakmd.errors import InputError
from nakmd.report.bibliography import cite_run
from nakmd.report.citations import Reference
from nakmd.sweep_results.stored_sweep import read_sweep


def cite_sweep(directory: str | Path) -> tuple[str, list[Reference]]:
    """Return the versions of nakmd that made the runs of a sweep, and their references, each once.

    Parameters
    ----------
    directory : path
        Of a sweep, finished or not; runs that have not finished are left out.

    Raises
    ------
    InputError
        If it holds no sweep, or no run of it has finished.
    FileFormatError
        If a file of it is damaged.
    """
    finished = [point.directory for point in read_sweep(directory).points if point.state == "finished"]
    if not finished:
        raise InputError(f"{directory}: no run of this sweep has finished. Continue it with `nakmd sweep {directory}`.")
    cited = [cite_run(run) for run in finished]
    once = {(reference.paper, reference.doi): reference for _, references in cited for reference in references}
    return ", ".join(dict.fromkeys(version for version, _ in cited if version)), list(once.values())
