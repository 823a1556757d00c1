"""Several thermostats in one stage of a deck: ``[[stage.bath]]``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from nakmd.deck.fields import PositiveDuration, PositiveLength, Section, TemperatureRamp, Text
from nakmd.deck.key_facts import notes
from nakmd.deck.kinds import BathKind, ThermostatOptions, chosen_options, meanings
from nakmd.integrators import THERMOSTATS

#: Baths of a stage as a deck has them.
BATHS = [
    {"ensemble": "bussi", "group": "carbon", "temperature": "550 K"},
    {"ensemble": "langevin", "group": "liquid", "temperature": "400 K"},
]


class RegionSection(Section):
    """All places farther than a distance from a plane or an axis through the centre of a group."""

    center: Text = Field(
        description="Group whose mean position the plane or the axis goes through.", examples=["carbon"]
    )
    beyond: PositiveLength = Field(description="Distance from the plane or the axis.", examples=["14 Å"])
    axis: Literal["x", "y", "z"] = Field(
        default="z",
        description="Normal of the plane, or direction of the axis.",
        json_schema_extra=notes(choices={"x": "along x", "y": "along y", "z": "along z"}),
    )
    shape: Literal["planar", "cylindrical"] = Field(
        default="planar",
        description="What distances are measured from.",
        json_schema_extra=notes(choices={"planar": "a plane, for sheets", "cylindrical": "an axis, for tubes"}),
    )


class BathSection(ThermostatOptions):
    """One of several thermostats of a stage."""

    ensemble: BathKind = Field(
        default="langevin", description="Thermostat.", json_schema_extra=notes(choices=meanings(THERMOSTATS))
    )
    group: Text = Field(description="Atoms that it acts on; no atom may be in two baths.", examples=["liquid"])
    temperature: TemperatureRamp = Field(
        description="Temperature, or [start, end] of a linear ramp.", examples=["400 K", ["300 K", "450 K"]]
    )
    tau: PositiveDuration = Field(default=0.5, description="Time constant.", examples=["0.2 ps"])
    region: RegionSection | None = Field(
        default=None,
        description="Where it acts on these atoms. Of a liquid, atoms come and go.",
        json_schema_extra=notes(default="everywhere"),
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        chosen_options(self, self.ensemble, THERMOSTATS)
        if self.region is not None and not THERMOSTATS[self.ensemble].takes_region:
            raise ValueError(
                f'has a region, and "{self.ensemble}" acts on fixed atoms; write ensemble = "langevin" or remove the '
                "region"
            )
        return self


def check_baths(stage: Section, ensemble: str, baths: Sequence[BathSection]) -> None:
    """Raise `ValueError` unless a stage has several baths, and nothing else that needs or sets a temperature."""
    if ensemble != "baths":
        raise ValueError(f'has ensemble = "{ensemble}" and [[stage.bath]]: remove one of the two')
    if len(baths) < 2:
        raise ValueError(
            'has fewer than two [[stage.bath]]; for one thermostat write ensemble = "langevin" and its group'
        )
    options = (option.name for kind in THERMOSTATS.values() for option in kind.options)
    for key in ("temperature", "tau", "group", *options):
        if key in stage.model_fields_set:
            raise ValueError(f"has {key} beside [[stage.bath]], whose entries have their own; remove this key")
    for key in ("barostat", "move"):
        if key in stage.model_fields_set:
            raise ValueError(
                f"has a {key} and several baths, and a {key} needs one temperature; remove it, or do this in another "
                "stage"
            )
