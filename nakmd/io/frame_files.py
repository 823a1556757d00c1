"""Files with frames: trajectories of nakmd, LAMMPS dumps and data files, and all files that ASE reads.

A file is recognised by its content, not by its name. What a file does not hold is absent in its frames.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import FileFormatError, InputError
from nakmd.io.ase_images import ImageFrames
from nakmd.io.contents import content_of
from nakmd.io.lammps import DumpFile, DumpSeries, read_data
from nakmd.io.library_errors import guard
from nakmd.io.run_record import NO_RECORD, RunRecord
from nakmd.io.storage import Storage
from nakmd.io.trajectory import Trajectory, notes_on_atoms
from nakmd.system import Frame, Topology

_NO_TIMES = (
    "The frames have steps but no times, which analyses of dynamics need: give --timestep, e.g. --timestep '1 fs'."
)


class Reading(NamedTuple):
    """What the user says about a file that the file does not say.

    Attributes
    ----------
    types : tuple of str
        Species of type 1, 2, ... of a LAMMPS file.
    units : str or None
        Unit style of a LAMMPS file.
    timestep : float [ps] or None
        Time of one step.
    """

    types: tuple[str, ...] = ()
    units: str | None = None
    timestep: float | None = None

    def time_of(self, step: int | None, stored: float | None) -> float:
        """Return the time [ps] of a step: the stored one, or that of the given timestep, or NaN."""
        if stored is not None:
            return stored
        return np.nan if self.timestep is None or step is None else step * self.timestep


class FrameFile(ABC):
    """The frames of a file.

    Attributes
    ----------
    path : pathlib.Path
    topology : Topology
        Atoms of the chosen frames; set by `begin`.
    has_images : bool
        Whether all chosen frames have image counts, or unwrapped positions; set by `begin`.
    notes : list of str
        What had to be assumed, and what the file does not hold.
    record : RunRecord
        What the file holds of its run; empty if it is no trajectory of nakmd.
    storage : Storage
        How a trajectory has to store the frames to hold all that the file does.
    """

    path: Path
    topology: Topology
    has_images: bool
    notes: list[str]
    record: RunRecord = NO_RECORD
    storage: Storage = Storage()

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def begin(self, rows: Sequence[int]) -> None:
        """Prepare reading the frames of these rows.

        Raises
        ------
        FileFormatError
            If the first of them is damaged.
        """

    @abstractmethod
    def __getitem__(self, row: int) -> Frame: ...

    @abstractmethod
    def stamp(self, row: int) -> tuple[int, float]:
        """Return step and time [ps] of a frame without reading its atoms; NaN for an unknown time.

        Raises
        ------
        FileFormatError
            If its header is damaged.
        """

    def stamps(self, rows: Sequence[int]) -> tuple[IntArray, FloatArray]:
        """Return the steps and times [ps] of the frames of these rows; errors as in `stamp`."""
        pairs = [self.stamp(row) for row in rows]
        return np.array([step for step, _ in pairs], dtype=np.int64), np.array([time for _, time in pairs])

    def rows(self, stage: str | None) -> Sequence[int]:
        """Return the rows of the frames of a stage, or of all frames.

        Raises
        ------
        InputError
            If the file has no stages.
        """
        if stage is not None:
            raise InputError("stage can only be given for .h5md trajectories.")
        return range(len(self))

    def close(self) -> None:
        """Close the file."""
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class TrajectoryFrames(FrameFile):
    """A trajectory of nakmd or another H5MD file."""

    def __init__(self, path: Path) -> None:
        self.path, self.notes = path, []
        self._trajectory = Trajectory(path)
        self.record = RunRecord.of(self._trajectory)
        self.notes += notes_on_atoms(self._trajectory)
        stored = self._trajectory.storage
        if stored is None:
            return
        if stored.grid is not None:
            self.notes.append(f"The positions of the source are rounded, by at most {stored.precision:g} Å.")
        if stored.grid is None or self._trajectory.has_images:  # else they are wrapped, and would be rounded again
            self.storage = stored

    def __len__(self) -> int:
        return len(self._trajectory)

    def rows(self, stage: str | None) -> Sequence[int]:
        """Return the rows of the frames of a stage, or of all frames."""
        return [int(row) for row in self._trajectory.rows(stage)]

    def stamp(self, row: int) -> tuple[int, float]:
        """Return step and time [ps] of a frame."""
        return int(self._trajectory.steps[row]), float(self._trajectory.times[row])

    def begin(self, rows: Sequence[int]) -> None:
        """Take the atoms of the trajectory."""
        self.topology, self.has_images = self._trajectory.topology, self._trajectory.has_images

    def __getitem__(self, row: int) -> Frame:
        return self._trajectory[row]

    def close(self) -> None:
        """Close the file."""
        self._trajectory.close()


class ImagesOfFile(FrameFile):
    """A file that ASE reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._images = ImageFrames(path)
        self.notes = self._images.notes

    def __len__(self) -> int:
        return len(self._images)

    def begin(self, rows: Sequence[int]) -> None:
        """Take the atoms of the first image."""
        self._images.begin(rows[0])
        self.topology, self.has_images = self._images.topology, self._images.has_images

    def stamp(self, row: int) -> tuple[int, float]:
        """Return step and time [ps] of an image."""
        return self._images.stamp(row)

    def __getitem__(self, row: int) -> Frame:
        return self._images[row]


