"""Whether the positions of a series of images tell the paths of atoms across periodic faces."""

from __future__ import annotations

from collections.abc import Sequence

import ase
import numpy as np

from nakmd.cell import MOST_LENGTH, completed

#: Root mean square of the nearest-image steps between images, as a fraction of the cell, above which steps of more than
#: half a cell can be real motion: five standard deviations below it.
WIDE = 0.1

#: Extent of unwrapped positions along a periodic vector, in cells. Wrapped positions extend over one cell, and a little
#: more in programs that wrap only now and then.
UNWRAPPED_EXTENT = 1.5


def positions_hold_images(images: Sequence[ase.Atoms]) -> bool:
    """Return whether the cell that an atom is in is known in all images.

    Parameters
    ----------
    images : sequence of ase.Atoms
        Of the same atoms.

    Returns
    -------
    bool
        True if all have image counts; if no atom moves more than half a cell between two images, so that the positions
        follow the paths; or if such jumps can be motion, because steps are wide (`WIDE`) and positions extend over more
        than `UNWRAPPED_EXTENT` cells. Otherwise the jumps come from wrapping.
    """
    counted = ["image" in atoms.arrays for atoms in images]
    if any(counted):
        return all(counted)
    previous, jumps, squares, count = None, False, np.zeros(3), 0
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for atoms in images:
        matrix, flags, _ = completed(np.array(atoms.cell.array, dtype=np.float64), atoms.pbc.tolist())
        periodic = np.array(flags)
        if not np.all(np.abs(matrix) <= MOST_LENGTH) or not np.linalg.det(matrix):
            return False  # the image is refused when it is read
        fractional = atoms.positions @ np.linalg.inv(matrix)
        low, high = np.minimum(low, fractional.min(axis=0)), np.maximum(high, fractional.max(axis=0))
        if previous is not None and len(previous) == len(fractional):
            step = (fractional - previous)[:, periodic]
            turns = np.rint(step)
            jumps |= bool(np.any(turns))
            squares[periodic] += np.sum((step - turns) ** 2, axis=0)
            count += len(step)
        previous = fractional
    if not jumps:
        return True
    wide = np.sqrt(squares / max(count, 1)) > WIDE
    return bool(np.any(wide & (high - low > UNWRAPPED_EXTENT)))
