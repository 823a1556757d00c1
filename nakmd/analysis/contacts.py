"""Which atoms touch which: pairs closer than a cutoff, across periodic faces of any cell."""

from __future__ import annotations

import numpy as np
import scipy.spatial
from numpy.typing import NDArray

from nakmd.system import Frame

FloatArray = NDArray[np.float64]


def pairs_near(
    centers: FloatArray, neighbors: FloatArray, frame: Frame, cutoff: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
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
    reach = np.where(cell.periodic, np.ceil(cutoff / cell.heights), 0.0).astype(int)
    margin = cutoff / cell.heights
    fractional = neighbors @ cell.inverse
    places, rows = [], []
    for shift in np.ndindex(*(2 * reach + 1)):
        moved = fractional + (np.array(shift) - reach)
        inside = np.all(~cell.periodic | ((moved > -margin) & (moved < 1.0 + margin)), axis=1)
        places.append(moved[inside] @ cell.matrix)
        rows.append(np.flatnonzero(inside))
    everything, origin = np.concatenate(places), np.concatenate(rows)
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
