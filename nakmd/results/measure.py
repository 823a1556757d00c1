"""Runs the analyses of a deck: live during the run, or afterwards on its trajectory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nakmd.deck.deck import Deck
from nakmd.deck.stage_names import measured_stages
from nakmd.errors import AnalysisError
from nakmd.io import Trajectory
from nakmd.results.results import Results
from nakmd.simulation import LiveAnalysis, Observer
from nakmd.system import Topology

if TYPE_CHECKING:
    from nakmd.analysis import Record


class Measuring:
    """The analyses that a deck requests.

    Parameters
    ----------
    deck : Deck
    topology : Topology

    Attributes
    ----------
    observers : list of Observer
        Observers of the run that feed the live analyses.
    """

    def __init__(self, deck: Deck, topology: Topology) -> None:
        self._deck = deck
        self._stages = measured_stages(deck)
        self._live: dict[str, LiveAnalysis] = {}
        self._tables: list[str] = []
        if deck.analysis.when == "live" and self._stages:
            from nakmd.analysis import standard_analyses  # noqa: PLC0415  (slow to import, and only live analyses need it)
            from nakmd.analysis.named_analysis import TableAnalysis  # noqa: PLC0415  (as above)

            every = deck.analysis.every or deck.output.trajectory_every
            for name, analysis in standard_analyses(topology, deck.analysis.quantities).items():
                if isinstance(analysis, TableAnalysis):  # the thermo table has more rows than there are samples
                    self._tables.append(name)
                else:
                    self._live[name] = LiveAnalysis(analysis, topology, every, self._stages)

    @property
    def observers(self) -> list[Observer]:
        """Observers that feed the live analyses."""
        return list(self._live.values())

    def catch_up(self, trajectory: Path, step: int) -> list[str]:
        """Feed the stored frames up to a step to the live analyses; return notes about what cannot be recovered."""
        if not self._live:
            return []
        output, analysis = self._deck.output, self._deck.analysis
        if (analysis.every or output.trajectory_every) % output.trajectory_every or output.precision != "double":
            self._live.clear()
            return [
                "The live analyses used samples that the trajectory does not contain. After this interruption they "
                "are made from the trajectory."
            ]
        with Trajectory(trajectory) as stored:
            for live in self._live.values():
                live.replay(frame for frame in stored if frame.step <= step)
        return []

    def measure(self, path: Path) -> Results:
        """Return the results of a finished run."""
        from nakmd.analysis import analyze  # noqa: PLC0415  (slow to import, and not needed before the run has ended)

        if not self._stages:
            return Results({})
        quantities = self._deck.analysis.quantities
        with Trajectory(path) as trajectory:
            if not self._live:
                return Results(_attempt(lambda: analyze(trajectory, quantities, self._stages)))
            records: dict[str, Record | AnalysisError] = {}
            if self._tables:
                records |= _attempt(lambda: analyze(trajectory, self._tables, self._stages))
        for name, live in self._live.items():
            try:
                records[name] = live.result()
            except AnalysisError as error:
                records[name] = error
        return Results(records)


def _attempt(measure: Callable[[], Mapping[str, Record | AnalysisError]]) -> Mapping[str, Record | AnalysisError]:
    """Return the records, or the error as the only entry."""
    try:
        return measure()
    except AnalysisError as error:
        return {"analysis": error}


def measure_stored(trajectory: Trajectory, deck: Deck | None = None) -> Results:
    """Measure the quantities of a deck from stored frames; without a deck, all that the system allows."""
    from nakmd.analysis import analyze  # noqa: PLC0415  (as above)

    if deck is None:
        return Results(_attempt(lambda: analyze(trajectory)))
    stages = measured_stages(deck)
    return Results(_attempt(lambda: analyze(trajectory, deck.analysis.quantities, stages)) if stages else {})
