"""Locating and validating the datasets of a trajectory in an HDF5 file of nakmd or of another program."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from nakmd.arrays import BoolArray
from nakmd.elements import SYMBOLS, standard_mass
from nakmd.errors import FileFormatError, InputError
from nakmd.io.contents import existing_file
from nakmd.io.journal import pending_changes
from nakmd.io.journaled_file import JournaledFile
from nakmd.io.lammps.atom_types import check_atom_masses
from nakmd.io.library_errors import guard, one_line
from nakmd.io.profile import LENGTHS, PARAMETERS, TIMES, VELOCITIES
from nakmd.system import Topology, check_masses

DAMAGED = "The file is damaged: use a copy, or repeat the run."
_FOREIGN = "nakmd reads H5MD files with positions with units, steps, times, a box and atomic numbers."
_ATOMIC_NUMBERS = "Store the atomic number of each atom in the dataset species."

#: Largest ratio of the mass of an isotope to the atomic weight: tritium.
_MASS_RATIO = 3.0


def open_hdf5(path: str | os.PathLike[str]) -> h5py.File:
    """Open an HDF5 file for reading, including an unfinished change of a killed writer.

    Parameters
    ----------
    path : path

    Raises
    ------
    FileFormatError
        If there is no file, or it is empty, truncated, or not HDF5.
    """
    where = existing_file(path)
    with guard(where, "the file cannot be read"):
        size = where.stat().st_size
        if size == 0:
            raise FileFormatError(
                where, "the file is empty (0 bytes).", "The run may have stopped before its first write."
            )
        if not h5py.is_hdf5(where):
            hint = "Trajectories are written by nakmd run, or by nakmd convert from an extended XYZ file."
            raise FileFormatError(where, "this is not an HDF5 file.", hint)
    try:
        if pending_changes(where):
            return h5py.File(JournaledFile(where, "r"), "r")
        return h5py.File(where, "r", locking="best-effort")
    except Exception as error:
        truncated = re.search(r"stored_eof = (\d+)", str(error))
        if truncated:
            raise FileFormatError(
                where, f"the file is truncated: it has {size} of {truncated.group(1)} bytes.", "Copy it again."
            ) from error
        raise FileFormatError(where, f"HDF5 cannot open the file ({one_line(error)}).", DAMAGED) from error


class Layout:
    """Locations of the parts of a trajectory in a file.

    Parameters
    ----------
    path : pathlib.Path
    file : h5py.File

    Attributes
    ----------
    own : bool
        Whether nakmd wrote the file.
    group : h5py.Group
        The particles group.
    positions, images, velocities : h5py.Dataset
        The last two are None if the file has none.
    length_unit, time_unit, velocity_unit : float
        Factors to the units of nakmd.
    edges : h5py.Dataset
        Box edges; ``edges_fixed`` says whether they are the same for all frames, ``edge_unit`` is their factor to Å.
    periodic : (3,) bool
    n_atoms, n_frames : int
        Numbers of atoms and of complete frames.

    Raises
    ------
    FileFormatError
        If a dataset is missing or has a wrong shape or no unit.
    """

    def __init__(self, path: Path, file: h5py.File) -> None:
        self.path = path
        self._file = file
        self.own = PARAMETERS in file and "layout" in file[PARAMETERS].attrs
        self.group = self._find_group(file)
        self.positions = self._need("position/value", "there are no positions")
        shape = self.positions.shape
        if len(shape) != 3 or shape[2] != 3 or self.positions.dtype.kind != "f":
            raise FileFormatError(path, f"{self.positions.name} has shape {shape}, not (frames, atoms, 3).")
        self.n_atoms = int(shape[1])
        self.length_unit = self.unit(self.positions, LENGTHS)
        self.images = self._dataset("image/value")
        self.velocities = self._dataset("velocity/value")
        self.velocity_unit = 1.0 if self.velocities is None else self.unit(self.velocities, VELOCITIES)
        moving = [d for d in (self.positions, self.images, self.velocities) if d is not None]
        if any(d.shape[1:] != (self.n_atoms, 3) for d in moving):
            raise FileFormatError(path, "positions, images and velocities have different shapes.", DAMAGED)
        self.steps = self._need("position/step", "frames have no step")
        self.times = self._need("position/time", "frames have no time")
        self.time_unit = self.unit(self.times, TIMES)
        for dataset in (self.steps, self.times):
            if dataset.dtype.kind not in "iuf":
                raise FileFormatError(path, f"{dataset.name} holds {dataset.dtype}, not numbers.")
        self._read_box()
        by_frame = [*moving, *(d for d in (self.steps, self.times) if d.ndim)]
        self.n_frames = min(len(d) for d in [*by_frame, *([] if self.edges_fixed else [self.edges])])

    def _find_group(self, file: h5py.File) -> h5py.Group:
        if "h5md" not in file or "particles" not in file:
            members = ", ".join(file) or "nothing"
            raise FileFormatError(
                self.path, f"this HDF5 file is not an H5MD trajectory: its root contains {members}.", _FOREIGN
            )
        names = list(file["particles"])
        if "trajectory" not in names and len(names) != 1:
            raise FileFormatError(
                self.path, f"it has {len(names)} particle groups instead of one: {', '.join(names)}.", _FOREIGN
            )
        return file["particles"]["trajectory" if "trajectory" in names else names[0]]

    def _dataset(self, name: str) -> h5py.Dataset | None:
        """Return a dataset of the particles, or None; `h5py.Group.get` would return None for a damaged one too."""
        parts = name.split("/")
        group = self.group
        for part in parts:
            if not isinstance(group, h5py.Group) or part not in group:
                return None
            group = group[part]
        return group if isinstance(group, h5py.Dataset) else None

    def _need(self, name: str, what: str) -> h5py.Dataset:
        dataset = self._dataset(name)
        if dataset is None:
            remedy = DAMAGED if self.own else _FOREIGN
            raise FileFormatError(self.path, f"{self.group.name}/{name} is missing: {what}.", remedy)
        return dataset

    def unit(self, dataset: h5py.Dataset, known: dict[str, float]) -> float:
        """Return the factor from a dataset's unit to that of nakmd; a missing unit of a foreign file is an error."""
        if self.own:
            return 1.0
        stored = dataset.attrs.get("unit")
        unit = stored.decode() if isinstance(stored, bytes) else stored
        if unit not in known:
            raise FileFormatError(
                self.path,
                f"{dataset.name} has {'no unit' if unit is None else f'the unit {unit!r}'}.",
                f"Set its attribute 'unit' to one of {', '.join(known)}.",
            )
        return known[unit]

    def _read_box(self) -> None:
        if self.own:
            self.periodic = np.asarray(self._file[PARAMETERS]["periodic"][...], dtype=np.bool_)
            self.edges_fixed, self.edge_unit = False, 1.0
            self.edges = self._need("box/edges/value", "the size of the box is unknown")
            return
        if "box" not in self.group or "boundary" not in self.group["box"].attrs:
            raise FileFormatError(
                self.path, f"{self.group.name}/box with its attribute 'boundary' is missing.", _FOREIGN
            )
        box = self.group["box"]
        boundary = [b.decode() if isinstance(b, bytes) else str(b) for b in np.atleast_1d(box.attrs["boundary"])]
        if len(boundary) != 3 or not set(boundary) <= {"periodic", "none"}:
            raise FileFormatError(
                self.path, f"the box boundary is {boundary}; it must be three of 'periodic' and 'none'."
            )
        self.periodic = np.array([kind == "periodic" for kind in boundary])
        fixed = self._dataset("box/edges")
        self.edges_fixed = fixed is not None
        self.edges = fixed if fixed is not None else self._need("box/edges/value", "the size of the box is unknown")
        shape = self.edges.shape if self.edges_fixed else self.edges.shape[1:]
        if shape not in ((3,), (3, 3)):
            raise FileFormatError(self.path, f"{self.edges.name} has rows of shape {shape}, not (3,) or (3, 3).")
        self.edge_unit = self.unit(self.edges, LENGTHS) if "unit" in self.edges.attrs else self.length_unit

    def topology(self) -> Topology:
        """Return species, masses and groups; for files of other programs they follow from the atomic numbers."""
        groups: dict[str, BoolArray] = {}
        if self.own:
            own = self._file[PARAMETERS]
            names = tuple(str(name) for name in own["species_names"].asstr()[...])
            species = own["species"][...].astype(np.int64)
            masses = own["masses"][...].astype(np.float64)
            groups = {name: mask[...].astype(np.bool_) for name, mask in own["groups"].items()}
        else:
            names, species, masses = self._foreign_species()
        misfit = any(values.shape != (self.n_atoms,) for values in [species, masses, *groups.values()])
        if misfit or (self.n_atoms and not 0 <= species.min() <= species.max() < len(names)):
            raise FileFormatError(self.path, "species, masses or groups do not match the positions.", DAMAGED)
        try:
            check_masses(masses)
        except InputError as error:
            raise FileFormatError(self.path, str(error), DAMAGED if self.own else "") from error
        return Topology(names, species, masses, self.periodic, groups)

    def _foreign_species(self) -> tuple[tuple[str, ...], NDArray[Any], NDArray[Any]]:
        dataset = self._dataset("species") or self._need("species/value", "the species of the atoms are unknown")
        numbers = np.asarray(dataset[0] if dataset.ndim == 2 and len(dataset) else dataset[...]).reshape(-1)
        known = numbers.dtype.kind in "iuf" and np.all((numbers > 0) & (numbers < len(SYMBOLS)))
        if len(numbers) != self.n_atoms or not known:
            raise FileFormatError(self.path, f"{dataset.name} does not hold the atomic number of each atom.", _FOREIGN)
        present, species = np.unique(numbers.astype(np.int64), return_inverse=True)
        names = tuple(SYMBOLS[z] for z in present)
        standard = np.array([standard_mass(name) for name in names], dtype=np.float64)[species]
        stored = self._dataset("mass") or self._dataset("mass/value")
        if stored is not None:
            masses = np.asarray(stored[0] if stored.ndim == 2 and len(stored) else stored[...], dtype=np.float64)
        else:
            masses = standard
        self._refuse_types(present, names, species, masses, None if stored is None else standard)
        return names, species.astype(np.int64), masses

    def _refuse_types(
        self,
        present: NDArray[Any],
        names: tuple[str, ...],
        species: NDArray[Any],
        masses: NDArray[Any],
        standard: NDArray[Any] | None,
    ) -> None:
        """Refuse masses of other elements, and type numbers 1, 2, ... (of LAMMPS) in place of atomic numbers.

        ``standard`` holds the atomic weights of the atoms, None if the file has no masses.
        """
        if masses.shape != species.shape:
            return  # refused with all other shapes
        try:
            check_atom_masses(names, species, masses)
        except InputError as error:
            raise FileFormatError(self.path, f"the species are no atomic numbers: {error}", _ATOMIC_NUMBERS) from error
        numbered = len(present) > 1 and np.array_equal(present, 1 + np.arange(len(present)))
        if numbered and (standard is None or np.any(masses > _MASS_RATIO * standard)):
            what = f"the species are the numbers 1 to {len(present)}, which are types and not atomic numbers."
            raise FileFormatError(self.path, what, _ATOMIC_NUMBERS)
