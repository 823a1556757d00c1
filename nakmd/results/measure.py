"""Runs the analyses of a deck: live during the run, or afterwards on its trajectory."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nakmd.deck.deck import Deck
from nakmd.deck.live_samples import live_discard_end, live_samples_are_stored
from nakmd.deck.stage_names import measured_stages
from nakmd.errors import AnalysisError, DeckError, counted
from nakmd.io import Trajectory
from nakmd.results.results import Results
from nakmd.simulation import LiveAnalysis
from nakmd.system import Topology

if TYPE_CHECKING:
    from nakmd.analysis import FrameOptions, Record
    from nakmd.analysis.frame_choice import FrameChoice

#: Appended to the results of live analyses whose samples are not stored.
KEPT = (
    "live samples before {first:.4g} ps are in the means: the trajectory does not hold them, so that the "
    "equilibration, detected after the run, cannot be left out; give [analysis] start, or a fraction as discard"
)


class Measuring:
    """The analyses that a deck requests.

    Which frames had settled is known only when the run has ended, from the thermo table and the stored frames. If the
    equilibration to be left out is empty, the live analyses have the result. Otherwise they are repeated over the
    stored frames after it. So live and stored analyses give the same bits, after an interruption too.

    Parameters
    ----------
    deck : Deck
    topology : Topology
    surface : mapping, optional
        Surface figures of the model, as the trajectory stores them.

    Attributes
    ----------
    observers : list of LiveAnalysis
        Observers of the run that feed the live analyses.
    """

    def __init__(self, deck: Deck, topology: Topology, surface: Mapping[str, Any] | None = None) -> None:
        self._deck = deck
        self._surface_energy = deck.analysis.immersion.chosen
        self._stages = measured_stages(deck)
        self._live: dict[str, LiveAnalysis] = {}
        self._tables: list[str] = []
        if deck.analysis.when == "live" and self._stages:
            from nakmd.analysis import standard_analyses  # noqa: PLC0415  (slow to import, and only live analyses need it)
            from nakmd.analysis.frame_choice import ROUNDING  # noqa: PLC0415  (as above)
            from nakmd.analysis.named_analysis import TableAnalysis  # noqa: PLC0415  (as above)
            from nakmd.analysis.surface_figures import SurfaceChoice, SurfaceFigures  # noqa: PLC0415  (as above)

            every = deck.analysis.every or deck.output.trajectory_every
            given = deck.analysis.start
            start = -math.inf if given is None else given * (1.0 - ROUNDING)
            if not self._samples_are_stored:  # they cannot be chosen after the run
                start = live_discard_end(deck, start)
            figures = None if surface is None else SurfaceFigures.from_stored(surface)
            choice = SurfaceChoice(figures, self._surface_energy)
            analyses = standard_analyses(topology, deck.analysis.quantities, surface=choice)
            for name, analysis in analyses.items():
                if isinstance(analysis, TableAnalysis):  # the thermo table has more rows than there are samples
                    self._tables.append(name)
                else:
                    self._live[name] = LiveAnalysis(analysis, topology, every, self._stages, start)

    @property
    def observers(self) -> list[LiveAnalysis]:
        """Observers that feed the live analyses."""
        return list(self._live.values())

    @property
    def _samples_are_stored(self) -> bool:
        return live_samples_are_stored(self._deck.analysis, self._deck.output)

    def catch_up(self, trajectory: Path, step: int) -> list[str]:
        """Feed the stored frames up to a step to the live analyses; return notes about what cannot be recovered."""
        if not self._live:
            return []
        if not self._samples_are_stored:
            self._live.clear()
            return [
                "The live analyses used samples that the trajectory does not contain. After this interruption they "
                "are made from the trajectory."
            ]
        with Trajectory(trajectory) as stored:
            for live in self._live.values():
                live.replay(frame for frame in stored if frame.step <= step)
        return []

    def measure(self, path: Path, notes: Sequence[str] = ()) -> Results:
        """Return the results of a finished run, with what the run noted."""
        if not self._stages:
            return Results({}, notes)
        with Trajectory(path) as trajectory:
            lacking = [] if self._live else notes_on_lacking(trajectory, self._deck.analysis.quantities)
            return Results(_attempt(lambda: self._outcomes(trajectory)), [*notes, *lacking])

    def _outcomes(self, trajectory: Trajectory) -> dict[str, Record | AnalysisError]:
        from nakmd.analysis.frame_choice import FrameChoice  # noqa: PLC0415  (slow to import, and not needed earlier)
        from nakmd.analysis.standard import analyze_chosen  # noqa: PLC0415  (as above)

        choice = FrameChoice.of(trajectory, **frame_options(self._deck))
        if not self._live:
            return analyze_chosen(
                trajectory, choice, self._deck.analysis.quantities, surface_energy=self._surface_energy
            )
        records = analyze_chosen(trajectory, choice, self._tables) if self._tables else {}
        repeated = self._without_equilibration(trajectory, choice)
        for name, live in self._live.items():
            fault = choice.fault(trajectory, live.analysis)
            if fault is not None:
                records[name] = fault
                continue
            try:
                records[name] = _record_of(repeated.get(name, live), live.offered, choice)
            except AnalysisError as error:
                records[name] = error
        return records

    def _without_equilibration(self, trajectory: Trajectory, choice: FrameChoice) -> dict[str, LiveAnalysis]:
        """Return the live analyses with frames before the choice, repeated over the stored frames of the choice."""
        if not self._samples_are_stored:
            return {}
        repeated = {
            name: live.again(choice.first) for name, live in self._live.items() if _has_earlier_frames(live, choice)
        }
        if repeated:
            for frame in trajectory.frames(self._stages):
                for live in repeated.values():
                    live.replay([frame])
        return repeated


def _has_earlier_frames(live: LiveAnalysis, choice: FrameChoice) -> bool:
    return choice.first > live.first


def _record_of(live: LiveAnalysis, offered: int, choice: FrameChoice) -> Record:
    """Return the record of a live analysis, with its frames out of those ``offered`` in the measured stages."""
    detected = "equilibration" in choice.left_out
    kept = (KEPT.format(first=choice.first),) if detected and _has_earlier_frames(live, choice) else ()
    sample = choice.sample_of(live.used, offered, "frames", live.first, live.last)
    record: Record = replace(live.result(), sample=replace(sample, unsettled=(*choice.unsettled, *kept)))
    return record


def frame_options(deck: Deck) -> FrameOptions:
    """Return the options of a deck that choose the frames to measure."""
    return {"stages": measured_stages(deck), "start": deck.analysis.start, "discard": deck.analysis.discard}


def stored_deck(trajectory: Trajectory) -> Deck | None:
    """Return the deck in a trajectory; None without one, or if it is of another version of nakmd."""
    try:
        return Deck.from_text(trajectory.deck) if trajectory.deck else None
    except DeckError:
        return None


def stored_frame_options(trajectory: Trajectory) -> FrameOptions:
    """Return the options of the deck in a trajectory; none without a deck, or if its stages measure nothing."""
    deck = stored_deck(trajectory)
    return frame_options(deck) if deck is not None and measured_stages(deck) else {}


def _attempt(measure: Callable[[], Mapping[str, Record | AnalysisError]]) -> Mapping[str, Record | AnalysisError]:
    """Return the records, or the error as the only entry."""
    try:
        return measure()
    except AnalysisError as error:
        return {"analysis": error}


def measure_stored(trajectory: Trajectory, deck: Deck | None = None, notes: Sequence[str] = ()) -> Results:
    """Measure the quantities of a deck from stored frames; without a deck, all that the system allows.

    Parameters
    ----------
    trajectory : Trajectory
    deck : Deck, optional
    notes : sequence of str
        What the run noted.
    """
    from nakmd.analysis import analyze  # noqa: PLC0415  (as above)

    if deck is None:
        return Results(_attempt(lambda: analyze(trajectory)), [*notes, *notes_on_lacking(trajectory)])
    if not measured_stages(deck):
        return Results({}, notes)

    def measured() -> Mapping[str, Record | AnalysisError]:
        section = deck.analysis
        energy = section.immersion.chosen
        return analyze(trajectory, section.quantities, surface_energy=energy, **frame_options(deck))

    return Results(_attempt(measured), [*notes, *notes_on_lacking(trajectory, deck.analysis.quantities)])


def notes_on_lacking(trajectory: Trajectory, quantities: Sequence[str] | None = None) -> list[str]:
    """Return the note on the default quantities that frames without some atoms do not allow; empty if there is none."""
    from nakmd.analysis import unmeasured_quantities  # noqa: PLC0415  (as above)

    unmeasured = () if quantities is not None else unmeasured_quantities(trajectory.topology)
    if not unmeasured:
        return []
    lacking = counted(trajectory.topology.lacking())
    return [f"Not measured, as the trajectory lacks {lacking} ([output] atoms): {', '.join(unmeasured)}."]
