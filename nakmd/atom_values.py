"""What positions and masses of atoms may be."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import InputError

#: Largest coordinate [Å], 1 cm: beyond it the number of cells to the origin can exceed 32 bits, and distances of atoms
#: are rounded to more than 1e-8 Å.
FARTHEST = 1e8


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
