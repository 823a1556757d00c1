"""Whether something holds the layers of a wall together: sheets, walls of tubes, tubes of a bundle."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nakmd.deck.carbon_sections import Graphene, Tubes
from nakmd.deck.draft import Draft
from nakmd.deck.matter import Structure
from nakmd.deck.messages import Problem
from nakmd.elements import WALL
from nakmd.errors import InputError
from nakmd.potentials import Potential
from nakmd.system import System

#: Distance of sheets [Å] beyond which none is expected to hold them: about twice that of graphite.
APART = 7.0


def check_layers(draft: Draft, system: System, potential: Potential) -> Iterator[Problem]:
    """Yield a note if layers are close and free to drift, and no term acts between them.

    Parameters
    ----------
    draft : Draft
    system : System
    potential : Potential
    """
    structure = draft.structure
    if structure is None or not has_close_layers(structure):
        return
    if any(term.between_layers or (term.is_external and term.covers("C", "C")) for term in potential.terms):
        return
    if not np.all(_held(draft, system)):
        yield Problem(
            ("structure", "carbon"),
            "no term of the model acts between the layers of the carbon, so nothing holds them at their distance. "
            'Write [model] between_layers = "girifalco-2000-c", or freeze or tether the carbon.',
            fatal=False,
        )


def has_close_layers(structure: Structure) -> bool:
    """Return whether the carbon of a structure has several layers that would attract each other."""
    carbon, liquid = structure.carbon, structure.liquid
    if isinstance(carbon, Tubes):
        return carbon.number * len(carbon.all_walls) > 1
    between = liquid is not None and liquid.region == "between"
    return isinstance(carbon, Graphene) and carbon.layers > 1 and not between and carbon.gap < APART


def _held(draft: Draft, system: System) -> np.ndarray:
    """Return for each wall atom whether a constraint of the deck holds it, (m,) bool."""
    topology = system.topology
    wall = np.isin(topology.species, [a for a, element in enumerate(topology.elements) if element in WALL])
    held = np.zeros(system.n_atoms, dtype=np.bool_)
    groups = draft.groups
    if groups is not None:
        for name in (*groups.frozen, *(tether.group for tether in groups.tethered)):
            try:
                held |= topology.select(name)
            except InputError:  # reported for the name itself
                continue
    return held[wall]
