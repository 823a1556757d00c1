"""The H5MD profile: names, units and attributes that nakmd, MDAnalysis and znh5md (ASE) all read.

The readers are stricter than H5MD 1.1: a file opens in all of them if strings have variable length,
``step`` and ``time`` are explicit and hard-linked everywhere, box edges and species are stored with every
frame, the group is called ``trajectory``, nothing in it is time-independent and no dataset is called ``force``.
Velocities are in Å/ps; MDAnalysis reads the unit, znh5md passes the numbers to ASE unchanged (multiply by
`nakmd.io.velocity_columns.ASE_VELOCITY`). Data specific to nakmd is under ``/parameters/nakmd``, where H5MD allows any
content.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import DTypeLike, NDArray

from nakmd.io.atomic import plain
from nakmd.io.growing import NAME, create_series, create_text, encode_name
from nakmd.io.storage import COMPRESSED, Storage
from nakmd.system import Topology

#: The particles group; MDAnalysis requires this name.
PARTICLES = "/particles/trajectory"
OBSERVABLES = "/observables/trajectory"
PARAMETERS = "/parameters/nakmd"

#: Per-frame quantities specific to nakmd, as H5MD elements.
FRAMES = f"{PARAMETERS}/frames"
THERMO = f"{PARAMETERS}/thermo"
STAGES = f"{PARAMETERS}/stages/name"

#: Below `PARAMETERS`, if frames hold only some of the atoms of the run: the index of each of them in arrays of all.
ATOMS = "atoms"

#: Version of the layout below ``/parameters/nakmd``.
LAYOUT_VERSION = 1


class Quantity(NamedTuple):
    """An optional float64 quantity of each frame.

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


#: Always stored in double precision, so that analyses of energies are exact.
QUANTITIES = (
    Quantity("potential_energy", f"{OBSERVABLES}/potential_energy", "eV"),
    Quantity("kinetic_energy", f"{OBSERVABLES}/kinetic_energy", "eV"),
    Quantity("temperature", f"{OBSERVABLES}/temperature", "K"),
    Quantity("virial", f"{FRAMES}/virial", "eV"),
    Quantity("pair_energies", f"{FRAMES}/pair_energies", "eV"),
    Quantity("center", f"{FRAMES}/center", "Angstrom"),
    Quantity("center_images", f"{FRAMES}/center_images", ""),
    Quantity("center_velocity", f"{FRAMES}/center_velocity", "Angstrom ps-1"),
)


def quantities_of(own: h5py.Group) -> tuple[Quantity, ...]:
    """Return the quantities of frames with their place in a file of nakmd, of which ``own`` is the group `PARAMETERS`.

    Observables of H5MD are those of the particles in the file. If these are some of the atoms of a run, the quantities
    of the run are not among them, so that no other program takes its energy for theirs.
    """
    if ATOMS not in own:
        return QUANTITIES
    return tuple(q._replace(path=f"{FRAMES}/{q.attribute}") for q in QUANTITIES)


#: Which atoms are there in a frame; files of runs in which atoms arrive have it.
PRESENT = f"{FRAMES}/present"

#: Quantities of each atom, read one frame at a time: (n,) and (n, 3, 3).
BY_ATOM = (
    Quantity("energies", f"{FRAMES}/energies", "eV"),
    Quantity("virials", f"{FRAMES}/virials", "eV"),
)

#: Units accepted in files of other programs, as factors to the units of nakmd.
LENGTHS = {"Angstrom": 1.0, "angstrom": 1.0, "A": 1.0, "nm": 10.0, "pm": 0.01}
MASSES = ("u", "amu", "Da", "g mol-1", "g/mol")
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


