"""Builds the stages that a deck describes."""

from __future__ import annotations

from collections.abc import Mapping

from nakmd.deck.barostat_section import BarostatSection
from nakmd.deck.baths import BathSection
from nakmd.deck.deck import Deck
from nakmd.deck.kinds import chosen_options
from nakmd.deck.stage_names import stage_names
from nakmd.deck.stage_sections import Deposition, Dynamics, Relax
from nakmd.deck.time_steps import TimeSteps
from nakmd.integrators import (
    BAROSTATS,
    MINIMISERS,
    MOVES,
    THERMOSTATS,
    Barostat,
    BathRegion,
    Deposit,
    Integrator,
    Move,
    Ramp,
    Respa,
    Thermostat,
    VelocityVerlet,
)
from nakmd.simulation import Stage
from nakmd.simulation.restraints import COORDINATES, Restraint


def build_stages(deck: Deck, has_velocities: bool) -> list[Stage]:
    """Return the stages of a deck.

    Parameters
    ----------
    deck : Deck
    has_velocities : bool
        Whether the structure has velocities; if not, the first stage with a thermostat draws them at its initial
        temperature.
    """
    stages = []
    moving = has_velocities
    tethered: Mapping[str, float] = {tether.group: tether.spring for tether in deck.groups.tethered}
    for name, section in zip(stage_names(deck.stage), deck.stage, strict=True):
        initial_temperature = None
        integrator = build_integrator(section)
        if isinstance(section, Dynamics):
            initial_temperature = section.velocities
            if initial_temperature is None and not moving and section.temperature is not None:
                initial_temperature = section.temperature[0]
        moving = not integrator.zeroes_velocities
        stages.append(
            Stage(
                name,
                integrator,
                section.n_steps,
                section.kind,
                initial_temperature=initial_temperature,
                frozen=deck.groups.frozen,
                rigid=deck.groups.rigid,
                tethered=tethered,
                moves=build_moves(section),
                deposit=_deposit(section),
                restraints=build_restraints(section),
            )
        )
    return stages


def build_integrator(section: Relax | Dynamics) -> Integrator:
    """Return the minimiser of a relaxation, or the dynamics of a stage with its thermostats and barostat.

    Raises
    ------
    InputError
        If a value makes no sense to them.
    """
    if isinstance(section, Relax):
        return MINIMISERS[section.method](section.force)
    thermostat = [_bath(bath) for bath in section.bath] if section.bath else _thermostat(section)
    barostat = _barostat(section.barostat)
    if isinstance(section.timestep, TimeSteps):
        return Respa(section.timestep.rest, section.timestep.inner_steps, thermostat, barostat)
    return VelocityVerlet(section.outer_step, thermostat, barostat)


def build_moves(section: Relax | Dynamics) -> tuple[Move, ...]:
    """Return the moves of a stage.

    Raises
    ------
    InputError
        If a value makes no sense to them.
    """
    if isinstance(section, Relax):
        return ()
    return tuple(
        MOVES[move.kind](
            move.species, move.every, move.attempts, move.temperature, **chosen_options(move, move.kind, MOVES)
        )
        for move in section.move
    )


def _deposit(section: Relax | Dynamics) -> Deposit | None:
    if not isinstance(section, Deposition):
        return None
    return Deposit(section.count, section.steps_between, section.energy, section.height, section.angle, section.side)


def build_restraints(section: Relax | Dynamics) -> tuple[Restraint, ...]:
    """Return the restraints of a stage.

    Raises
    ------
    InputError
        If a value makes no sense to them.
    """
    return tuple(
        Restraint(COORDINATES[one.kind](**one.arguments), one.spring, one.centre, one.name) for one in section.restraint
    )


def _thermostat(section: Dynamics) -> Thermostat | None:
    if section.temperature is None:
        return None
    options = chosen_options(section, section.ensemble, THERMOSTATS)
    return THERMOSTATS[section.ensemble](Ramp(*section.temperature), section.tau, section.group, **options)


def _bath(bath: BathSection) -> Thermostat:
    options = chosen_options(bath, bath.ensemble, THERMOSTATS)
    if bath.region is not None:
        region = bath.region
        options["region"] = BathRegion(region.center, region.beyond, region.axis, region.shape)
    return THERMOSTATS[bath.ensemble](Ramp(*bath.temperature), bath.tau, bath.group, **options)


def _barostat(section: BarostatSection | None) -> Barostat | None:
    if section is None:
        return None
    options = chosen_options(section, section.kind, BAROSTATS)
    return BAROSTATS[section.kind](Ramp(*section.pressure), section.axes, section.tau, **options)
