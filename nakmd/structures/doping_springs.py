"""The bonds of a wall after doping, and the springs that repair its geometry around the sites."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import BoolArray, FloatArray
from nakmd.cell import Cell
from nakmd.elements import CC_BOND, element_of
from nakmd.structures.bond_network import (
    ANGLE_STIFFNESS,
    Pairs,
    Partners,
    ring_diagonals,
    second_neighbours,
)
from nakmd.structures.distances import lengths_of
from nakmd.structures.doping_sites import Site
from nakmd.structures.stone_wales import HEPTAGON_DIAGONAL, broken_bonds, new_bonds

#: Rest length [Å] of C-N relative to C-C springs: 1.43 to 1.42.
CN_BOND = 1.43

#: Rest distance [Å] of a pyrrolic N from the two edge atoms across the vacancy (out of bonding range) and from the
#: outer neighbours of its two bonded atoms (an angle of 130 degrees next to the 108 of the pentagon).
AROUND_PENTAGON = 2.6

#: Second neighbours of a regular pentagon, in units of its side: the golden ratio.
PENTAGON_DIAGONAL = 0.5 * (1.0 + np.sqrt(5.0))


def pyrrolic_springs(sites: list[Site], partners: Partners) -> tuple[Pairs, Pairs, Pairs]:
    """Return the springs of pyrrolic sites: closing bonds, diagonals of pentagons, and N to the atoms around it."""
    closing, diagonals, around = [], [], []
    zero = np.zeros(3, dtype=np.int64)
    for site in sites:
        if not site.ring or site.removed is None:
            continue
        nitrogen = site.nitrogens[0]
        ring = [(nitrogen, zero), *site.ring]
        closing.append((nitrogen, *site.ring[-1]))
        diagonals += ring_diagonals(ring)
        of_nitrogen, of_removed = dict(partners[nitrogen]), dict(partners[site.removed])
        own, facing = site.edges
        around.append((nitrogen, own, of_nitrogen[own]))
        around.append((nitrogen, facing, of_nitrogen[site.removed] + of_removed[facing]))
        # the outer neighbours of both ring atoms bonded to N: without these springs the ring may fold over
        for (end, s_end), inner in ((site.ring[0], site.ring[1][0]), (site.ring[-1], site.ring[-2][0])):
            for outer, s_outer in partners[end]:
                if outer not in {nitrogen, site.removed, inner}:
                    around.append((nitrogen, outer, s_end + s_outer))
    return Pairs.of(closing), Pairs.of(diagonals), Pairs.of(around)


def cut_bonds(bonds: Pairs, sites: list[Site]) -> Pairs:
    """Return the bonds that doping keeps, followed by those of rotated bonds."""
    removed = [site.removed for site in sites if site.removed is not None]
    broken = {frozenset((site.nitrogens[0], site.edges[0])) for site in sites if site.ring}
    rotations = [site.rotation for site in sites if site.rotation is not None]
    broken |= broken_bonds(rotations)
    kept = bonds.select(~(np.isin(bonds.i, removed) | np.isin(bonds.j, removed) | _among(bonds, broken)))
    return kept.joined(new_bonds(rotations))


def _among(pairs: Pairs, ends: set[frozenset[int]]) -> BoolArray:
    """Return which pairs have these ends, in any order and with any shift, (p,)."""
    n = int(max(pairs.i.max(initial=0), pairs.j.max(initial=0), *(max(pair) for pair in ends), 0)) + 1
    codes = [min(pair) * n + max(pair) for pair in ends]
    return np.isin(np.minimum(pairs.i, pairs.j) * n + np.maximum(pairs.i, pairs.j), codes)


def wall_springs(
    positions: FloatArray, cell: Cell, partners: Partners, kept: Pairs, sites: list[Site], labels: list[str]
) -> tuple[Pairs, FloatArray, FloatArray]:
    """Return the springs of the wall: pairs, rest lengths [Å] and stiffness."""
    rotations = [site.rotation for site in sites if site.rotation is not None]
    rings = [ring for r in rotations for ring in (*r.pentagons, *r.heptagons)]
    nitrogen = np.array([element_of(label) == "N" for label in labels])
    kept_rest = lengths_of(kept.vectors(positions, cell))
    # the rotated bonds are last
    unchanged = len(kept) - 2 * len(rotations)
    side = float(np.median(kept_rest[:unchanged]))
    kept_rest[unchanged:] = side
    kept_rest = np.where(nitrogen[kept.i] | nitrogen[kept.j], CN_BOND / CC_BOND * kept_rest, kept_rest)
    closing, diagonals, around = pyrrolic_springs(sites, partners)
    of_rings = Pairs.of([row for ring in rings for row in ring_diagonals(ring)])
    in_rings = [PENTAGON_DIAGONAL if len(ring) == 5 else HEPTAGON_DIAGONAL for ring in rings for _ in ring]
    diagonals = diagonals.joined(of_rings)
    angles = second_neighbours(Partners(kept, len(positions)))
    in_ring = {frozenset(pair) for pair in zip(diagonals.i.tolist(), diagonals.j.tolist())}
    pyrrolic = [site.nitrogens[0] for site in sites if site.ring]
    at_pyrrolic = np.isin(angles.i, pyrrolic) | np.isin(angles.j, pyrrolic)
    angles = angles.select(~(at_pyrrolic | _among(angles, in_ring)))
    rest = [
        kept_rest,
        np.full(len(closing), CN_BOND / CC_BOND * side),
        lengths_of(angles.vectors(positions, cell)),
        np.full(len(diagonals) - len(of_rings), PENTAGON_DIAGONAL * side),
        np.array(in_rings) * side,
        np.full(len(around), AROUND_PENTAGON * side / CC_BOND),
    ]
    pairs = kept.joined(closing).joined(angles).joined(diagonals).joined(around)
    n_bonds = len(kept) + len(closing)
    stiffness = np.where(np.arange(len(pairs)) < n_bonds, 1.0, ANGLE_STIFFNESS)
    return pairs, np.concatenate(rest), stiffness
