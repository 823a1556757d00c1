"""Locating and validating the datasets of a trajectory in an HDF5 file of nakmd or of another program."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np

from nakmd.elements import ATOMIC_NUMBERS
from nakmd.errors import FileFormatError
from nakmd.io.contents import existing_file
from nakmd.io.frame_steps import check_numbers, check_same_steps
from nakmd.io.journal import pending_changes
from nakmd.io.journaled_file import JournaledFile
from nakmd.io.library_errors import guard, one_line
from nakmd.io.profile import (
    BY_ATOM,
    FRAMES,
    LAYOUT_VERSION,
    LENGTHS,
    PARAMETERS,
    PRESENT,
    TIMES,
    VELOCITIES,
    Quantity,
    quantities_of,
)
from nakmd.io.stored_arrays import check_array, check_stored
from nakmd.io.stored_topology import first_row, foreign_topology, own_topology
from nakmd.system import Topology

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
            hint = (
                "Trajectories are written by nakmd run; `nakmd convert` makes one of extended XYZ, LAMMPS dumps and "
                f"other files: nakmd convert {where.name} {where.stem}.h5md."
            )
            raise FileFormatError(where, "this is not an HDF5 file.", hint)
    try:
        if pending_changes(where) or _is_open_here(where):
            return h5py.File(JournaledFile(where, "r"), "r")
        return h5py.File(where, "r", locking="best-effort")
    except Exception as error:
        truncated = re.search(r"stored_eof = (\d+)", str(error))
        if truncated:
            raise FileFormatError(
                where, f"the file is truncated: it has {size} of {truncated.group(1)} bytes.", "Copy it again."
            ) from error
        raise FileFormatError(where, f"HDF5 cannot open the file ({one_line(error)}).", DAMAGED) from error


def _is_open_here(path: Path) -> bool:
    """Return whether this process has the file open by its name.

    HDF5 lets both handles share what it has cached. If a run was continued in between, that is of the shorter file.
    """
    here = os.path.realpath(path)
    for file in h5py.h5f.get_obj_ids(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE):
        with suppress(ValueError):  # a file that nothing refers to any more may be closed at any moment
            if os.path.realpath(os.fsdecode(file.name)) == here:
                return True
    return False


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
    quantities, by_atom : dict of str to h5py.Dataset
        Quantities of each frame, and of each atom, by attribute of a frame.

    Raises
    ------
    FileFormatError
        If a dataset is missing or has a wrong shape or no unit.
    """

    def __init__(self, path: Path, file: h5py.File) -> None:
        self.path = path
        self._file = file
        self.own = PARAMETERS in file
        if self.own:
            version = file[PARAMETERS].attrs.get("layout")
            if not np.array_equal(version, LAYOUT_VERSION):
                raise FileFormatError(
                    path,
                    f"{PARAMETERS} has the layout {version}; this nakmd reads layout {LAYOUT_VERSION}.",
                    "Read it with the version of nakmd that wrote it.",
                )
        self.group = self._find_group(file)
        self.positions = self._need("position/value", "there are no positions")
        check_array(path, self.positions, "f", (None, None, 3))
        check_stored(path, self.positions)
        self.n_atoms = int(self.positions.shape[1])
        self.length_unit = self.unit(self.positions, LENGTHS)
        self.images = self._dataset("image/value")
        self.velocities = self._dataset("velocity/value")
        self.velocity_unit = 1.0 if self.velocities is None else self.unit(self.velocities, VELOCITIES)
        moving = [d for d in (self.positions, self.images, self.velocities) if d is not None]
        for dataset in moving:
            check_array(path, dataset, "iuf", (None, self.n_atoms, 3))
        self.steps = self._need("position/step", "frames have no step")
        self.times = self._need("position/time", "frames have no time")
        self.time_unit = self.unit(self.times, TIMES)
        for dataset in (self.steps, self.times):
            check_numbers(path, dataset)
        self._read_box()
        n_species = file[f"{PARAMETERS}/species_names"].size if self.own else 0
        shapes = {"virial": (6,), "pair_energies": (n_species, n_species)}
        shapes |= dict.fromkeys(("center", "center_images", "center_velocity"), (3,))
        self.quantities = self._read_quantities(quantities_of(file[PARAMETERS]) if self.own else (), shapes)
        shapes = {"energies": (self.n_atoms,), "virials": (self.n_atoms, 3, 3)}
        self.by_atom = self._read_quantities(BY_ATOM if self.own else (), shapes)
        self.present = self._file[f"{PRESENT}/value"] if self.own and PRESENT in file else None
        if self.present is not None:
            check_array(path, self.present, "b", (None, self.n_atoms))
        by_frame = [
            *moving,
            *([] if self.present is None else [self.present]),
            *(d for d in (self.steps, self.times) if d.ndim),
        ]
        by_frame += [*self.quantities.values(), *self.by_atom.values()]
        by_frame += [] if self.edges_fixed else [self.edges]
        self.stage_rows = file[f"{FRAMES}/stage/value"] if self.own else None
        if self.stage_rows is not None:
            check_array(path, self.stage_rows, "iu", (None,))
            by_frame.append(self.stage_rows)
        species = None if self.own else self._dataset("species/value")
        by_frame += [species] if species is not None and species.ndim == 2 else []
        self.n_frames = min(len(d) for d in by_frame)
        check_same_steps(path, self.steps, self.n_frames, (d.parent for d in by_frame if d.name.endswith("/value")))

    def _read_quantities(
        self, quantities: tuple[Quantity, ...], shapes: Mapping[str, tuple[int, ...]]
    ) -> dict[str, h5py.Dataset]:
        """Return the datasets of quantities of each frame by attribute of a frame."""
        paths = {q.attribute: f"{q.path}/value" for q in quantities}
        found = {name: self._file[path] for name, path in paths.items() if path in self._file}
        for name, dataset in found.items():
            check_array(self.path, dataset, "f", (None, *shapes.get(name, ())))
        return found

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
        """Return a dataset of the particles, or None; `h5py.Group.get` would return None for a damaged one too.

        A group in place of values is damage: what it held would otherwise count as absent. Box edges that change are a
        group.
        """
        parts = name.split("/")
        group = self.group
        for part in parts:
            if not isinstance(group, h5py.Group) or part not in group:
                return None
            group = group[part]
        if isinstance(group, h5py.Dataset):
            return group
        if parts[-1] == "value":
            raise FileFormatError(self.path, f"{group.name} is a group and holds no numbers.", DAMAGED)
        return None

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
            check_array(self.path, self._file[PARAMETERS]["periodic"], "b", (3,))
            self.periodic = np.asarray(self._file[PARAMETERS]["periodic"][...], dtype=np.bool_)
            self.edges_fixed, self.edge_unit = False, 1.0
            self.edges = self._need("box/edges/value", "the size of the box is unknown")
            check_array(self.path, self.edges, "f", (None, 3, 3))
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
        check_array(self.path, self.edges, "iuf", shape if self.edges_fixed else (None, *shape))
        self.edge_unit = self.unit(self.edges, LENGTHS) if "unit" in self.edges.attrs else self.length_unit

    def topology(self) -> Topology:
        """Return species, masses and groups; for files of other programs they follow from the atomic numbers."""
        if not self.own:
            return foreign_topology(self.path, self.group, self.n_atoms, self.periodic, _FOREIGN)
        topology = own_topology(self.path, self._file, self.n_atoms, self.periodic, DAMAGED)
        self._check_elements(topology)
        return topology

    def check_species(self, row: int) -> None:
        """Raise if atoms of a file of another program have other elements in this frame than in the first."""
        stored = None if self.own else self._dataset("species/value")
        if stored is None or stored.ndim != 2:
            return
        first, now = stored[0], stored[row]
        if np.array_equal(first, now):
            return
        atom = int(np.argmax(first != now))
        raise FileFormatError(
            self.path,
            f"frame {row}: atom {atom} has the atomic number {now[atom]}, and {first[atom]} in the first frame.",
            "The elements of a trajectory stay the same: split the file.",
        )

    def _check_elements(self, topology: Topology) -> None:
        """Compare the species of nakmd with the atomic numbers that other programs read in the same file."""
        stored = self._dataset("species/value")
        if stored is None or not len(stored):
            return
        numbers = np.array([ATOMIC_NUMBERS[element] for element in topology.elements])[topology.species]
        other = np.flatnonzero(first_row(self.path, stored, self.n_atoms) != numbers)
        if len(other):
            atom = int(other[0])
            raise FileFormatError(
                self.path,
                f"atom {atom} is {topology.species_names[topology.species[atom]]} in {PARAMETERS}, but has the atomic "
                f"number {stored[0][atom]} in {stored.name}.",
                DAMAGED,
            )
