"""The stages and observers of a deck: from its words to the objects of the loop."""

from __future__ import annotations

from collections.abc import Mapping

from nakmd.deck.kinds import chosen_options
from nakmd.deck.schema import Deck, Dynamics, PressureControl, Relax
from nakmd.integrators import (
    BAROSTATS,
    MINIMISERS,
    THERMOSTATS,
    Barostat,
    Integrator,
    Ramp,
    Thermostat,
    VelocityVerlet,
)
from nakmd.simulation import Stage


def stage_names(deck: Deck) -> list[str]:
    """Return a name of its own for each stage: the one given, else its kind, numbered where it repeats."""
    names: list[str] = []
    for words in deck.stage:
        wanted = words.name or words.kind
        name, number = wanted, 2
        while name in names:
            name, number = f"{wanted} {number}", number + 1
        names.append(name)
    return names


def measured_stages(deck: Deck) -> list[str]:
    """Return the names of the stages to measure: those named by the deck, else those of kind ``produce``."""
    wanted = set(deck.analysis.stages) or {"produce"}
    return [
        name
        for name, words in zip(stage_names(deck), deck.stage, strict=True)
        if {name, words.name, words.kind} & wanted
    ]


def build_stages(deck: Deck, has_velocities: bool) -> list[Stage]:
    """Return the stages of a deck.

    Parameters
    ----------
    deck : Deck
    has_velocities : bool
        Whether the structure came with velocities; without them, the first stage with a thermostat draws some at the
        temperature it begins with.
    """
    stages = []
    moving = has_velocities
    tethered: Mapping[str, float] = {tether.group: tether.spring for tether in deck.groups.tethered}
    for name, words in zip(stage_names(deck), deck.stage, strict=True):
        drawn = None
        if isinstance(words, Relax):
            integrator: Integrator = MINIMISERS[words.method](words.force)
        else:
            drawn = words.velocities
            if drawn is None and not moving and words.temperature is not None:
                drawn = words.temperature[0]
            integrator = VelocityVerlet(words.timestep, _thermostat(words), _barostat(words.barostat))
        moving = not integrator.zeroes_velocities
        stages.append(
            Stage(
                name,
                integrator,
                words.n_steps,
                words.kind,
                initial_temperature=drawn,
                frozen=deck.groups.frozen,
                rigid=deck.groups.rigid,
                tethered=tethered,
            )
        )
    return stages


def _thermostat(words: Dynamics) -> Thermostat | None:
    if words.temperature is None:
        return None
    options = chosen_options(words, words.ensemble, THERMOSTATS)
    return THERMOSTATS[words.ensemble](Ramp(*words.temperature), words.tau, words.group, **options)


def _barostat(words: PressureControl | None) -> Barostat | None:
    if words is None:
        return None
    options = chosen_options(words, words.kind, BAROSTATS)
    return BAROSTATS[words.kind](Ramp(*words.pressure), words.axes, words.tau, **options)
