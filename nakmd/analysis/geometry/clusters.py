"""Clusters of metal atoms: sets that are connected by neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy

from nakmd.analysis.geometry.contacts import pairs_near
from nakmd.arrays import FloatArray, IntArray
from nakmd.elements import natural_crystal
from nakmd.system import Frame

#: Distance of neighbours in cubic lattice constants of bcc: between the second shell, 1, and the third, 1.41. The first
#: minimum of g(r) of the liquids is near it.
NEIGHBORS = 1.2


def bcc_constant(element: str) -> float | None:
    """Return the lattice constant [Å] of an element as bcc at the volume of its natural crystal, None if unknown."""
    crystal = natural_crystal(element)
    if crystal is None or crystal[0] not in ("bcc", "fcc"):
        return None
    structure, length = crystal
    return length if structure == "bcc" else length / 2.0 ** (1.0 / 3.0)


def neighbor_cutoffs(elements: Sequence[str]) -> FloatArray:
    """Return the distances [Å] up to which atoms of these elements are neighbours, (n, n).

    The mean for two elements; an element without a known cubic crystal has the largest of the others.
    """
    own = [bcc_constant(element) for element in elements]
    largest = max((length for length in own if length is not None), default=5.0)
    lengths = NEIGHBORS * np.array([largest if length is None else length for length in own])
    return np.asarray(0.5 * (lengths[:, None] + lengths[None, :]))


def find_clusters(positions: FloatArray, kinds: IntArray, cutoffs: FloatArray, frame: Frame) -> IntArray:
    """Return the number of the cluster of each atom, from 0 on.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
        Wrapped into the cell of the frame.
    kinds : (n,) int64
        Row and column of ``cutoffs``.
    cutoffs : (k, k) float64 [Å]
    frame : Frame
        Only its cell is used.
    """
    if not len(positions):
        return np.zeros(0, dtype=np.int64)
    i, j, r = pairs_near(positions, positions, frame, float(cutoffs.max()))
    bound = (r < cutoffs[kinds[i], kinds[j]]) & (i < j)
    links = (np.ones(int(bound.sum()), dtype=np.int8), (i[bound], j[bound]))
    graph = scipy.sparse.coo_array(links, shape=(len(positions), len(positions)))
    return np.asarray(scipy.sparse.csgraph.connected_components(graph, directed=False)[1], dtype=np.int64)
