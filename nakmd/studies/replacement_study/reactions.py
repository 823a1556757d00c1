"""The reactions of the ledger: how often each input enters the energy and the free energy of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nakmd.elements import MASSES

#: Carbon atoms per K in the stage-1 compound.
CARBON_PER_K = 8

#: J in a thermochemical calorie; exact.
CALORIE = 4.184

#: Mass [g/mol] of the carbon of KC8.
MASS_OF_8C = CARBON_PER_K * MASSES["C"]


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """One reaction, per formula unit as written; positive energies are uphill.

    Attributes
    ----------
    key : str
        Number in the ledger, with a letter where there are several of a kind.
    title : str
        The equation in words and symbols.
    energy : mapping of str to float
        Name of an input (``replacement.NAME``), and how often it enters ΔE.
    thermal : mapping of str to float
        The same for what ΔG has beyond ΔE: thermal energies, entropies (as -TS), activities (as kT ln a).
    site : str
        Site of the wall at which K ends up, whose vibrations are taken from the model; empty if none.
    enthalpy : bool
        Whether ΔE is an enthalpy already, so that only the entropy of the vibrations counts.
    replaces : bool
        Whether graphitic nitrogen is replaced.
    notes : tuple of str
    """

    key: str
    title: str
    energy: Mapping[str, float]
    thermal: Mapping[str, float] = field(default_factory=dict)
    site: str = ""
    enthalpy: bool = False
    replaces: bool = False
    notes: tuple[str, ...] = ()


#: What ΔG loses with one K atom from the liquid, beyond its cohesion.
FROM_LIQUID: Mapping[str, float] = {"thermal_k": -1.0, "entropy_k": -1.0, "activity_k": -1.0}

#: Half a molecule of nitrogen that is set free, and a wall that has lost one atom.
NITROGEN_FREED: Mapping[str, float] = {
    "nitrogen_zero_point": 0.5, "nitrogen_enthalpy": 0.5, "nitrogen_entropy": 0.5, "wall_vibration": -1.0,
}  # fmt: skip


def _adsorbed(key: str, title: str, binding: str, site: str, *notes: str) -> Reaction:
    """Return the reaction of a K atom from the liquid with a site that exists."""
    return Reaction(
        key=key, title=title, energy={binding: 1.0, "cohesion_k": 1.0}, thermal=FROM_LIQUID, site=site, notes=notes
    )


REACTIONS: tuple[Reaction, ...] = (
    Reaction(
        key="1",
        title="graphitic N + K → K at a vacancy + ½ N₂",
        energy={
            "formation_vacancy": 1.0, "reconstruction": 1.0, "binding_vacancy": 1.0, "cohesion_k": 1.0,
            "formation_graphitic": -1.0,
        },
        thermal={**FROM_LIQUID, **NITROGEN_FREED},
        site="bare vacancy",
        replaces=True,
    ),
    Reaction(
        key="2",
        title="graphitic N + C + 2 K → K at a divacancy + KCN",
        energy={
            "formation_divacancy": 1.0, "binding_divacancy": 1.0, "cohesion_k": 1.0, "formation_graphitic": -1.0,
            "enthalpy_kcn": 1.0,
        },
        thermal={**FROM_LIQUID, **NITROGEN_FREED, "activity_k": -2.0, "entropy_of_kcn": 1.0},
        site="bare vacancy",
        replaces=True,
        notes=("KCN is formed from crystalline K; vibrations of K as at a vacancy",),
    ),
    _adsorbed("4a", "K + pristine wall → K at a hollow, 4x4 cells", "binding_pristine_4x4", "hollow"),
    _adsorbed("4b", "K + pristine wall → K at a hollow, 5x5 cells", "binding_pristine_5x5", "hollow"),
    _adsorbed(
        "5a", "K + graphitic N → K on it", "binding_on_graphitic", "far from N",
        "vibrations as far from N: on N itself K has no minimum",
    ),
    _adsorbed("5b", "K + wall with graphitic N → K beside it", "binding_beside_graphitic", "far from N"),
    _adsorbed("5c", "K + wall with graphitic N → K far from it", "binding_far_from_graphitic", "far from N"),
    _adsorbed("6", "K + three pyridinic N → K at them", "binding_pyridinic", "three N"),
    _adsorbed("7a", "K + pyrrolic N → K at it", "binding_pyrrolic", "three N", "vibrations as at three pyridinic N"),
    _adsorbed("7b", "K + bare vacancy → K at it", "binding_vacancy", "bare vacancy"),
    Reaction(
        key="8",
        title="8 C + K → KC₈",
        energy={"intercalation_heat": 1.0},
        thermal={"entropy_k": -1.0, "activity_k": -1.0},
        site="hollow",
        enthalpy=True,
        notes=("entropy of K in KC₈ as that of a K at a hollow",),
    ),
    Reaction(
        key="9",
        title="O group of the wall + K → K–O + ½ H₂ or K₂O",
        energy={"oxygen_groups": 1.0},
        thermal={"activity_k": -1.0},
        notes=("entropy is within the range of the energy and is left out",),
    ),
    Reaction(
        key="10",
        title="K + H₂O → KOH + ½ H₂",
        energy={"enthalpy_koh": 1.0, "enthalpy_water": -1.0},
        thermal={
            "activity_k": -1.0, "entropy_koh": 1.0, "entropy_hydrogen": 0.5, "entropy_k_crystal": -1.0,
            "entropy_water": -1.0,
        },
    ),
)  # fmt: skip

#: Number 3 of the ledger: no energy can be given.
NO_NITRIDE = (
    "3",
    "graphitic N + 3 K → K₃N",
    "no stable nitride of K is known (recalled), and azide or amide need N₂ or H",
)
