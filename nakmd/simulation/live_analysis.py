"""Analyses that run during a run, as observers."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from nakmd.errors import AnalysisError
from nakmd.simulation.observers import Observer
from nakmd.system import Frame, Topology


class FrameAnalysis(Protocol):
    """An analysis of a stream of frames, as in `nakmd.analysis`."""

    def prepare(self, topology: Topology) -> None:
        """Select the atoms."""
        ...

    def update(self, frame: Frame) -> None:
        """Add one frame."""
        ...

    def result(self) -> Any:
        """Return the result of the frames so far."""
        ...


class LiveAnalysis(Observer):
    """Runs an analysis during a run.

    Parameters
    ----------
    analysis : FrameAnalysis
        A new one; it is prepared here.
    topology : Topology
    every, stages
        As in `Observer`.
    start : float [ps]
        Frames before this time are left out.

    Attributes
    ----------
    offered, used : int
        Frames observed, and those of them from ``start`` on.
    first, last : float [ps]
        Times of the first and the last frame used; NaN before.

    Notes
    -----
    While a run goes on, it is not known which frames had settled: `result` covers all frames from ``start`` on.
    `nakmd.results.measure.Measuring` leaves out the equilibration after the run.

    An analysis that fails (for example in a cell that has become too small, or with parked atoms that it does not
    follow) does not end the run: it gets no more frames, and `result` raises its error.

    A checkpoint holds no state of an analysis: after `Simulation.restore`, pass the frames before the checkpoint to
    `replay`. The result equals that of an uninterrupted run if the trajectory holds every frame of the analysis.

    Examples
    --------
    >>> from nakmd.analysis import Thermo
    >>> from nakmd.integrators import VelocityVerlet
    >>> from nakmd.potentials import load
    >>> from nakmd.simulation import LiveAnalysis, Simulation, Stage
    >>> from nakmd.structures import crystal
    >>> sodium = crystal("Na", 3)
    >>> live = LiveAnalysis(Thermo(), sodium.topology, every=1)
    >>> stage = Stage("produce", VelocityVerlet(0.001), steps=20, initial_temperature=100.0)
    >>> Simulation(sodium, load("nak"), [stage], [live]).run().value
    'finished'
    >>> live.used, sorted(live.result().quantities)[:3]
    (21, ['density', 'kinetic_energy', 'potential_energy'])
    """

    def __init__(
        self,
        analysis: FrameAnalysis,
        topology: Topology,
        every: int,
        stages: Sequence[str] | None = None,
        start: float = -math.inf,
    ) -> None:
        super().__init__(every, stages)
        self.analysis = analysis
        self.needs = frozenset(getattr(analysis, "needs", frozenset()))
        self.start, self._topology = start, topology
        self.offered = self.used = 0
        self.first = self.last = math.nan
        self._failure: AnalysisError | None = None
        # preparing adds what depends on the atoms; a repetition begins with the parameters alone
        self._unused = copy.deepcopy(analysis)
        analysis.prepare(topology)

    def again(self, start: float, every: int | None = None) -> LiveAnalysis:
        """Return a new live analysis with the same parameters, for frames from another time [ps] on.

        Parameters
        ----------
        start : float [ps]
        every : int, optional
            Steps between its frames; as many as here by default.
        """
        stages = None if self.stages is None else tuple(self.stages)
        return LiveAnalysis(
            copy.deepcopy(self._unused), self._topology, self.every if every is None else every, stages, start
        )

    def observe(self, frame: Frame) -> None:
        """Add a frame."""
        self.offered += 1
        if frame.time < self.start:
            return
        self.first, self.last = frame.time if self.used == 0 else self.first, frame.time
        self.used += 1
        if self._failure is None:
            try:
                self._refuse_parked(frame)
                self.analysis.update(frame)
            except AnalysisError as error:
                self._failure = error

    def _refuse_parked(self, frame: Frame) -> None:
        """Raise `AnalysisError` if atoms are parked and the analysis, which has all atoms, does not follow arrivals."""
        if frame.present is None or frame.present.all() or getattr(self.analysis, "follows_arrivals", False):
            return
        what = getattr(self.analysis, "name", "") or type(self.analysis).__name__
        raise AnalysisError(
            f"{what} would count the {int((~frame.present).sum())} atoms that are parked at step {frame.step}. Measure "
            "it after the run, in the trajectory."
        )

    def result(self) -> Any:
        """Return the result of the frames so far.

        Raises
        ------
        AnalysisError
            If the analysis has failed, or has too few frames.
        """
        if self._failure is not None:
            raise self._failure
        return self.analysis.result()

    def replay(self, frames: Iterable[Frame], kinds: Mapping[str, str] | None = None) -> int:
        """Add the stored frames that the analysis observes, and return their number.

        Parameters
        ----------
        frames : iterable of Frame
        kinds : mapping of str to str, optional
            Kind of each stage by name; needed if ``stages`` holds kinds.
        """
        count = 0
        for frame in frames:
            names = {frame.stage, (kinds or {}).get(frame.stage, frame.stage)}
            if frame.step % self.every == 0 and (self.stages is None or self.stages & names):
                self.observe(frame)
                count += 1
        return count
