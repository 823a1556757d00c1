"""The stages and observers of a deck: from its words to the objects of the loop."""

from __future__ import annotations

from collections.abc import Mapping

from nakmd.deck.deck import Deck
from nakmd.deck.schema import Barostat, Dynamics, Relax
from nakmd.deck.stage_names import stage_names
from nakmd.integrators import Bussi, CellRescaling, Fire, Langevin, Ramp, Thermostat, VelocityVerlet
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
            integrator: Fire | VelocityVerlet = Fire(words.force)
            moving = False  # velocities are zero after a relaxation
        else:
            drawn = words.velocities
            if drawn is None and not moving and words.temperature is not None:
                drawn = words.temperature[0]
            moving = True
            integrator = VelocityVerlet(words.timestep, _thermostat(words), _barostat(words.barostat))
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
    if words.ensemble == "nve" or words.temperature is None:
        return None
    kind = Langevin if words.ensemble == "langevin" else Bussi
    return kind(Ramp(*words.temperature), words.tau, words.group)


def _barostat(words: Barostat | None) -> CellRescaling | None:
    if words is None:
        return None
    if words.compressibility is None:
        return CellRescaling(Ramp(*words.pressure), words.axes, words.tau)
    return CellRescaling(Ramp(*words.pressure), words.axes, words.tau, words.compressibility)
