"""Reading trajectories: nakmd's own files, and those of others that follow the same profile."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from ase.data import atomic_masses, chemical_symbols
from numpy.typing import NDArray

from nakmd.cell import Cell
from nakmd.errors import FileFormatError, InputError
from nakmd.io.guard import guard, one_line
from nakmd.io.journal import JournaledFile, pending_changes
from nakmd.io.profile import FRAMES, LENGTHS, PARAMETERS, QUANTITIES, STAGES, THERMO, TIMES, VELOCITIES
from nakmd.io.growing import read_table
from nakmd.system import Frame, Topology
from nakmd.units import MASSES

FloatArray = NDArray[np.float64]

_DAMAGED = "The file is damaged: use a copy, or run again."
_FOREIGN = "nakmd convert and docs of the H5MD profile name what it needs."


def open_hdf5(path: str | os.PathLike[str]) -> h5py.File:
    """Open an HDF5 file for reading, a change that a killed writer left unfinished included.

    Parameters
    ----------
    path : path

    Raises
    ------
    FileFormatError
        If there is no file, or it is empty, truncated, or not HDF5.
    """
    where = Path(path)
    if not where.is_file():
        raise FileFormatError(where, "there is no such file." if not where.exists() else "this is a folder, not a file.")
    with guard(where, "the file cannot be read"):
        size = where.stat().st_size
        if size == 0:
            raise FileFormatError(where, "the file is empty (0 bytes).", "Was the run stopped before it began?")
        if not h5py.is_hdf5(where):
            raise FileFormatError(where, "this is not an HDF5 file.", "A trajectory is written by nakmd run.")
    try:
        if pending_changes(where):
            return h5py.File(JournaledFile(where, "r"), "r")
        return h5py.File(where, "r", locking="best-effort")
    except Exception as error:
        truncated = re.search(r"stored_eof = (\d+)", str(error))
        if truncated:
            raise FileFormatError(
                where, f"the file is truncated: {size} of {truncated.group(1)} bytes are there.", "Copy it again."
            ) from error
        raise FileFormatError(where, f"HDF5 cannot open the file ({one_line(error)}).", _DAMAGED) from error


class Trajectory:
    """The frames of an H5MD file, read one by one as they are asked for.

    Parameters
    ----------
    path : path

    Attributes
    ----------
    path : pathlib.Path
    topology : Topology
    deck : str
        Text of the deck that made it; empty for files of other programs.
    provenance, potentials, parameters : dict
        What the writer was told of versions, machine and seed; of the terms and hashes of the model; of anything else.
    stages : tuple of str
        Names of the stages in order.
    has_images : bool
        Whether the file holds image flags. Without them, displacements across a periodic face cannot be followed.

    Raises
    ------
    FileFormatError
        If the file is missing, truncated, damaged, of another kind, or lacks what a trajectory needs.

    Notes
    -----
    Frames that hold everything are counted: should one dataset be shorter than the others, the rest waits in the file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._file = open_hdf5(path)
        try:
            with guard(self.path, "the trajectory cannot be read", _DAMAGED):
                self._own = PARAMETERS in self._file and "layout" in self._file[PARAMETERS].attrs
                self._group = self._find_group()
                self._read_head()
        except BaseException:
            self._file.close()
            raise

    # What does not change from frame to frame

    def _find_group(self) -> h5py.Group:
        particles = self._file.get("particles")
        if "h5md" not in self._file or not isinstance(particles, h5py.Group) or not len(particles):
            found = ", ".join(self._file) or "nothing"
            raise FileFormatError(
                self.path, f"this HDF5 file is not an H5MD trajectory: at its root lie {found}.", _FOREIGN
            )
        names = list(particles)
        if "trajectory" not in names and len(names) > 1:
            raise FileFormatError(self.path, f"it holds several particle groups: {', '.join(names)}.", _FOREIGN)
        return particles["trajectory" if "trajectory" in names else names[0]]

    def _need(self, name: str, what: str) -> h5py.Dataset:
        """Return a dataset of the particles group, or say that it is missing."""
        if not isinstance(self._group.get(name), h5py.Dataset):
            raise FileFormatError(
                self.path, f"{self._group.name}/{name} is missing: {what}.", _DAMAGED if self._own else _FOREIGN
            )
        return self._group[name]

    def _unit(self, dataset: h5py.Dataset, known: dict[str, float]) -> float:
        """Return the factor to house units; a file without units is not guessed at."""
        given = dataset.attrs.get("unit")
        unit = given.decode() if isinstance(given, bytes) else given
        if unit not in known:
            raise FileFormatError(
                self.path,
                f"{dataset.name} has {'no unit' if unit is None else f'the unit {unit!r}'}.",
                f"Set its attribute 'unit' to one of {', '.join(known)}.",
            )
        return known[unit]

    def _read_head(self) -> None:
        positions = self._need("position/value", "there are no positions")
        if positions.ndim != 3 or positions.shape[2] != 3 or positions.dtype.kind != "f":
            raise FileFormatError(self.path, f"{positions.name} has shape {positions.shape}, not (frames, atoms, 3).")
        n_atoms = positions.shape[1]
        self._positions = positions
        self._length_unit = self._unit(positions, LENGTHS)
        self._images = self._group.get("image/value")
        self._velocities = self._group.get("velocity/value")
        if self._velocities is not None:
            self._velocity_unit = self._unit(self._velocities, VELOCITIES)
        self.has_images = self._images is not None
        self._edges, self._edges_fixed, periodic = self._read_box()
        moving = [d for d in (positions, self._images, self._velocities) if d is not None]
        if any(d.shape[1:] != (n_atoms, 3) for d in moving):
            raise FileFormatError(self.path, "positions, images and velocities have different shapes.", _DAMAGED)
        self._n_frames = min(len(d) for d in moving)
        for name, kind in (("step", "iu"), ("time", "f")):
            dataset = self._need(f"position/{name}", f"frames have no {name}")
            if dataset.dtype.kind not in (kind if dataset.ndim else "iuf"):
                raise FileFormatError(self.path, f"{dataset.name} holds {dataset.dtype}, not numbers of its kind.")
            if dataset.ndim:
                self._n_frames = min(self._n_frames, len(dataset))
        if not self._edges_fixed:
            self._n_frames = min(self._n_frames, len(self._edges))
        groups: dict[str, NDArray[np.bool_]] = {}
        if self._own:
            own = self._file[PARAMETERS]
            names = tuple(str(name) for name in own["species_names"].asstr()[...])
            species = own["species"][...].astype(np.int64)
            masses = own["masses"][...].astype(np.float64)
            groups = {name: mask[...].astype(np.bool_) for name, mask in own["groups"].items()}
            self.deck = str(own["deck"].asstr()[()])
            self.provenance, self.potentials, self.parameters = (
                dict(json.loads(own[name].asstr()[()])) for name in ("provenance", "potentials", "other")
            )
            self.stages = tuple(str(name) for name in self._file[STAGES].asstr()[...])
        else:
            names, species, masses = self._read_species(n_atoms)
            self.deck, self.provenance, self.potentials, self.parameters, self.stages = "", {}, {}, {}, ()
        arrays = [species, masses, *groups.values()]
        if any(a.shape != (n_atoms,) for a in arrays) or (n_atoms and not 0 <= species.min() <= species.max() < len(names)):
            raise FileFormatError(self.path, "species, masses or groups do not fit the positions.", _DAMAGED)
        self.topology = Topology(names, species, masses, periodic, groups)

    def _read_box(self) -> tuple[Any, bool, NDArray[np.bool_]]:
        """Return the box edges (dataset by frame, or one array), whether they are fixed, and the periodic flags."""
        box = self._group.get("box")
        if box is None or "boundary" not in box.attrs:
            raise FileFormatError(self.path, f"{self._group.name}/box with its attribute 'boundary' is missing.", _FOREIGN)
        words = [w.decode() if isinstance(w, bytes) else str(w) for w in np.atleast_1d(box.attrs["boundary"])]
        if len(words) != 3 or not set(words) <= {"periodic", "none"}:
            raise FileFormatError(self.path, f"box boundary is {words}, not three of 'periodic' and 'none'.")
        periodic = np.array([word == "periodic" for word in words])
        edges = box.get("edges")
        if isinstance(edges, h5py.Group):
            edges = edges.get("value")
        fixed = isinstance(edges, h5py.Dataset) and edges.shape in ((3,), (3, 3)) and "value" not in box["edges"].name
        if isinstance(edges, h5py.Dataset) and isinstance(box["edges"], h5py.Dataset):
            fixed = True
        if not isinstance(edges, h5py.Dataset) or edges.shape[0 if fixed else 1 :] not in ((3,), (3, 3)):
            raise FileFormatError(self.path, f"{self._group.name}/box/edges are missing or have a strange shape.", _FOREIGN)
        self._edge_unit = self._unit(edges, LENGTHS) if "unit" in edges.attrs else self._length_unit
        return edges, fixed, periodic

    def _read_species(self, n_atoms: int) -> tuple[tuple[str, ...], NDArray[np.int64], FloatArray]:
        """Name the species of a foreign file by its atomic numbers."""
        dataset = self._group.get("species/value", self._group.get("species"))
        if not isinstance(dataset, h5py.Dataset):
            raise FileFormatError(self.path, f"{self._group.name}/species is missing: of what are the atoms?", _FOREIGN)
        table = dataset[0] if dataset.ndim == 2 and len(dataset) else dataset[...]
        numbers = np.asarray(table).reshape(-1).astype(np.int64)
        if len(numbers) != n_atoms or not np.all((numbers > 0) & (numbers < len(chemical_symbols))):
            raise FileFormatError(self.path, f"{dataset.name} does not hold the atomic number of each atom.", _FOREIGN)
        present, species = np.unique(numbers, return_inverse=True)
        names = tuple(chemical_symbols[z] for z in present)
        standard = np.array([MASSES.get(name, atomic_masses[z]) for name, z in zip(names, present)])
        given = self._group.get("mass/value", self._group.get("mass"))
        if isinstance(given, h5py.Dataset):
            table = given[0] if given.ndim == 2 else given[...]
            return names, species.astype(np.int64), np.asarray(table, dtype=np.float64)
        return names, species.astype(np.int64), standard[species] if n_atoms else np.zeros(0)

    @property
    def species_names(self) -> tuple[str, ...]:
        """Names of the species, with site labels."""
        return self.topology.species_names

    @property
    def species(self) -> NDArray[np.int64]:
        """Row of `species_names` for each atom."""
        return self.topology.species

    @property
    def masses(self) -> FloatArray:
        """Masses [amu]."""
        return self.topology.masses

    @property
    def periodic(self) -> NDArray[np.bool_]:
        """Which cell vectors repeat."""
        return self.topology.periodic

    @property
    def groups(self) -> dict[str, NDArray[np.bool_]]:
        """Named sets of atoms as masks."""
        return dict(self.topology.groups)

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return self.topology.n_atoms

    # What is small enough to be read for all frames at once

    def _reading(self) -> Any:
        return guard(self.path, "the trajectory cannot be read", _DAMAGED)

    def _series(self, name: str) -> NDArray[Any]:
        """Return step or time of all frames, also where the file gives start and spacing only."""
        with self._reading():
            dataset = self._group[f"position/{name}"]
            if dataset.ndim:
                return np.asarray(dataset[: self._n_frames])
            return np.asarray(dataset.attrs.get("offset", 0) + np.arange(self._n_frames) * dataset[()])

    @cached_property
    def steps(self) -> NDArray[np.int64]:
        """Step of each frame, (n_frames,)."""
        return self._series("step").astype(np.int64)

    @cached_property
    def times(self) -> FloatArray:
        """Time [ps] of each frame, (n_frames,)."""
        return self._series("time").astype(np.float64) * self._unit(self._group["position/time"], TIMES)

    @cached_property
    def cells(self) -> FloatArray:
        """Cell matrix [Å] of each frame, rows are vectors, (n_frames, 3, 3)."""
        with self._reading():
            edges = np.asarray(self._edges[...] if self._edges_fixed else self._edges[: self._n_frames], dtype=np.float64)
            if self._edges_fixed:
                edges = np.broadcast_to(edges, (self._n_frames, *edges.shape))
            if edges.shape[1:] == (3,):
                edges = edges[:, :, None] * np.eye(3)
            return edges * self._edge_unit

    @cached_property
    def stage_rows(self) -> NDArray[np.int64]:
        """Row of `stages` for each frame, (n_frames,); -1 where the file knows no stages."""
        if not self._own:
            return np.full(self._n_frames, -1)
        with self._reading():
            rows = self._file[f"{FRAMES}/stage/value"][: self._n_frames].astype(np.int64)
            if len(rows) != self._n_frames or (len(rows) and not 0 <= rows.min() <= rows.max() < len(self.stages)):
                raise FileFormatError(self.path, "frames belong to stages that are not in the table.", _DAMAGED)
            return np.asarray(rows)

    @cached_property
    def _quantities(self) -> dict[str, FloatArray]:
        """All per-frame quantities of which the file holds a whole series."""
        with self._reading():
            found = {q.attribute: self._file.get(f"{q.path}/value") for q in QUANTITIES} if self._own else {}
            return {
                name: dataset[: self._n_frames].astype(np.float64)
                for name, dataset in found.items()
                if isinstance(dataset, h5py.Dataset) and len(dataset) >= self._n_frames
            }

    def quantity(self, name: str) -> FloatArray:
        """Return one quantity of all frames.

        Parameters
        ----------
        name : {"potential_energy", "kinetic_energy", "temperature", "virial", "pair_energies"}

        Returns
        -------
        (n_frames, ...) float64 [eV or K]
            NaN in frames that lack it.
        """
        if name not in self._quantities:
            raise InputError(f"{self.path}: frames hold no {name!r}; they hold {', '.join(self._quantities) or 'none'}.")
        return self._quantities[name]

    @cached_property
    def thermo(self) -> dict[str, NDArray[Any]]:
        """Columns of the thermo table by name; empty for files of other programs."""
        if not self._own:
            return {}
        with self._reading():
            return read_table(self._file[THERMO])

    @cached_property
    def thermo_units(self) -> dict[str, str]:
        """Unit of each thermo column; empty where a column has none."""
        if not self._own:
            return {}
        with self._reading():
            return {name: str(column.attrs.get("unit", "")) for name, column in self._file[THERMO].items()}

    # Frames

    def __len__(self) -> int:
        return self._n_frames

    def __getitem__(self, index: int) -> Frame:
        n = self._n_frames
        if not -n <= index < n:
            raise IndexError(f"{self.path}: frame {index} of {n}.")
        row = int(index) % n
        if not self._file:
            raise InputError(f"{self.path}: the trajectory was closed.")
        with guard(self.path, f"frame {row} cannot be read", _DAMAGED):
            cell = Cell(self.cells[row], self.periodic.tolist())
            positions = np.asarray(self._positions[row], dtype=np.float64)
            if self._length_unit != 1.0:
                positions *= self._length_unit
            if self._images is None:
                positions, images = cell.wrap(positions)
            else:
                images = np.asarray(self._images[row], dtype=np.int32)
            velocities = None
            if self._velocities is not None:
                stored = np.asarray(self._velocities[row], dtype=np.float64)
                if not np.isnan(stored).all() or not stored.size:
                    velocities = stored if self._velocity_unit == 1.0 else stored * self._velocity_unit
            frame = Frame(int(self.steps[row]), float(self.times[row]), positions, images, cell, velocities)
            for name, series in self._quantities.items():
                value = series[row]
                if value.ndim == 0:
                    setattr(frame, name, None if np.isnan(value) else float(value))
                elif not np.isnan(value).all():
                    setattr(frame, name, value.copy())
            stage = int(self.stage_rows[row])
            frame.stage = self.stages[stage] if stage >= 0 else ""
            return frame

    def __iter__(self) -> Iterator[Frame]:
        return self.frames()

    def rows(
        self,
        stage: str | Sequence[str] | None = None,
        start: int | None = None,
        stop: int | None = None,
        stride: int | None = None,
    ) -> NDArray[np.int64]:
        """Return which frames `frames` would give, as rows of the file.

        Parameters
        ----------
        stage, start, stop, stride
            As in `frames`.
        """
        chosen = np.arange(self._n_frames)
        if stage is not None:
            words = [stage] if isinstance(stage, str) else list(stage)
            unknown = [word for word in words if word not in self.stages]
            if unknown:
                raise InputError(
                    f"{self.path}: no stage is called {unknown[0]!r}; there are {', '.join(self.stages) or 'none'}."
                )
            chosen = chosen[np.isin(self.stage_rows, [self.stages.index(word) for word in words])]
        if stride is not None and stride < 1:
            raise InputError(f"stride is {stride}; it must be 1 or more.")
        return chosen[start:stop:stride]

    def frames(
        self,
        stage: str | Sequence[str] | None = None,
        start: int | None = None,
        stop: int | None = None,
        stride: int | None = None,
    ) -> Iterator[Frame]:
        """Read frames one by one.

        Parameters
        ----------
        stage : str or sequence of str, optional
            Only those of this stage, or of these.
        start, stop, stride : int, optional
            As in a slice, counted within the chosen stages; negative numbers count from the end.

        Yields
        ------
        Frame
        """
        chosen = self.rows(stage, start, stop, stride)
        return (self[int(row)] for row in chosen)

    def close(self) -> None:
        """Close the file; what was read stays usable."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        species = ", ".join(self.species_names)
        return f"Trajectory({str(self.path)!r}: {len(self)} frames of {self.n_atoms} atoms, {species})"
