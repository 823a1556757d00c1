"""The library of parameter sets: one TOML file for each, in ``potentials/``."""

from nakmd.potentials.library.loading import (
    SUFFIX,
    SetSummary,
    hashes,
    list_sets,
    load,
    names,
    parts,
    path,
    read_set,
    summary,
    takes_doping,
)
from nakmd.potentials.library.warm_lattices import warm_lattice, warm_lattice_range

__all__ = [
    "SUFFIX",
    "SetSummary",
    "hashes",
    "list_sets",
    "load",
    "names",
    "parts",
    "path",
    "read_set",
    "summary",
    "takes_doping",
    "warm_lattice",
    "warm_lattice_range",
]
