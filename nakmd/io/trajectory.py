"""Reading trajectories of nakmd and of other programs that follow the same profile."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.errors import FileFormatError, InputError, counted
from nakmd.io.contents import trajectory_at
from nakmd.io.frame_facts import frame_facts
from nakmd.io.frame_steps import check_order, steps_of, times_of
from nakmd.io.growing import read_table, read_text
from nakmd.io.journal import is_being_written
from nakmd.io.layout import DAMAGED, Layout, open_hdf5
from nakmd.io.library_errors import guard
from nakmd.io.outside_links import refuse_outside_data
from nakmd.io.patience import read_patiently
from nakmd.io.profile import PARAMETERS, STAGES, THERMO
from nakmd.io.storage import Storage
from nakmd.io.stored_arrays import check_array, check_stored
from nakmd.io.stored_frames import read_cells, read_frame, read_quantities
from nakmd.io.trajectory_frame import TrajectoryFrame
from nakmd.io.trajectory_part import TrajectoryPart
from nakmd.notebook_html import html_facts

#: What a frame holds of each atom: `Trajectory.quantity` does not return these.
_BY_ATOM = ("positions", "unwrapped", "images", "velocities", "energies", "virials")


class Trajectory:
    """The frames of an H5MD file, read one by one on request.

    Parameters
    ----------
    path : path

    Attributes
    ----------
    path : pathlib.Path
    topology : Topology
        Of the atoms in the frames; `Topology.whole` has all atoms of the run, of which frames may hold some.
    deck : str
        Text of the deck of the run; empty for files of other programs.
    provenance, potentials, parameters : dict
        Versions, machine and seed; terms and hashes of the model; other parameters of the writer.
    storage : Storage or None
        Precision of the positions, whether velocities are stored, and compression; None for files of other programs.
    stages : tuple of str
        Names of the stages in order.

    Raises
    ------
    FileFormatError
        If the file is missing, truncated, damaged, of another format, or lacks required datasets.

    Notes
    -----
    Only complete frames are counted: if one dataset is shorter than the others, the extra rows are ignored.

    Examples
    --------
    >>> trajectory = Trajectory("runs/liquid/trajectory.h5md")          # doctest: +SKIP
    >>> trajectory["produce"][-1].positions, trajectory.thermo["time"]  # doctest: +SKIP
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = trajectory_at(path)
        read_patiently(self.path, self._open)

    def _open(self) -> None:
        for name in ("steps", "times", "cells", "stage_rows", "_quantities"):
            self.__dict__.pop(name, None)  # cached by an earlier attempt
        self._file = open_hdf5(self.path)
        try:
            with self._reading():
                refuse_outside_data(self.path, self._file)
                self._layout = Layout(self.path, self._file)
                self.topology = self._layout.topology()
                self.deck = ""
                self.stages: tuple[str, ...] = ()
                self.provenance: dict[str, Any] = {}
                self.potentials: dict[str, Any] = {}
                self.parameters: dict[str, Any] = {}
                self.storage: Storage | None = None
                if self._layout.own:
                    self._read_parameters()
            if len(self) and is_being_written(self.path):
                self._frame(len(self) - 1)  # caches all series now, before the writer changes them
        except BaseException:
            self._file.close()
            raise

    def _reading(self) -> AbstractContextManager[None]:
        return guard(self.path, "the trajectory cannot be read", DAMAGED)

    def _read_parameters(self) -> None:
        own = self._file[PARAMETERS]
        self.deck = read_text(own["deck"])
        self.storage = Storage.read(self.path, own, self._layout.positions)
        self.provenance, self.potentials, self.parameters = (
            dict(json.loads(read_text(own[name]))) for name in ("provenance", "potentials", "other")
        )
        names = self._file[STAGES]
        check_array(self.path, names, "S", (None,))
        check_stored(self.path, names)
        self.stages = tuple(str(name) for name in names.asstr()[...])
        if len(set(self.stages)) < len(self.stages):
            raise FileFormatError(self.path, f"stages have one name: {', '.join(self.stages)}.", DAMAGED)
        if "converted_from" not in self.parameters:  # files of other programs may join several runs
            check_order(self.path, self.steps, self.times, DAMAGED)

    # Constant data

    @property
    def baths(self) -> dict[str, list[dict[str, Any]]]:
        """Thermostats of each stage that has several, by its name (`nakmd.integrators.Thermostat.describe`)."""
        return dict(self.parameters.get("baths", {}))

    @property
    def exchanging_stages(self) -> tuple[str, ...]:
        """Names of the stages in which moves exchanged atoms."""
        return tuple(str(name) for name in self.parameters.get("exchanging_stages", ()))

    @property
    def has_images(self) -> bool:
        """Whether the file has image flags; without them, displacements across periodic faces are unknown."""
        return self._layout.images is not None

    @property
    def has_velocities(self) -> bool:
        """Whether the file has velocities; single frames may still lack them."""
        return self._layout.velocities is not None

    @property
    def species_names(self) -> tuple[str, ...]:
        """Names of the species, with site labels."""
        return self.topology.species_names

    @property
    def species(self) -> IntArray:
        """Index in `species_names` of each atom, (n_atoms,)."""
        return self.topology.species

    @property
    def masses(self) -> FloatArray:
        """Masses [amu], (n_atoms,)."""
        return self.topology.masses

    @property
    def periodic(self) -> BoolArray:
        """Whether each cell vector is periodic, (3,)."""
        return self.topology.periodic

    @property
    def groups(self) -> dict[str, BoolArray]:
        """Named groups of atoms, as masks (n_atoms,)."""
        return dict(self.topology.groups)

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return self.topology.n_atoms

    # Data read for all frames at once

    @cached_property
    def steps(self) -> IntArray:
        """Step of each frame, (n_frames,)."""
        with self._reading():
            return steps_of(self.path, self._layout.steps, len(self))

    @cached_property
    def times(self) -> FloatArray:
        """Time [ps] of each frame, (n_frames,)."""
        with self._reading():
            return times_of(self.path, self._layout.times, len(self), self._layout.time_unit)

    @cached_property
    def cells(self) -> FloatArray:
        """Cell matrix [Å] of each frame, rows are vectors, (n_frames, 3, 3)."""
        with self._reading():
            return read_cells(self._layout)

    @cached_property
    def stage_rows(self) -> IntArray:
        """Index in `stages` of each frame, (n_frames,); -1 if the file has no stages."""
        stored = self._layout.stage_rows
        if stored is None:
            return np.full(len(self), -1)
        with self._reading():
            rows = np.asarray(stored[: len(self)], dtype=np.int64)
            if len(rows) and not 0 <= rows.min() <= rows.max() < len(self.stages):
                raise FileFormatError(self.path, "frames refer to stages that are not in the table.", DAMAGED)
            return rows

    def presence(self, stage: str | Sequence[str] | None = None) -> BoolArray | None:
        """Return which atoms are there in the frames of some stages, (m, n); None if all are in all of them."""
        if self._layout.present is None:
            return None
        with self._reading():
            return np.asarray(self._layout.present[: len(self)], dtype=np.bool_)[self.rows(stage)]

    @cached_property
    def _quantities(self) -> dict[str, FloatArray]:
        """All per-frame quantities in the file."""
        with self._reading():
            return read_quantities(self._layout)

    def quantity(self, name: str) -> FloatArray:
        """Return one quantity of all frames.

        Parameters
        ----------
        name : {"potential_energy", "kinetic_energy", "temperature", "virial", "pair_energies", "center", \
"center_images", "center_velocity"}
            As in `Frame`: of all atoms of the run.

        Returns
        -------
        (n_frames, ...) float64 [eV, K, Å or Å/ps]
            NaN in frames without it.
        """
        if name not in self._quantities:
            if name in _BY_ATOM:
                raise InputError(
                    f"{self.path}: {name!r} of all frames may be larger than memory. Read it frame by frame: "
                    f"np.array([frame.{name} for frame in trajectory])."
                )
            raise InputError(
                f"{self.path}: frames have no {name!r}; available: {', '.join(self._quantities) or 'none'}."
            )
        return self._quantities[name]

    @cached_property
    def thermo(self) -> dict[str, NDArray[Any]]:
        """Columns of the thermo table by name; empty for files of other programs."""
        if not self._layout.own:
            return {}
        with self._reading():
            return read_table(self.path, self._file[THERMO])

    @cached_property
    def thermo_units(self) -> dict[str, str]:
        """Unit of each thermo column; empty for columns without unit."""
        if not self._layout.own:
            return {}
        with self._reading():
            units = json.loads(read_text(self._file[PARAMETERS]["thermo_units"]))
            return {name: str(units.get(name, "")) for name in self._file[THERMO]}

    # Frames

    def __len__(self) -> int:
        return self._layout.n_frames

    @overload
    def __getitem__(self, index: int) -> TrajectoryFrame: ...

    @overload
    def __getitem__(self, index: slice | str) -> TrajectoryPart: ...

    def __getitem__(self, index: int | slice | str) -> TrajectoryFrame | TrajectoryPart:
        """Return a frame by its number, or the frames of a slice or of a stage."""
        if isinstance(index, str):
            return TrajectoryPart(self, self.rows(index))
        n = len(self)
        if isinstance(index, int | np.integer) and -n <= index < n:
            return self.frame(int(index) % n)
        if isinstance(index, int | np.integer):
            raise IndexError(f"{self.path}: frame {index} does not exist; there are {n} frames.")
        return TrajectoryPart(self, np.arange(n))[index]

    def frame(self, row: int) -> TrajectoryFrame:
        """Return one frame.

        Parameters
        ----------
        row : int
            From 0 to the number of frames minus 1.
        """
        if not self._file:
            raise InputError(f"{self.path}: the trajectory is closed.")
        return read_patiently(self.path, lambda: self._frame(row))

    def _frame(self, row: int) -> TrajectoryFrame:
        with guard(self.path, f"frame {row} cannot be read", DAMAGED):
            step, time = int(self.steps[row]), float(self.times[row])
            frame = read_frame(self._layout, row, self.cells[row], step, time, self.topology)
            for name, series in self._quantities.items():
                value = series[row]
                if value.ndim == 0:
                    setattr(frame, name, None if np.isnan(value) else float(value))
                elif not np.isnan(value).all():
                    setattr(frame, name, value.copy())
            stage = int(self.stage_rows[row])
            frame.stage = self.stages[stage] if stage >= 0 else ""
            return frame

    def __iter__(self) -> Iterator[TrajectoryFrame]:
        return self.frames()

    def rows(
        self,
        stage: str | Sequence[str] | None = None,
        start: int | None = None,
        stop: int | None = None,
        stride: int | None = None,
    ) -> IntArray:
        """Return the rows in the file of the frames that `frames` yields.

        Parameters
        ----------
        stage, start, stop, stride
            As in `frames`.
        """
        chosen = np.arange(len(self))
        if stage is not None:
            names = [stage] if isinstance(stage, str) else list(stage)
            unknown = [name for name in names if name not in self.stages]
            if unknown:
                raise InputError(
                    f"{self.path}: unknown stage {unknown[0]!r}; available: {', '.join(self.stages) or 'none'}."
                )
            chosen = chosen[np.isin(self.stage_rows, [self.stages.index(name) for name in names])]
        if stride is not None and stride < 1:
            raise InputError(f"stride is {stride}; it must be 1 or more.")
        return chosen[start:stop:stride]

    def frames(
        self,
        stage: str | Sequence[str] | None = None,
        start: int | None = None,
        stop: int | None = None,
        stride: int | None = None,
    ) -> Iterator[TrajectoryFrame]:
        """Read frames one by one.

        Parameters
        ----------
        stage : str or sequence of str, optional
            Only frames of these stages.
        start, stop, stride : int, optional
            As in a slice, counted within the selected stages; negative numbers count from the end.

        Yields
        ------
        TrajectoryFrame
        """
        chosen = self.rows(stage, start, stop, stride)
        return (self.frame(int(row)) for row in chosen)

    def close(self) -> None:
        """Close the file; data already read stays usable."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[type[Self], tuple[Path]]:
        """Pickle as the path: another process opens the file again."""
        return type(self), (self.path,)

    def _repr_html_(self) -> str:
        """Return frames, times, stages and atoms as a table, for notebooks."""
        facts = frame_facts(self.times, self.stages, self.topology)
        facts["rows of the thermo table"] = f"{len(next(iter(self.thermo.values()), ())):,}"
        return html_facts(repr(self), facts)

    def __repr__(self) -> str:
        species = ", ".join(self.species_names)
        stored = "" if self.storage in (None, Storage()) else f"; {self.storage.text}"
        of_all = f" of {self.topology.whole.n_atoms}" * (self.topology.run is not None)
        return f"Trajectory({str(self.path)!r}: {len(self)} frames of {self.n_atoms}{of_all} atoms, {species}{stored})"


def notes_on_atoms(trajectory: Trajectory) -> list[str]:
    """Return the note on the atoms of the run that the frames lack; empty if they hold all."""
    lacking = trajectory.topology.lacking()
    if not lacking:
        return []
    n, n_whole = trajectory.n_atoms, trajectory.topology.whole.n_atoms
    return [f"The trajectory holds {n:,} of the {n_whole:,} atoms of its run; it lacks {counted(lacking)}."]
