"""Species, masses and groups of an H5MD file of nakmd or of another program."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from nakmd.arrays import BoolArray
from nakmd.atom_values import check_masses
from nakmd.elements import ATOMIC_NUMBERS, SYMBOLS, element_of, standard_mass
from nakmd.errors import FileFormatError, InputError
from nakmd.io.lammps.atom_types import check_atom_masses
from nakmd.io.profile import ATOMS, MASSES, PARAMETERS
from nakmd.io.stored_arrays import check_array, check_stored, whole_numbers
from nakmd.system import Topology

_ATOMIC_NUMBERS = "Store the atomic number of each atom in the dataset species."

#: Largest ratio of the mass of an isotope to the atomic weight: tritium.
_MASS_RATIO = 3.0

#: Species, masses and groups of a file: names, indices, masses [amu], masks.
_Parts = tuple[tuple[str, ...], NDArray[Any], NDArray[Any], dict[str, BoolArray]]


def own_topology(path: object, file: h5py.File, n_atoms: int, periodic: BoolArray, remedy: str) -> Topology:
    """Return the topology of the atoms in the frames of a trajectory of nakmd.

    Parameters
    ----------
    path : object
        The file, for messages.
    file : h5py.File
    n_atoms : int
        Of the positions.
    periodic : (3,) bool
    remedy : str
        End of a message.

    Raises
    ------
    FileFormatError
        If parts do not match the positions, or are none of those that nakmd writes.
    """
    own = file[PARAMETERS]
    stored = own["species_names"]
    check_array(path, stored, "S", (None,))
    check_stored(path, stored)
    names = tuple(str(name) for name in stored.asstr()[...])
    wrong = [name for k, name in enumerate(names) if element_of(name) not in ATOMIC_NUMBERS or name in names[:k]]
    if wrong:
        what = (
            f"the species {', '.join(names)} include {wrong[0]!r}: each begins with a chemical symbol and occurs once."
        )
        raise FileFormatError(path, what, remedy)
    n_whole = n_atoms
    if ATOMS in own:
        check_array(path, own["species"], "iu", (None,))
        check_stored(path, own["species"])
        n_whole = len(own["species"])
    wanted = {"species": "iu", "masses": "f", **{f"groups/{name}": "b" for name in own["groups"]}}
    for name, kinds in wanted.items():
        check_array(path, own[name], kinds, (n_whole,))
    groups = {name: np.asarray(mask[...], dtype=np.bool_) for name, mask in own["groups"].items()}
    parts = names, own["species"][...].astype(np.int64), own["masses"][...].astype(np.float64), groups
    whole = _checked(path, parts, periodic, remedy)
    return _part_in_frames(path, own, n_atoms, whole, remedy) if ATOMS in own else whole


def _part_in_frames(path: object, own: h5py.Group, n_atoms: int, whole: Topology, remedy: str) -> Topology:
    """Return the topology of those atoms of the run that the frames hold."""
    check_array(path, own[ATOMS], "iu", (n_atoms,))
    indices = own[ATOMS][...].astype(np.int64)
    if not (0 < n_atoms < whole.n_atoms and indices[0] >= 0 and indices[-1] < whole.n_atoms) or np.any(
        np.diff(indices) <= 0
    ):
        what = f"{own.name}/{ATOMS} is no increasing list of less than all of the {whole.n_atoms} atoms of the run."
        raise FileFormatError(path, what, remedy)
    mask = np.zeros(whole.n_atoms, dtype=np.bool_)
    mask[indices] = True
    return whole.part(mask)


def foreign_topology(path: object, group: h5py.Group, n_atoms: int, periodic: BoolArray, remedy: str) -> Topology:
    """Return the topology of a file of another program, which follows from the atomic numbers.

    Parameters
    ----------
    path, n_atoms, periodic, remedy
        As in `own_topology`.
    group : h5py.Group
        The particles.

    Raises
    ------
    FileFormatError
        If atomic numbers are missing, or masses have an unknown unit.
    """
    dataset = series(group, "species")
    if dataset is None:
        raise FileFormatError(
            path, f"{group.name}/species/value is missing: the species of the atoms are unknown.", remedy
        )
    numbers = first_row(path, dataset, n_atoms)
    enumerated = h5py.check_enum_dtype(dataset.dtype) is not None
    if enumerated or not np.all((numbers > 0) & (numbers < len(SYMBOLS)) & (numbers == np.floor(numbers))):
        raise FileFormatError(path, f"{dataset.name} does not hold the atomic number of each atom.", remedy)
    present, species = np.unique(whole_numbers(path, dataset.name, numbers), return_inverse=True)
    names = tuple(SYMBOLS[z] for z in present)
    stored = series(group, "mass")
    if stored is not None:
        masses = first_row(path, stored, n_atoms).astype(np.float64)
        unit = stored.attrs.get("unit", MASSES[0])
        unit = unit.decode() if isinstance(unit, bytes) else unit
        if not isinstance(unit, str) or unit not in MASSES:
            what = f"{stored.name} has the unit {unit!r}."
            raise FileFormatError(path, what, f"Set its attribute 'unit' to one of {', '.join(MASSES)}.")
    else:
        masses = np.array([standard_mass(name) for name in names], dtype=np.float64)[species]
    topology = _checked(path, (names, species.astype(np.int64), masses, {}), periodic, "")
    _refuse_types(path, present, topology, has_masses=stored is not None)
    return topology


def _refuse_types(path: object, present: NDArray[Any], topology: Topology, has_masses: bool) -> None:
    """Refuse masses of other elements, and type numbers 1, 2, ... (of LAMMPS) in place of atomic numbers."""
    names, species, masses = topology.species_names, topology.species, topology.masses
    try:
        check_atom_masses(names, species, masses)
    except InputError as error:
        raise FileFormatError(path, f"the species are no atomic numbers: {error}", _ATOMIC_NUMBERS) from error
    numbered = len(present) > 1 and np.array_equal(present, 1 + np.arange(len(present)))
    standard = np.array([standard_mass(name) for name in names])[species]
    if numbered and (not has_masses or np.any(masses > _MASS_RATIO * standard)):
        what = f"the species are the numbers 1 to {len(present)}, which are types and not atomic numbers."
        raise FileFormatError(path, what, _ATOMIC_NUMBERS)


def series(group: h5py.Group, name: str) -> h5py.Dataset | None:
    """Return an H5MD element as a dataset, whether it is the same for all frames or stored with each."""
    if name not in group:
        return None
    element = group[name]
    if isinstance(element, h5py.Group):
        element = element.get("value")
    return element if isinstance(element, h5py.Dataset) else None


def first_row(path: object, dataset: h5py.Dataset, n_atoms: int) -> NDArray[Any]:
    """Return the numbers of the atoms, (n_atoms,), in the first frame if they are stored with each."""
    check_array(path, dataset, "iuf", (None, n_atoms) if dataset.ndim == 2 else (n_atoms,))
    if dataset.ndim == 1:
        return np.asarray(dataset[...])
    if not len(dataset):
        raise FileFormatError(path, f"{dataset.name} has no frames.")
    return np.asarray(dataset[0])


def _checked(path: object, parts: _Parts, periodic: BoolArray, remedy: str) -> Topology:
    names, species, masses, groups = parts
    if len(species) and not 0 <= species.min() <= species.max() < len(names):
        what = f"species range from {species.min()} to {species.max()}, but there are {len(names)} names."
        raise FileFormatError(path, what, remedy)
    try:
        check_masses(masses)
    except InputError as error:
        raise FileFormatError(path, str(error), remedy) from error
    return Topology(names, species, masses, periodic, groups)
