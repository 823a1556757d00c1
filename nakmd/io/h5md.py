"""Writing trajectories: H5MD files that survive a kill at any moment and can be continued."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import h5py
import numpy as np
from ase.data import atomic_numbers
from numpy.typing import NDArray

from nakmd.errors import FileFormatError, InputError, RunError
from nakmd.io import profile
from nakmd.io.atomic import plain
from nakmd.io.guard import guard
from nakmd.io.journal import JournaledFile
from nakmd.io.profile import FRAMES, PARAMETERS, PARTICLES, QUANTITIES, STAGES, STRING, THERMO, THERMO_UNITS
from nakmd.io.table import GrowingTable, Value
from nakmd.system import Frame, Topology

#: Small per-frame datasets are stored in chunks of about this many bytes: all of a chunk is rewritten with each frame.
_CHUNK_BYTES = 2048

#: Thermo rows wait in memory for the next frame, for this many others or for this long [s].
_THERMO_ROWS = 256
_THERMO_SECONDS = 1.0


class TrajectoryWriter:
    """Write frames and thermo rows to an H5MD file.

    Every frame is in the file, complete, when `write` returns; a process killed at any moment loses the
    frame in flight and nothing else, and the file can be read and continued (`nakmd.io.journal` says how).

    Parameters
    ----------
    path : path
        ``*.h5md``, so that MDAnalysis recognises it.
    topology : Topology
    parameters : mapping, optional
        ``"deck"`` (its text), ``"provenance"`` (anything JSON can hold), ``"potentials"`` (the same),
        ``"stages"`` (names in order), ``"thermo_units"`` (unit by column), ``"author"``, ``"creator_version"``; any
        other entry is stored as JSON under its name. Ignored when appending: the file has its own.
    precision : {"double", "single"}
        Of positions and velocities. Only double makes analyses of the file equal the live ones bit for bit.
    mode : {"w", "a"}
        ``"w"`` starts a new file, ``"a"`` continues one.

    Raises
    ------
    FileFormatError
        If the file to continue is not a trajectory of these atoms.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        topology: Topology,
        parameters: Mapping[str, Any] | None = None,
        precision: Literal["double", "single"] = "double",
        mode: Literal["w", "a"] = "w",
    ) -> None:
        if precision not in ("double", "single"):
            raise InputError(f"precision is 'double' or 'single', not {precision!r}.")
        if mode not in ("w", "a"):
            raise InputError(f"mode is 'w' (new file) or 'a' (continue one), not {mode!r}.")
        self.path = Path(path)
        self._topology = topology
        self._pending: list[Mapping[str, Value]] = []
        self._pending_since = 0.0
        self._broken = False
        elements = [atomic_numbers.get(element) for element in topology.elements]
        if None in elements:
            unknown = topology.species_names[elements.index(None)]
            raise InputError(f"Species {unknown!r} does not begin with the symbol of an element.")
        self._numbers = np.array(elements, dtype=np.int16)[topology.species]
        try:
            self._storage = JournaledFile(self.path, mode)
        except FileNotFoundError as error:
            raise FileFormatError(self.path, "there is no such file or folder.") from error
        except OSError as error:
            raise RunError(f"{self.path}: cannot be opened for writing ({error.strerror}).") from error
        try:
            with guard(self.path, "this is not a trajectory that can be continued", "Start a new one."):
                # format of HDF5 1.8: checksums, but no mark "open for writing" that would outlive a kill
                self._file = h5py.File(self._storage, "w" if mode == "w" else "r+", libver=("v108", "v108"))
                if mode == "w":
                    self._create(dict(parameters or {}), np.dtype(np.float64 if precision == "double" else np.float32))
                self._connect()
            self._commit()
        except BaseException:
            self._storage.close()
            raise

    @property
    def n_frames(self) -> int:
        """Number of frames in the file."""
        return self._n_frames

    @property
    def n_thermo(self) -> int:
        """Number of thermo rows, those still in memory included."""
        return self._thermo.n_rows + len(self._pending)

    def _create(self, parameters: dict[str, Any], real: np.dtype[Any]) -> None:
        file, topology = self._file, self._topology
        own = file.create_group(PARAMETERS)  # first, so that the identity lies near the start of the file
        own.attrs["identity"] = np.bytes_(uuid.uuid4().hex)
        own.attrs["layout"] = profile.LAYOUT_VERSION
        profile.describe_file(
            file, str(parameters.pop("creator_version", "0")), str(parameters.pop("author", "unknown"))
        )
        box = file.create_group(f"{PARTICLES}/box")
        box.attrs["dimension"] = 3
        box.attrs["boundary"] = np.array(["periodic" if p else "none" for p in topology.periodic], dtype=STRING)
        n = topology.n_atoms
        position = file.create_group(f"{PARTICLES}/position")
        self._dataset(position, "step", (), np.dtype(np.int64))
        self._dataset(position, "time", (), np.dtype(np.float64), "ps")
        self._dataset(position, "value", (n, 3), real, "Angstrom")
        self._element(f"{PARTICLES}/box/edges", (3, 3), np.dtype(np.float64), "Angstrom")
        self._element(f"{PARTICLES}/image", (n, 3), np.dtype(np.int32), "", compression="gzip", shuffle=True)
        # znh5md wants species with every frame; they compress to nothing
        self._element(f"{PARTICLES}/species", (n,), np.dtype(np.int16), "", compression="gzip")
        self._element(f"{FRAMES}/stage", (), np.dtype(np.int32), "")
        file.create_dataset(STAGES, shape=(0,), maxshape=(None,), chunks=(64,), dtype=STRING)
        own.create_dataset("species_names", data=list(topology.species_names), dtype=STRING)
        own.create_dataset("species", data=topology.species, fletcher32=n > 0, chunks=(n,) if n else None)
        masses = own.create_dataset("masses", data=topology.masses, fletcher32=n > 0, chunks=(n,) if n else None)
        masses.attrs["unit"] = "u"
        groups = own.create_group("groups")
        for name, mask in topology.groups.items():
            groups.create_dataset(name, data=np.asarray(mask, dtype=np.bool_))
        thermo = file.create_group(THERMO, track_order=True)
        thermo_units = {**THERMO_UNITS, **parameters.pop("thermo_units", {})}
        thermo.attrs["units"] = json.dumps(thermo_units)
        own.create_dataset("deck", data=str(parameters.pop("deck", "")), dtype=STRING)
        for name in ("provenance", "potentials"):
            own.create_dataset(name, data=json.dumps(plain(parameters.pop(name, {}))), dtype=STRING)
        stages = [str(name) for name in parameters.pop("stages", ())]
        file[STAGES].resize((len(stages),))
        file[STAGES][...] = stages
        own.create_dataset("other", data=json.dumps(plain(parameters)), dtype=STRING)

    def _dataset(
        self, group: h5py.Group, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], unit: str = "", **storage: Any
    ) -> None:
        """Make a dataset that grows frame by frame."""
        row = max(1, int(np.prod(shape)) * dtype.itemsize)
        dataset = group.create_dataset(
            name,
            shape=(0, *shape),
            maxshape=(None, *shape),
            chunks=(max(1, _CHUNK_BYTES // row), *(max(1, extent) for extent in shape)),
            dtype=dtype,
            fletcher32=True,
            fillvalue=np.nan if dtype.kind == "f" else None,
            compression_opts=1 if "compression" in storage else None,
            **storage,
        )
        if unit:
            dataset.attrs["unit"] = unit

    def _element(self, path: str, shape: tuple[int, ...], dtype: np.dtype[Any], unit: str, **storage: Any) -> None:
        """Make an H5MD element: value, and the step and time of the positions."""
        element = self._file.create_group(path)
        self._dataset(element, "value", shape, dtype, unit, **storage)
        profile.link_time(element, self._file)

    def _connect(self) -> None:
        """Find everything in the file that grows, check it, and cut it to the frames that are complete."""
        file, topology = self._file, self._topology
        own = file[PARAMETERS]
        self._storage.identity = bytes(own.attrs["identity"])
        names = tuple(own["species_names"].asstr()[...])
        if names != topology.species_names or not np.array_equal(own["species"][...], topology.species):
            raise FileFormatError(
                self.path,
                f"it holds {len(own['species'])} atoms of {', '.join(names)}, the run has {topology.n_atoms} of "
                f"{', '.join(topology.species_names)}.",
                "Resume with the deck that wrote it, or start a new file.",
            )
        paths = [f"{PARTICLES}/position/step", f"{PARTICLES}/position/time"]
        paths += [f"{PARTICLES}/{name}/value" for name in ("position", "box/edges", "image", "species")]
        paths += [f"{FRAMES}/stage/value"]
        optional = [f"{PARTICLES}/velocity/value", *(f"{quantity.path}/value" for quantity in QUANTITIES)]
        self._series = {path: _Series(file[path]) for path in [*paths, *(p for p in optional if p in file)]}
        self._real = file[f"{PARTICLES}/position/value"].dtype
        self._n_frames = min(series.length for series in self._series.values())
        for series in self._series.values():
            series.resize(self._n_frames)
        self._stages = list(file[STAGES].asstr()[...])
        self._thermo = GrowingTable(file[THERMO], json.loads(file[THERMO].attrs["units"]))

    def write(self, frame: Frame) -> None:
        """Append a frame; it is in the file when this returns.

        Parameters
        ----------
        frame : Frame

        Raises
        ------
        RunError
            If the disk is full or fails; the frames before stay readable.
        InputError
            If the frame has another number of atoms.
        """
        self._check_open()
        if len(frame.positions) != self._topology.n_atoms:
            raise InputError(
                f"{self.path}: a frame of {len(frame.positions)} atoms in a trajectory of {self._topology.n_atoms}."
            )
        values: dict[str, Any] = {
            f"{PARTICLES}/position/step": np.int64(frame.step),
            f"{PARTICLES}/position/time": np.float64(frame.time),
            f"{PARTICLES}/position/value": frame.positions,
            f"{PARTICLES}/box/edges/value": frame.cell.matrix,
            f"{PARTICLES}/image/value": frame.images,
            f"{PARTICLES}/species/value": self._numbers,
            f"{FRAMES}/stage/value": np.int32(self._stage(frame.stage)),
        }
        if frame.velocities is not None:
            path = f"{PARTICLES}/velocity/value"
            if path not in self._series:
                self._element(path.removesuffix("/value"), frame.velocities.shape, self._real, "Angstrom ps-1")
            values[path] = frame.velocities
        for quantity in QUANTITIES:
            value = getattr(frame, quantity.attribute)
            if value is not None:
                path = f"{quantity.path}/value"
                values[path] = np.asarray(value, dtype=np.float64)
                if path not in self._series:
                    self._element(quantity.path, values[path].shape, np.dtype(np.float64), quantity.unit)
        row = self._n_frames
        for path in values.keys() - self._series.keys():
            self._series[path] = _Series(self._file[path])
        for path, series in self._series.items():
            series.resize(row + 1)  # what this frame lacks reads as NaN
            if path in values:
                series.put(row, values[path])
        self._n_frames = row + 1
        self._store_thermo()
        self._commit()

    def _stage(self, name: str) -> int:
        if name not in self._stages:
            self._stages.append(name)
            self._file[STAGES].resize((len(self._stages),))
            self._file[STAGES][-1] = name
        return self._stages.index(name)

    def write_thermo(self, row: Mapping[str, Value]) -> None:
        """Append a row to the thermo table.

        Parameters
        ----------
        row : mapping of column name to float, int, str or None

        Notes
        -----
        Rows go to the file with the next frame, at the latest after about a second or with `flush`.
        """
        self._check_open()
        now = time.monotonic()
        if not self._pending:
            self._pending_since = now
        self._pending.append(dict(row))
        if len(self._pending) >= _THERMO_ROWS or now - self._pending_since > _THERMO_SECONDS:
            self._store_thermo()
            self._commit()

    def _store_thermo(self) -> None:
        self._thermo.extend(self._pending)
        self._pending.clear()

    def flush(self) -> None:
        """Bring all that was written to the file, and the file to the disk (call before a checkpoint)."""
        self._check_open()
        self._store_thermo()
        self._commit(sync=True)

    def truncate(self, n_frames: int, n_thermo: int) -> None:
        """Drop the frames and rows that were written after a checkpoint.

        Parameters
        ----------
        n_frames, n_thermo : int
            How many to keep.

        Raises
        ------
        FileFormatError
            If the file holds fewer.
        """
        self.flush()
        if n_frames > self.n_frames or n_thermo > self.n_thermo:
            raise FileFormatError(
                self.path,
                f"it holds {self.n_frames} frames and {self.n_thermo} thermo rows, the checkpoint was written "
                f"after {n_frames} and {n_thermo}.",
                "It is not the trajectory of this checkpoint, or it was damaged since: restore it or start anew.",
            )
        for series in self._series.values():
            series.resize(n_frames)
        self._n_frames = n_frames
        self._thermo.truncate(n_thermo)
        self._commit(sync=True)

    def _check_open(self) -> None:
        if self._broken or not self._file:
            raise RunError(f"{self.path}: the trajectory is closed{' after a failed write' * self._broken}.")

    def _commit(self, sync: bool = False) -> None:
        try:
            self._file.flush()
            self._storage.commit(sync)
        except RunError:
            self._broken = True
            raise

    def close(self) -> None:
        """Write what is pending and close the file; closing twice is allowed."""
        if not self._file:
            return
        try:
            if not self._broken:
                self.flush()
        finally:
            try:
                self._file.close()
                if not self._broken:
                    self._storage.commit()
            finally:
                self._storage.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Series:
    """A dataset written row by row through h5py's low-level calls, a tenth of the cost of slicing."""

    def __init__(self, dataset: h5py.Dataset) -> None:
        self._id = dataset.id
        self._shape = dataset.shape[1:]
        self._dtype = dataset.dtype
        self._memory = h5py.h5s.create_simple((1, *self._shape))
        self.length = dataset.shape[0]

    def resize(self, length: int) -> None:
        if length != self.length:
            self._id.set_extent((length, *self._shape))
            self.length = length

    def put(self, row: int, value: NDArray[Any]) -> None:
        value = np.ascontiguousarray(value, dtype=self._dtype).reshape(1, *self._shape)
        target = self._id.get_space()
        target.select_hyperslab((row, *(0 for _ in self._shape)), (1, *self._shape))
        self._id.write(self._memory, target, value)
