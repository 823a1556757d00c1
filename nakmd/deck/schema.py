"""The words of a deck: one frozen model for each table of the TOML file.

A deck is checked in three rounds. Here: keys, types, units and ranges of single values. In `nakmd.deck.checks`: what
contradicts other parts of the deck or physics. In `nakmd.runs.verify`: what only the built system can tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from nakmd.deck.fields import (
    AxisGroups,
    Force,
    Positive,
    PositiveDuration,
    PositiveTime,
    PressureRamp,
    Section,
    Temperature,
    TemperatureRamp,
    Text,
)
from nakmd.deck.kinds import (
    BarostatKind,
    BarostatOptions,
    Ensemble,
    MinimiserKind,
    ThermostatOptions,
    chosen_options,
    describe,
)
from nakmd.deck.matter import Groups, Model, Structure
from nakmd.integrators import BAROSTATS, MINIMISERS, THERMOSTATS
from nakmd.quantity_names import QUANTITIES

#: What the words of ``ensemble`` mean.
ENSEMBLES = f'"nve": constant energy; {describe(THERMOSTATS)}'


class BarostatSection(BarostatOptions):
    """Hold a pressure along some axes."""

    kind: BarostatKind = Field(default="cell-rescaling", description=describe(BAROSTATS))
    pressure: PressureRamp = (0.0, 0.0)
    axes: AxisGroups = Field(
        default=("xyz",), description='"xyz" stretches all alike, "z" one axis, ["xy", "z"] two groups of axes apart'
    )
    tau: PositiveDuration = Field(default=1.0, description="time constant")

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        chosen_options(self, self.kind, BAROSTATS)
        return self


class Relax(Section):
    """Minimise the energy."""

    kind: Literal["relax"]
    name: Text = ""
    method: MinimiserKind = Field(default="fire", description=describe(MINIMISERS))
    steps: Positive = Field(default=2000, description="at most")
    force: Annotated[Force, Field(gt=0.0)] = Field(default=0.05, description="stop when no force is larger")

    @property
    def n_steps(self) -> int:
        """Number of steps, at most."""
        return self.steps


class Dynamics(ThermostatOptions):
    """Molecular dynamics in one ensemble; what `Prepare` and `Produce` share."""

    kind: Literal["heat", "equilibrate", "produce"]
    name: Text = ""
    steps: Positive | None = None
    duration: PositiveDuration | None = None
    timestep: PositiveTime = 0.001
    ensemble: Ensemble = Field(default="langevin", description=ENSEMBLES)
    group: Text = Field(default="all", description="atoms that the thermostat acts on")
    temperature: TemperatureRamp | None = None
    tau: PositiveDuration = Field(default=0.5, description="time constant of the thermostat")
    velocities: Annotated[Temperature, Field(ge=0.0)] | None = Field(
        default=None, description="draw new velocities at this temperature when the stage begins"
    )
    barostat: BarostatSection | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.steps is None) == (self.duration is None):
            raise ValueError('needs either steps = 5000 or duration = "5 ps"')
        if self.ensemble == "nve" and self.temperature is not None:
            raise ValueError(
                'has ensemble = "nve", which holds no temperature; to draw velocities write velocities = "450 K", '
                'to hold one write ensemble = "bussi"'
            )
        if self.ensemble != "nve" and self.temperature is None:
            raise ValueError(
                f'has ensemble = "{self.ensemble}" and so needs temperature = "450 K" or a ramp ["300 K", "450 K"]'
            )
        if self.ensemble == "nve" and self.barostat is not None:
            raise ValueError('has a barostat but no thermostat to take its temperature from; write ensemble = "bussi"')
        chosen_options(self, self.ensemble, THERMOSTATS)
        return self

    @property
    def n_steps(self) -> int:
        """Number of steps, the duration rounded to whole ones."""
        if self.steps is not None:
            return self.steps
        assert self.duration is not None  # held by _complete
        return max(1, round(self.duration / self.timestep))


class Prepare(Dynamics):
    """Dynamics that bring the system where it is to be measured."""

    kind: Literal["heat", "equilibrate"]


class Produce(Dynamics):
    """Dynamics to measure in: the thermostat that disturbs motion least, unless told otherwise."""

    kind: Literal["produce"]
    ensemble: Ensemble = Field(default="bussi", description=ENSEMBLES)


Stage = Annotated[Relax | Prepare | Produce, Field(discriminator="kind")]


class Output(Section):
    """What is written, and how often."""

    trajectory_every: Positive = Field(default=200, description="steps between frames")
    thermo_every: Positive = Field(
        default=50, description="steps between rows of the thermo table; viscosity wants 5 to 20 fs"
    )
    checkpoint_every: Positive = Field(default=2000, description="steps between checkpoints")
    precision: Literal["double", "single"] = "double"


if TYPE_CHECKING:
    QuantityName = str
else:
    QuantityName = Literal[tuple(QUANTITIES)]


def _describe_quantities(schema: dict[str, Any]) -> None:
    """Say in the JSON schema which quantities are measured only on request, and what each one is."""
    from nakmd.analysis import on_request, quantity  # noqa: PLC0415  (slow to import, and only editors ask)

    titles = "; ".join(f"{name}: {quantity(name).title}" for name in QUANTITIES)
    schema["description"] = f"all that the atoms allow, if left out; only if named: {', '.join(on_request())}. {titles}"


class AnalysisSection(Section):
    """What is measured, of which stages, and when."""

    quantities: tuple[QuantityName, ...] | None = Field(default=None, json_schema_extra=_describe_quantities)
    when: Literal["live", "after"] = Field(default="after", description="while the run goes on, or from the trajectory")
    every: Positive | None = Field(
        default=None, description="live: steps between samples; trajectory_every if left out"
    )
    stages: tuple[Text, ...] = Field(default=(), description="names of stages; those of kind produce if left out")


class DeckTables(Section):
    """The tables of a whole deck. `nakmd.Deck` is this with the reading, the messages and the writing."""

    title: Text = ""
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 1
    model: Model
    structure: Structure
    groups: Groups = Groups()
    stage: tuple[Stage, ...] = Field(min_length=1)
    output: Output = Output()
    analysis: AnalysisSection = AnalysisSection()