def create_file(
    file: h5py.File, topology: Topology, parameters: Mapping[str, Any], storage: Storage, images: bool
) -> None:
    """Write everything except frames to a new file.

    Parameters
    ----------
    file : h5py.File
        Empty.
    topology : Topology
        Of the atoms in the frames.
    parameters : mapping
        As in `nakmd.io.TrajectoryWriter`.
    storage : Storage
    images : bool
        Whether frames have image counts.

    Raises
    ------
    InputError
        If a name is too long to be stored.
    """
    own = file.create_group(PARAMETERS)  # first, so that the identity is near the start of the file
    own.attrs["identity"] = np.bytes_(uuid.uuid4().hex)
    own.attrs["layout"] = LAYOUT_VERSION
    rest = dict(parameters)
    _describe(file, str(rest.pop("creator_version", "0")), str(rest.pop("author", "unknown")))
    box = file.create_group(f"{PARTICLES}/box")
    box.attrs["dimension"] = 3
    box.attrs["boundary"] = np.array(
        ["periodic" if p else "none" for p in topology.periodic], dtype=h5py.string_dtype()
    )
    n = topology.n_atoms
    position = file.create_group(f"{PARTICLES}/position")
    create_series(position, "step", (), np.int64)
    create_series(position, "time", (), np.float64, "ps")
    create_series(position, "value", (n, 3), storage.position_type, "Angstrom", **storage.filters)
    create_element(file, f"{PARTICLES}/box/edges", (3, 3), np.float64, "Angstrom")
    if images:  # without the shuffle filter: the few non-zero counts would compress worse and take longer
        create_element(file, f"{PARTICLES}/image", (n, 3), np.int32, "", compression="gzip")
    # znh5md requires species with every frame; they compress to almost nothing
    create_element(file, f"{PARTICLES}/species", (n,), np.int16, "", compression="gzip")
    create_element(file, f"{FRAMES}/stage", (), np.int32, "")
    # what the reader of nakmd needs of the above, protected by checksums
    _create_fixed(own, "periodic", np.asarray(topology.periodic, dtype=np.bool_))
    store_topology(own, topology)
    file.create_group(THERMO, track_order=True)
    create_text(own, "thermo_units", json.dumps({**THERMO_UNITS, **rest.pop("thermo_units", {})}))
    stages = [encode_name(str(name)) for name in rest.pop("stages", ())]
    table = file.create_dataset(
        STAGES, shape=(len(stages),), maxshape=(None,), chunks=(64,), dtype=NAME, fletcher32=True
    )
    table[...] = np.array(stages, dtype=NAME)
    storage.write(own)
    create_text(own, "deck", str(rest.pop("deck", "")))
    for name in ("provenance", "potentials"):
        create_text(own, name, json.dumps(plain(rest.pop(name, {}))))
    create_text(own, "other", json.dumps(plain(rest)))


def store_topology(own: h5py.Group, topology: Topology) -> None:
    """Store all atoms of the run, and which of them are in the frames if these are only some.

    Parameters
    ----------
    own : h5py.Group
        The group `PARAMETERS`.
    topology : Topology
        Of the atoms in the frames.
    """
    whole, filters = topology.whole, {} if topology.run_indices is None else COMPRESSED
    _create_fixed(own, "species_names", np.array([encode_name(name) for name in whole.species_names], dtype=NAME))
    _create_fixed(own, "species", whole.species, **filters)
    _create_fixed(own, "masses", whole.masses, **filters).attrs["unit"] = "u"
    groups = own.create_group("groups")
    for name, mask in whole.groups.items():
        _create_fixed(groups, name, np.asarray(mask, dtype=np.bool_), **filters)
    if topology.run_indices is not None:
        _create_fixed(own, ATOMS, topology.run_indices, **filters)


def _create_fixed(group: h5py.Group, name: str, values: NDArray[Any], **filters: Any) -> h5py.Dataset:
    """Create a dataset of fixed size, with a checksum."""
    return group.create_dataset(name, data=values, chunks=values.shape, fletcher32=True, **filters)


def create_element(
    file: h5py.File, path: str, shape: tuple[int, ...], dtype: DTypeLike, unit: str, **storage: Any
) -> None:
    """Create an H5MD element: a growing value, with hard links to step and time of the positions.

    Parameters
    ----------
    file : h5py.File
    path, shape, dtype, unit, **storage
        As in `nakmd.io.growing.create_series`.
    """
    element = file.create_group(path)
    create_series(element, "value", shape, dtype, unit, **storage)
    for name in ("step", "time"):
        element[name] = file[f"{PARTICLES}/position/{name}"]


def _describe(file: h5py.File, creator_version: str, author: str) -> None:
    """Write the ``/h5md`` group."""
    head = file.create_group("h5md")
    head.attrs["version"] = np.array([1, 1], dtype=np.int32)
    head.create_group("author").attrs["name"] = author
    creator = head.create_group("creator")
    creator.attrs["name"] = "nakmd"
    creator.attrs["version"] = creator_version
    units = head.create_group("modules/units")
    units.attrs["version"] = np.array([1, 0], dtype=np.int32)
    units.attrs["system"] = "SI"
    # the units module defines SI units only; eV and Angstrom are defined in this module
    metal = head.create_group("modules/nakmd")
    metal.attrs["version"] = np.array([LAYOUT_VERSION, 0], dtype=np.int32)
    metal.attrs["units"] = "eV Angstrom u ps K e"
