"""Results of liquid states, averaged over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nakmd.analysis import Measure
from nakmd.studies.validation.findings import restored, together
from nakmd.studies.validation.points import Point

#: Results of points by key.
Results = Mapping[str, dict[str, Any]]


class States:
    """Results of liquid states, by composition, temperature and size.

    Parameters
    ----------
    points, results
        As in `findings_of`.
    """

    def __init__(self, points: Sequence[Point], results: Results) -> None:
        self._runs: dict[tuple[float, float, int], list[dict[str, Any]]] = {}
        for point in points:
            if point.task == "liquid" and "failed" not in results[point.key]:
                p = point.params
                self._runs.setdefault((p["x_K"], p["temperature"], p["atoms"]), []).append(results[point.key])

    def runs(self, x_K: float, temperature: float, atoms: int) -> list[dict[str, Any]]:
        """Return the runs of one state, one per seed."""
        return self._runs.get((x_K, temperature, atoms), [])

    def coldest(self, x_K: float, atoms: int) -> float:
        """Return the lowest temperature [K] of a composition."""
        return min(t for x, t, n in self._runs if (x, n) == (x_K, atoms))

    def measure(self, x_K: float, temperature: float, atoms: int, *path: str) -> Measure | None:
        """Return one quantity of a state averaged over its seeds, None without a run."""
        parts = []
        for run in self.runs(x_K, temperature, atoms):
            part: Any = run
            for key in path:
                part = part.get(key) if isinstance(part, dict) else None
            if part is not None:
                parts.append(restored(part))
        return together(parts) if parts else None
