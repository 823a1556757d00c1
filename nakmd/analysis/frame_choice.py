"""Which frames are measured: stages, and the part of them after equilibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.frame_source import FrameSource, IndexedFrames, chosen_stages
from nakmd.analysis.sample import Sample
from nakmd.analysis.settling import Settling, frame_times, rows_of, settle
from nakmd.analysis.source_check import require_source
from nakmd.arrays import IntArray
from nakmd.errors import AnalysisError
from nakmd.system import Frame

#: Relative rounding of times: a frame at the time ``start`` belongs to the choice.
ROUNDING = 1e-9


#: Frames kept by an option are called an equilibration if their mean differs by more standard errors than this. The
#: start is chosen among a hundred, so that stationary series reach 3.
CONTRAST = 5.0


class FrameOptions(TypedDict, total=False):
    """Options that choose the frames; every function of `nakmd.analysis` has them as keywords.

    Attributes
    ----------
    stages : str or sequence of str, optional
        Names of stages, or ``"all"``. Default: the production stages (`is_production`) if there are any,
        otherwise all frames.
    stage : str or sequence of str, optional
        The same as ``stages``.
    start : float [ps], optional
        Frames before this time of the run are left out.
    discard : {"auto", "none"} or float, optional
        What else is left out at the beginning of the stages: the detected equilibration (`FrameChoice`), nothing, or
        this fraction of the frames. Default: ``"auto"``; ``"none"`` if ``start`` is given.
    """

    stages: str | Sequence[str] | None
    stage: str | Sequence[str] | None
    start: float | None
    discard: float | Literal["auto", "none"] | None


@dataclass(frozen=True)
class FrameChoice:
    """The frames to measure in.

    Attributes
    ----------
    stages, table_stages : tuple of str or None
        Names of the stages, for frames and for rows of the thermo table; None for all.
    skip : int
        Frames of these stages that are left out at the beginning.
    first : float [ps]
        Rows of the thermo table before this time are left out; -inf for none.
    left_out, judged, unsettled, unjudged, ordered
        As in `Sample`.
    measured : tuple of str
        Names of the stages that the frames come from, in order; empty if the frames have none.
    settlings : tuple of Settling
        Equilibration of every watched quantity, by stage.

    Notes
    -----
    A mean over frames of an equilibration is not the mean of the equilibrium. By default the frames before the latest
    settling time of the watched quantities (`settle`) are left out, at most the first half. The choice depends on the
    stored run alone: it is the same for all quantities, in any number of processes, and for live analyses.
    """

    stages: tuple[str, ...] | None
    table_stages: tuple[str, ...] | None
    skip: int = 0
    first: float = -np.inf
    left_out: str = ""
    judged: bool = False
    unsettled: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    ordered: bool = True
    measured: tuple[str, ...] = ()
    settlings: tuple[Settling, ...] = ()

    @classmethod
    def of(cls, source: FrameSource, **frames: Unpack[FrameOptions]) -> FrameChoice:
        """Resolve the options for a source.

        Raises
        ------
        AnalysisError
            If a stage does not exist, ``stage`` and ``stages`` are both given, no frame follows ``start``, or
            ``discard`` is none of its values, or what is passed is no source of frames.
        """
        require_source(source)
        stages, start, discard = _checked(frames)
        present = list(dict.fromkeys(source.stages))
        chosen = tuple(chosen_stages(present, stages))
        names = None if len(chosen) == len(present) else chosen
        # the frames may cover only some stages of the table, and a table may have no stages
        table: Mapping[str, Any] = getattr(source, "thermo", None) or {}
        whole = stages in ("all", ["all"]) or ("stage" not in table and names is None)
        choice = cls(names, None if whole else chosen)
        if start is not None:
            choice = choice.starting_at(source, start * (1.0 - ROUNDING), "start")
        if discard != "auto" and discard > 0.0:
            times = frame_times(source, names)[choice.skip :]
            number = int(discard * len(times))
            if number:
                choice = replace(choice, skip=choice.skip + number, first=float(times[number]), left_out="discard")
        settlings = settle(source, names, choice.table_stages, choice.first)
        faults = [f"{s.quantity}: {s.fault}" for s in settlings if s.fault]
        late = [s for s in settlings if s.settled > s.begin]
        if discard == "auto" and late:
            choice = choice.starting_at(source, max(s.settled for s in late), "equilibration")
        elif discard != "auto":
            faults += [
                f"{s.quantity}: it equilibrates until {s.settled:.4g} ps, and these frames are in the means"
                for s in late
                if not s.fault and s.contrast > CONTRAST
            ]
        measured = tuple(name for name in chosen if name)
        return replace(choice, judged=bool(settlings), unsettled=tuple(faults), measured=measured,
                       settlings=tuple(settlings))  # fmt: skip

    def starting_at(self, source: FrameSource, time: float, reason: str) -> FrameChoice:
        """Return the frames from a time [ps] on, left out for a reason as in `Sample`."""
        times = frame_times(source, self.stages)
        skip = int(np.searchsorted(times, time))
        if skip == len(times) and reason == "start":
            last = f"the last frame is at {times[-1]:.6g} ps" if len(times) else "there are no frames"
            raise AnalysisError(f"No frame of these stages is at or after start = {time:.6g} ps: {last}.")
        if reason == "equilibration":
            skip = min(skip, len(times) // 2)  # frames may be much sparser than rows of the table
        return replace(self, skip=max(self.skip, skip), first=time, left_out=reason)

    def frames(self, source: FrameSource) -> Iterator[Frame]:
        """Iterate over the frames.

        Raises
        ------
        AnalysisError
            If there are none.
        """
        rows = self.rows(source) if self.skip else None
        if rows is not None and isinstance(source, IndexedFrames):
            chosen = (source[int(row)] for row in rows)
        else:
            every = source.frames(stage=None if self.stages is None else list(self.stages))
            chosen = (frame for number, frame in enumerate(every) if number >= self.skip)
        empty = True
        for frame in chosen:
            empty = False
            yield frame
        if empty and self.stages is None:
            raise AnalysisError("There are no frames to analyse: the trajectory is empty.")
        if empty:
            raise AnalysisError(
                f"There are no frames of stage {', '.join(self.stages or ())}: the run has not reached it, or wrote no "
                "frames in it. Choose another stage, or stage='all'."
            )

    def rows(self, source: FrameSource) -> IntArray | None:
        """Return the indices of the frames in a source; None if they are not known before reading."""
        if not isinstance(source, IndexedFrames):
            return None
        return source.rows(None if self.stages is None else list(self.stages))[self.skip :]

    def table_rows(self, table: Mapping[str, NDArray[Any]]) -> IntArray:
        """Return the rows of a thermo table that belong to the choice."""
        return rows_of(table, self.table_stages, self.first)

    def sample(self, used: int, first: float, last: float) -> Sample:
        """Return the sample of a result from frames."""
        return self.sample_of(used, self.skip + used, "frames", first, last)

    def table_sample(self, table: Mapping[str, NDArray[Any]]) -> Sample:
        """Return the sample of a result from the rows of a thermo table."""
        used, total = self.table_rows(table), rows_of(table, self.table_stages)
        times = np.asarray(table["time"], dtype=np.float64)[used]
        return self.sample_of(len(used), len(total), "rows", float(times[0]), float(times[-1]))

    def sample_of(self, used: int, total: int, of: str, first: float, last: float) -> Sample:
        """Return a sample of this choice; parameters as in `Sample`."""
        left_out = self.left_out if used < total else ""
        return Sample(used, total, of, first, last, left_out, self.judged, self.unsettled, self.measured, self.unjudged,
                      self.ordered)  # fmt: skip


def stages_of(frames: FrameOptions) -> str | Sequence[str] | None:
    """Return the stages of some options; `AnalysisError` if both ``stage`` and ``stages`` are given."""
    if frames.get("stage") is not None and frames.get("stages") is not None:
        raise AnalysisError("stage and stages are the same option: give one of them.")
    return frames.get("stages") if frames.get("stage") is None else frames.get("stage")


def _checked(frames: FrameOptions) -> tuple[str | Sequence[str] | None, float | None, float | Literal["auto"]]:
    """Return stages, start and discard."""
    stages = stages_of(frames)
    start, discard = frames.get("start"), frames.get("discard")
    if start is not None and (isinstance(start, str | bool) or not np.isfinite(start)):
        raise AnalysisError(f"start is a time in ps, a finite number, not {start!r}.")
    if discard is None:
        discard = "none" if start is not None else "auto"
    if discard == "none":
        discard = 0.0
    if discard == "auto":
        return stages, start, "auto"
    if isinstance(discard, str | bool) or not 0.0 <= discard < 1.0:
        raise AnalysisError(f"discard is 'auto', 'none' or a fraction from 0 to less than 1, not {discard!r}.")
    return stages, start, float(discard)
