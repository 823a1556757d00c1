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
from nakmd.io.velocity_columns import assumed_unit, velocities_of
from nakmd.io.wrapping import positions_hold_images
from nakmd.system import Frame, System, Topology

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
        self._has_steps = all("step" in atoms.info for atoms in self._images)
        self.notes = self._remarks()

    def begin(self, row: int) -> None:
        """Take the atoms of an image, which the others must have; `FileFormatError` if the image is invalid."""
        atoms = self._images[row]
        system = system_from(self.path, atoms)
        self._first, self._shift, self.topology = row, _shift(atoms, system), system.topology

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, row: int) -> Frame:
        atoms = self._images[row]
        system = system_from(self.path, atoms)
        self._compare(row, system.topology)
        frame = frame_of(system)
        frame.step, frame.time = self.stamp(row)
        frame.has_images = self.has_images
        if not atoms.cell.any(axis=1).all():
            # along a direction without a cell vector, each image would be shifted by its own lowest atom
            frame.positions += self._shift - _shift(atoms, system)
        with guard(self.path, f"the header of image {row} is invalid"), naming(self.path, f"image {row}"):
            has_velocities = velocities_of(atoms, system.masses) is not None
            frame.velocities = system.velocities.copy() if has_velocities else None
            frame.stage = str(atoms.info.get("stage", ""))
            if atoms.calc is not None:
                frame.potential_energy = _energy_of(atoms)
                stress = atoms.calc.results.get("stress")
                frame.virial = None if stress is None else -np.asarray(stress) * frame.cell.volume
        return frame

    def stamp(self, row: int) -> tuple[int, float]:
        """Return step and time [ps] of an image; `FileFormatError` if they are no numbers."""
        atoms = self._images[row]
        with guard(self.path, f"the header of image {row} is invalid"), naming(self.path, f"image {row}"):
            step = int(number_of(atoms, "step", row)) if self._has_steps else row
            # a single structure begins a trajectory at 0; of several, the times are unknown
            return step, time_of(atoms, 0.0 if len(self._images) == 1 else math.nan)

    def _compare(self, row: int, atoms: Topology) -> None:
        """Refuse an image whose atoms, masses or periodic directions are not those of the first image."""
        first = self.topology
        names, known = np.array(atoms.species_names), np.array(first.species_names)
        differs = {
            "atoms": not np.array_equal(names[atoms.species], known[first.species]),
            "masses": not np.array_equal(atoms.masses, first.masses),
            "periodic directions": not np.array_equal(atoms.periodic, first.periodic),
        }
        if any(differs.values()):
            what = next(name for name, differing in differs.items() if differing)
            raise FileFormatError(
                self.path,
                f"image {row} has different {what} than image {self._first}.",
                "Convert it separately.",
            )

    def _remarks(self) -> list[str]:
        several = len(self._images) > 1
        notes = []
        if not self.has_images:
            notes.append(
                "The positions are wrapped and the file has no image counts: motion is followed to the nearest image."
            )
        if several and not any(_time_name(atoms) for atoms in self._images):
            notes.append(
                "The file has no times, which analyses of motion need: write time=... and units_time=ps into the "
                "header of each image."
            )
        assumed = {_time_name(atoms) for atoms in self._images if "units_time" not in atoms.info}
        if "time" in assumed:
            notes.append(
                "The times in the headers have no unit: ps is assumed. Else write units_time=fs into the header of "
                "each image."
            )
        if "Time" in assumed:
            notes.append(
                "Time in the headers is taken in fs, as GPUMD and QUIP write it. Else write units_time=ps into the "
                "header of each image."
            )
        units = [assumed_unit(self.path, atoms) for atoms in self._images]
        notes += list(dict.fromkeys(filter(None, units)))
        lacking = sum("step" not in atoms.info for atoms in self._images)
        if several and lacking:
            notes.append(
                f"{lacking} of {len(self._images)} images have no step in their header: all images are numbered "
                "0, 1, 2, ... in its place."
            )
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
    name, stated = _time_name(atoms), atoms.info.get("units_time")
    if name is None:
        return otherwise
    if stated is not None and stated not in _TIME_UNITS:
        raise InputError(f"units_time is {stated!r}; it must be one of {', '.join(_TIME_UNITS)}.")
    return number_of(atoms, name, otherwise) * (_TIME_NAMES[name] if stated is None else _TIME_UNITS[str(stated)])


def _time_name(atoms: ase.Atoms) -> str | None:
    """Return the name of the time in the header of an image, None if it has none."""
    return next((name for name in _TIME_NAMES if name in atoms.info), None)


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
