"""How close a metal atom and a wall atom are when they touch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nakmd.elements import METALS, WALL, element_of
from nakmd.errors import AnalysisError
from nakmd.system import Topology

#: Contact distances [Å] between wall and metal: the minimum of the metal-carbon Morse well of the liquid set
#: (K-C 3.43, Na-C 3.15) plus 1 Å, to one decimal. Over a hollow site of graphene (K at 3.0 Å, Na at 2.7 Å)
#: both count the hexagon below and the six atoms around it (4.1 Å, 3.9 Å) and leave out the next ring (4.8
#: Å, 4.6 Å). Nitrogen uses the same distance as carbon, so that numbers by site can be compared.
CONTACT_DISTANCES: Mapping[tuple[str, str], float] = {
    ("C", "K"): 4.4,
    ("N", "K"): 4.4,
    ("C", "Na"): 4.1,
    ("N", "Na"): 4.1,
}


def contact_distance(a: str, b: str) -> float:
    """Return the contact distance [Å] of two elements, in either order.

    Raises
    ------
    AnalysisError
        If the table has none.
    """
    for pair in ((a, b), (b, a)):
        if pair in CONTACT_DISTANCES:
            return CONTACT_DISTANCES[pair]
    known = ", ".join(f"{x}-{y} {distance} Å" for (x, y), distance in CONTACT_DISTANCES.items())
    raise AnalysisError(
        f"No contact distance of {a}-{b} is tabled ({known}). Give cutoff=: the first minimum of rdf(), say."
    )


def interface_pairs(topology: Topology) -> list[tuple[str, str]]:
    """Return the wall-metal pairs of elements present whose contact distance is tabled."""
    present = {element_of(topology.species_names[s]) for s in np.unique(topology.species)}
    return [(a, b) for a in WALL for b in METALS if {a, b} <= present and (a, b) in CONTACT_DISTANCES]
