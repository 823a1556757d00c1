"""How the frames of a trajectory are stored: precision of the positions, velocities or none, compression.

A precision that is a length rounds every coordinate to the nearest multiple of the largest power of two that is at most
twice that length. Half of this grid is at most the stated precision, so that

    |stored - x| <= grid / 2 <= precision        for |x| < 2⁵³ grid (10¹³ Å at 0.001 Å).

Multiples of a power of two are float64 numbers without rounding error, so that every reader of HDF5 gets them to the
bit, and rounding them again changes nothing. Their trailing bits are zero: behind the shuffle filter, which collects
the first, second, ... bytes of all numbers, gzip stores almost nothing for them. Integers with a scale would take no
fewer bytes, and other readers of H5MD would take them for positions.

The errors are uniform from -grid/2 to grid/2, with a mean square of grid²/12: energies computed again from stored
frames are higher by grid²/24 times the trace of the second derivatives, 6e-6 eV for each coordinate with 40 eV/Å² at
0.001 Å. The energies in the file are those of the unrounded positions.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import h5py
import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import FileFormatError, InputError
from nakmd.io.growing import create_text, read_text

#: Of positions: a floating-point type, or the largest error of a coordinate [Å].
Precision = Literal["double", "single"] | float

Compression = Literal["none", "lossless"]

#: Filters of HDF5 for compressed numbers of atoms; level 1 of gzip, as level 4 saves 2 to 6 % of a rounded frame, and
#: takes up to 1.6 times as long to write (measured, 10⁶ atoms).
COMPRESSED: dict[str, Any] = {"shuffle": True, "compression": "gzip"}


class Storage(NamedTuple):
    """How frames are stored.

    Attributes
    ----------
    precision : {"double", "single"} or float [Å]
        Floating-point type of positions and velocities, or the largest error of a coordinate. With a length, positions
        are rounded (see the module), and velocities are float32 numbers, off by 6e-8 of their magnitude at most.
    velocities : bool
        Whether velocities are stored.
    compression : {"none", "lossless"}
        Of positions, velocities, and energies and virials by atom: nothing, or shuffle and gzip.

    Examples
    --------
    >>> from nakmd.io import Storage
    >>> Storage(precision=0.001, velocities=False, compression="lossless").text
    'positions within 0.001 Å, no velocities, compressed'
    """

    precision: Precision = "double"
    velocities: bool = True
    compression: Compression = "none"

    @classmethod
    def of(cls, precision: Precision, velocities: bool, compression: Compression | None) -> Self:
        """Return the storage that these options of `nakmd.io.TrajectoryWriter` describe; `InputError` if they clash."""
        is_length = isinstance(precision, int | float) and not isinstance(precision, bool)
        if not (0.0 < float(precision) < math.inf if is_length else precision in ("double", "single")):
            raise InputError(f"precision must be 'double', 'single' or a positive length in Å, not {precision!r}.")
        if compression not in (None, "none", "lossless"):
            raise InputError(f"compression must be 'none' or 'lossless', not {compression!r}.")
        if is_length and compression == "none":
            raise InputError(
                f"precision {precision:g} Å rounds positions, which saves space only with compression='lossless'."
            )
        if is_length:
            return cls(float(precision), velocities, "lossless")
        return cls(precision, velocities, compression or "none")

    @property
    def grid(self) -> float | None:
        """Coordinates are multiples of this length [Å], a power of two; None without rounding."""
        return None if isinstance(self.precision, str) else math.ldexp(0.5, math.frexp(2.0 * self.precision)[1])

    @property
    def position_type(self) -> type[np.floating[Any]]:
        """Floating-point type of positions in the file."""
        return np.float32 if self.precision == "single" else np.float64

    @property
    def velocity_type(self) -> type[np.floating[Any]]:
        """Floating-point type of velocities in the file."""
        return np.float64 if self.precision == "double" else np.float32

    @property
    def filters(self) -> dict[str, Any]:
        """Options of `nakmd.io.growing.create_series` for the numbers of atoms."""
        return COMPRESSED if self.compression == "lossless" else {}

    @property
    def text(self) -> str:
        """What the frames hold and how exactly, for tables."""
        exactness = (
            f"positions in {self.precision} precision"
            if isinstance(self.precision, str)
            else f"positions within {self.precision:g} Å"
        )
        parts = [exactness, "velocities" if self.velocities else "no velocities"]
        return ", ".join([*parts, "compressed"] if self.compression == "lossless" else parts)

    def write(self, group: h5py.Group) -> None:
        """Record it in the group ``/parameters/nakmd`` of a new file."""
        create_text(group, "storage", json.dumps({**self._asdict(), "grid": self.grid}))

    @classmethod
    def read(cls, path: Path, group: h5py.Group, positions: h5py.Dataset) -> Self:
        """Return the storage of a file of nakmd, of one without record by the type of its positions.

        `FileFormatError` if the record is damaged.
        """
        if "storage" not in group:
            return cls("single" if positions.dtype.itemsize == 4 else "double")
        stored = json.loads(read_text(group["storage"]))
        try:
            return cls.of(stored["precision"], bool(stored["velocities"]), stored["compression"])
        except InputError as error:
            raise FileFormatError(path, f"{group.name}/storage: {error}", "Use a copy, or repeat the run.") from error


class Rounding:
    """Rounds the positions of frames to the grid of a storage, in memory that is allocated once.

    Parameters
    ----------
    storage : Storage
    n_atoms : int
    """

    def __init__(self, storage: Storage, n_atoms: int) -> None:
        self._grid = storage.grid
        self._rounded = np.empty((n_atoms if self._grid else 0, 3))

    def apply(self, positions: FloatArray) -> FloatArray:
        """Return the positions (n, 3) [Å] as they are stored: themselves, or a view that the next call overwrites."""
        if self._grid is None:
            return positions
        # exact but for the rounding: the grid is a power of two
        np.multiply(positions, 1.0 / self._grid, out=self._rounded)
        np.rint(self._rounded, out=self._rounded)
        np.multiply(self._rounded, self._grid, out=self._rounded)
        return self._rounded
