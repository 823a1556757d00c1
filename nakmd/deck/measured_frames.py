"""How many frames of a run its analyses see, and how often to write them for more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nakmd.deck.schema import AnalysisSection, Output
from nakmd.deck.stage_names import stage_names
from nakmd.deck.stage_sections import Dynamics, Relax

#: Frames that motion, lifetimes and residence need at least.
LEAST_FRAMES = 4

#: Frames from which on errors and drifts are known well enough, as in `nakmd.analysis.numerics.trend`.
ENOUGH_FRAMES = 30

#: Frames that a proposed interval gives, if the run has as many steps.
USUAL_FRAMES = 100


@dataclass(frozen=True)
class MeasuredFrames:
    """The frames of the stages that are measured, before any is left out as equilibration.

    Attributes
    ----------
    steps : int
        Of these stages.
    every : int
        Steps between their frames.
    path : (str, str)
        Table and key that say so.
    """

    steps: int
    every: int
    path: tuple[str, str]

    @property
    def key(self) -> str:
        """The key with its table, as a message names it."""
        return f"[{self.path[0]}] {self.path[1]}"

    @property
    def count(self) -> int:
        """Number of frames."""
        return self.steps // self.every

    @property
    def remedy(self) -> str:
        """What gives more of them."""
        proposed = max(1, self.steps // USUAL_FRAMES)
        if proposed < self.every:
            return f"{self.key} = {proposed} gives {self.steps // proposed}"
        return "longer stages give more"


def measured_frames(
    stages: Sequence[Relax | Dynamics], output: Output, analysis: AnalysisSection
) -> MeasuredFrames | None:
    """Return the frames that the analyses of a deck see; None if no stage that moves atoms is measured."""
    selected = set(analysis.stages) or {"produce"}
    steps = sum(
        stage.n_steps
        for name, stage in zip(stage_names(stages), stages, strict=True)
        if isinstance(stage, Dynamics) and {name, stage.name, stage.kind} & selected
    )
    if not steps:
        return None
    if analysis.when == "live" and analysis.every:
        return MeasuredFrames(steps, analysis.every, ("analysis", "every"))
    return MeasuredFrames(steps, output.trajectory_every, ("output", "trajectory_every"))
