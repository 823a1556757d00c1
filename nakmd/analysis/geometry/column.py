"""A column of liquid without a wall: the axis that its radii are measured from."""

from __future__ import annotations

import numpy as np

from nakmd.analysis.geometry.surfaces import Tube, largest_gap
from nakmd.arrays import FloatArray
from nakmd.cell import Cell


def place_column(points: FloatArray, masses: FloatArray, cell: Cell, axis: int) -> Tube:
    """Return the axis through the centre of mass of points, (n, 3) [Å], along a cell vector, as a tube of radius zero.

    Notes
    -----
    The centre of the cell across the axis is opposite the widest gap, so that a column may cross its faces. The centre
    of mass is that of the nearest images to it.
    """
    along = cell.matrix[axis] / np.linalg.norm(cell.matrix[axis])
    others = [c for c in range(3) if c != axis and cell.periodic[c]]
    basis = np.array([cell.matrix[c] - (cell.matrix[c] @ along) * along for c in others]).reshape(-1, 3)
    fractional = points @ cell.inverse
    center = np.average(fractional, axis=0, weights=masses)
    for c in others:
        gap, start = largest_gap(fractional[:, c], 1.0)
        center[c] = start + 0.5 * (1.0 - gap)
    column = Tube(along, center @ cell.matrix, 0.0, 0.0, float(np.linalg.norm(cell.matrix[axis])), basis)
    shift = np.average(column.across(points), axis=0, weights=masses)
    return Tube(along, column.center + shift, 0.0, 0.0, column.length, basis)
