"""Analyses over the frames of a source, in one pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence, Sized
from typing import Unpack

from nakmd.analysis.base import Analysis, Record
from nakmd.analysis.frame_choice import FrameChoice, FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.lacking_atoms import lacking_fault, require_all_atoms
from nakmd.analysis.sample import Sample
from nakmd.errors import AnalysisError
from nakmd.system import Frame


class ChosenFrames:
    """The frames of a choice, for one pass, and the sample they make.

    Parameters
    ----------
    source : FrameSource
    choice : FrameChoice

    Attributes
    ----------
    count : int
        Number of frames read so far.
    """

    def __init__(self, source: FrameSource, choice: FrameChoice) -> None:
        self._source, self._choice = source, choice
        self._times = (0.0, 0.0)
        self.count = 0

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._choice.frames(self._source):
            self._times = (self._times[0] if self.count else frame.time, frame.time)
            self.count += 1
            yield frame

    @property
    def sample(self) -> Sample:
        """The frames read so far."""
        return self._choice.sample(self.count, *self._times)


def choose_frames(source: FrameSource, **frames: Unpack[FrameOptions]) -> ChosenFrames:
    """Return the frames to measure in, which must hold all atoms of the run, none of them parked.

    Parameters as in `FrameOptions`, errors as in `FrameChoice`.
    """
    require_all_atoms(source, "This measurement")
    choice = FrameChoice.of(source, **frames)
    if choice.presence.always is not None:
        raise AnalysisError("This measurement needs all atoms of the run in all frames, and some are parked.")
    return ChosenFrames(source, choice)


def count_frames(source: FrameSource, choice: FrameChoice) -> int | None:
    """Return the number of frames of a choice; None if it is not known before reading."""
    rows = choice.rows(source)
    if rows is not None:
        return len(rows)
    return len(source) - choice.skip if choice.stages is None and isinstance(source, Sized) else None


def run_all(
    source: FrameSource,
    analyses: Sequence[Analysis],
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> list[Record | AnalysisError]:
    """Run several analyses in one pass over the frames.

    Parameters
    ----------
    source : FrameSource
    analyses : sequence of Analysis
        New objects.
    progress : callable, optional
    frames
        Keywords that choose the frames, as in `FrameOptions`.

    Returns
    -------
    list of Record or AnalysisError
        In the order given. An analysis that fails stops at its first error, which is returned in place of its
        record; the others continue.

    Raises
    ------
    AnalysisError
        If there are no frames (of that stage), or they do not match the topology.

    Notes
    -----
    **Memory.** Only one frame is in memory at a time, besides the data of the analyses. Histograms and structure
    factors store at most 64 blocks of frames. Analyses that return a time series store less than 2 kB per frame for any
    number of atoms. Lifetimes store the contacts of the last 257 frames, 8 bytes each (20 MB for 10,000 contacts).
    Diffusion stores the paths of its atoms up to ``memory`` (default 1 GB: 1,400 frames of 30,000 atoms), then coarser
    paths; by layer it needs another 8 kB per atom while the result is computed. For 10,000 frames of 30,000 atoms this
    is about 100 MB without diffusion, and 1 GB more for each diffusion coefficient; `analyze` divides one budget among
    them.

    Examples
    --------
    >>> from nakmd import Frame
    >>> from nakmd.analysis import RDF, Coordination, FrameList, run_all
    >>> from nakmd.structures import crystal
    >>> alloy = crystal(["Na", "K"], 3, "b2")
    >>> frame = Frame(0, 0.0, *alloy.cell.wrap(alloy.positions), alloy.cell)
    >>> source = FrameList(alloy.topology, [frame])
    >>> [record.quantity for record in run_all(source, [Coordination("Na", "K", cutoff=4.5), RDF(r_max=6.0)])]
    ['K around Na', 'g(r) of Na-Na, Na-K, K-K']
    """
    return run_chosen(source, analyses, FrameChoice.of(source, **frames), progress)


def run_chosen(
    source: FrameSource, analyses: Sequence[Analysis], choice: FrameChoice, progress: FrameProgress | None = None
) -> list[Record | AnalysisError]:
    """Run several analyses in one pass over the frames of a choice; results and errors as in `run_all`."""
    failed: dict[int, AnalysisError] = {}
    for row, analysis in enumerate(analyses):
        fault = choice.fault(source, analysis) or lacking_fault(source.topology, analysis)
        if fault is not None:
            failed[row] = fault
            continue
        try:
            analysis.prepare(choice.presence.topology(source.topology, analysis))
        except AnalysisError as error:
            failed[row] = error
    total = count_frames(source, choice) if progress is not None else None
    chosen = ChosenFrames(source, choice)
    for frame in chosen:
        if chosen.count == 1 and len(frame.positions) != source.topology.n_atoms:
            raise AnalysisError(
                f"The frame at step {frame.step} has {len(frame.positions)} atoms, "
                f"the topology {source.topology.n_atoms}."
            )
        for row, analysis in enumerate(analyses):
            if row not in failed:
                try:
                    analysis.update(choice.presence.frame(frame, analysis))
                except AnalysisError as error:
                    failed[row] = error
        if progress is not None:
            progress(chosen.count, total)
    results: list[Record | AnalysisError] = []
    for row, analysis in enumerate(analyses):
        if row in failed:
            results.append(failed[row])
            continue
        try:
            results.append(dataclasses.replace(analysis.result(), sample=chosen.sample))
        except AnalysisError as error:
            results.append(error)
    return results


def measure(
    source: FrameSource,
    analysis: Analysis,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> Record:
    """Run one analysis over the frames and return its record, or raise its error; parameters as in `run_all`.

    Examples
    --------
    >>> from nakmd import Frame
    >>> from nakmd.analysis import Coordination, FrameList, measure
    >>> from nakmd.structures import crystal
    >>> alloy = crystal(["Na", "K"], 3, "b2")
    >>> frame = Frame(0, 0.0, *alloy.cell.wrap(alloy.positions), alloy.cell)
    >>> measure(FrameList(alloy.topology, [frame]), Coordination("Na", "K", cutoff=4.5)).value
    8.0
    """
    return measure_chosen(source, analysis, FrameChoice.of(source, **frames), progress)


def measure_chosen(
    source: FrameSource, analysis: Analysis, choice: FrameChoice, progress: FrameProgress | None = None
) -> Record:
    """Run one analysis over the frames of a choice and return its record, or raise its error."""
    (result,) = run_chosen(source, [analysis], choice, progress)
    if isinstance(result, AnalysisError):
        raise result
    return result
