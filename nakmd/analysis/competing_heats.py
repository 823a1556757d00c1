"""Heats that compete with wetting when carbon meets liquid NaK, with their assumptions and reliability."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nakmd.elements import MASSES, WALL
from nakmd.system import Topology
from nakmd.units import KJ_PER_MOL_PER_EV

#: Intercalation to KC8 [J per g of carbon]: 84.1 cal.
KC8 = 84.1 * 4.184

#: Example used for a wall without nitrogen: atomic fraction of N, and graphitic share of it.
EXAMPLE_N, EXAMPLE_GRAPHITIC = 0.04, 0.4

#: Assumed heat [eV] of the replacement of one graphitic N by a metal atom.
REPLACEMENT = 1.5

#: Oxygen on the carbon (atomic fraction), and the heat [kJ/mol] per O.
OXYGEN, OXYGEN_HEAT = 0.01, 300.0

#: Water on the carbon (mass fraction), and the heat [kJ/mol] of K + H₂O → KOH + ½ H₂: 425 - 286.
WATER, WATER_HEAT, WATER_MASS = 0.01, 139.0, 18.015


@dataclass(frozen=True)
class CompetingHeat:
    """A heat that could be mistaken for the heat of wetting.

    Attributes
    ----------
    name : str
    heat : float [J per g of carbon]
        For complete reaction.
    temperature_rise : float [K]
        Temperature rise of the electrode without heat loss.
    assumes : str
        Amounts assumed for the heat, which is proportional to them.
    source : str
    confidence : {"measured", "estimated", "supposed"}
        Calorimetry; tabulated or plausible heats times an assumed amount; or a hypothesis.
    """

    name: str
    heat: float
    temperature_rise: float
    assumes: str
    source: str
    confidence: str


def competing_heats(topology: Topology, rise: Callable[[float], float]) -> tuple[CompetingHeat, ...]:
    """Return the heats that compete with wetting of this wall.

    Parameters
    ----------
    topology : Topology
        The nitrogen route uses the nitrogen of the wall if it has any.
    rise : callable
        Function from heat [J per g of carbon] to temperature rise [K].

    Notes
    -----
    The nitrogen route, y_N g |ΔH|/M with the atomic fraction y_N of nitrogen and its graphitic share g, is the
    hypothesis that graphitic N is replaced by metal with a heat of 1.5 eV. Literal replacement on a perfect wall
    is endothermic by about 5 eV (a vacancy costs 7.5 eV), so the number is what the hypothesis would require, not a
    prediction.
    """
    names = topology.species_names
    present, counts = np.unique(topology.species, return_counts=True)
    wall = {names[s]: int(n) for s, n in zip(present, counts) if names[s].partition(":")[0] in WALL}
    total = sum(wall.values())
    nitrogen = sum(n for name, n in wall.items() if name.partition(":")[0] == "N")
    fraction, share, origin = EXAMPLE_N, EXAMPLE_GRAPHITIC, "an example, as this wall has none"
    if nitrogen:
        fraction, share, origin = nitrogen / total, wall.get("N:graphitic", 0) / nitrogen, "of this wall"
    mass = MASSES["C"] + fraction * (MASSES["N"] - MASSES["C"])
    heats = (
        (
            "graphitic N replaced",
            1e3 * KJ_PER_MOL_PER_EV * REPLACEMENT * fraction * share / mass,
            f"{100 * fraction:.3g} at.% N, {100 * share:.3g} % of it graphitic ({origin}), all replaced at "
            f"{REPLACEMENT} eV each",
            "a hypothesis; on a perfect wall the literal reaction is endothermic by about 5 eV",
            "supposed",
        ),
        (
            "intercalation to KC8",
            KC8,
            "all carbon intercalates, as graphite does; a single wall cannot",
            "calorimetry on graphite, 84.1 ± 0.3 cal per g of carbon",
            "measured",
        ),
        (
            "oxygen groups",
            1e3 * OXYGEN * OXYGEN_HEAT / MASSES["C"],
            f"{100 * OXYGEN:g} at.% O, {OXYGEN_HEAT:g} kJ per mol of O",
            "an order of magnitude for alkali oxides and alkoxides",
            "estimated",
        ),
        (
            "moisture",
            1e3 * WATER * WATER_HEAT / WATER_MASS,
            f"{100 * WATER:g} wt% water on the carbon, K + H₂O → KOH + ½ H₂; powders kept in air hold more",
            "textbook enthalpies of formation: KOH(s) -425, H₂O(l) -286 kJ/mol",
            "estimated",
        ),
    )
    return tuple(
        CompetingHeat(name, heat, rise(heat), assumes, source, confidence)
        for name, heat, assumes, source, confidence in heats
    )
