"""Writing trajectories: H5MD files that stay valid after a kill at any moment and can be continued."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Self

import h5py
import numpy as np
from numpy.typing import DTypeLike

from nakmd.arrays import BoolArray
from nakmd.elements import ATOMIC_NUMBERS, element_of
from nakmd.errors import FileFormatError, InputError, RunError
from nakmd.io.frame_atoms import FrameAtoms
from nakmd.io.growing import GrowingTable, Series, Value, encode_name, read_text
from nakmd.io.journaled_file import JournaledFile
from nakmd.io.library_errors import guard
from nakmd.io.outside_links import refuse_outside_data
from nakmd.io.profile import (
    ATOMS,
    BY_ATOM,
    FRAMES,
    PARAMETERS,
    PARTICLES,
    PRESENT,
    STAGES,
    THERMO,
    create_element,
    create_file,
    quantities_of,
)
from nakmd.io.storage import COMPRESSED, Compression, Precision, Rounding, Storage
from nakmd.system import Frame, Topology

#: Thermo rows are buffered up to this number or for this time [s], because writing single rows is slow.
_THERMO_ROWS = 256
_THERMO_SECONDS = 1.0

_SPECIES = f"{PARTICLES}/species/value"
_IMAGES = f"{PARTICLES}/image/value"


class TrajectoryWriter:
    """Write frames and thermo rows to an H5MD file.

    Every frame is completely in the file when `write` returns. A process killed at any moment loses at most
    the frame being written; the file can be read and continued (see `nakmd.io.journal`).

    Parameters
    ----------
    path : path
        ``*.h5md``, so that MDAnalysis recognises it.
    topology : Topology
    parameters : mapping, optional
        ``"deck"`` (its text), ``"provenance"`` (JSON values), ``"potentials"`` (the same),
        ``"stages"`` (names in order), ``"thermo_units"`` (unit by column), ``"author"``, ``"creator_version"``; any
        other entry is stored as JSON under its name. Ignored in mode ``"a"``: the file already has them.
    precision : {"double", "single"} or float [Å]
        Floating-point type of positions and velocities, or the largest error of a coordinate (`nakmd.io.storage`).
        Analyses of the file equal live analyses to the bit only with double. Ignored in mode ``"a"``, as are
        velocities, compression and atoms: the file records them.
    mode : {"w", "a"}
        ``"w"`` starts a new file, ``"a"`` continues one.
    images : bool
        Whether the frames have image counts; if not, the file has none.
    velocities : bool
        Whether the velocities of frames are stored.
    compression : {"none", "lossless"}, optional
        Of the numbers of atoms. Default: lossless if positions are rounded, else none.
    atoms : (n,) bool, optional
        Only these atoms of each frame are stored, with the centre of mass of all of them. Default: all. Ignored in
        mode ``"a"``.

    Raises
    ------
    FileFormatError
        If the file to continue is not a trajectory of these atoms.
    InputError
        If ``topology`` is none, or has no atoms.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from nakmd import Frame, Trajectory
    >>> from nakmd.io import TrajectoryWriter
    >>> from nakmd.structures import crystal
    >>> sodium = crystal("Na", 2)
    >>> with TemporaryDirectory() as folder:
    ...     with TrajectoryWriter(f"{folder}/sodium.h5md", sodium.topology) as writer:
    ...         for step in range(3):
    ...             writer.write(Frame(step, 0.001 * step, *sodium.cell.wrap(sodium.positions), sodium.cell))
    ...     with Trajectory(f"{folder}/sodium.h5md") as trajectory:
    ...         len(trajectory), trajectory.n_atoms, trajectory.times.tolist()
    (3, 16, [0.0, 0.001, 0.002])
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        topology: Topology,
        parameters: Mapping[str, Any] | None = None,
        precision: Precision = "double",
        mode: Literal["w", "a"] = "w",
        images: bool = True,
        velocities: bool = True,
        compression: Compression | None = None,
        atoms: BoolArray | None = None,
    ) -> None:
        storage = Storage.of(precision, velocities, compression)
        if mode not in ("w", "a"):
            raise InputError(f"mode must be 'w' (new file) or 'a' (continue a file), not {mode!r}.")
        self.path = Path(path)
        if not isinstance(topology, Topology):
            raise InputError(
                f"{self.path}: give the topology of the atoms (system.topology), not {type(topology).__name__}."
            )
        if not topology.n_atoms:
            raise InputError(f"{self.path}: there are no atoms to write.")
        self._topology = topology
        self._pending: list[Mapping[str, Value]] = []
        self._pending_since = 0.0
        self._atoms = FrameAtoms.chosen(topology, atoms)
        unknown = [name for name in topology.species_names if element_of(name) not in ATOMIC_NUMBERS]
        if unknown:
            raise InputError(f"Species {unknown[0]!r} does not begin with a chemical symbol.")
        try:
            self._storage = JournaledFile(self.path, mode)
        except FileNotFoundError as error:
            raise FileFormatError(self.path, "there is no such file or folder.") from error
        except OSError as error:
            raise RunError(f"{self.path}: cannot be opened for writing ({error.strerror}).") from error
        self._broken = False
        try:
            with guard(self.path, "this trajectory cannot be continued", "Start a new one."):
                # the format of HDF5 1.10 is the first with checksums of all metadata
                self._file = h5py.File(self._storage, "w" if mode == "w" else "r+", libver=("v110", "v110"))
                if mode == "w":
                    create_file(self._file, self._atoms.topology, parameters or {}, storage, images)
                else:
                    refuse_outside_data(self.path, self._file)
                self._connect()
                self._file.flush()
            self._storage.commit()
        except BaseException:
            self.abandon()
            raise

    @property
    def n_frames(self) -> int:
        """Number of frames in the file."""
        return self._n_frames

    @property
    def n_thermo(self) -> int:
        """Number of thermo rows, including buffered ones."""
        return self._thermo.n_rows + len(self._pending)

    def _connect(self) -> None:
        """Open all growing datasets, check them against the topology, and truncate them to the complete frames."""
        file, whole = self._file, self._topology.whole
        own = file[PARAMETERS]
        self._storage.identity = bytes(own.attrs["identity"])
        names = tuple(own["species_names"].asstr()[...])
        if names != whole.species_names or not np.array_equal(own["species"][...], whole.species):
            raise FileFormatError(
                self.path,
                f"it has {len(own['species'])} atoms of {', '.join(names)}, the run has {whole.n_atoms} of "
                f"{', '.join(whole.species_names)}.",
                "Resume with the deck that wrote it, or start a new file.",
            )
        stored = own[ATOMS][...].astype(np.int64) if ATOMS in own else None
        if self._topology.run_indices is None:
            self._atoms = FrameAtoms(whole, stored)
        elif stored is None or not np.array_equal(stored, self._topology.run_indices):
            raise FileFormatError(self.path, "its frames hold other atoms of the run.", "Start a new file.")
        topology = self._atoms.topology
        self._numbers = np.array([ATOMIC_NUMBERS[name] for name in topology.elements], dtype=np.int16)[topology.species]
        paths = [f"{PARTICLES}/position/step", f"{PARTICLES}/position/time"]
        paths += [f"{PARTICLES}/{name}/value" for name in ("position", "box/edges", "species")]
        paths += [f"{FRAMES}/stage/value"]
        self._quantities = (*quantities_of(own), *BY_ATOM)
        optional = [
            _IMAGES,
            f"{PRESENT}/value",
            f"{PARTICLES}/velocity/value",
            *(f"{q.path}/value" for q in self._quantities),
        ]
        self._series = {path: Series(file[path]) for path in [*paths, *(p for p in optional if p in file)]}
        self._stored_as = Storage.read(self.path, own, file[f"{PARTICLES}/position/value"])
        self._rounding = Rounding(self._stored_as, topology.n_atoms)
        self._n_frames = min(series.length for series in self._series.values())
        for series in self._series.values():
            series.resize(self._n_frames)
        self._stages = list(file[STAGES].asstr()[...])
        self._thermo = GrowingTable(file[THERMO], json.loads(read_text(own["thermo_units"])))

    def write(self, frame: Frame) -> None:
        """Append a frame; it is in the file when this returns.

        Parameters
        ----------
        frame : Frame

        Raises
        ------
        RunError
            If the disk is full or fails; earlier frames stay readable.
        InputError
            If the frame has a different number of atoms, or no image counts although the file has them.
        """
        self._check_open()
        if len(frame.positions) != self._topology.n_atoms:
            raise InputError(
                f"{self.path}: the frame has {len(frame.positions)} atoms, the trajectory {self._topology.n_atoms}."
            )
        frame = self._atoms.of(frame)
        if _IMAGES in self._series and not frame.has_images:
            raise InputError(
                f"{self.path}: the frame at step {frame.step} has no image counts; write with images=False."
            )
        with self._change(f"frame {self._n_frames} cannot be appended"):
            values = self._values(frame)
            row, self._n_frames = self._n_frames, self._n_frames + 1
            for path, series in self._series.items():
                series.resize(self._n_frames)  # values missing in this frame read as NaN
                if path == _SPECIES:
                    series.put_again(row, values[path])
                elif path in values:
                    series.put(row, values[path])
            if self._thermo_due():
                self._store_thermo()

    def _values(self, frame: Frame) -> dict[str, Any]:
        """Return the values of the frame by dataset, and create datasets that no earlier frame needed."""
        values: dict[str, Any] = {
            f"{PARTICLES}/position/step": frame.step,
            f"{PARTICLES}/position/time": frame.time,
            f"{PARTICLES}/position/value": self._rounding.apply(frame.positions),
            f"{PARTICLES}/box/edges/value": frame.cell.matrix,
            _IMAGES: frame.images,
            _SPECIES: self._numbers,
            f"{FRAMES}/stage/value": self._stage(frame.stage),
        }
        storage = self._stored_as
        if frame.velocities is not None and storage.velocities:
            values[f"{PARTICLES}/velocity/value"] = frame.velocities
            shape, kind = frame.velocities.shape, storage.velocity_type
            self._ensure(f"{PARTICLES}/velocity", shape, kind, "Angstrom ps-1", storage.filters)
        if frame.present is not None:
            values[f"{PRESENT}/value"] = frame.present
            self._ensure(PRESENT, frame.present.shape, np.bool_, "", COMPRESSED)
        for quantity in self._quantities:
            value = getattr(frame, quantity.attribute)
            if value is not None:
                values[f"{quantity.path}/value"] = value
                filters = storage.filters if quantity in BY_ATOM else {}
                self._ensure(quantity.path, np.shape(value), np.float64, quantity.unit, filters)
        return values

    def _ensure(
        self, element: str, shape: tuple[int, ...], dtype: DTypeLike, unit: str, filters: Mapping[str, Any]
    ) -> None:
        if f"{element}/value" not in self._series:
            create_element(self._file, element, shape, dtype, unit, **filters)
            self._series[f"{element}/value"] = Series(self._file[f"{element}/value"])

    def _stage(self, name: str) -> int:
        """Return the row of a stage in the table of stages; a new stage is appended."""
        if name not in self._stages:
            self._stages.append(name)
            self._file[STAGES].resize((len(self._stages),))
            self._file[STAGES][-1] = encode_name(name)
        return self._stages.index(name)

    def write_thermo(self, row: Mapping[str, Value]) -> None:
        """Append a row to the thermo table.

        Parameters
        ----------
        row : mapping of column name to float, int, str or None

        Notes
        -----
        Rows are written to the file about every second and by `flush`. A kill loses the rows in between; a resumed run
        writes them again.
        """
        self._check_open()
        if not self._pending:
            self._pending_since = time.monotonic()
        self._pending.append(dict(row))
        if self._thermo_due():
            with self._change("thermo rows cannot be appended"):
                self._store_thermo()

    def _thermo_due(self) -> bool:
        waited = time.monotonic() - self._pending_since
        return bool(self._pending) and (len(self._pending) >= _THERMO_ROWS or waited > _THERMO_SECONDS)

    def _store_thermo(self) -> None:
        self._thermo.extend(self._pending)
        self._pending.clear()

    def flush(self) -> None:
        """Write buffered rows to the file and force the file to the disk (call before a checkpoint)."""
        with self._change("thermo rows cannot be appended", sync=True):
            self._store_thermo()

    def truncate(self, n_frames: int, n_thermo: int) -> None:
        """Drop the frames and rows written after a checkpoint.

        Parameters
        ----------
        n_frames, n_thermo : int
            Numbers to keep.

        Raises
        ------
        FileFormatError
            If the file has fewer.
        """
        self.flush()
        if n_frames > self.n_frames or n_thermo > self.n_thermo:
            raise FileFormatError(
                self.path,
                f"it has {self.n_frames} frames and {self.n_thermo} thermo rows, the checkpoint was written "
                f"after {n_frames} and {n_thermo}.",
                "It belongs to another run or was damaged: restore it, or start the run again.",
            )
        with self._change("frames cannot be dropped", sync=True):
            for series in self._series.values():
                series.resize(n_frames)
            self._n_frames = n_frames
            self._thermo.truncate(n_thermo)

    def _check_open(self) -> None:
        if self._broken or not self._file:
            raise RunError(f"{self.path}: the trajectory is closed{' after a failed write' * self._broken}.")

    @contextmanager
    def _change(self, failure: str, sync: bool = False) -> Iterator[None]:
        """Commit the changes of the block atomically; after a failure the file keeps its old content."""
        self._check_open()
        try:
            with guard(self.path, failure, "The file is damaged: start a new one."):
                yield
                self._file.flush()
            self._storage.commit(sync)
        except BaseException:
            self._broken = True
            raise

    def close(self) -> None:
        """Write buffered rows and close the file; closing twice is allowed."""
        if not self._file:
            return
        try:
            if not self._broken:
                self.flush()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close without writing anything more: the last changes stay in memory and are lost."""
        with suppress(Exception):
            self._file.close()
        self._storage.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
