"""Which frames are measured: stages, and the part of them after equilibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.exchanged import exchange_fault
from nakmd.analysis.frame_source import FrameSource, IndexedFrames, chosen_stages
from nakmd.analysis.judgement import judge
from nakmd.analysis.present_atoms import EVERYONE, Presence
from nakmd.analysis.sample import Sample
from nakmd.analysis.settling import Settling
from nakmd.analysis.source_check import require_source
from nakmd.analysis.watched_series import WatchedSeries, rows_of
from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import AnalysisError
from nakmd.system import Frame

#: Relative rounding of times: a frame at the time ``start`` belongs to the choice.
ROUNDING = 1e-9


#: Why a run in which atoms arrive or leave is not judged, and nothing of it is left out.
GROWING = "{} atoms arrive or leave in these frames, which are no equilibrium"


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

    Examples
    --------
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, FrameOptions, coordination
    >>> from nakmd.structures import crystal
    >>> alloy = crystal(["Na", "K"], 3, "b2")
    >>> place = alloy.cell.wrap(alloy.positions)
    >>> frames = [Frame(k, 0.1 * k, *place, alloy.cell, stage="heat" if k < 5 else "produce") for k in range(10)]
    >>> late: FrameOptions = {"stages": "produce", "start": 0.8}
    >>> coordination(FrameList(alloy.topology, frames), "Na", "K", cutoff=4.5, **late).sample.used
    2
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
    presence : Presence
        Which atoms are there in these frames.
    settlings : tuple of Settling
        Equilibration of every watched quantity, by stage.

    Notes
    -----
    A mean over frames of an equilibration is not the mean of the equilibrium. By default the frames of the first stage
    before the latest settling time of the watched quantities are left out (`nakmd.analysis.settling`), at most the
    first half of this stage. Frames in which atoms arrive or leave are a process: all of them are kept. The choice
    depends on the stored run alone: it is the same for all quantities, in any number of processes, and for live
    analyses.
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
    presence: Presence = EVERYONE
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
        watched = WatchedSeries.of_frames(source, names)
        rows = WatchedSeries.of_table(table, None if whole else chosen)
        choice = cls(names, None if whole else chosen, ordered=watched.ordered)
        if not choice.ordered:
            if start is not None:
                raise AnalysisError(_why_no_start(watched.time))
            watched, rows = watched.by_number(), rows.chosen(slice(0))
        if start is not None:
            choice = choice.from_time(watched, rows, start * (1.0 - ROUNDING))
        if discard != "auto":
            number = int(discard * (len(watched) - choice.skip))
            if number:
                time = float(watched.time[choice.skip + number])
                choice = choice.without(choice.skip + number, time, "discard")
        settled = choice.judged_by(watched, rows, discard == "auto")
        presence = Presence.of(source, settled.stages, settled.skip)
        if presence.is_growing:
            presence = Presence.of(source, choice.stages, choice.skip)
            choice = replace(choice, unjudged=(GROWING.format(presence.n_changing),))
        else:
            choice = settled
        measured = dict.fromkeys([*rows.stage[rows.time >= choice.first], *watched.stage[choice.skip :]])
        return replace(choice, measured=tuple(str(name) for name in measured if name), presence=presence)

    def judged_by(self, watched: WatchedSeries, rows: WatchedSeries, cuts: bool) -> FrameChoice:
        """Return the choice with what had not settled in it, without the detected equilibration if ``cuts``."""
        kept_rows = rows.chosen(rows.time >= self.first) if rows.ordered and len(rows) else None
        judgement = judge(watched.chosen(slice(self.skip, None)), kept_rows, cuts)
        choice = replace(
            self,
            judged=judgement.judged,
            unsettled=judgement.unsettled,
            unjudged=judgement.unjudged,
            settlings=judgement.settlings,
        )
        return choice.without_equilibration(watched, judgement.cut) if judgement.cut > -np.inf else choice

    def fault(self, source: FrameSource, analysis: Any) -> AnalysisError | None:
        """Return the error of an analysis that these frames do not allow: atoms were exchanged, arrived or left."""
        exchanged = exchange_fault(source, self.measured, analysis)
        return exchanged or self.presence.fault(analysis, self.measured)

    def from_time(self, watched: WatchedSeries, rows: WatchedSeries, time: float) -> FrameChoice:
        """Return the choice of frames and rows from a time [ps] on, which the user gave."""
        skip = int(np.searchsorted(watched.time, time))
        if skip == len(watched):
            last = f"the last frame is at {watched.time[-1]:.6g} ps" if skip else "there are no frames"
            raise AnalysisError(f"No frame of these stages is at or after start = {time:.6g} ps: {last}.")
        if skip or np.any(rows.time < time):
            return self.without(skip, time, "start")
        return self

    def without_equilibration(self, watched: WatchedSeries, cut: float) -> FrameChoice:
        """Return the choice without the equilibration of the first stage, but with at least half of its frames.

        Frames may be sparser than rows of the table and unevenly spaced: most of them may be in the equilibration.
        """
        stage = next(watched.chosen(slice(self.skip, None)).by_stage(), None)
        skip = self.skip + int(np.searchsorted(watched.time[self.skip :], cut))
        limit = self.skip + (0 if stage is None else len(stage) // 2)
        choice = self.without(min(skip, limit), cut, "equilibration")
        if skip <= limit:
            return choice
        fault = (
            f"frames: equilibration ends at {watched.moment(cut)}, but frames from "
            f"{watched.moment(float(watched.time[limit]))} on are in the means, as most are before it"
        )
        return replace(choice, unsettled=(*choice.unsettled, fault))

    def without(self, skip: int, first: float, reason: str) -> FrameChoice:
        """Return the choice without more frames and rows, for a reason as in `Sample`."""
        first = first if self.ordered else -np.inf
        return replace(self, skip=skip, first=first, left_out=", ".join(filter(None, [self.left_out, reason])))

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


def _why_no_start(times: FloatArray) -> str:
    """Return why frames with these times cannot be chosen by time."""
    if not np.all(np.isfinite(times)):
        return "start is a time, but these frames have no times: use discard = a fraction, or give the file its times."
    last = int(np.flatnonzero(np.diff(times) < 0.0)[0])
    return (
        f"start is a time, but the times of these frames decrease, from {times[last]:.6g} ps in frame {last + 1} to "
        f"{times[last + 1]:.6g} ps in the next: use discard = a fraction, or choose the frames by number."
    )


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
