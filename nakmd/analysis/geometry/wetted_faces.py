"""Faces of a wall wetted by metal: a wall one atom thick has two, and a filled, immersed tube is wet on both.

Faces belong to single atoms and follow from their bonds, so they can be counted on any wall, including flakes and
bent tubes, and where metal covers only a part of it. `nakmd.analysis.geometry.wall` has the distances from the wall as
a whole, and the area of sheets and tubes.
"""

from __future__ import annotations

import math

import numpy as np

from nakmd.analysis.geometry.contact_distances import contact_distance
from nakmd.analysis.geometry.contacts import pairs_near
from nakmd.analysis.geometry.grid import CellGrid
from nakmd.analysis.geometry.wall import BOND
from nakmd.arrays import FloatArray, IntArray
from nakmd.elements import CC_BOND
from nakmd.system import Frame

#: Area [Å²] of the graphene sheet per atom, 3√3/4 d², at the measured bond length d.
AREA_PER_ATOM = 0.75 * math.sqrt(3.0) * CC_BOND**2

#: A face is wet if metal is within REACH [Å] of the probe point HEIGHT [Å] above the wall atom. The probe extends as
#: far sideways as the contact distance of potassium at its height of 3 Å, and never to the other side.
REACH, HEIGHT = 3.2, 3.4

#: A face is dry if its probe point is this close [Å] to a wall atom: it faces the next sheet or wall. At 2.8 to 4.0 Å
#: from it, the probe is within 1.56 Å of one of its atoms, also over the centre of a hexagon.
SHIELD = 1.6

#: An atom without a plane is wet if metal is within this distance [Å]: the contact distance of potassium.
LONE_REACH = contact_distance("C", "K")


class WettedFaces:
    """Counts the faces of wall atoms that metal is in contact with.

    Parameters
    ----------
    wall, metal : (n,) int64
        Indices of the wall atoms and the metal atoms.

    Notes
    -----
    The normal of a wall atom is that of the plane through its bonded neighbours (through itself and two
    neighbours at an edge), recomputed in every frame from the bonds of the first. An atom with fewer than two
    bonds has no normal, and one face.
    """

    def __init__(self, wall: IntArray, metal: IntArray) -> None:
        self._wall, self._metal = wall, metal
        self._bonded: IntArray | None = None

    def area(self, frame: Frame) -> float:
        """Return the area of the wet faces [Å²]; each face has the area per atom of graphene."""
        return self.count(frame) * AREA_PER_ATOM

    def count(self, frame: Frame) -> int:
        """Return the number of wet faces, at most two per wall atom."""
        wall, metal = frame.positions[self._wall], frame.positions[self._metal]
        if self._bonded is None:
            self._bonded = _bonded(wall, frame)
        corners = _nearest_images(wall[self._bonded] - wall[:, None], frame)
        # at an edge, the atom itself replaces the missing neighbour
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        lengths = np.linalg.norm(normals, axis=1)
        flat = lengths > 1e-6
        normals = normals[flat] / lengths[flat, None] * HEIGHT
        probes = np.concatenate([wall[flat] + normals, wall[flat] - normals])
        one_kind = np.zeros(len(wall), dtype=np.int64)
        shields = CellGrid(wall, one_kind, frame.cell, SHIELD, also=probes)
        probes = probes[~np.isfinite(shields.nearest_distances(probes))]
        queries = np.concatenate([probes, wall[~flat]])
        kinds = np.zeros(len(metal), dtype=np.int64)
        grid = CellGrid(metal, kinds, frame.cell, LONE_REACH, also=queries)
        wet = 0
        for points, distance in ((probes, REACH), (wall[~flat], LONE_REACH)):
            reach = np.array([distance])
            wet += int(np.sum(grid.neighbor_counts(points, reach, reach) > 0.0))
        return wet


def _nearest_images(vectors: FloatArray, frame: Frame) -> FloatArray:
    """Return the minimum image of vectors [Å] shorter than half the cell."""
    fractional = vectors @ frame.cell.inverse
    return np.asarray(vectors - np.where(frame.cell.periodic, np.round(fractional), 0.0) @ frame.cell.matrix)


def _bonded(wall: FloatArray, frame: Frame) -> IntArray:
    """Return three bonded neighbours of each wall atom, (n, 3), padded with the atom itself."""
    table: IntArray = np.repeat(np.arange(len(wall))[:, None], 3, axis=1)
    i, j, r = pairs_near(wall, wall, frame, BOND)
    i, j, r = i[i != j], j[i != j], r[i != j]
    order = np.lexsort((r, i))
    i, j = i[order], j[order]
    rank = np.arange(len(i)) - np.searchsorted(i, i)  # rank of the neighbour by distance
    table[i[rank < 3], rank[rank < 3]] = j[rank < 3]
    return table
