"""The H5MD profile: the names, units and attributes that nakmd, MDAnalysis and znh5md (ASE) agree on.

H5MD 1.1 leaves room that the readers do not: a file opens in all of them when strings have variable length,
``step`` and ``time`` are explicit and hard-linked everywhere, box edges and species are stored with every
frame, the group is called ``trajectory``, nothing in it is time-independent and no dataset is called ``force``.
What the readers do not know lies under ``/parameters/nakmd``, where H5MD allows anything.
"""

from __future__ import annotations

from typing import NamedTuple

import h5py
import numpy as np

#: The particles group; MDAnalysis builds a topology from no other name.
PARTICLES = "/particles/trajectory"
OBSERVABLES = "/observables/trajectory"
PARAMETERS = "/parameters/nakmd"

#: Per-frame quantities that no reader expects, as H5MD elements.
FRAMES = f"{PARAMETERS}/frames"
THERMO = f"{PARAMETERS}/thermo"
STAGES = f"{PARAMETERS}/stages/name"

#: Version of the layout below ``/parameters/nakmd``.
LAYOUT_VERSION = 1

STRING = h5py.string_dtype("utf-8")


class Quantity(NamedTuple):
    """A float64 quantity that each frame may hold.

    Attributes
    ----------
    attribute : str
        Name in `nakmd.system.Frame`.
    path : str
        H5MD element.
    unit : str
    """

    attribute: str
    path: str
    unit: str


#: Stored in double precision whatever the precision of the positions, so that analyses of energies lose nothing.
QUANTITIES = (
    Quantity("potential_energy", f"{OBSERVABLES}/potential_energy", "eV"),
    Quantity("kinetic_energy", f"{OBSERVABLES}/kinetic_energy", "eV"),
    Quantity("temperature", f"{OBSERVABLES}/temperature", "K"),
    Quantity("virial", f"{FRAMES}/virial", "eV"),
    Quantity("pair_energies", f"{FRAMES}/pair_energies", "eV"),
)

#: Units that files of other programs use, as factors to house units; the reader accepts no others.
LENGTHS = {"Angstrom": 1.0, "angstrom": 1.0, "A": 1.0, "nm": 10.0, "pm": 0.01}
TIMES = {"ps": 1.0, "fs": 1e-3, "ns": 1e3}
VELOCITIES = {
    **{f"{length} {time}-1": a / t for length, a in LENGTHS.items() for time, t in TIMES.items()},
    **{f"{length}/{time}": a / t for length, a in LENGTHS.items() for time, t in TIMES.items()},
}

#: Units of thermo columns, by name; the writer's parameters add to them.
THERMO_UNITS = {
    "time": "ps",
    "temperature": "K",
    "potential_energy": "eV",
    "kinetic_energy": "eV",
    "total_energy": "eV",
    "energy": "eV",
    "conserved": "eV",
    "thermostat_work": "eV",
    "barostat_work": "eV",
    "pressure": "eV Angstrom-3",
    "pressure_bar": "bar",
    "volume": "Angstrom+3",
    "density": "g cm-3",
    "wall_time": "s",
}


def describe_file(file: h5py.File, creator_version: str, author: str) -> None:
    """Write the ``/h5md`` group.

    Parameters
    ----------
    file : h5py.File
    creator_version, author : str
    """
    head = file.create_group("h5md")
    head.attrs["version"] = np.array([1, 1], dtype=np.int32)
    head.create_group("author").attrs["name"] = author
    creator = head.create_group("creator")
    creator.attrs["name"] = "nakmd"
    creator.attrs["version"] = creator_version
    units = head.create_group("modules/units")
    units.attrs["version"] = np.array([1, 0], dtype=np.int32)
    units.attrs["system"] = "SI"
    # The units module knows SI alone; eV and Angstrom are this module's.
    metal = head.create_group("modules/nakmd")
    metal.attrs["version"] = np.array([LAYOUT_VERSION, 0], dtype=np.int32)
    metal.attrs["units"] = "eV Angstrom u ps K e"


def link_time(element: h5py.Group, file: h5py.File) -> None:
    """Give an H5MD element the step and time of the positions, as hard links.

    Parameters
    ----------
    element : h5py.Group
    file : h5py.File
    """
    for name in ("step", "time"):
        element[name] = file[f"{PARTICLES}/position/{name}"]
