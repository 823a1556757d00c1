"""Words of other programs and of papers for the words of a deck: messages say which one is meant."""

from __future__ import annotations

from collections.abc import Mapping

from nakmd.quantity_names import QUANTITY_SYNONYMS

_REGIONS = {
    "on": "beside",
    "onto": "beside",
    "above": "beside",
    "over": "beside",
    "top": "beside",
    "on top": "beside",
    "next to": "beside",
    "adjacent": "beside",
    "slab": "beside",
    "film": "beside",
    "layer": "beside",
    "outside": "around",
    "surrounding": "around",
    "in": "inside",
    "within": "inside",
    "filled": "inside",
    "filling": "inside",
    "drop": "droplet",
    "cap": "droplet",
    "sandwich": "between",
    "slit": "between",
    "pore": "between",
    "free": "bulk",
    "box": "bulk",
}

_WALLS = {
    "cnt": "nanotube",
    "swcnt": "nanotube",
    "swnt": "nanotube",
    "tube": "nanotube",
    "carbon nanotube": "nanotube",
    "mwcnt": "multiwall",
    "mwnt": "multiwall",
    "dwcnt": "multiwall",
    "sheet": "graphene",
    "graphite": "graphene",
}

_DYNAMICS = {
    "minimize": "relax",
    "minimise": "relax",
    "minimization": "relax",
    "minimisation": "relax",
    "min": "relax",
    "optimize": "relax",
    "relaxation": "relax",
    "equilibration": "equilibrate",
    "heating": "heat",
    "ramp": "heat",
    "run": "produce",
    "production": "produce",
    "prod": "produce",
    "md": "produce",
    "dynamics": "produce",
    "microcanonical": "nve",
    "canonical": "nvt",
    "isothermal isobaric": "npt",
    "isobaric": "npt",
    "v rescale": "bussi",
    "svr": "bussi",
    "csvr": "bussi",
    "temp/csvr": "bussi",
    "nh": "nose-hoover",
    "nhc": "nose-hoover",
    "nose": "nose-hoover",
    "c rescale": "cell-rescaling",
    "stochastic cell rescaling": "cell-rescaling",
    "martyna tobias klein": "mtk",
    "exchange": "swap",
}

_KEYS = {
    "dt": "timestep",
    "time step": "timestep",
    "temp": "temperature",
    "t": "temperature",
    "thermostat": "ensemble",
    "integrator": "ensemble",
    "tdamp": "tau",
    "pdamp": "tau",
    "damping": "tau",
    "nsteps": "steps",
    "n steps": "steps",
    "time": "duration",
    "n atoms": "atoms",
    "natoms": "atoms",
    "number": "atoms",
    "x": "x_K",
    "composition": "x_K",
    "fraction k": "x_K",
    "diameter": "radius",
    "angle": "contact_angle",
    "supercell": "repeat",
    "replicate": "repeat",
    "potentials": "potential",
    "simulation": "stage",
    "stages": "stage",
    "run": "stage",
    "analyses": "quantities",
    "properties": "quantities",
}

#: The word of a deck for a word in lower case, with spaces for dashes and underscores. A word stands for keys and for
#: values: one that is not allowed where it is written is not suggested.
SYNONYMS: Mapping[str, str] = {**QUANTITY_SYNONYMS, **_WALLS, **_REGIONS, **_DYNAMICS, **_KEYS}
