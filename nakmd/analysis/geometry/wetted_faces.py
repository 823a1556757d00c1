"""Faces of a wall that metal wets: a wall one atom thick has two, and a filled and immersed tube is wet on both.

Faces are those of single atoms, told by their bonds: they can be counted on any wall, flakes and bent tubes too, and
where metal covers a part of it. Distances from the wall as a whole, and the area of sheets and tubes, are
`nakmd.analysis.geometry.wall`'s.
"""

from __future__ import annotations

import math

import numpy as np

from nakmd.analysis.geometry.contact_distances import contact_distance
from nakmd.analysis.geometry.contacts import pairs_near
from nakmd.analysis.geometry.grid import CellGrid
from nakmd.arrays import FloatArray, IntArray
from nakmd.system import Frame

#: Area [Å²] of the graphene sheet per atom, 3√3/4 d², at a bond length d of 1.42 Å.
AREA_PER_ATOM = 0.75 * math.sqrt(3.0) * 1.42**2

#: Two wall atoms closer than this are bonded [Å]: between the bonds of carbon (1.45) and second neighbours (2.46).
BOND = 1.85

#: A face is wet if metal is this close [Å] to the point so far above it. Over a wall atom the two reach as far
#: sideways as the contact distance of potassium does at its height of 3 Å, and never to the other side.
REACH, HEIGHT = 3.2, 3.4

#: An atom without a plane is wet if metal is this close [Å]: the contact distance of potassium.
LONE_REACH = contact_distance("C", "K")


class WettedFaces:
    """Counts the faces of wall atoms that metal is in contact with.

    Parameters
    ----------
    wall, metal : (n,) int64
        Atoms of the two sides.

    Notes
    -----
    The normal of a wall atom is that of the plane through its bonded neighbours (through itself and two
    neighbours at an edge), found anew in every frame from the bonds of the first. An atom with fewer than two
    bonds has no normal, and one face.
    """

    def __init__(self, wall: IntArray, metal: IntArray) -> None:
        self._wall, self._metal = wall, metal
        self._bonded: IntArray | None = None

    def area(self, frame: Frame) -> float:
        """Return the area of the wet faces [Å²]; a face has that of a carbon atom of graphene."""
        return self.count(frame) * AREA_PER_ATOM

    def count(self, frame: Frame) -> int:
        """Return how many faces are wet, at most two for each wall atom."""
        wall, metal = frame.positions[self._wall], frame.positions[self._metal]
        if self._bonded is None:
            self._bonded = _bonded(wall, frame)
        corners = _nearest_images(wall[self._bonded] - wall[:, None], frame)
        # an edge atom stands in for the neighbour it lacks
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        lengths = np.linalg.norm(normals, axis=1)
        flat = lengths > 1e-6
        normals = normals[flat] / lengths[flat, None] * HEIGHT
        probes = np.concatenate([wall[flat] + normals, wall[flat] - normals])
        everywhere = np.concatenate([probes, wall[~flat]])
        nothing = np.zeros(len(metal), dtype=np.int64)
        grid = CellGrid(metal, nothing, frame.cell, LONE_REACH, also=everywhere)
        wet = 0
        for points, distance in ((probes, REACH), (wall[~flat], LONE_REACH)):
            reach = np.array([distance])
            wet += int(np.sum(grid.neighbor_counts(points, reach, reach) > 0.0))
        return wet


def _nearest_images(vectors: FloatArray, frame: Frame) -> FloatArray:
    """Return vectors [Å] shorter than half the cell as the shortest of their images."""
    fractional = vectors @ frame.cell.inverse
    return np.asarray(vectors - np.where(frame.cell.periodic, np.round(fractional), 0.0) @ frame.cell.matrix)


def _bonded(wall: FloatArray, frame: Frame) -> IntArray:
    """Return three bonded neighbours of each wall atom, (n, 3); the atom itself where there are fewer."""
    table: IntArray = np.repeat(np.arange(len(wall))[:, None], 3, axis=1)
    i, j, r = pairs_near(wall, wall, frame, BOND)
    i, j, r = i[i != j], j[i != j], r[i != j]
    order = np.lexsort((r, i))
    i, j = i[order], j[order]
    place = np.arange(len(i)) - np.searchsorted(i, i)  # first, second, third ... of its atom
    table[i[place < 3], place[place < 3]] = j[place < 3]
    return table
