"""The stages and observers of a deck: from its words to the objects of the loop."""

from __future__ import annotations

from collections.abc import Mapping

from nakmd.deck.deck import Deck
from nakmd.deck.kinds import chosen_options
from nakmd.deck.schema import BarostatSection, Dynamics, Relax
from nakmd.deck.stage_names import stage_names
from nakmd.integrators import BAROSTATS, MINIMISERS, THERMOSTATS, Barostat, Integrator, Ramp, Thermostat, VelocityVerlet
from nakmd.simulation import Stage


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


def _barostat(words: BarostatSection | None) -> Barostat | None:
    if words is None:
        return None
    options = chosen_options(words, words.kind, BAROSTATS)
    return BAROSTATS[words.kind](Ramp(*words.pressure), words.axes, words.tau, **options)
