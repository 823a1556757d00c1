"""The additional steps of a run that are asked for as a time."""

from __future__ import annotations

from pathlib import Path

from nakmd.deck.quantities import DURATION, QuantityError, parse_quantity
from nakmd.deck.stage_sections import Dynamics
from nakmd.errors import InputError
from nakmd.runs.outcome import Run


def steps_of(duration: str, directory: Path) -> int:
    """Return the steps of the last stage of a run that take a time, at least one.

    Parameters
    ----------
    duration : str
        A time with its unit.
    directory : Path
        Of the run.

    Raises
    ------
    InputError
        If it is no time above zero, there is no run, or the last stage is a relaxation.
    """
    try:
        time = parse_quantity(duration, DURATION)
    except QuantityError as error:
        raise InputError(f"duration {duration}: {error}") from None
    if time <= 0.0:
        raise InputError(f"duration {duration}: the time must be greater than 0.")
    last = Run(directory).deck.stage[-1]
    if not isinstance(last, Dynamics):
        raise InputError(f"The last stage of {directory} is a relaxation, which has steps and no time: give steps.")
    return max(1, round(time / last.outer_step))
