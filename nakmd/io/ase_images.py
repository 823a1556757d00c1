"""The images of a file that ASE reads as frames; what the file does not hold is absent in them."""

from __future__ import annotations

import math
from pathlib import Path

import ase
import numpy as np

from nakmd.errors import FileFormatError
from nakmd.io.ase_atoms import frame_of
from nakmd.io.extxyz import read_atoms, system_from
from nakmd.io.library_errors import guard
from nakmd.io.velocity_columns import velocities_of
from nakmd.io.wrapping import positions_hold_images
from nakmd.system import Frame

#: Names of the time in headers, and the unit [ps] if the header has no ``units_time``: ps of nakmd, fs of GPUMD and
#: QUIP.
_TIME_NAMES = {"time": 1.0, "Time": 1e-3}
_TIME_UNITS = {"ps": 1.0, "fs": 1e-3, "ns": 1e3}


class ImageFrames:
    """The images of a file as frames.

    Parameters
    ----------
    path : pathlib.Path

    Attributes
    ----------
    path : pathlib.Path
    topology : Topology
        Of the first image.
    has_images : bool
        Whether positions can be unwrapped: by a column ``image``, or because they are unwrapped in the file
        (`positions_hold_images`).
    notes : list of str
        What the file does not hold, or had to be assumed.

    Raises
    ------
    FileFormatError
        If the file cannot be read, holds no structure, or an image is invalid.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._images = read_atoms(path, slice(None))
        if not self._images:
            raise FileFormatError(path, "the file contains no structure.")
        self.topology = system_from(path, self._images[0]).topology
        with guard(path, "the positions are invalid"):
            self.has_images = positions_hold_images(self._images)
        self.notes = self._remarks()

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, row: int) -> Frame:
        atoms = self._images[row]
        system = system_from(self.path, atoms)
        names, first = np.array(system.species_names), np.array(self.topology.species_names)
        if not np.array_equal(names[system.species], first[self.topology.species]):
            raise FileFormatError(self.path, f"image {row} has different atoms than image 0.", "Convert it separately.")
        frame = frame_of(system)
        frame.has_images = self.has_images
        with guard(self.path, f"the header of image {row} is invalid"):
            has_velocities = velocities_of(atoms, system.masses) is not None
            frame.velocities = system.velocities.copy() if has_velocities else None
            frame.step = int(atoms.info.get("step", row))
            # a single structure begins a trajectory at 0; of several, the times are unknown
            frame.time = time_of(atoms, 0.0 if len(self._images) == 1 else math.nan)
            frame.stage = str(atoms.info.get("stage", ""))
            if atoms.calc is not None:
                frame.potential_energy = atoms.calc.results.get("energy")
                stress = atoms.calc.results.get("stress")
                frame.virial = None if stress is None else -np.asarray(stress) * frame.cell.volume
        return frame

    def _remarks(self) -> list[str]:
        first, several = self._images[0], len(self._images) > 1
        notes = []
        if not self.has_images:
            notes.append(
                "The positions are wrapped and the file has no image counts: motion is followed to the nearest image."
            )
        if several and not any(name in first.info for name in _TIME_NAMES):
            notes.append(
                "The file has no times, which analyses of motion need: write time=... [ps] into the header of each "
                "image."
            )
        if several and "Time" in first.info and "time" not in first.info and "units_time" not in first.info:
            notes.append("Time in the headers is taken in fs, as GPUMD and QUIP write it.")
        return notes


def time_of(atoms: ase.Atoms, otherwise: float) -> float:
    """Return the time [ps] in the header of an image.

    Parameters
    ----------
    atoms : ase.Atoms
    otherwise : float
        Value if the header has none.

    Raises
    ------
    FileFormatError
        If the unit in ``units_time`` is unknown.
    """
    for name, unit in _TIME_NAMES.items():
        if name in atoms.info:
            stated = atoms.info.get("units_time")
            if stated is not None and stated not in _TIME_UNITS:
                raise FileFormatError("units_time", f"{stated!r} is not one of {', '.join(_TIME_UNITS)}.")
            return float(atoms.info[name]) * (unit if stated is None else _TIME_UNITS[str(stated)])
    return otherwise
