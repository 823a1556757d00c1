"""Conversion between file formats."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from nakmd.errors import InputError
from nakmd.io.ase_atoms import to_atoms
from nakmd.io.ase_images import ImageFrames
from nakmd.io.atomic import replacing
from nakmd.io.dcd import DCDWriter
from nakmd.io.extxyz import append_extxyz
from nakmd.io.h5md import TrajectoryWriter
from nakmd.io.lammps_files import restricted, write_data, write_dump_frame
from nakmd.io.trajectory import Trajectory
from nakmd.system import Frame

#: File extensions of each format.
FORMATS: dict[str, tuple[str, ...]] = {
    "extxyz": (".xyz", ".extxyz"),
    "lammps-data": (".data", ".lmp"),
    "lammps-dump": (".dump", ".lammpstrj"),
    "dcd": (".dcd",),
    "h5md": (".h5md",),
}


@dataclass(frozen=True)
class Conversion:
    """Summary of a conversion.

    Attributes
    ----------
    target : pathlib.Path
    format : str
    n_frames : int
        Number of frames written.
    notes : tuple of str
        Messages about data that the target format cannot store.
    """

    target: Path
    format: str
    n_frames: int
    notes: tuple[str, ...]


class _Source:
    """Frames of a trajectory, or of any file that ASE reads."""

    def __init__(self, path: Path) -> None:
        self._trajectory: Trajectory | None = None
        if path.suffix == ".h5md":
            self._trajectory = Trajectory(path)
            self.topology = self._trajectory.topology
            self._n = len(self._trajectory)
        else:
            self._images = ImageFrames(path)
            self.topology = self._images.topology
            self._n = len(self._images)

    @property
    def has_images(self) -> bool:
        return self._images.has_images if self._trajectory is None else self._trajectory.has_images

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(self._images.notes) if self._trajectory is None else ()

    def rows(self, stage: str | None) -> Sequence[int]:
        if self._trajectory is not None:
            return [int(row) for row in self._trajectory.rows(stage)]
        if stage is not None:
            raise InputError("stage can only be given for .h5md trajectories.")
        return range(self._n)

    def __getitem__(self, row: int) -> Frame:
        if self._trajectory is not None:
            return self._trajectory[row]
        return self._images[row]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._trajectory is not None:
            self._trajectory.close()


def _write(file: BinaryIO, kind: str, content: _Source, rows: Sequence[int]) -> tuple[str, ...]:
    """Write the frames of these rows; return notes on what the format cannot store."""
    topology = content.topology
    notes = []
    if kind == "extxyz":
        append_extxyz(file, (to_atoms(content[row], topology) for row in rows))
    elif kind == "lammps-data":
        write_data(file, content[rows[-1]], topology)
    elif kind == "lammps-dump":
        for row in rows:
            write_dump_frame(file, content[row], topology)
    else:
        notes += _write_dcd(file, content, rows)
    if kind == "lammps-dump" and any(":" in name for name in topology.species_names):
        notes.append("Site labels are stored only as the order of types: " + " ".join(topology.species_names) + ".")
    if kind != "extxyz" and not np.array_equal(restricted(content[rows[-1]].cell.matrix)[1], np.eye(3)):
        notes.append("Cells and their atoms are rotated to the orientation that the format requires, frame by frame.")
    return tuple(notes)


def _write_dcd(file: BinaryIO, content: _Source, rows: Sequence[int]) -> list[str]:
    notes = ["DCD stores positions only, unwrapped and in single precision: no velocities, no species."]
    stamps = np.array([(frame.step, frame.time) for frame in (content[row] for row in rows[:2])])
    interval, span = (stamps[1] - stamps[0]) if len(stamps) == 2 else (1.0, 0.0)
    if interval < 1 or not span > 0.0:  # the times may be NaN
        interval, span = 1.0, 1.0
        notes.append("The time between frames is unknown: the header says 1 ps.")
    writer = DCDWriter(file, content.topology.n_atoms, int(stamps[0, 0]), int(interval), span / interval)
    evenly_spaced = True
    for k, row in enumerate(rows):
        frame = content[row]
        evenly_spaced &= len(stamps) < 2 or abs(frame.time - stamps[0, 1] - k * span) <= 1e-6 * max(span, frame.time)
        writer.write(frame)
    writer.close()
    if not evenly_spaced:
        notes.append("The frames are not evenly spaced in time, which DCD cannot store: its times are wrong.")
    return notes


def _slice_of(frames: slice | int | str | None) -> slice:
    """Return the selected frames: ``-1``, ``"10:20"`` and ``"::5"`` as in Python, None selects all."""
    if frames is None:
        return slice(None)
    if isinstance(frames, slice):
        return frames
    try:
        parts = [int(word) if word.strip() else None for word in str(frames).split(":")]
    except ValueError:
        parts = []
    if len(parts) == 1 and parts[0] is not None:
        return slice(parts[0], parts[0] + 1 or None)
    if len(parts) not in (2, 3) or parts[2:] == [0]:
        raise InputError(f"frames is {frames!r}; give a number, start:stop or start:stop:stride.")
    return slice(*parts)


def format_of(path: str | os.PathLike[str], name: str | None = None) -> str:
    """Return the format of a target by name, or else by file extension.

    Parameters
    ----------
    path : path
    name : str, optional

    Raises
    ------
    InputError
        If the name or the extension is unknown.
    """
    if name is not None:
        if name not in FORMATS:
            raise InputError(f"Unknown format {name!r}; available: {', '.join(FORMATS)}.")
        return name
    for kind, extensions in FORMATS.items():
        if Path(path).suffix.lower() in extensions:
            return kind
    listed = "; ".join(f"{kind}: {' '.join(extensions)}" for kind, extensions in FORMATS.items())
    raise InputError(f"{path}: unknown file extension. Give the format, or use a known extension ({listed}).")


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    format: str | None = None,
    frames: slice | int | str | None = None,
    stage: str | None = None,
) -> Conversion:
    """Convert a trajectory or structure file.

    Parameters
    ----------
    source : path
        ``*.h5md``, or any file that ASE reads.
    target : path
        Replaced atomically when complete.
    format : {"extxyz", "lammps-data", "lammps-dump", "dcd", "h5md"}, optional
        Default: by the extension of the target.
    frames : slice, int or str, optional
        Frames to convert, as text ``"start:stop:stride"``. Default: all. ``lammps-data`` gets only the last of them.
    stage : str, optional
        Only frames of this stage.

    Returns
    -------
    Conversion

    Raises
    ------
    FileFormatError
        If the source cannot be read.
    InputError
        If no frame is selected, or the format is unknown.
    """
    source, target = Path(source), Path(target)
    kind = format_of(target, format)
    if target.exists() and source.exists() and target.samefile(source):
        raise InputError(f"{source}: source and target are the same file.")
    selection = _slice_of(frames)
    with _Source(source) as content:
        rows = content.rows(stage)[selection]
        if not len(rows):
            total = len(content.rows(stage))
            raise InputError(f"{source}: frames {frames} selects none of the {total} frames.")
        if kind == "lammps-data":
            rows = rows[-1:]
        if kind == "h5md":
            parameters = {"converted_from": source.name}
            with TrajectoryWriter(target, content.topology, parameters, images=content.has_images) as writer:
                for row in rows:
                    writer.write(content[row])
            return Conversion(target, kind, len(rows), content.notes)
        with replacing(target) as file:
            notes = _write(file, kind, content, rows)
    return Conversion(target, kind, len(rows), (*content.notes, *notes))