class DumpFrames(FrameFile):
    """A LAMMPS dump."""

    def __init__(self, path: Path, reading: Reading) -> None:
        self.path, self._reading = path, reading
        self._dump = DumpFile(path, reading.units)
        self.notes = self._dump.notes
        if reading.timestep is not None and self._dump.has_times:
            self.close()
            raise InputError(f"{path}: the dump has its own times (ITEM: TIME): leave timestep out.")

    def __len__(self) -> int:
        return len(self._dump)

    def begin(self, rows: Sequence[int]) -> None:
        """Take the atoms of the first frame."""
        self._series = DumpSeries(self._dump, rows[0], self._reading.types, alone=len(rows) == 1)
        self.topology = self._series.topology
        self.notes += self._series.notes
        self.has_images = all(self._series.has_images(row) for row in rows)
        if len(rows) > 1 and not self.has_images:
            self.notes.append("The dump has no image flags (ix iy iz): motion is followed to the nearest image.")
        if self._reading.timestep is not None:
            self._check_steps(rows)
        elif len(rows) > 1 and not self._dump.has_times:
            self.notes.append(_NO_TIMES)

    def _check_steps(self, rows: Sequence[int]) -> None:
        """Refuse times from steps that do not increase, as after ``reset_timestep``."""
        for row, after in pairwise(sorted(rows)):
            before, step = self._dump.head(row).step, self._dump.head(after).step
            if step <= before:
                what = f"the steps go from {before} to {step} at frame {after}, so times do not follow from timestep."
                raise FileFormatError(self.path, what, "Convert the parts separately, with --frames START:STOP.")

    def stamp(self, row: int) -> tuple[int, float]:
        """Return step and time [ps] of a frame."""
        head = self._dump.head(row)
        return head.step, self._reading.time_of(
            head.step, None if head.time is None else head.time * self._dump.units.time
        )

    def __getitem__(self, row: int) -> Frame:
        with guard(self.path, f"frame {row} cannot be read"):
            read = self._series[row]
        return read.at(self._reading.time_of(read.step, read.time))

    def close(self) -> None:
        """Close the file."""
        self._dump.close()


class DataFrames(FrameFile):
    """A LAMMPS data file: one frame."""

    def __init__(self, path: Path, reading: Reading) -> None:
        self.path = path
        with guard(path, "the file cannot be read"):
            self._atoms, self._frame, notes = read_data(path, reading.types, reading.units)
        self.notes = list(notes)
        step, stored = self._frame.step, self._frame.time
        if reading.timestep is not None and (stored is not None or step is None):
            reason = "no step" if step is None else "its own time"
            raise InputError(f"{path}: the file has {reason}: leave timestep out.")
        self._time = reading.time_of(step, stored)

    def __len__(self) -> int:
        return 1

    def begin(self, rows: Sequence[int]) -> None:
        """Take the atoms of the file."""
        self.topology, self.has_images = self._atoms, self._frame.has_images

    def stamp(self, row: int) -> tuple[int, float]:
        """Return step and time [ps] of the frame."""
        return self._frame.step or 0, self._time

    def __getitem__(self, row: int) -> Frame:
        return self._frame.at(self._time)


def open_frames(path: Path, reading: Reading) -> FrameFile:
    """Open a file with frames.

    Parameters
    ----------
    path : pathlib.Path
    reading : Reading

    Raises
    ------
    FileFormatError
        If the file is missing or damaged.
    InputError
        If an option does not apply to the file.
    """
    content = content_of(path)
    if path.suffix == ".h5md" or content == "hdf5":
        _refuse(path, reading, "an HDF5 file")
        return TrajectoryFrames(path)
    if content == "lammps-dump":
        return DumpFrames(path, reading)
    if content == "lammps-data":
        return DataFrames(path, reading)
    _refuse(path, reading, "neither a LAMMPS dump nor a LAMMPS data file")
    return ImagesOfFile(path)


def _refuse(path: Path, reading: Reading, what: str) -> None:
    """Raise `InputError` if an option was given that has no meaning for the file."""
    for name, value in reading._asdict().items():
        if value:
            raise InputError(f"{path}: {name} does not apply: the file is {what}.")
