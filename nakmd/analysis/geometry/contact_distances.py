"""Contact distances between metal and wall atoms."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nakmd.elements import METALS, WALL, element_of
from nakmd.errors import AnalysisError
from nakmd.system import Topology

#: Contact distances [Å] between wall and metal: the minimum of the metal-carbon Morse well of the liquid set
#: (K-C 3.43, Na-C 3.15) plus 1 Å, to one decimal. Over a hollow site of graphene (K at 3.0 Å, Na at 2.7 Å)
#: both include the hexagon below and the six atoms around it (4.1 Å, 3.9 Å) and exclude the next ring (4.8
#: Å, 4.6 Å). Nitrogen has the same distance as carbon, so that counts per site are comparable.
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
        If the table has no entry for the pair.
    """
    for pair in ((a, b), (b, a)):
        if pair in CONTACT_DISTANCES:
            return CONTACT_DISTANCES[pair]
    known = ", ".join(f"{x}-{y} {distance} Å" for (x, y), distance in CONTACT_DISTANCES.items())
    raise AnalysisError(
        f"No contact distance is tabulated for {a}-{b} (available: {known}). Pass cutoff=, for example the first "
        "minimum of rdf()."
    )


def interface_pairs(topology: Topology) -> list[tuple[str, str]]:
    """Return the wall-metal pairs of the elements present that have a tabulated contact distance."""
    present = {element_of(topology.species_names[s]) for s in np.unique(topology.species)}
    return [(a, b) for a in WALL for b in METALS if {a, b} <= present and (a, b) in CONTACT_DISTANCES]
