"""The wall time that a run may take, as written for a batch system or as a quantity."""

from __future__ import annotations

import re
from datetime import timedelta

from nakmd.errors import InputError
from nakmd.simulation import Deadline

_CLOCK = re.compile(r"(?:(?P<days>\d{1,9})-)?(?P<hours>\d{1,9}):(?P<minutes>[0-5]\d):(?P<seconds>[0-5]\d)")
_QUANTITY = re.compile(r"(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>[a-z]+)")

#: Seconds of each unit.
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}

#: Longest accepted wall time [s]: a thousand years, below the limits of `timedelta`.
_LONGEST = 1000 * 365.25 * 86400.0


def parse_walltime(text: str) -> timedelta:
    """Return a wall time.

    Parameters
    ----------
    text : str
        Hours, minutes and seconds ``"23:50:00"``, with days ``"2-12:00:00"``, or a number with a unit: ``"10 min"``.

    Raises
    ------
    InputError
        If it is another text, or not positive.

    Examples
    --------
    >>> parse_walltime("0:10:00") == parse_walltime("10 min") == timedelta(minutes=10)
    True
    """
    word = text.strip()
    seconds = 0.0
    if match := _CLOCK.fullmatch(word):
        days, hours, minutes, rest = (int(part or 0) for part in match.groups())
        seconds = ((24.0 * days + hours) * 60.0 + minutes) * 60.0 + rest
    elif (match := _QUANTITY.fullmatch(word)) and match["unit"] in _UNITS:
        seconds = float(match["number"]) * _UNITS[match["unit"]]
    if not 0.0 < seconds < _LONGEST:
        raise _not_positive(text[:60])
    return timedelta(seconds=seconds)


def _not_positive(given: object) -> InputError:
    return InputError(
        f"The wall time {given!r} is not a positive time. Write hours, minutes and seconds (23:50:00, with days "
        '2-12:00:00), or a number with a unit ("10 min", "1.5 h").'
    )


def deadline_of(walltime: str | timedelta | None) -> Deadline | None:
    """Return the deadline of a run that begins now and may take this wall time; None for no limit.

    Raises
    ------
    InputError
        If it is neither a text that `parse_walltime` accepts nor a positive `timedelta`.
    """
    if walltime is None:
        return None
    given = parse_walltime(walltime) if isinstance(walltime, str) else walltime
    if not isinstance(given, timedelta) or given <= timedelta(0):
        raise _not_positive(given)
    return Deadline(given.total_seconds())
