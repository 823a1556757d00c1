"""What positions, velocities, species and masses of atoms may be."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import InputError

#: Largest coordinate [Å], 1 cm: beyond it the number of cells to the origin can exceed 32 bits, and distances of atoms
#: are rounded to more than 1e-8 Å.
FARTHEST = 1e8


def vectors(name: str, values: ArrayLike) -> FloatArray:
    """Return a copy of vectors of atoms, (n, 3) float64; raise `InputError` for another shape, or what is no number."""
    try:
        copied = np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        raise InputError(f"{name} must be numbers, three for each atom.") from None
    if copied.size == 0:
        return copied.reshape(0, 3)
    if copied.ndim != 2 or copied.shape[1] != 3:
        raise InputError(f"{name} has the shape {copied.shape}; it must be (n, 3), a row for each of n atoms.")
    return copied


def indices(name: str, values: ArrayLike) -> IntArray:
    """Return a copy of the indices of species, (n,) int64; raise `InputError` for another shape, or other numbers."""
    found = np.asarray(values)
    if found.size == 0:
        return np.zeros(0, np.int64)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise InputError(
            f"{name} has the shape {found.shape} and type {found.dtype}; it must be (n,) whole numbers, which count in "
            "species_names from 0: [0, 0, 1] for three atoms."
        )
    return found.astype(np.int64)


def check_positions(positions: FloatArray) -> None:
    """Raise `InputError` with the first atom whose position, (n, 3) [Å], is not finite or beyond `FARTHEST`."""
    if np.all(np.abs(positions) <= FARTHEST):  # false for NaN
        return
    atom = int(np.argwhere(~(np.abs(positions) <= FARTHEST))[0, 0])
    what = "not finite" if not np.all(np.isfinite(positions[atom])) else f"more than {FARTHEST:g} Å from the origin"
    raise InputError(f"The position of atom {atom} is {what}: {positions[atom].tolist()} Å.")


def check_masses(masses: FloatArray) -> None:
    """Raise `InputError` with the first atom whose mass, (n,) [amu], is not a positive number."""
    wrong = np.flatnonzero(~(np.isfinite(masses) & (masses > 0.0)))
    if len(wrong):
        raise InputError(
            f"The mass of atom {wrong[0]} is {masses[wrong[0]]:g} amu ({len(wrong)} such atoms); masses are positive "
            "numbers. Without masses, the standard atomic weights are used."
        )
