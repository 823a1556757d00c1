"""Where heat may come from when carbon meets liquid NaK, per gram of carbon with what is bound to it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.elements import MASSES
from nakmd.units import KJ_PER_MOL_PER_EV

#: Samples of the inputs by name.
Samples = Mapping[str, FloatArray]

#: Walls and metals of the stored runs that wetting is computed from.
WALLS = ("pristine", "graphitic", "pyridinic")
METAL_SETS = ("nak-2026", "nak-2016")

#: Which surface energy of the metal wetting saves.
SURFACES = ("of the model", "measured")

REPLACED, KC8, OXYGEN, WATER = "graphitic N replaced", "KC8", "oxygen groups", "moisture"
LIQUIDS, SOLIDS = "mixing of liquids", "mixing of solids"

#: Routes that release heat, one wetting at a time, and those that absorb it if Na and K come unmixed.
WETTING: Mapping[str, str] = {wall: f"wetting ({wall})" for wall in WALLS}
REACTIONS = (REPLACED, KC8, OXYGEN, WATER)
MIXING = (LIQUIDS, SOLIDS)
ROUTES = (*WETTING.values(), *REACTIONS, *MIXING)

#: kJ in J.
_KILO = 1e3


def wall_mass(nitrogen: FloatArray, oxygen: FloatArray) -> FloatArray:
    """Return the mass of a wall per atom [g/mol], from the shares of nitrogen and oxygen."""
    carbon = MASSES["C"]
    return carbon + nitrogen * (MASSES["N"] - carbon) + oxygen * (MASSES["O"] - carbon)


def adhesion(samples: Samples, wall: str, metal: str) -> FloatArray:
    """Return the energy of adhesion [J/m²]: of the stored runs, shifted by the error of the calibrated screening."""
    slope = samples[f"adhesion_slope_{wall}"]
    return samples[f"adhesion_{wall}_{metal}"] + slope * samples["screening_error"]


def surface_energy(samples: Samples, metal: str, surface: str) -> FloatArray:
    """Return the energy of the free surface of the metal [J/m²]."""
    return samples["surface_measured"] if surface == "measured" else samples[f"surface_{metal}"]


def wetting(samples: Samples, wall: str, metal: str, surface: str) -> FloatArray:
    """Return the heat of wetting [J/g], S (W - e_s): negative if the metal holds itself more than the wall does."""
    gained = adhesion(samples, wall, metal) - surface_energy(samples, metal, surface)
    return samples["specific_surface"] * gained


def replaced(samples: Samples, share: FloatArray | None = None) -> FloatArray:
    """Return the heat [J/g] if graphitic N is replaced by metal, y_N g f ΔE/M, as the hypothesis requires.

    Parameters
    ----------
    samples : mapping of str to ndarray
    share : ndarray, optional
        y_N g f: replaced N over all atoms of the wall. Default: the product of the samples.
    """
    converted = replaced_share(samples) if share is None else share
    molar = _KILO * KJ_PER_MOL_PER_EV * samples["replacement"]
    return converted * molar / wall_mass(samples["nitrogen"], samples["oxygen"])


def replaced_share(samples: Samples) -> FloatArray:
    """Return replaced N over all atoms of the wall, y_N g f."""
    return samples["nitrogen"] * samples["graphitic_share"] * samples["converted"]


def oxygen(samples: Samples) -> FloatArray:
    """Return the heat of the reduction of oxygen groups [J/g]."""
    mass = wall_mass(samples["nitrogen"], samples["oxygen"])
    return _KILO * samples["oxygen"] * samples["oxygen_heat"] / mass


def water(samples: Samples) -> FloatArray:
    """Return the heat of K + H₂O → KOH + ½ H₂ [J/g]."""
    return _KILO * samples["water"] * samples["water_heat"] / (2.0 * MASSES["H"] + MASSES["O"])


def mixing(samples: Samples, of_solids: bool) -> FloatArray:
    """Return the heat of mixing [J per g of NaK], negative: what Na and K absorb, with their melting if solid."""
    x = samples["potassium_fraction"]
    absorbed = 4.0 * x * (1.0 - x) * samples["mixing"]
    if of_solids:
        absorbed = absorbed + x * samples["fusion_k"] + (1.0 - x) * samples["fusion_na"]
    return -_KILO * absorbed / (x * MASSES["K"] + (1.0 - x) * MASSES["Na"])


def heats(samples: Samples, seed: int) -> dict[str, FloatArray]:
    """Return the heat of every route [J per g of carbon].

    That of wetting has the metal and the surface energy of one of four combinations, drawn with equal chances: their
    difference is a systematic error. The heats of mixing are for the carbon fraction of the samples.
    """
    n = len(samples["specific_surface"])
    drawn = np.random.default_rng([seed, 1]).integers(len(METAL_SETS) * len(SURFACES), size=n)
    metals, surfaces = drawn // len(SURFACES), drawn % len(SURFACES)
    found = {}
    for wall, name in WETTING.items():
        heat = np.empty(n)
        for i, metal in enumerate(METAL_SETS):
            for j, surface in enumerate(SURFACES):
                chosen = (metals == i) & (surfaces == j)
                heat[chosen] = wetting(samples, wall, metal, surface)[chosen]
        found[name] = heat
    w = samples["carbon_fraction"]
    return {
        **found,
        REPLACED: replaced(samples),
        KC8: samples["kc8"] * samples["kc8_share"],
        OXYGEN: oxygen(samples),
        WATER: water(samples),
        LIQUIDS: mixing(samples, of_solids=False) * (1.0 - w) / w,
        SOLIDS: mixing(samples, of_solids=True) * (1.0 - w) / w,
    }


def together(found: Mapping[str, FloatArray], seed: int) -> dict[str, FloatArray]:
    """Return the routes that occur together in premixed metal [J/g]: the reactions, and wetting of one of the walls.

    The wall is drawn with equal chances, because that of the papers could not be read.
    """
    walls = np.stack([found[name] for name in WETTING.values()])
    drawn = np.random.default_rng([seed, 2]).integers(len(walls), size=walls.shape[1])
    return {"wetting": walls[drawn, np.arange(walls.shape[1])], **{name: found[name] for name in REACTIONS}}
