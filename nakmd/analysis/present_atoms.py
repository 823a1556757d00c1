"""Atoms that arrive or leave during a run: an analysis gets a system of the atoms that are there.

If the same atoms are there in all frames measured, the others do not exist for an analysis. If atoms come or go in
between, or replace each other, only analyses that follow them are allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from nakmd.analysis.frame_source import FrameSource
from nakmd.arrays import BoolArray
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology


class Presence(NamedTuple):
    """Which atoms are there in the frames of a choice.

    Attributes
    ----------
    always, ever : (n,) bool or None
        Those that are there in all frames, and in any; None if all atoms are there in all of them.
    n_there : int or None
        Number of atoms that are there, if it is the same in all frames and not all atoms are there.
    """

    always: BoolArray | None = None
    ever: BoolArray | None = None
    n_there: int | None = None

    @property
    def n_changing(self) -> int:
        """Number of atoms that are there in some frames only."""
        return 0 if self.always is None or self.ever is None else int(np.count_nonzero(self.ever & ~self.always))

    @property
    def is_growing(self) -> bool:
        """Whether atoms arrive or leave, other than those that others replace."""
        return self.n_changing > 0 and self.n_there is None

    @classmethod
    def of(cls, source: FrameSource, stages: Sequence[str] | None, skip: int) -> Presence:
        """Return the presence in the frames of some stages (None for all) without the first ``skip`` of them."""
        known = getattr(source, "presence", None)
        masks = None if known is None else known(None if stages is None else list(stages))
        if masks is None or not len(masks[skip:]):
            return cls()
        always, ever = masks[skip:].all(axis=0), masks[skip:].any(axis=0)
        if always.all():
            return cls()
        numbers = np.unique(masks[skip:].sum(axis=1))
        return cls(always, ever, int(numbers[0]) if len(numbers) == 1 else None)

    def topology(self, whole: Topology, analysis: Any) -> Topology:
        """Return the topology for an analysis."""
        return whole if self._is_whole(analysis) else whole.without_absent(np.asarray(self.always))

    def topology_of_all(self, whole: Topology) -> Topology:
        """Return the topology of the atoms that are there in any frame, which decide what can be measured."""
        return whole if self.ever is None else whole.without_absent(self.ever)

    def frame(self, whole: Frame, analysis: Any) -> Frame:
        """Return the frame for an analysis."""
        return whole if self._is_whole(analysis) else whole.part(np.asarray(self.always))

    def fault(self, analysis: Any, measured: Iterable[str]) -> AnalysisError | None:
        """Return the error of an analysis that needs the same atoms in all frames of the stages, if these change."""
        if not self.n_changing or self._is_whole(analysis):
            return None
        what = getattr(analysis, "name", "") or type(analysis).__name__
        named = ", ".join(repr(name) for name in measured)
        if self.n_there is not None:
            return AnalysisError(
                f"{what} needs the same atoms in all frames, and moves let {self.n_changing} atoms replace each other "
                f"in stage {named}. Measure it in a stage without transmutations, which may follow this one."
            )
        return AnalysisError(
            f"{what} needs the same atoms in all frames, and {self.n_changing} atoms arrive or leave in stage {named}. "
            "Measure it in a stage that follows the deposition."
        )

    def _is_whole(self, analysis: Any) -> bool:
        if self.n_there is not None and getattr(analysis, "follows_transmutations", False):
            return True
        return self.always is None or bool(getattr(analysis, "follows_arrivals", False))


#: All atoms are there in all frames.
EVERYONE = Presence()


class PresentSource:
    """A source without the atoms that are not there in all frames; everything else is that of the source.

    Parameters
    ----------
    source : FrameSource
    topology : Topology
    """

    def __init__(self, source: FrameSource, topology: Topology) -> None:
        self._source = source
        self.topology = topology

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)


def source_for(source: FrameSource, presence: Presence, analysis: Any) -> FrameSource:
    """Return the source for an analysis: itself if the analysis gets all atoms."""
    topology = presence.topology(source.topology, analysis)
    return source if topology is source.topology else PresentSource(source, topology)
