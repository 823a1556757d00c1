"""Stages in which moves exchanged atoms: quantities that need the dynamics are refused there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nakmd.analysis.frame_source import FrameSource
from nakmd.errors import AnalysisError


def exchange_fault(source: FrameSource, measured: Iterable[str], analysis: Any) -> AnalysisError | None:
    """Return the error of an analysis that needs the dynamics, if moves exchanged atoms in a measured stage.

    Parameters
    ----------
    source : FrameSource
        Its attribute ``exchanging_stages``, if it has one, names the stages with moves.
    measured : iterable of str
        Names of the stages that the frames come from.
    analysis : Analysis
        Or another object with `update`, which has no attribute ``needs_dynamics``.
    """
    exchanging = set(getattr(source, "exchanging_stages", ()))
    stages = [name for name in measured if name in exchanging]
    if not stages or not getattr(analysis, "needs_dynamics", False):
        return None
    named = ", ".join(repr(name) for name in stages)
    what = getattr(analysis, "name", "") or type(analysis).__name__
    return AnalysisError(
        f"{what} compares frames at different times, and moves exchanged the "
        f"positions of atoms in stage {named}: the jumps are no motion. Measure it in a stage without [[stage.move]], "
        "which may follow this one."
    )
