"""Atoms that arrive or leave during a run: an analysis gets a system of the atoms that are there.

If the same atoms are there in all frames measured, the others do not exist for an analysis. If atoms come or go in
between, only analyses that follow them are allowed.
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
    always : (n,) bool or None
        Those that are there in all frames; None if all atoms are.
    n_changing : int
        Number of atoms that are there in some frames only.
    """

    always: BoolArray | None = None
    n_changing: int = 0

    @classmethod
    def of(cls, source: FrameSource, stages: Sequence[str] | None, skip: int) -> Presence:
        """Return the presence in the frames of some stages (None for all) without the first ``skip`` of them."""
        known = getattr(source, "presence", None)
        masks = None if known is None else known(None if stages is None else list(stages))
        if masks is None or not len(masks[skip:]):
            return cls()
        always, ever = masks[skip:].all(axis=0), masks[skip:].any(axis=0)
        return cls(None if always.all() else always, int(np.count_nonzero(ever & ~always)))

    def topology(self, whole: Topology, analysis: Any = None) -> Topology:
        """Return the topology for an analysis, or for all that do not follow arrivals."""
        return whole if self._is_whole(analysis) else whole.without_absent(np.asarray(self.always))

    def frame(self, whole: Frame, analysis: Any) -> Frame:
        """Return the frame for an analysis."""
        return whole if self._is_whole(analysis) else whole.part(np.asarray(self.always))

    def fault(self, analysis: Any, measured: Iterable[str]) -> AnalysisError | None:
        """Return the error of an analysis that needs the same atoms in all frames of the stages, if these change."""
        if not self.n_changing or getattr(analysis, "follows_arrivals", False):
            return None
        what = getattr(analysis, "name", "") or type(analysis).__name__
        named = ", ".join(repr(name) for name in measured)
        return AnalysisError(
            f"{what} needs the same atoms in all frames, and {self.n_changing} atoms arrive or leave in stage {named}. "
            "Measure it in a stage that follows the deposition."
        )

    def _is_whole(self, analysis: Any) -> bool:
        return self.always is None or bool(getattr(analysis, "follows_arrivals", False))


#: All atoms are there in all frames.
EVERYONE = Presence()


class PresentSource:
    """A source without the atoms that are never there; everything else is that of the source.

    Parameters
    ----------
    source : FrameSource
    presence : Presence
        Of the frames to measure.
    """

    def __init__(self, source: FrameSource, presence: Presence) -> None:
        self._source = source
        self.topology = presence.topology(source.topology)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)
