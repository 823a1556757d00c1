"""What makes a run with a bonded wall faster: two time steps where its deck has one."""

from __future__ import annotations

from nakmd.deck.deck import Deck
from nakmd.deck.default_steps import TWO_STEPS
from nakmd.deck.stage_sections import Dynamics
from nakmd.deck.time_steps import TimeSteps
from nakmd.integrators import Mobility
from nakmd.potentials import Potential
from nakmd.system import System

#: What decks may write.
STEPS = f'{{ bonds = "{TWO_STEPS.bonds * 1e3:g} fs", rest = "{TWO_STEPS.rest * 1e3:g} fs" }}'

#: Gain over one time step [ps], by that step: processor times of the flagship (same place). Longer ones gain less.
GAINS = ((0.0005, 2.5), (0.001, 1.4))


def faster_steps(deck: Deck, system: System, potential: Potential) -> str:
    """Return what to write for two time steps where they save time, empty where they do not.

    They do if bonded atoms and others move freely, and all stages of dynamics have one time step of at most 1 fs.

    Parameters
    ----------
    deck : Deck
    system : System
    potential : Potential
    """
    sections = [stage for stage in deck.stage if isinstance(stage, Dynamics)]
    single = [stage.outer_step for stage in sections if not isinstance(stage.timestep, TimeSteps)]
    if not single or len(single) < len(sections):
        return ""
    gain = next((gain for step, gain in GAINS if max(single) <= step * (1.0 + 1e-9)), None)
    free = Mobility(system, deck.groups.frozen, rigid=deck.groups.rigid).free
    of_wall = potential.bind_stiff(system.species_names).stiff_species[system.species]
    if gain is None or not (free & of_wall).any() or not (free & ~of_wall).any():
        return ""
    return f"about {gain:g} times in the flagship, with timestep = {STEPS} in all stages of dynamics"
