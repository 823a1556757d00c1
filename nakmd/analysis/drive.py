"""Driving analyses over the frames of a trajectory, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from typing import Protocol

from nakmd.analysis.base import Analysis, Record
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology

#: Told after each frame: how many are done, and how many there are where that is known.
FrameProgress = Callable[[int, int | None], None]


class FrameSource(Protocol):
    """Anything to analyse: a trajectory file or a `FrameList`."""

    @property
    def topology(self) -> Topology:
        """What stays the same from frame to frame."""
        ...

    @property
    def stages(self) -> Iterable[str]:
        """Names of the stages present."""
        ...

    def frames(self, stage: str | Sequence[str] | None = None) -> Iterator[Frame]:
        """Iterate over the frames of some stages, or over all."""
        ...


class FrameList:
    """Frames in memory as a source.

    Parameters
    ----------
    topology : Topology
    frames : iterable of Frame
    """

    def __init__(self, topology: Topology, frames: Iterable[Frame]) -> None:
        self.topology = topology
        self._frames = list(frames)

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._frames)

    def __getitem__(self, index: int) -> Frame:
        return self._frames[index]

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages present, in order."""
        return tuple(dict.fromkeys(frame.stage for frame in self._frames))

    def frames(self, stage: str | Sequence[str] | None = None) -> Iterator[Frame]:
        """Iterate over the frames of some stages, or over all."""
        words = [stage] if isinstance(stage, str) else stage
        return (frame for frame in self._frames if words is None or frame.stage in words)


def is_production(stage: str) -> bool:
    """Return whether a stage is one to measure in: its name begins with ``produc``."""
    return stage.lower().startswith("produc")


def chosen_stages(present: Sequence[str], stage: str | Sequence[str] | None) -> list[str]:
    """Return the names of the stages to measure in; parameters as in `choose_frames`."""
    names = list(dict.fromkeys(present))
    if stage is None:
        return [name for name in names if is_production(name)] or names
    words = [stage] if isinstance(stage, str) else list(stage)
    if "all" in words:
        return names
    for word in words:
        if word not in names:
            known = ", ".join(repr(name) for name in names if name) or "none"
            raise AnalysisError(f"No frame belongs to a stage called {word!r}; the stages here are {known}.")
    return words


def choose_frames(source: FrameSource, stage: str | Sequence[str] | None = None) -> Iterator[Frame]:
    """Iterate over the frames to measure in.

    Parameters
    ----------
    source : FrameSource
    stage : str or sequence of str, optional
        Stages by name, or ``"all"``. If left out: the production stages (`is_production`) if there are any,
        else all frames.

    Raises
    ------
    AnalysisError
        If no stage has that name, or there are no frames.
    """
    present = list(dict.fromkeys(source.stages))
    chosen = chosen_stages(present, stage)
    whole = len(chosen) == len(present)
    empty = True
    for frame in source.frames(stage=None if whole else chosen):
        empty = False
        yield frame
    if empty and whole:
        raise AnalysisError("There are no frames to analyse: the trajectory is empty.")
    if empty:
        raise AnalysisError(
            f"There are no frames of stage {', '.join(chosen)}: the run has not come that far, or wrote none "
            "there. Choose another stage, or stage='all'."
        )


def count_frames(source: FrameSource, stage: str | Sequence[str] | None = None) -> int | None:
    """Return how many frames `choose_frames` will give, None where only reading them tells."""
    chosen = chosen_stages(tuple(source.stages), stage)
    if len(chosen) == len(set(source.stages)):
        return len(source) if isinstance(source, Sized) else None
    rows = getattr(source, "rows", None)  # a file knows the stage of each frame without reading it
    return len(rows(chosen)) if rows is not None else None


def run_all(
    source: FrameSource,
    analyses: Sequence[Analysis],
    stage: str | Sequence[str] | None = None,
    progress: FrameProgress | None = None,
) -> list[Record | AnalysisError]:
    """Run several analyses in one pass over the frames.

    Parameters
    ----------
    source : FrameSource
    analyses : sequence of Analysis
        Fresh ones.
    stage : str or sequence of str, optional
        As in `choose_frames`.
    progress : callable, optional

    Returns
    -------
    list of Record or AnalysisError
        In the order given. An analysis that cannot work with these frames stops at its first error, which is
        returned in place of its record; the others go on.

    Raises
    ------
    AnalysisError
        If there are no frames (of that stage), or they do not fit the topology.

    Notes
    -----
    **Memory.** One frame is in memory at a time, and what the analyses keep. Histograms and structure factors keep 64
    blocks of frames at most. Those that return a time series keep some numbers of each frame, below 2 kB, whatever the
    number of atoms. Lifetimes keep the contacts of the last 257 frames, 8 bytes each (20 MB for 10,000 contacts).
    Diffusion keeps the paths of its atoms up to ``memory`` (1 GB unless given: 1,400 frames of 30,000 atoms) and
    coarser ones from there on; by layer it takes 8 kB more per atom while the result is computed. So 10,000 frames of
    30,000 atoms need some 100 MB without diffusion, and 1 GB more for each diffusion coefficient; `analyze` shares out
    one budget among them.
    """
    failed: dict[int, AnalysisError] = {}
    for row, analysis in enumerate(analyses):
        try:
            analysis.prepare(source.topology)
        except AnalysisError as error:
            failed[row] = error
    total = count_frames(source, stage) if progress is not None else None
    for count, frame in enumerate(choose_frames(source, stage)):
        if count == 0 and len(frame.positions) != source.topology.n_atoms:
            raise AnalysisError(
                f"The frame at step {frame.step} has {len(frame.positions)} atoms, "
                f"the topology {source.topology.n_atoms}."
            )
        for row, analysis in enumerate(analyses):
            if row not in failed:
                try:
                    analysis.update(frame)
                except AnalysisError as error:
                    failed[row] = error
        if progress is not None:
            progress(count + 1, total)
    results: list[Record | AnalysisError] = []
    for row, analysis in enumerate(analyses):
        if row in failed:
            results.append(failed[row])
            continue
        try:
            results.append(analysis.result())
        except AnalysisError as error:
            results.append(error)
    return results


def measure(
    source: FrameSource,
    analysis: Analysis,
    stage: str | Sequence[str] | None = None,
    progress: FrameProgress | None = None,
) -> Record:
    """Run one analysis over the frames and return its record, or raise its error."""
    (result,) = run_all(source, [analysis], stage, progress)
    if isinstance(result, AnalysisError):
        raise result
    return result
