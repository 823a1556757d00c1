"""The tables of a deck: one immutable model for each table of the TOML file.

A deck is checked in three steps. Here: keys, types, units and ranges of single values. In `nakmd.deck.checks`: values
that contradict other parts of the deck or are unphysical. In `nakmd.runs.verify`: faults that only the built system
shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from nakmd.deck.default_steps import fill_time_steps
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
from nakmd.deck.key_facts import notes
from nakmd.deck.matter import Groups, Structure
from nakmd.deck.stage_sections import Dynamics, Relax, Stage
from nakmd.quantity_names import QUANTITIES
from nakmd.units import J_PER_M2_PER_EV_A2

#: Default intervals in steps where the default time steps are the two of `nakmd.deck.default_steps`: the frames are as
#: far apart in time as those of 1 fs.
LONG_STEP_OUTPUT = {"trajectory_every": 50, "thermo_every": 10, "checkpoint_every": 500}


def _interval(default: int, key: str) -> dict[str, Any]:
    """Return the arguments of a key that counts steps between two outputs."""
    words = f"{default}; {LONG_STEP_OUTPUT[key]} where the default time step is 4 fs"
    return {"default": default, "json_schema_extra": notes(default=words, unit="steps")}


class Output(Section):
    """Output files and intervals."""

    trajectory_every: Positive = Field(
        description="Steps between frames of the trajectory.", examples=[100], **_interval(200, "trajectory_every")
    )
    thermo_every: Positive = Field(
        description="Steps between rows of the thermo table; the viscosity needs 5 to 20 fs.",
        examples=[10],
        **_interval(50, "thermo_every"),
    )
    checkpoint_every: Positive = Field(
        description="Steps between checkpoints.", examples=[10_000], **_interval(2000, "checkpoint_every")
    )
    precision: Precision = Field(
        default="double",
        description="Precision of the positions in the trajectory: a word, or the largest error of a coordinate, to "
        "which positions are rounded; velocities are then single.",
        examples=["single", "0.001 Å"],
        json_schema_extra=notes(choices={"double": "64-bit numbers", "single": "32-bit numbers"}),
    )
    atoms: Names = Field(
        default=("all",),
        description='Atoms in the trajectory: "all", or species, elements and groups. Thermo table, live analyses and '
        "checkpoints are those of all atoms.",
        examples=["liquid", ["K", "N"]],
    )
    velocities: Flag = Field(default=True, description="Whether frames have velocities.")
    compression: Literal["none", "lossless"] | None = Field(
        default=None,
        description="Compression of frames.",
        examples=["lossless"],
        json_schema_extra=notes(
            default="lossless if precision is a length, else none",
            choices={"none": "no compression", "lossless": "smaller files, the same numbers"},
        ),
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


def with_default_steps(
    stages: Sequence[Relax | Dynamics], output: Output, model: Model, structure: Structure, groups: Groups
) -> tuple[list[Relax | Dynamics], Output]:
    """Return the stages with their default time steps, and the output with intervals that suit them.

    Parameters
    ----------
    stages, model, structure, groups
        As in `nakmd.deck.default_steps.fill_time_steps`.
    output : Output
        Intervals that it does not give are counted in long steps if any stage has these by default.
    """
    filled = fill_time_steps(stages, model, structure, groups)
    if filled == list(stages):
        return filled, output
    intervals = {key: steps for key, steps in LONG_STEP_OUTPUT.items() if key not in output.model_fields_set}
    return filled, output.model_copy(update=intervals)


if TYPE_CHECKING:
    QuantityName = str
else:
    QuantityName = Literal[tuple(QUANTITIES)]


def _note_quantities(schema: dict[str, Any]) -> None:
    """Add to the notes of a key each quantity, and which ones are measured only on request."""
    from nakmd.analysis import on_request, quantity  # noqa: PLC0415  (slow to import, and only editors ask)

    schema |= notes(
        default="all that the system allows, except those measured only on request: " + ", ".join(on_request()),
        choices={name: quantity(name).title for name in QUANTITIES},
    )


class ImmersionSection(Section):
    """The heat of immersion."""

    surface_energy: SurfaceEnergy | None = Field(
        default=None,
        description="Surface energy of the metal that is subtracted from its adhesion: a word, or a value.",
        examples=["experiment", "0.09 J/m²"],
        json_schema_extra=notes(
            default="that of the model, or of experiment if the model's is not known",
            choices={"model": "that of the model, as the library states it", "experiment": "the measured one"},
        ),
    )

    @property
    def chosen(self) -> Literal["model", "experiment"] | float | None:
        """The surface energy as analyses take it, a value in J/m²."""
        given = self.surface_energy
        return given * J_PER_M2_PER_EV_A2 if isinstance(given, float) else given


class AnalysisSection(Section):
    """Quantities to measure, from which stages, and when."""

    quantities: tuple[QuantityName, ...] | None = Field(
        default=None,
        description="Quantities to measure.",
        examples=[["diffusion", "affinity"]],
        json_schema_extra=_note_quantities,
    )
    when: Literal["live", "after"] = Field(
        default="after",
        description="When quantities are measured.",
        json_schema_extra=notes(
            choices={"live": "during the run, from samples of their own", "after": "after it, from the trajectory"}
        ),
    )
    every: Positive | None = Field(
        default=None,
        description="Steps between samples of live analyses.",
        examples=[20],
        json_schema_extra=notes(default="trajectory_every", unit="steps"),
    )
    stages: tuple[Text, ...] = Field(
        default=(),
        description="Names of the stages to measure.",
        examples=[["produce"]],
        json_schema_extra=notes(default="all of kind produce"),
    )
    start: Duration | None = Field(
        default=None,
        description="Frames before this time of the run are not measured.",
        examples=["20 ps"],
        json_schema_extra=notes(default="none are left out by time"),
    )
    discard: Discard | None = Field(
        default=None,
        description="What is left out at the beginning of the measured stages: a word, or a fraction of the frames.",
        examples=["none", 0.2],
        json_schema_extra=notes(
            default="auto, or none if start is given",
            choices={"auto": "the detected equilibration", "none": "nothing"},
            quantity="fraction",
        ),
    )
    immersion: ImmersionSection = Field(
        default=ImmersionSection(),
        description="Options of the heat of immersion.",
        examples=[{"surface_energy": "experiment"}],
    )


class DeckTables(Section):
    """The tables of a deck. `nakmd.Deck` adds reading, error messages and writing."""

    title: Text = Field(
        default="", description="Title of the run, for reports and figures.", examples=["NaK around a doped nanotube"]
    )
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = Field(
        default=1,
        description="Seed of all random numbers; the same seed gives the same run to the bit.",
        examples=[17],
        json_schema_extra=notes(quantity="whole number"),
    )
    model: Model = Field(description="Force model.", examples=[{"potential": "nak-cn"}])
    structure: Structure = Field(
        description="Initial structure.", examples=[{"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 500}}]
    )
    groups: Groups = Field(
        default=Groups(),
        description="Frozen, tethered and rigid groups of atoms.",
        examples=[{"frozen": ["sheet"]}],
    )
    stage: tuple[Stage, ...] = Field(
        min_length=1,
        description="Stages of the run, in order.",
        examples=[[{"kind": "relax"}, {"kind": "produce", "duration": "20 ps", "temperature": "450 K"}]],
    )
    output: Output = Field(
        default=Output(),
        description="Trajectory, thermo table and checkpoints.",
        examples=[{"trajectory_every": 100, "thermo_every": 10}],
    )
    analysis: AnalysisSection = Field(
        default=AnalysisSection(),
        description="Quantities to measure.",
        examples=[{"quantities": ["diffusion"], "discard": "none"}],
    )

    @model_validator(mode="after")
    def _fill_time_steps(self) -> Self:
        stages, output = with_default_steps(self.stage, self.output, self.model, self.structure, self.groups)
        self.__dict__.update(stage=tuple(stages), output=output)  # tables are frozen for all others
        return self
