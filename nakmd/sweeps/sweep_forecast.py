"""How long the points of a sweep take, and what they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nakmd.runs.estimate import estimate
from nakmd.runs.plan import make_plan
from nakmd.runs.sweep_index import SweepIndex
from nakmd.sweeps.point_check import PointSize


@dataclass(frozen=True)
class SweepForecast:
    """What the points of a sweep need.

    Attributes
    ----------
    n_points : int
    longest : str
        Label of the point with the most work.
    threads : int
        Of a run.
    longest_time : float [s] or None
        Wall time of its steps; start, compilation, analyses and report come on top. None if it was not measured.
    core_time : float [s] or None
        Steps of all points: that of the longest, in proportion to atoms times steps.
    memory : float [bytes]
        Of the longest point.
    file_size : float [bytes]
        Trajectories of all points, in the same proportion.
    """

    n_points: int
    longest: str
    threads: int
    longest_time: float | None
    core_time: float | None
    memory: float
    file_size: float

    def to_dict(self) -> dict[str, Any]:
        """Return all fields by name."""
        return dict(vars(self))


def forecast_sweep(index: SweepIndex, sizes: Sequence[PointSize]) -> SweepForecast:
    """Build the point with the most work, time some of its steps, and scale the result to all points.

    A run has one thread unless the sweep file gives ``threads``: runs side by side use cores best.

    Parameters
    ----------
    index : SweepIndex
    sizes : sequence of PointSize
        Of all points.

    Raises
    ------
    DeckError
        If the structure of that point cannot be built.
    """
    most = max(range(len(sizes)), key=lambda number: sizes[number].work)
    threads = index.threads_elsewhere
    point = estimate(make_plan(index.source_of(index.points[most])), threads=threads)
    share = sum(size.work for size in sizes) / sizes[most].work
    wall_time = point.wall_time
    return SweepForecast(
        len(sizes),
        index.points[most].label,
        threads,
        wall_time,
        None if wall_time is None else wall_time * threads * share,
        point.memory,
        point.file_size * share,
    )
