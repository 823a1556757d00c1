"""The state of a run that is reported while it goes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes
    ----------
    step, total_steps : int
        The total is what is planned; a relaxation may end earlier.
    stage : str
    stage_index, n_stages : int
        Counted from 0.
    time : float [ps]
    temperature : float [K]
    steps_per_second : float
        Over the recent window.
    ns_per_day : float
        Of simulated time at that rate; 0 in a relaxation.
    seconds_left : float
        At that rate; NaN until it is known.
    """

    step: int
    total_steps: int
    stage: str
    stage_index: int
    n_stages: int
    time: float
    temperature: float
    steps_per_second: float
    ns_per_day: float
    seconds_left: float
