"""The words of a deck: one frozen model for each table of the TOML file.

A deck is checked in three rounds. Here: keys, types, units and ranges of single values. In `checks`: what
contradicts the rest or the laws of physics. In `build`: what only the built system can tell.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator

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
from nakmd.deck.lines import LineMap
from nakmd.deck.matter import Groups, Model, Structure
from nakmd.deck.messages import render
from nakmd.deck.source import DeckSource, write_toml
from nakmd.errors import DeckError
from nakmd.integrators import BAROSTATS, MINIMISERS, THERMOSTATS

#: What the words of ``ensemble`` mean.
ENSEMBLES = f'"nve": constant energy; {describe(THERMOSTATS)}'


class PressureControl(BarostatOptions):
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
    barostat: PressureControl | None = None

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


Quantity = Literal[
    "thermo", "rdf", "structure_factor", "short_range_order", "local_order", "diffusion", "layers", "vacf", "viscosity",
    "coordination", "lifetimes", "residence", "map", "affinity", "immersion", "density", "gibbs_excess",
    "free_energy_profile", "surface_tension", "contact_angle",
]  # fmt: skip


class Analysis(Section):
    """What is measured, of which stages, and when."""

    quantities: tuple[Quantity, ...] | None = Field(
        default=None,
        description="all that the atoms allow, if left out; only if named: structure_factor, short_range_order, "
        "local_order, vacf, viscosity, surface_tension, contact_angle",
    )
    when: Literal["live", "after"] = Field(default="after", description="while the run goes on, or from the trajectory")
    every: Positive | None = Field(
        default=None, description="live: steps between samples; trajectory_every if left out"
    )
    stages: tuple[Text, ...] = Field(default=(), description="names of stages; those of kind produce if left out")


class Deck(Section):
    """A whole input: forces, structure, stages, output and analyses.

    Examples
    --------
    >>> deck = Deck(
    ...     model={"potential": "nak"},
    ...     structure={"liquid": {"x_K": 0.67, "temperature": "400 K", "atoms": 500}},
    ...     stage=[{"kind": "produce", "duration": "1 ps", "temperature": "400 K"}],
    ... )
    >>> deck.stage[0].n_steps
    1000
    """

    title: Text = ""
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 1
    model: Model
    structure: Structure
    groups: Groups = Groups()
    stage: tuple[Stage, ...] = Field(min_length=1)
    output: Output = Output()
    analysis: Analysis = Analysis()

    _source: DeckSource | None = PrivateAttr(default=None)

    def __init__(self, **words: Any) -> None:
        try:
            super().__init__(**words)
        except ValidationError:
            # imported here because it knows the Deck
            from nakmd.deck.draft import read_draft  # noqa: PLC0415

            plain = _plain(words)
            raise DeckError(render(read_draft(plain)[1], "deck", LineMap())) from None

    def __eq__(self, other: object) -> bool:
        # two decks that say the same are the same, whatever text they came from
        return isinstance(other, Deck) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(self.to_toml())

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a deck from a TOML file.

        Raises
        ------
        DeckError
            With every fault of the words, each with its line and what to do.
        """
        return cls.from_source(DeckSource.read(path))

    @classmethod
    def from_text(cls, text: str, folder: Path | None = None) -> Self:
        """Read a deck from TOML text; files named in it are sought from ``folder``."""
        return cls.from_source(DeckSource.parse(text, folder=folder))

    @classmethod
    def from_source(cls, source: DeckSource) -> Self:
        """Read a deck that has been parsed already."""
        try:
            deck = cls.model_validate(source.data)
        except DeckError:
            from nakmd.deck.draft import read_draft  # noqa: PLC0415  (as above)

            raise DeckError(source.render(read_draft(source.data)[1])) from None
        deck._source = source
        return deck

    @property
    def source(self) -> DeckSource:
        """The text that the deck came from; written now for one that was made in Python."""
        if self._source is None:
            text = self.to_toml()
            return DeckSource.parse(text)
        return self._source

    def to_toml(self) -> str:
        """Return the deck as TOML, defaults left out; it reads back to exactly the same numbers."""
        return write_toml(self.model_dump(exclude_defaults=True))


def _plain(value: Any) -> Any:
    """Undo models inside Python's words, so that they are checked as the text of a deck is."""
    if isinstance(value, Section):
        return value.model_dump(exclude_defaults=True)
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
