"""The images of a file that ASE reads as frames; what the file does not hold is absent in them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ase
import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import FileFormatError, InputError
from nakmd.io.ase_atoms import frame_of
from nakmd.io.extxyz import read_atoms, system_from
from nakmd.io.library_errors import guard
from nakmd.io.velocity_columns import velocities_of
from nakmd.io.wrapping import positions_hold_images
from nakmd.system import Frame, System

#: Names of the time in headers, and the unit [ps] if the header has no ``units_time``: ps of nakmd, fs of GPUMD and
#: QUIP.
_TIME_NAMES = {"time": 1.0, "Time": 1e-3}
_MOST = 2.0**62
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
        Of the image of `begin`, which all images that are read must have.
    has_images : bool
        Whether positions can be unwrapped: by a column ``image``, or because they are unwrapped in the file
        (`positions_hold_images`).
    notes : list of str
        What the file does not hold, or had to be assumed.

    Raises
    ------
    FileFormatError
        If the file cannot be read or holds no structure.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._images = read_atoms(path, slice(None))
        if not self._images:
            raise FileFormatError(path, "the file contains no structure.")
        with guard(path, "the positions are invalid"):
            self.has_images = positions_hold_images(self._images)
        self.notes = self._remarks()

    def begin(self, row: int) -> None:
        """Take the atoms of an image; the others must have the same.

        Parameters
        ----------
        row : int

        Raises
        ------
        FileFormatError
            If the image is invalid.
        """
        atoms = self._images[row]
        system = system_from(self.path, atoms)
        self._first, self._shift, self.topology = row, _shift(atoms, system), system.topology

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, row: int) -> Frame:
        atoms = self._images[row]
        system = system_from(self.path, atoms)
        names, first = np.array(system.species_names), np.array(self.topology.species_names)
        if not np.array_equal(names[system.species], first[self.topology.species]):
            what = f"image {row} has different atoms than image {self._first}."
            raise FileFormatError(self.path, what, "Convert it separately.")
        frame = frame_of(system)
        frame.has_images = self.has_images
        if not atoms.cell.any(axis=1).all():
            # along a direction without a cell vector, each image would be shifted by its own lowest atom
            frame.positions += self._shift - _shift(atoms, system)
        with guard(self.path, f"the header of image {row} is invalid"), naming(self.path, f"image {row}"):
            has_velocities = velocities_of(atoms, system.masses) is not None
            frame.velocities = system.velocities.copy() if has_velocities else None
            frame.step = int(number_of(atoms, "step", row))
            # a single structure begins a trajectory at 0; of several, the times are unknown
            frame.time = time_of(atoms, 0.0 if len(self._images) == 1 else math.nan)
            frame.stage = str(atoms.info.get("stage", ""))
            if atoms.calc is not None:
                frame.potential_energy = _energy_of(atoms)
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


def _shift(atoms: ase.Atoms, system: System) -> FloatArray:
    """Return the shift [Å] of the positions in the file that moved all atoms into the cell, (3,)."""
    image = np.asarray(atoms.arrays["image"][0] if "image" in atoms.arrays else np.zeros(3), dtype=np.float64)
    return np.asarray(system.positions[0] - atoms.positions[0] - image @ atoms.cell.array)


def time_of(atoms: ase.Atoms, otherwise: float) -> float:
    """Return the time [ps] in the header of an image.

    Parameters
    ----------
    atoms : ase.Atoms
    otherwise : float
        Value if the header has none.

    Raises
    ------
    InputError
        If it is no number, or the unit in ``units_time`` is unknown.
    """
    for name, unit in _TIME_NAMES.items():
        if name in atoms.info:
            stated = atoms.info.get("units_time")
            if stated is not None and stated not in _TIME_UNITS:
                raise InputError(f"units_time is {stated!r}; it must be one of {', '.join(_TIME_UNITS)}.")
            return number_of(atoms, name, otherwise) * (unit if stated is None else _TIME_UNITS[str(stated)])
    return otherwise


def number_of(atoms: ase.Atoms, name: str, otherwise: float) -> float:
    """Return a number in the header of an image.

    Parameters
    ----------
    atoms : ase.Atoms
    name : str
    otherwise : float
        Value if the header does not have it.

    Raises
    ------
    InputError
        If it is no number, or beyond the range of steps (2⁶²).
    """
    value: Any = atoms.info.get(name, otherwise)
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or abs(float(value)) > _MOST:
        raise InputError(f"{name} is {value} in the header; it must be a number.")
    return float(value) if not isinstance(value, int | np.integer) else int(value)


def _energy_of(atoms: ase.Atoms) -> float | None:
    """Return the energy [eV]; None if the image has none."""
    value = atoms.calc.results.get("energy")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float | np.number)):
        raise InputError(f"energy is {value} in the header; it must be a number.")
    return None if value is None or not np.isfinite(value) else float(value)


@contextmanager
def naming(path: Path, where: str) -> Iterator[None]:
    """Add the file and the place in it to an `InputError` of the block."""
    try:
        yield
    except FileFormatError:
        raise
    except InputError as error:
        raise FileFormatError(path, f"{where}: {error}") from error
