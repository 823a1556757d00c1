"""The table of a barostat: ``[stage.barostat]``."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from nakmd.deck.fields import AxisGroups, PositiveDuration, PressureRamp
from nakmd.deck.key_facts import notes
from nakmd.deck.kinds import BarostatKind, BarostatOptions, chosen_options, meanings
from nakmd.integrators import BAROSTATS


class BarostatSection(BarostatOptions):
    """Pressure control along some axes."""

    kind: BarostatKind = Field(
        default="cell-rescaling", description="Barostat.", json_schema_extra=notes(choices=meanings(BAROSTATS))
    )
    pressure: PressureRamp = Field(
        default=(0.0, 0.0),
        description="Pressure, or [start, end] of a linear ramp.",
        examples=["1 bar", ["1 bar", "1 kbar"]],
    )
    axes: AxisGroups = Field(
        default=("xyz",),
        description='Axes that are scaled: "xyz" all equally, "z" only one, ["xy", "z"] two groups independently.',
        examples=["z", ["xy", "z"]],
    )
    tau: PositiveDuration = Field(default=1.0, description="Time constant of the barostat.", examples=["2 ps"])

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        chosen_options(self, self.kind, BAROSTATS)
        return self
