"""The table of Monte Carlo moves: ``[[stage.move]]``."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from nakmd.deck.fields import Positive, Temperature, Text
from nakmd.deck.key_facts import notes
from nakmd.deck.kinds import MoveKind, MoveOptions, chosen_options, meanings
from nakmd.integrators import MOVES


class MoveSection(MoveOptions):
    """Monte Carlo moves between the steps of a stage."""

    kind: MoveKind = Field(default="swap", description="Move.", json_schema_extra=notes(choices=meanings(MOVES)))
    species: tuple[Text, Text] = Field(description="The two species, elements or groups.", examples=[["Na", "K"]])
    every: Positive = Field(
        default=100, description="Steps between two calls.", examples=[20], json_schema_extra=notes(unit="steps")
    )
    attempts: Positive = Field(
        default=100, description="Trials at each call.", examples=[300], json_schema_extra=notes(unit="trials")
    )
    temperature: Annotated[Temperature, Field(ge=0.0)] | None = Field(
        default=None,
        description='Only with ensemble = "nve": temperature of the moves.',
        examples=["450 K"],
        json_schema_extra=notes(default="that of the thermostat"),
    )

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        chosen_options(self, self.kind, MOVES)
        return self

    @property
    def text(self) -> str:
        """What it does, in words."""
        options = chosen_options(self, self.kind, MOVES)
        values = (f"{name.replace('_', ' ')} {self.model_dump()[name]}" for name in options)
        what = f"{self.attempts:,} {self.kind}s of {'–'.join(self.species)} every {self.every:,} steps"
        return ", ".join([what, *values])
