"""Heats that compete with wetting when carbon meets liquid NaK, with their assumptions and reliability."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nakmd.elements import MASSES, WALL
from nakmd.reaction_heats import reaction_heats
from nakmd.system import Topology
from nakmd.units import KJ_PER_MOL_PER_EV

#: Example used for a wall without nitrogen: atomic fraction of N, and graphitic share of it.
EXAMPLE_N, EXAMPLE_GRAPHITIC = 0.04, 0.4

#: Examples of amounts, to which the heats are proportional: oxygen (share of the atoms), water (mass, over the carbon).
EXAMPLE_OXYGEN, EXAMPLE_WATER = 0.01, 0.01


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
    hypothesis that graphitic N is replaced by metal with release of heat. Literal replacement on a perfect wall is
    endothermic (`nakmd study replacement`), so the number is what the hypothesis would require, not a prediction.
    The heats of the reactions, with their sources, are those of `nakmd study heat`: `nakmd.reaction_heats`.
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
    known = reaction_heats()
    replaced, kc8, oxygen, water = (known[name] for name in ("replacement", "kc8", "oxygen_heat", "water_heat"))
    heats = (
        (
            "graphitic N replaced",
            1e3 * KJ_PER_MOL_PER_EV * replaced.value * fraction * share / mass,
            f"{100 * fraction:.3g} at.% N, {100 * share:.3g} % of it graphitic ({origin}), all replaced at "
            f"{replaced.value:g} eV each",
            replaced.source,
            "supposed",
        ),
        (
            "intercalation to KC8",
            kc8.value,
            "all carbon intercalates, as graphite does; a single wall cannot",
            kc8.source,
            "measured",
        ),
        (
            "oxygen groups",
            1e3 * EXAMPLE_OXYGEN * oxygen.value / MASSES["C"],
            f"{100 * EXAMPLE_OXYGEN:g} at.% O, {oxygen.value:g} kJ per mol of O",
            oxygen.source,
            "estimated",
        ),
        (
            "moisture",
            1e3 * EXAMPLE_WATER * water.value / (2.0 * MASSES["H"] + MASSES["O"]),
            f"{100 * EXAMPLE_WATER:g} wt% water on the carbon; powders kept in air hold more",
            water.source,
            "estimated",
        ),
    )
    return tuple(
        CompetingHeat(name, heat, rise(heat), assumes, source, confidence)
        for name, heat, assumes, source, confidence in heats
    )
