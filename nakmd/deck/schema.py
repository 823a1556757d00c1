"""The tables of a deck: one immutable model for each table of the TOML file.

A deck is checked in three steps. Here: keys, types, units and ranges of single values. In `nakmd.deck.checks`: values
that contradict other parts of the deck or are unphysical. In `nakmd.runs.verify`: faults that only the built system
shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from nakmd.deck.fields import (
    Discard,
    Duration,
    Flag,
    Names,
    Positive,
    Precision,
    Section,
    SurfaceEnergy,
    Text,
)
from nakmd.deck.force_model import Model
from nakmd.deck.matter import Groups, Structure
from nakmd.deck.stage_sections import Stage
from nakmd.quantity_names import QUANTITIES
from nakmd.units import J_PER_M2_PER_EV_A2


class Output(Section):
    """Output files and intervals."""

    trajectory_every: Positive = Field(default=200, description="Steps between frames of the trajectory.")
    thermo_every: Positive = Field(
        default=50, description="Steps between rows of the thermo table; the viscosity needs 5 to 20 fs."
    )
    checkpoint_every: Positive = Field(default=2000, description="Steps between checkpoints.")
    precision: Precision = Field(
        default="double",
        description='Of the positions in the trajectory: "double", "single", or the largest error of a coordinate, '
        'such as "0.001 Å", to which positions are rounded; velocities are then single.',
    )
    atoms: Names = Field(
        default=("all",),
        description='Atoms in the trajectory: "all", or species, elements and groups, such as "liquid" or ["K", "N"]. '
        "Thermo table, live analyses and checkpoints are those of all atoms.",
    )
    velocities: Flag = Field(default=True, description="Whether frames have velocities.")
    compression: Literal["none", "lossless"] | None = Field(
        default=None,
        description='Compression of frames, "none" or "lossless"; by default lossless if precision is a length, else '
        "none.",
    )
    virials: Flag = Field(
        default=False,
        description="Whether frames have energy and virial of each atom (80 bytes), for stress profiles and maps.",
    )
    heat_current: Flag = Field(
        default=False,
        description="Whether rows of the thermo table have the heat current of each element, for thermal_conductivity.",
    )

    @model_validator(mode="after")
    def _check_compression(self) -> Self:
        if self.compression == "none" and not isinstance(self.precision, str):
            raise ValueError('rounds positions, which saves space only if compressed: remove compression = "none"')
        return self


if TYPE_CHECKING:
    QuantityName = str
else:
    QuantityName = Literal[tuple(QUANTITIES)]


def _describe_quantities(schema: dict[str, Any]) -> None:
    """Describe in the JSON schema each quantity, and which ones are measured only on request."""
    from nakmd.analysis import on_request, quantity  # noqa: PLC0415  (slow to import, and only editors ask)

    titles = "; ".join(f"{name}: {quantity(name).title}" for name in QUANTITIES)
    schema["description"] = (
        "Quantities to measure; by default all that the system allows, except those measured only on request: "
        f"{', '.join(on_request())}. {titles}."
    )


class ImmersionSection(Section):
    """The heat of immersion."""

    surface_energy: SurfaceEnergy | None = Field(
        default=None,
        description='Surface energy of the metal that is subtracted from its adhesion: "model", "experiment", or a '
        'value such as "0.09 J/m²". By default that of the model, or of experiment if the model\'s is not known.',
    )

    @property
    def chosen(self) -> Literal["model", "experiment"] | float | None:
        """The surface energy as analyses take it, a value in J/m²."""
        given = self.surface_energy
        return given * J_PER_M2_PER_EV_A2 if isinstance(given, float) else given


class AnalysisSection(Section):
    """Quantities to measure, from which stages, and when."""

    quantities: tuple[QuantityName, ...] | None = Field(default=None, json_schema_extra=_describe_quantities)
    when: Literal["live", "after"] = Field(
        default="after", description="During the run, or afterwards from the trajectory."
    )
    every: Positive | None = Field(
        default=None, description="Steps between samples of live analyses; by default trajectory_every."
    )
    stages: tuple[Text, ...] = Field(
        default=(), description="Names of the stages to measure; by default all of kind produce."
    )
    start: Duration | None = Field(default=None, description="Frames before this time of the run are not measured.")
    discard: Discard | None = Field(
        default=None,
        description='Left out at the beginning of the measured stages: "auto", the detected equilibration; "none", '
        'nothing; or a fraction of the frames. By default "auto", or "none" if start is given.',
    )
    immersion: ImmersionSection = Field(default=ImmersionSection(), description="Options of the heat of immersion.")


class DeckTables(Section):
    """The tables of a deck. `nakmd.Deck` adds reading, error messages and writing."""

    title: Text = Field(default="", description="Title of the run, for reports and figures.")
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = Field(
        default=1, description="Seed of all random numbers; the same seed gives the same run to the bit."
    )
    model: Model = Field(description="Force model.")
    structure: Structure = Field(description="Initial structure.")
    groups: Groups = Field(default=Groups(), description="Frozen, tethered and rigid groups of atoms.")
    stage: tuple[Stage, ...] = Field(min_length=1, description="Stages of the run, in order.")
    output: Output = Field(default=Output(), description="Trajectory, thermo table and checkpoints.")
    analysis: AnalysisSection = Field(default=AnalysisSection(), description="Quantities to measure.")
