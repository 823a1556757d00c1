"""Conversion between file formats."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nakmd.errors import InputError
from nakmd.io.ase_atoms import to_atoms
from nakmd.io.atomic import replacing
from nakmd.io.contents import trajectory_at
from nakmd.io.dcd import DCDWriter
from nakmd.io.element_groups import element_groups
from nakmd.io.extxyz import append_extxyz
from nakmd.io.frame_files import FrameFile, Reading, open_frames
from nakmd.io.interruption import interruptible
from nakmd.io.lammps.atom_types import type_names
from nakmd.io.lammps_files import restricted, write_data, write_dump_frame
from nakmd.io.live_target import refuse_live_target
from nakmd.io.replaced_trajectory import replacing_trajectory

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


def _write(file: BinaryIO, kind: str, content: FrameFile, rows: Sequence[int]) -> tuple[str, ...]:
    """Write the frames of these rows; return notes on what the format cannot store."""
    topology = content.topology
    notes: list[str] = []
    if kind == "extxyz":
        append_extxyz(file, (to_atoms(content[row], topology, groups=True) for row in rows))
    elif kind == "lammps-data":
        of_present, frame = content[rows[-1]].of_present(topology)
        write_data(file, frame, of_present)
    elif kind == "lammps-dump":
        for row in rows:
            write_dump_frame(file, content[row], topology)
        notes += _times_lost(content, rows)
    else:
        notes += _write_dcd(file, content, rows)
    if kind in ("lammps-dump", "dcd") and content[rows[0]].present is not None:
        notes.append("Atoms that are parked at the time of a frame are in it, where they have no meaning.")
    if kind != "extxyz" and not np.array_equal(restricted(content[rows[-1]].cell.matrix)[1], np.eye(3)):
        notes.append("Cells and their atoms are rotated to the orientation that the format requires, frame by frame.")
    return (*notes, *_lost(content, kind))


def _lost(content: FrameFile, kind: str) -> list[str]:
    """Return the note on what belongs to the source and not to its frames, and has no place in the format."""
    topology, record = content.topology, content.record
    lost = ["deck, provenance and thermo table of the run"] if record.parameters.get("deck") or record.thermo else []
    derived = element_groups(topology.species_names, topology.species)  # by all readers
    groups = [name for name, mask in topology.groups.items() if not np.array_equal(mask, derived.get(name, []))]
    if kind != "extxyz" and groups:
        lost.append(f"the groups {', '.join(groups)}")
    if kind != "extxyz" and topology.run is not None:
        lost.append("the indices of the atoms in their run")
    return [f"Not stored in this format: {'; '.join(lost)}."] if lost else []


def _write_trajectory(target: Path, content: FrameFile, rows: Sequence[int], check: Callable[[], None]) -> None:
    """Write the frames of these rows with the record of their run, and the thermo rows from the first to the last.

    Thermo rows before the first frame of the file belong to it, and those after the last to the last.
    """
    record = content.record
    parameters = {**record.parameters, "converted_from": content.path.name}
    steps, _ = content.stamps(rows)
    first = 0 if 0 in rows else int(steps.min())
    last = np.iinfo(np.int64).max if len(content) - 1 in rows else int(steps.max())
    with replacing_trajectory(target, content.topology, parameters, content.has_images, content.storage) as writer:
        for values in record.rows(first, last):
            writer.write_thermo(values)
        for row in rows:
            writer.write(content[row])
        check()
        refuse_live_target(target)  # again, because the conversion may have taken long


def _times_lost(content: FrameFile, rows: Sequence[int]) -> list[str]:
    """Return the note that a dump has no times, with the time step that restores all of them if there is one."""
    steps, times = content.stamps(rows)
    if len(rows) < 2 or not np.isfinite(times).any():
        return []
    timestep = float(times[-1] / steps[-1]) if steps[-1] > 0 else np.nan
    # times are sums of steps, or are rounded in text; NaN is unequal to all
    even = np.all(np.diff(steps) > 0) and np.all(np.abs(times - timestep * steps) <= 1e-6 * abs(times[-1]))
    remedy = f" To read it back, give --timestep '{1e3 * timestep:.10g} fs'." if timestep > 0.0 and even else ""
    return [f"A dump holds steps, but no times.{remedy}"]


def _write_dcd(file: BinaryIO, content: FrameFile, rows: Sequence[int]) -> list[str]:
    positions = "unwrapped" if content.has_images else "as they are in the file"
    notes = [f"DCD stores positions only, {positions} and in single precision: no velocities, no species."]
    steps, times = content.stamps(rows)
    interval, span = (steps[1] - steps[0], times[1] - times[0]) if len(rows) > 1 else (1, 0.0)
    if interval < 1 or not span > 0.0:  # the times may be NaN
        interval, span = 1, 1.0
        notes.append("The time between frames is unknown: the header says 1 ps.")
    elif not np.all(np.abs(times - times[0] - span * np.arange(len(rows))) <= 1e-6 * np.maximum(span, times)):
        notes.append("The frames are not evenly spaced in time, which DCD cannot store: its times are wrong.")
    writer = DCDWriter(file, content.topology.n_atoms, int(steps[0]), int(interval), float(span / interval))
    for row in rows:
        writer.write(content[row])
    writer.close()
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
    types: str | Sequence[str] | None = None,
    units: str | None = None,
    timestep: float | None = None,
) -> Conversion:
    """Convert a trajectory or structure file.

    Parameters
    ----------
    source : path
        An H5MD trajectory or the folder of a run, a LAMMPS dump or data file, recognised by their content, or any file
        that ASE reads.
    target : path
        Replaced atomically when complete; after an error or a signal it is what it was before.
    format : {"extxyz", "lammps-data", "lammps-dump", "dcd", "h5md"}, optional
        Default: by the extension of the target.
    frames : slice, int or str, optional
        Frames to convert, as text ``"start:stop:stride"``. Default: all. ``lammps-data`` gets only the last of them.
    stage : str, optional
        Only frames of this stage.
    types : str or sequence of str, optional
        Species of type 1, 2, ... of a LAMMPS file that does not name them: ``"Na,K,N:graphitic"``.
    units : {"metal", "real"}, optional
        Unit style of a LAMMPS file that does not name it. Default: metal.
    timestep : float [ps], optional
        Time of one step, for LAMMPS files, which store steps but no times.

    Returns
    -------
    Conversion

    Raises
    ------
    FileFormatError
        If the source cannot be read.
    InputError
        If no frame is selected, the format is unknown, or an option does not apply to the source.
    RunError
        If the target cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from nakmd.io import convert, write_extxyz
    >>> from nakmd.structures import crystal
    >>> with TemporaryDirectory() as folder:
    ...     write_extxyz(f"{folder}/sodium.xyz", crystal("Na", 2))
    ...     done = convert(f"{folder}/sodium.xyz", f"{folder}/sodium.data")
    >>> done.format, done.n_frames, done.notes
    ('lammps-data', 1, ('Not stored in this format: the groups crystal.',))
    """
    source, target = trajectory_at(source), Path(target)
    kind = format_of(target, format)
    if target.exists() and source.exists() and target.samefile(source):
        raise InputError(f"{source}: source and target are the same file.")
    if not target.parent.is_dir():
        raise InputError(f"{target}: the folder {target.parent} does not exist. Create it first.")
    if target.is_dir():
        raise InputError(f"{target}: the target is a folder; give the file to write.")
    if timestep is not None and not (np.isfinite(timestep) and timestep > 0.0):
        raise InputError(f"timestep is {timestep:g} ps; it must be positive.")
    refuse_live_target(target)
    selection = _slice_of(frames)
    reading = Reading(type_names(types), units, timestep)
    with open_frames(source, reading) as content, interruptible() as check:
        rows = content.rows(stage)[selection]
        if not len(rows):
            total = len(content.rows(stage))
            raise InputError(f"{source}: frames {frames} selects none of the {total} frames.")
        if kind == "lammps-data":
            rows = rows[-1:]
        content.begin(rows)
        notes: tuple[str, ...] = ()
        if kind == "h5md":
            _write_trajectory(target, content, rows, check)
        else:
            with replacing(target) as file:
                notes = _write(file, kind, content, rows)
                check()
                refuse_live_target(target)  # again, because the conversion may have taken long
    return Conversion(target, kind, len(rows), (*content.notes, *notes))
