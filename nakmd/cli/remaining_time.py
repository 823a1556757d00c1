"""The part of the wall time of a process that is left for its run."""

from __future__ import annotations

from datetime import timedelta


def remaining_time(walltime: str | None) -> timedelta | None:
    """Return a given wall time minus the age of this process, at least the shortest positive time; None for no limit.

    Raises
    ------
    InputError
        If it is not a positive time.
    """
    from nakmd.io.process_identity import own_age
    from nakmd.runs.walltime import parse_walltime

    if walltime is None:
        return None
    return max(parse_walltime(walltime) - timedelta(seconds=own_age()), timedelta.resolution)
