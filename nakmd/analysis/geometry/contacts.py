"""Which atoms touch which: pairs closer than a cutoff, across periodic faces of any cell."""

from __future__ import annotations

import numpy as np
import scipy

from nakmd.arrays import FloatArray, IntArray
from nakmd.system import Frame


def pairs_near(
    centers: FloatArray, neighbors: FloatArray, frame: Frame, cutoff: float
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the pairs of a centre and a neighbour closer than ``cutoff``, each once, and their distances.

    Parameters
    ----------
    centers, neighbors : (n, 3), (m, 3) float64 [Å]
        Wrapped.
    frame : Frame
        Of which the cell is used.
    cutoff : float [Å]

    Returns
    -------
    i, j : (p,) int64
        Sorted by i, then j.
    r : (p,) float64 [Å]
        To the nearest image.
    """
    cell = frame.cell
    margin = cutoff / cell.heights
    places, origin = neighbors @ cell.inverse, np.arange(len(neighbors))
    for axis in np.flatnonzero(cell.periodic):  # images of images come by themselves, axis after axis
        copies, rows = [places], [origin]
        for shift in range(1, int(np.ceil(margin[axis])) + 1):
            for sign in (-shift, shift):
                moved = places[:, axis] + sign
                near = (moved > -margin[axis]) & (moved < 1.0 + margin[axis])
                image = places[near].copy()
                image[:, axis] += sign
                copies.append(image)
                rows.append(origin[near])
        places, origin = np.concatenate(copies), np.concatenate(rows)
    everything = places @ cell.matrix
    if len(everything) == 0 or len(centers) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    found = scipy.spatial.cKDTree(centers).sparse_distance_matrix(
        scipy.spatial.cKDTree(everything), cutoff, output_type="ndarray"
    )
    i, j, r = found["i"].astype(np.int64), origin[found["j"]], np.asarray(found["v"], dtype=np.float64)
    order = np.lexsort((r, j, i))
    i, j, r = i[order], j[order], r[order]
    first = np.ones(len(i), dtype=np.bool_)
    first[1:] = (np.diff(i) != 0) | (np.diff(j) != 0)  # of several images the nearest
    return i[first], j[first], r[first]
