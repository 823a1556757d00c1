"""Monte Carlo over the inputs of an electrode: readings, bound metal, films, networks, capillary hold, and maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.studies.electrode_study import active_share
from nakmd.studies.electrode_study.active_share import TiedUp
from nakmd.studies.heat_study.routes import WALLS, Samples
from nakmd.studies.input_samples import sample, spread
from nakmd.studies.study_inputs import Input

#: Tensions that the capillary hold is given for: name of the input, and in words.
TENSIONS = {"model": "tension of the model", "measured": "measured tension"}

#: Points along each axis of the map of surface and film, and of the curves against the carbon fraction.
GRID, CURVE = 60, 50

#: Largest carbon fraction of the curves.
LARGEST = 0.4

#: SI units in those of the inputs.
G_PER_CM3, CENTIMETRE, NANOMETRE, KILOPASCAL = 1e3, 1e-2, 1e-9, 1e3


def bound(samples: Samples) -> TiedUp:
    """Return the metal that carbon ties up [g/g]."""
    return active_share.tied_up(
        samples["specific_surface"], samples["layer_density"] * samples["layer_held"], samples["layer_potassium"],
        samples["nitrogen"], samples["graphitic_share"], samples["oxygen"], samples["water"],
        samples["atoms_per_nitrogen"], samples["atoms_per_oxygen"], samples["atoms_per_water"],
    )  # fmt: skip


def readings(fraction: FloatArray, tied: FloatArray, samples: Samples) -> dict[str, FloatArray]:
    """Return readings A, B and C at a carbon fraction."""
    return {
        "A": active_share.by_mass(fraction, tied),
        "B": active_share.by_capacity(fraction, tied),
        "C": active_share.by_potassium(fraction, tied, samples["potassium_fraction"]),
    }


def electrode_spreads(inputs: Mapping[str, Mapping[str, Any]], samples: int, seed: int) -> dict[str, Any]:
    """Return spreads of everything that is asked of an electrode.

    Parameters
    ----------
    inputs : mapping
        Entries of electrode and common as dicts.
    samples, seed : int
    """
    drawn = sample(inputs, samples, seed)
    tied, x, density = bound(drawn), drawn["potassium_fraction"], drawn["metal_density"]
    surface, active = drawn["specific_surface"], drawn["active"]
    before, after = drawn["fraction_before"], drawn["fraction_after"]
    needed = active_share.fraction_by_mass(active, tied.total)
    network = active_share.percolation_fraction(
        drawn["aspect"], drawn["percolation"], drawn["wall_density"], density
    )  # fmt: skip
    by_film = active_share.film_fraction(surface, drawn["film"], density)
    share_of_metal = after / (1.0 - after)
    both, alone = active_share.capacity(x), active_share.potassium_capacity(x)
    free = np.maximum(active_share.by_mass(after, tied.total), 0.0)
    return {
        "readings": {
            state: {name: spread(value) for name, value in readings(fraction, tied.total, drawn).items()}
            for state, fraction in (("before", before), ("after", after))
        },
        "D": {
            "recalled": spread(drawn["activity"]),
            "regular": spread(active_share.regular_activity(x, drawn["mixing"], drawn["temperature"])),
        },
        "needs": {
            "A": spread(needed),
            "A film": spread(active_share.film_thickness(needed, surface, density)),
            "A above network": float(np.mean(needed > network)),
            "B": spread(active_share.fraction_by_capacity(active, tied.total)),
            "C": spread(active_share.potassium_share_for(active, after, tied.total)),
            "C most": spread(active_share.mass_share(x)),
            "D": spread(active_share.potassium_for_activity(active, drawn["mixing"], drawn["temperature"])),
        },
        "tied": {name: spread(part * share_of_metal) for name, part in tied._asdict().items()}
        | {"total": spread(tied.total * share_of_metal)},
        "capacity": {
            "NaK": spread(both), "K of NaK": spread(alone),
            "electrode": spread(both * (1.0 - after)), "K of electrode": spread(alone * (1.0 - after)),
            "electrode, free": spread(both * free),
            "gain": spread((1.0 - after) / (1.0 - before)),
        },
        "film": {
            "fraction": spread(by_film), "A": spread(active_share.by_mass(by_film, tied.total)),
            "before": spread(active_share.film_thickness(before, surface, density)),
            "after": spread(active_share.film_thickness(after, surface, density)),
        },
        "network": {"fraction": spread(network), "below": float(np.mean(after < network))},
        "hold": {wall: {words: _hold(drawn, wall, name) for name, words in TENSIONS.items()} for wall in WALLS},
        "map": _map(inputs, drawn),
        "curves": _curves(tied.total, drawn),
    }  # fmt: skip


def _hold(drawn: Samples, wall: str, tension: str) -> dict[str, Any]:
    """Return contact angle, pressure that pores withstand, and the chance that they hold the metal."""
    work, gamma = drawn[f"work_{wall}"], drawn[f"tension_{tension}"]
    holds = active_share.capillary_pressure(work, gamma, drawn["pore"] * NANOMETRE)
    load = active_share.weight(drawn["height"] * CENTIMETRE, drawn["metal_density"] * G_PER_CM3)
    angle = np.degrees(np.arccos(np.maximum(active_share.cosine(work, gamma), -1.0)))
    return {
        "angle": spread(angle),
        "pressure": spread(holds / KILOPASCAL),
        "wet": float(np.mean(work > gamma)),
        "against weight": float(np.mean(holds >= load)),
        "against pressure": float(np.mean(holds >= load + drawn["pressure"] * KILOPASCAL)),
        "curve": spread(gamma * active_share.cosine(work, gamma)),
    }


def _middles(inputs: Mapping[str, Mapping[str, Any]]) -> dict[str, FloatArray]:
    """Return the middle of every input by name."""
    return {key.partition(".")[2]: np.array(Input(**entry).middle) for key, entry in inputs.items()}


def _map(inputs: Mapping[str, Mapping[str, Any]], drawn: Samples) -> dict[str, Any]:
    """Return carbon fraction and reading A over surface and film, other inputs at their middle."""
    surfaces = np.linspace(drawn["specific_surface"].min(), drawn["specific_surface"].max(), GRID)
    films = np.geomspace(drawn["film"].min(), drawn["film"].max(), GRID)
    across, up = np.meshgrid(surfaces, films)
    middles = {**_middles(inputs), "specific_surface": across}
    fraction = active_share.film_fraction(across, up, middles["metal_density"])
    return {
        "surface": surfaces.tolist(), "film": films.tolist(), "fraction": fraction.tolist(),
        "A": active_share.by_mass(fraction, bound(middles).total).tolist(),
    }  # fmt: skip


def _curves(tied: FloatArray, drawn: Samples) -> dict[str, Any]:
    """Return the median and the range of 95 % of readings A, B and C against the carbon fraction."""
    fractions = np.linspace(0.0, LARGEST, CURVE)
    found: dict[str, Any] = {"fraction": fractions.tolist(), "A": [], "B": [], "C": []}
    for fraction in fractions:
        for name, value in readings(np.array(fraction), tied, drawn).items():
            found[name].append(np.percentile(value, (2.5, 50.0, 97.5)).tolist())
    return found
