"""The tables of a deck: one immutable model for each table of the TOML file.

A deck is checked in three steps. Here: keys, types, units and ranges of single values. In `nakmd.deck.checks`: values
that contradict other parts of the deck or are unphysical. In `nakmd.runs.verify`: faults that only the built system
shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from nakmd.deck.fields import (
    MOST,
    AxisGroups,
    Discard,
    Duration,
    Flag,
    Force,
    Names,
    Positive,
    PositiveDuration,
    PositiveTime,
    Precision,
    PressureRamp,
    Section,
    SurfaceEnergy,
    Temperature,
    TemperatureRamp,
    Text,
)
from nakmd.deck.force_model import Model
from nakmd.deck.kinds import (
    BarostatKind,
    BarostatOptions,
    Ensemble,
    MinimiserKind,
    MoveKind,
    ThermostatOptions,
    chosen_options,
    describe,
)
from nakmd.deck.matter import Groups, Structure
from nakmd.integrators import BAROSTATS, MINIMISERS, MOVES, THERMOSTATS
from nakmd.quantity_names import QUANTITIES
from nakmd.units import J_PER_M2_PER_EV_A2

#: Description of the values of ``ensemble``.
ENSEMBLES = f'Ensemble. "nve": constant energy; {describe(THERMOSTATS)}.'


class BarostatSection(BarostatOptions):
    """Pressure control along some axes."""

    kind: BarostatKind = Field(default="cell-rescaling", description=f"Barostat. {describe(BAROSTATS)}.")
    pressure: PressureRamp = Field(default=(0.0, 0.0), description="Pressure, or [start, end] of a linear ramp.")
    axes: AxisGroups = Field(
        default=("xyz",),
        description='Axes that are scaled: "xyz" all equally, "z" only one, ["xy", "z"] two groups independently.',
    )
    tau: PositiveDuration = Field(default=1.0, description="Time constant of the barostat.")

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        chosen_options(self, self.kind, BAROSTATS)
        return self


class Relax(Section):
    """Energy minimisation."""

    kind: Literal["relax"] = Field(description="Energy minimisation.")
    name: Text = Field(default="", description="Name of the stage; by default its kind.")
    method: MinimiserKind = Field(default="fire", description=f"Minimiser. {describe(MINIMISERS)}.")
    steps: Positive = Field(default=2000, description="Maximum number of steps.")
    force: Annotated[Force, Field(gt=0.0)] = Field(
        default=0.05, description="Converged when no force on an atom is larger."
    )

    @property
    def n_steps(self) -> int:
        """Maximum number of steps."""
        return self.steps


class MoveSection(Section):
    """Monte Carlo moves between the steps of a stage."""

    kind: MoveKind = Field(default="swap", description=f"Move. {describe(MOVES)}.")
    species: tuple[Text, Text] = Field(description='The two species, elements or groups: ["Na", "K"].')
    every: Positive = Field(default=100, description="Steps between two calls.")
    attempts: Positive = Field(default=100, description="Trials at each call.")
    temperature: Annotated[Temperature, Field(ge=0.0)] | None = Field(
        default=None,
        description='Only with ensemble = "nve": temperature of the moves; by default that of the thermostat.',
    )


class Dynamics(ThermostatOptions):
    """Molecular dynamics in one ensemble; base of `Prepare` and `Produce`."""

    kind: Literal["heat", "equilibrate", "produce"] = Field(description="Purpose of the stage.")
    name: Text = Field(default="", description="Name of the stage; by default its kind.")
    steps: Positive | None = Field(default=None, description="Number of time steps, instead of a duration.")
    duration: PositiveDuration | None = Field(default=None, description="Simulated time, instead of steps.")
    timestep: PositiveTime = Field(default=0.001, description="Time step; by default 1 fs.")
    ensemble: Ensemble = Field(default="langevin", description=ENSEMBLES)
    group: Text = Field(default="all", description="Atoms that the thermostat acts on.")
    temperature: TemperatureRamp | None = Field(
        default=None, description="Temperature of the thermostat, or [start, end] of a linear ramp."
    )
    tau: PositiveDuration = Field(default=0.5, description="Time constant of the thermostat.")
    velocities: Annotated[Temperature, Field(ge=0.0)] | None = Field(
        default=None, description="Temperature at which new velocities are drawn at the start of the stage."
    )
    barostat: BarostatSection | None = Field(default=None, description="Pressure control.")
    move: tuple[MoveSection, ...] = Field(default=(), description="Monte Carlo moves: exchanges of atoms.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.steps is None) == (self.duration is None):
            raise ValueError('needs either steps = 5000 or duration = "5 ps"')
        if self.duration is not None and self.duration > MOST * self.timestep:
            raise ValueError(
                f"has a duration of {self.duration:g} ps in steps of {self.timestep * 1e3:g} fs: the limit is {MOST:g} "
                "steps; shorten the duration"
            )
        if self.ensemble == "nve" and self.temperature is not None:
            raise ValueError(
                'has ensemble = "nve", which does not control the temperature; write velocities = "450 K" to draw '
                'initial velocities, or ensemble = "bussi" to control the temperature'
            )
        unused = [key for key in ("tau", "group") if self.ensemble == "nve" and key in self.model_fields_set]
        if unused:
            raise ValueError(
                f'has {unused[0]}, which belongs to a thermostat, but ensemble = "nve" has none; remove this key'
            )
        if self.ensemble != "nve" and self.temperature is None:
            raise ValueError(
                f'has ensemble = "{self.ensemble}" and so needs temperature = "450 K" or a ramp ["300 K", "450 K"]'
            )
        if self.ensemble == "nve" and self.barostat is not None:
            raise ValueError('has a barostat, which needs a thermostat; write ensemble = "bussi"')
        chosen_options(self, self.ensemble, THERMOSTATS)
        return self

    @property
    def n_steps(self) -> int:
        """Number of steps; a duration is rounded to whole steps."""
        if self.steps is not None:
            return self.steps
        assert self.duration is not None  # guaranteed by _complete
        return max(1, round(self.duration / self.timestep))


class Prepare(Dynamics):
    """Dynamics that prepare the system for the measurement."""

    kind: Literal["heat", "equilibrate"] = Field(description="Preparation: not measured.")


class Produce(Dynamics):
    """Dynamics that are measured; the default thermostat is the one that disturbs the motion least."""

    kind: Literal["produce"] = Field(description="Production: measured by default.")
    ensemble: Ensemble = Field(default="bussi", description=ENSEMBLES)


Stage = Annotated[Relax | Prepare | Produce, Field(discriminator="kind")]


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
        description="Whether frames have the energy and the virial of each atom (80 bytes), for stress_profile.",
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
