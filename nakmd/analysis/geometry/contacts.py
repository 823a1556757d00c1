"""Pairs of atoms closer than a cutoff, with periodic images in any cell."""

from __future__ import annotations

import numpy as np
import scipy

from nakmd.arrays import FloatArray, IntArray
from nakmd.system import Frame


def pairs_near(
    centers: FloatArray, neighbors: FloatArray, frame: Frame, cutoff: float
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the pairs of a centre and a neighbour closer than ``cutoff`` and their distances; each pair once.

    Parameters
    ----------
    centers, neighbors : (n, 3), (m, 3) float64 [Å]
        Wrapped positions.
    frame : Frame
        Only its cell is used.
    cutoff : float [Å]

    Returns
    -------
    i, j : (p,) int64
        Indices of centre and neighbour, sorted by i, then j.
    r : (p,) float64 [Å]
        Distance to the nearest image.
    """
    cell = frame.cell
    margin = cutoff / cell.heights
    fractional, origin = neighbors @ cell.inverse, np.arange(len(neighbors))
    for axis in np.flatnonzero(cell.periodic):  # each axis also copies the images of the axes before it
        copies, rows = [fractional], [origin]
        for shift in range(1, int(np.ceil(margin[axis])) + 1):
            for sign in (-shift, shift):
                moved = fractional[:, axis] + sign
                near = (moved > -margin[axis]) & (moved < 1.0 + margin[axis])
                image = fractional[near].copy()
                image[:, axis] += sign
                copies.append(image)
                rows.append(origin[near])
        fractional, origin = np.concatenate(copies), np.concatenate(rows)
    images = fractional @ cell.matrix
    if len(images) == 0 or len(centers) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    pairs = scipy.spatial.cKDTree(centers).sparse_distance_matrix(
        scipy.spatial.cKDTree(images), cutoff, output_type="ndarray"
    )
    i, j, r = pairs["i"].astype(np.int64), origin[pairs["j"]], np.asarray(pairs["v"], dtype=np.float64)
    order = np.lexsort((r, j, i))
    i, j, r = i[order], j[order], r[order]
    first = np.ones(len(i), dtype=np.bool_)
    first[1:] = (np.diff(i) != 0) | (np.diff(j) != 0)  # keep the nearest of several images
    return i[first], j[first], r[first]
