"""The tables of a deck that define its stages: minimisation, and dynamics with thermostat, barostat and moves."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from nakmd.deck.barostat_section import BarostatSection
from nakmd.deck.baths import BATHS, BathSection, check_baths
from nakmd.deck.ensemble_words import ENSEMBLE_WORDS, contradiction, written_out
from nakmd.deck.fields import (
    MOST,
    Angle,
    Energy,
    Force,
    Names,
    Positive,
    PositiveDuration,
    PositiveLength,
    Section,
    Temperature,
    TemperatureRamp,
    Text,
)
from nakmd.deck.key_facts import notes
from nakmd.deck.kinds import (
    Ensemble,
    MinimiserKind,
    ThermostatOptions,
    chosen_options,
    meanings,
)
from nakmd.deck.move_section import MoveSection
from nakmd.deck.restraint_section import RESTRAINTS, RestraintSection
from nakmd.deck.time_steps import TimeStep, TimeSteps
from nakmd.integrators import MINIMISERS, SIDES, THERMOSTATS

#: Description of ``ensemble``, and what its words mean.
ENSEMBLE = "Ensemble, or its thermostat."
ENSEMBLES = {
    "nve": "constant energy, no thermostat",
    **ENSEMBLE_WORDS,
    "baths": "several thermostats, in [[stage.bath]], whose entries choose it by themselves",
    **meanings(THERMOSTATS),
}

#: Time step [ps] of a stage that gives none, unless its deck has two by default (`nakmd.deck.default_steps`).
ONE_STEP = 0.001


class Relax(Section):
    """Energy minimisation."""

    kind: Literal["relax"] = Field(description="Energy minimisation.")
    name: Text = Field(
        default="",
        description="Name of the stage, for analyses, plots and tables.",
        examples=["melt"],
        json_schema_extra=notes(default="its kind, with a number from the second of a kind on"),
    )
    method: MinimiserKind = Field(
        default="fire", description="Minimiser.", json_schema_extra=notes(choices=meanings(MINIMISERS))
    )
    steps: Positive = Field(
        default=2000, description="Maximum number of steps.", examples=[500], json_schema_extra=notes(unit="steps")
    )
    force: Annotated[Force, Field(gt=0.0)] = Field(
        default=0.05, description="Converged when no force on an atom is larger.", examples=["0.01 eV/Å"]
    )
    restraint: tuple[RestraintSection, ...] = Field(
        default=(), description="Harmonic restraints of distances.", examples=[RESTRAINTS]
    )

    @property
    def n_steps(self) -> int:
        """Maximum number of steps."""
        return self.steps


class Dynamics(ThermostatOptions):
    """Molecular dynamics in one ensemble; base of `Prepare`, `Produce` and `Deposition`."""

    kind: Literal["heat", "equilibrate", "produce", "deposit"] = Field(description="Purpose of the stage.")
    name: Text = Field(
        default="",
        description="Name of the stage, for analyses, plots and tables.",
        examples=["melt"],
        json_schema_extra=notes(default="its kind, with a number from the second of a kind on"),
    )
    timestep: TimeStep | None = Field(
        default=None,
        description="Time step; or two: a short one for the bonds of the wall, a long one for all other forces, in "
        "which steps are counted.",
        examples=["2 fs", {"bonds": "0.5 fs", "rest": "4 fs"}],
        json_schema_extra=notes(
            default='bonds = "0.5 fs" and rest = "4 fs" with [structure.carbon] that moves, [structure.liquid] and a '
            "named set that bonds the wall, except while atoms are deposited; 1 fs otherwise"
        ),
    )
    ensemble: Ensemble = Field(
        default="langevin", description=ENSEMBLE, examples=["bussi"], json_schema_extra=notes(choices=ENSEMBLES)
    )
    group: Text = Field(default="all", description="Atoms that the thermostat acts on.", examples=["liquid"])
    temperature: TemperatureRamp | None = Field(
        default=None,
        description="Temperature of the thermostat, or [start, end] of a linear ramp. Every thermostat needs it.",
        examples=["450 K", ["300 K", "450 K"]],
        json_schema_extra=notes(default='none, with ensemble = "nve" and with several baths'),
    )
    tau: PositiveDuration = Field(default=0.5, description="Time constant of the thermostat.", examples=["0.2 ps"])
    velocities: Annotated[Temperature, Field(ge=0.0)] | None = Field(
        default=None,
        description="Temperature at which new velocities are drawn at the start of the stage.",
        examples=["450 K"],
        json_schema_extra=notes(
            default="velocities are kept; where there are none, they are drawn at the temperature of the thermostat"
        ),
    )
    barostat: BarostatSection | None = Field(
        default=None,
        description="Pressure control.",
        examples=[{"pressure": "1 bar", "axes": "z"}],
        json_schema_extra=notes(default="none: the cell is constant"),
    )
    bath: tuple[BathSection, ...] = Field(
        default=(),
        description="Several thermostats on groups without common atoms, for a flow of heat.",
        examples=[BATHS],
    )
    move: tuple[MoveSection, ...] = Field(default=(), description="Monte Carlo moves: exchanges of atoms.")
    restraint: tuple[RestraintSection, ...] = Field(
        default=(), description="Harmonic restraints of distances.", examples=[RESTRAINTS]
    )

    @property
    @abstractmethod
    def n_steps(self) -> int:
        """Number of steps."""

    @property
    def outer_step(self) -> float:
        """Time step [ps] in which steps are counted: the long one of two."""
        return self.timestep.rest if isinstance(self.timestep, TimeSteps) else self.timestep or ONE_STEP

    @property
    def inner_step(self) -> float:
        """Time step [ps] of the bonds: the short one of two."""
        return self.timestep.bonds if isinstance(self.timestep, TimeSteps) else self.timestep or ONE_STEP

    @property
    def timestep_text(self) -> str:
        """The time step, or both, in words."""
        if isinstance(self.timestep, TimeSteps):
            return f"{self.outer_step * 1e3:g} fs (bonds {self.inner_step * 1e3:g} fs)"
        return f"{self.outer_step * 1e3:g} fs"

    @model_validator(mode="before")
    @classmethod
    def _name_baths(cls, data: Any) -> Any:
        return {"ensemble": "baths", **data} if isinstance(data, Mapping) and data.get("bath") else data

    @model_validator(mode="before")
    @classmethod
    def _write_out_ensemble(cls, data: Any) -> Any:
        return written_out(data) if isinstance(data, Mapping) else data

    @model_validator(mode="after")
    def _check_ensemble(self) -> Self:
        if self.ensemble == "baths" or self.bath:
            check_baths(self, self.ensemble, self.bath)
            return self
        if self.ensemble in ENSEMBLE_WORDS:  # those that agree with the rest are written out
            raise ValueError(contradiction(self.ensemble))
        if self.ensemble == "nve" and self.temperature is not None:
            raise ValueError(
                'has ensemble = "nve", which does not control the temperature; write velocities = "450 K" to draw '
                'initial velocities, or ensemble = "nvt" to control the temperature'
            )
        unused = [key for key in ("tau", "group") if self.ensemble == "nve" and key in self.model_fields_set]
        if unused:
            raise ValueError(
                f'has {unused[0]}, which belongs to a thermostat, but ensemble = "nve" has none; remove this key'
            )
        if self.ensemble != "nve" and self.temperature is None:
            raise ValueError(
                f'has the thermostat "{self.ensemble}" and so needs temperature = "450 K" or a ramp ["300 K", "450 K"]'
            )
        if self.ensemble == "nve" and self.barostat is not None:
            raise ValueError('has a barostat, which needs a thermostat; write ensemble = "npt"')
        chosen_options(self, self.ensemble, THERMOSTATS)
        return self


class TimedDynamics(Dynamics):
    """Molecular dynamics of a given length."""

    steps: Positive | None = Field(
        default=None,
        description="Number of time steps, instead of a duration.",
        examples=[5000],
        json_schema_extra=notes(default="none; duration then gives it", unit="steps"),
    )
    duration: PositiveDuration | None = Field(
        default=None,
        description="Simulated time, instead of steps.",
        examples=["20 ps"],
        json_schema_extra=notes(default="none; steps then give it"),
    )

    @model_validator(mode="after")
    def _check_length(self) -> Self:
        if (self.steps is None) == (self.duration is None):
            raise ValueError('needs either steps = 5000 or duration = "5 ps"')
        if self.duration is not None and self.duration > MOST * self.outer_step:
            raise ValueError(
                f"has a duration of {self.duration:g} ps in steps of {self.outer_step * 1e3:g} fs: the limit is "
                f"{MOST:g} steps; shorten the duration"
            )
        return self

    @property
    def n_steps(self) -> int:
        """Number of steps; a duration is rounded to whole steps."""
        if self.steps is not None:
            return self.steps
        assert self.duration is not None  # guaranteed by _check_length
        return max(1, round(self.duration / self.outer_step))


class Prepare(TimedDynamics):
    """Dynamics that prepare the system for the measurement."""

    kind: Literal["heat", "equilibrate"] = Field(
        description="Preparation: not measured.",
        json_schema_extra=notes(
            choices={
                "heat": "a change of temperature; a constant one gives a warning",
                "equilibrate": "at a constant or changing temperature",
            }
        ),
    )


class Produce(TimedDynamics):
    """Dynamics that are measured; the default thermostat is the one that disturbs the motion least."""

    kind: Literal["produce"] = Field(description="Production: measured, unless [analysis] stages names others.")
    ensemble: Ensemble = Field(
        default="bussi", description=ENSEMBLE, examples=["langevin"], json_schema_extra=notes(choices=ENSEMBLES)
    )


class Deposition(Dynamics):
    """Dynamics during which atoms arrive at a surface, one by one, with the same energy."""

    kind: Literal["deposit"] = Field(description="Deposition: atoms arrive at a surface.")
    species: Names = Field(
        description="Species of the atoms that arrive: one, or several in turn.", examples=["K", ["Na", "K"]]
    )
    count: Annotated[Positive, Field(le=100_000)] = Field(
        description="Number of atoms that arrive.", examples=[40], json_schema_extra=notes(unit="atoms")
    )
    every: PositiveDuration = Field(description="Time between two arrivals.", examples=["10 ps"])
    energy: Annotated[Energy, Field(gt=0.0)] = Field(
        default=0.1, description="Kinetic energy of an atom on arrival.", examples=["0.2 eV"]
    )
    height: PositiveLength | None = Field(
        default=None,
        description="Height of arrival above the surface.",
        examples=["12 Å"],
        json_schema_extra=notes(default="1 Å more than the reach of the model"),
    )
    angle: Annotated[Angle, Field(ge=0.0, lt=90.0)] = Field(
        default=0.0,
        description="Angle between the velocity on arrival and the normal of the surface.",
        examples=["30 deg"],
    )
    side: Literal[tuple(SIDES)] = Field(  # type: ignore[valid-type]
        default="above",
        description="Where atoms arrive.",
        json_schema_extra=notes(
            choices={"above": "above a slab, sheet or film, along z", "around": "around a nanotube, from all sides"}
        ),
    )

    @model_validator(mode="after")
    def _check_interval(self) -> Self:
        if self.every < self.outer_step:
            raise ValueError(f"has an atom every {self.every:g} ps, less than its time step of {self.outer_step:g} ps")
        if self.n_steps > MOST:
            raise ValueError(f"has {self.n_steps:g} steps, the limit is {MOST:g}; shorten every, or lower count")
        return self

    @property
    def steps_between(self) -> int:
        """Steps between two arrivals."""
        return round(self.every / self.outer_step)

    @property
    def n_steps(self) -> int:
        """Number of steps: each arrival is followed by the same time."""
        return self.count * self.steps_between

    @property
    def arriving(self) -> list[str]:
        """Species of the atoms in the order of their arrival."""
        return [self.species[k % len(self.species)] for k in range(self.count)]


Stage = Annotated[Relax | Prepare | Produce | Deposition, Field(discriminator="kind")]
