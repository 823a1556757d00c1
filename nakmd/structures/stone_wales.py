"""Stone-Wales defects: one C-C bond rotated by 90 degrees, which makes 5-7-7-5 of the four hexagons around it.

No atom is added or removed, and every atom keeps three bonds. A. J. Stone, D. J. Wales, Chem. Phys. Lett. 128, 501
(1986), doi:10.1016/0009-2614(86)80661-3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.structures.bond_network import Pairs, Partners, hexagon
from nakmd.structures.distances import lengths_of, to_cartesian

#: Second neighbours of a regular heptagon, in units of its side: 2 cos(π/7).
HEPTAGON_DIAGONAL = 2.0 * np.cos(np.pi / 7.0)


@dataclass(frozen=True)
class Rotation:
    """One rotated bond, as indices of the wall before the rotation.

    Attributes
    ----------
    atoms : (a, b, a1, a2, b1, b2)
        The bond a-b, the other neighbours of a, and those of b; a1 and b1 are in one hexagon with a-b, a2 and b2 in the
        other. The bonds a-a2 and b-b1 become a-b1 and b-a2.
    shifts : (6, 3) int64
        Periodic shifts of these atoms relative to a.
    pentagons, heptagons : two rings of (int, (3,) int64)
        In order around the ring, with shifts relative to a. The bond of the first atom of a pentagon to its last is
        new.
    """

    atoms: tuple[int, int, int, int, int, int]
    shifts: IntArray
    pentagons: tuple[tuple[tuple[int, IntArray], ...], ...]
    heptagons: tuple[tuple[tuple[int, IntArray], ...], ...]


def rotation(partners: Partners, a: int, b: int) -> Rotation | None:
    """Return the rotation of the bond a-b, or None if the four rings around it are not four hexagons.

    Parameters
    ----------
    partners : sequence of sequences of (int, shift)
        Bonded neighbours of each atom.
    a, b : int
        Two bonded atoms, each with three bonds.

    Returns
    -------
    Rotation or None
    """
    at = np.zeros(3, dtype=np.int64)
    of_a, of_b = dict(partners[a]), dict(partners[b])
    at_b = of_a[b]
    a1, a2 = (atom for atom in of_a if atom != b)
    sides = [hexagon(partners, first, a, b) for first in (a1, a2)]
    ends = [hexagon(partners, a1, a, a2)]
    if sides[0] is None or sides[1] is None or ends[0] is None:
        return None
    b1, b2 = sides[0][-1][0], sides[1][-1][0]
    beyond = hexagon(partners, b1, b, b2)
    if beyond is None or b1 == b2:
        return None
    beyond = tuple((atom, at_b + shift) for atom, shift in beyond)
    first, second = (a, at), (b, at_b)
    end = ((a2, of_a[a2]),)
    far = ((b2, at_b + of_b[b2]),)
    pentagons = ((first, *sides[0]), (second, *reversed(sides[1])))
    heptagons = ((first, *ends[0], *end, second), (second, first, *beyond, *far))
    shifts = np.array([at, at_b, of_a[a1], of_a[a2], at_b + of_b[b1], at_b + of_b[b2]])
    found = Rotation((a, b, a1, a2, b1, b2), shifts, pentagons, heptagons)
    rings = (*pentagons, *heptagons)
    # on a very narrow tube a hexagon may close around the tube, and atoms repeat
    whole = [len({atom for atom, _ in ring}) == size for ring, size in zip(rings, (5, 5, 7, 7))]
    return found if all(whole) and len(set(found.atoms)) == len(found.atoms) else None


def broken_bonds(rotations: Sequence[Rotation]) -> set[frozenset[int]]:
    """Return the bonds a-a2 and b-b1 of each rotation."""
    return {frozenset(ends) for a, b, _, a2, b1, _ in (r.atoms for r in rotations) for ends in ((a, a2), (b, b1))}


def new_bonds(rotations: Sequence[Rotation]) -> Pairs:
    """Return the bonds a-b1 and b-a2 of each rotation."""
    rings = [ring for r in rotations for ring in r.pentagons]
    return Pairs.of([(ring[0][0], ring[-1][0], ring[-1][1] - ring[0][1]) for ring in rings])


def turn(
    positions: FloatArray, normals: FloatArray, cell: Cell, rotations: Sequence[Rotation]
) -> tuple[FloatArray, FloatArray]:
    """Turn each bond by 90 degrees about its midpoint, in the wall, towards its new neighbours.

    Parameters
    ----------
    positions, normals : (n, 3) float64 [Å]
        Not changed.
    cell : Cell
    rotations : sequence of Rotation

    Returns
    -------
    positions, normals : (n, 3) float64 [Å]
        The normals of both atoms of a turned bond are those of the wall between them.
    """
    positions, normals = positions.copy(), normals.copy()
    for r in rotations:
        shifts = to_cartesian(r.shifts.astype(np.float64), cell.matrix)
        a, b, a1, a2, b1, b2 = positions[list(r.atoms)] + shifts
        half, side = 0.5 * (b - a), 0.5 * (a1 + b1) - 0.5 * (a2 + b2)
        length = lengths_of(half[None])[0]
        along = half / length
        across = side - np.sum(side * along) * along
        across /= lengths_of(across[None])[0]
        middle = 0.5 * (a + b)
        positions[r.atoms[0]] = middle + length * across
        positions[r.atoms[1]] = middle - length * across - shifts[1]
        normals[list(r.atoms[:2])] = np.cross(along, across)
    return positions, normals
