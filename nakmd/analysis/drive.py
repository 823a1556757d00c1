"""Analyses over the frames of a trajectory, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from typing import Protocol

from nakmd.analysis.base import Analysis, Record
from nakmd.analysis.source_check import require_source
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology

#: Callback after each frame: number of frames done, and total number (None if unknown).
FrameProgress = Callable[[int, int | None], None]


class FrameSource(Protocol):
    """Source of frames: a trajectory file or a `FrameList`."""

    @property
    def topology(self) -> Topology:
        """Properties that are the same in all frames."""
        ...

    @property
    def stages(self) -> Iterable[str]:
        """Names of the stages present."""
        ...

    def frames(self, stage: str | Sequence[str] | None = None) -> Iterator[Frame]:
        """Iterate over the frames of the given stages, or over all."""
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
        """Iterate over the frames of the given stages, or over all."""
        names = [stage] if isinstance(stage, str) else stage
        return (frame for frame in self._frames if names is None or frame.stage in names)


def is_production(stage: str) -> bool:
    """Return whether a stage is a production stage: its name begins with ``produc``."""
    return stage.lower().startswith("produc")


def chosen_stages(present: Sequence[str], stage: str | Sequence[str] | None) -> list[str]:
    """Return the names of the stages to measure in; parameters as in `choose_frames`."""
    names = list(dict.fromkeys(present))
    if stage is None:
        return [name for name in names if is_production(name)] or names
    requested = [stage] if isinstance(stage, str) else list(stage)
    if "all" in requested:
        return names
    for name in requested:
        if name not in names:
            available = ", ".join(repr(other) for other in names if other) or "none"
            raise AnalysisError(f"No frame belongs to stage {name!r}; the stages present are {available}.")
    return requested


def choose_frames(source: FrameSource, stage: str | Sequence[str] | None = None) -> Iterator[Frame]:
    """Iterate over the frames to measure in.

    Parameters
    ----------
    source : FrameSource
    stage : str or sequence of str, optional
        Names of stages, or ``"all"``. Default: the production stages (`is_production`) if there are any,
        otherwise all frames.

    Raises
    ------
    AnalysisError
        If a stage does not exist, or there are no frames.
    """
    present = list(dict.fromkeys(source.stages))
    chosen = chosen_stages(present, stage)
    all_stages = len(chosen) == len(present)
    empty = True
    for frame in source.frames(stage=None if all_stages else chosen):
        empty = False
        yield frame
    if empty and all_stages:
        raise AnalysisError("There are no frames to analyse: the trajectory is empty.")
    if empty:
        raise AnalysisError(
            f"There are no frames of stage {', '.join(chosen)}: the run has not reached it, or wrote no frames "
            "in it. Choose another stage, or stage='all'."
        )


def count_frames(source: FrameSource, stage: str | Sequence[str] | None = None) -> int | None:
    """Return the number of frames that `choose_frames` yields; None if it is not known before reading."""
    chosen = chosen_stages(tuple(source.stages), stage)
    if len(chosen) == len(set(source.stages)):
        return len(source) if isinstance(source, Sized) else None
    rows = getattr(source, "rows", None)  # a file indexes the stage of each frame
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
        New objects.
    stage : str or sequence of str, optional
        As in `choose_frames`.
    progress : callable, optional

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
    """
    require_source(source)
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
