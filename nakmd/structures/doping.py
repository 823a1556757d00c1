"""Nitrogen in carbon walls: graphitic, pyridinic and pyrrolic sites, on tubes and sheets.

The three kinds, on a wall whose atoms have three bonds each:

- **graphitic**: one C becomes N. N keeps three bonds.
- **pyridinic**: one C is removed; of its three neighbours, which keep two bonds, three, two or one become N
  and the others are labelled ``C:edge``. Three is the N3V site.
- **pyrrolic**: two bonded C are replaced by one N, which closes one of the two hexagons they shared into a
  five-membered ring: N has two bonds, to the two ring atoms that lost a neighbour. The two atoms across the vacancy
  keep two bonds and are labelled ``C:edge``.

A pyrrolic N is thus part of a pentagon at the rim of a vacancy, with its lone pair free: the bare form (without H) of
the nitrogen of pyrrole. The other common model, a monovacancy in which N closes the pentagon of the 5-9
reconstruction with a third bond, is not stable with the bond-order potentials used here: the long third bond opens and
leaves a pyridinic N. The model used here keeps its bonds, statically and at 450 K.

The wall is all C and N atoms; all other atoms are unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nakmd.arrays import BoolArray, FloatArray
from nakmd.cell import Cell
from nakmd.elements import CC_BOND, element_of
from nakmd.errors import StructureError
from nakmd.structures.bond_network import (
    ANGLE_STIFFNESS,
    Pairs,
    adjacency,
    check_bonds,
    find_bonds,
    relax_springs,
    second_neighbours,
    wall_normals,
)
from nakmd.structures.distances import lengths_of, pairs_within
from nakmd.structures.doping_sites import KINDS, Partners, Site, count_sites, place_sites
from nakmd.system import System

#: Rest length [Å] of C-N relative to C-C springs: 1.43 to 1.42.
CN_BOND = 1.43

#: Rest distance [Å] of a pyrrolic N from the two edge atoms across the vacancy (out of bonding range) and from the
#: outer neighbours of its two bonded atoms (an angle of 130 degrees next to the 108 of the pentagon).
AROUND_PENTAGON = 2.6

#: Second neighbours of a regular pentagon, in units of its side: the golden ratio.
PENTAGON_DIAGONAL = 0.5 * (1.0 + np.sqrt(5.0))

#: Below this distance [Å] two sites would share a ring.
LEAST_SITE_DISTANCE = 2.6


def nitrogen_fractions(system: System) -> dict[str, float]:
    """Return the atomic fraction N/(N + C) of each kind of nitrogen, and the sum under "total".

    Parameters
    ----------
    system : System

    Returns
    -------
    dict of str to float
        Keys "graphitic", "pyridinic", "pyrrolic", "total".
    """
    counts = dict(zip(system.species_names, np.bincount(system.species, minlength=len(system.species_names))))
    wall = sum(int(count) for name, count in counts.items() if element_of(name) in {"C", "N"})
    nitrogen = sum(int(count) for name, count in counts.items() if element_of(name) == "N")
    fractions = {kind: int(counts.get(f"N:{kind}", 0)) / max(wall, 1) for kind in sorted(KINDS)}
    return {**fractions, "total": nitrogen / max(wall, 1)}


def dope(
    system: System,
    fractions: Mapping[str, float],
    *,
    min_distance: float = 4.0,
    nitrogens_per_site: int = 3,
    seed: int = 0,
    relax: bool = True,
) -> System:
    """Dope a carbon wall with nitrogen.

    Parameters
    ----------
    system : System
        Not changed. Atoms of species "C" with three bonds, all of whose neighbours have three, can become sites.
    fractions : mapping of str to float
        Atomic fraction N/(N + C) for "graphitic", "pyridinic", "pyrrolic"; met to the nearest whole site
        (`nitrogen_fractions` returns the result).
    min_distance : float [Å]
        Minimum between atoms of different sites (nitrogen, edge atoms, vacancies), in the undoped wall, with images.
    nitrogens_per_site : {3, 2, 1}
        N atoms of a pyridinic site.
    seed : int
        The same seed gives bit-equal structures.
    relax : bool
        Whether to relax the geometry around the sites with springs on the bond graph.

    Returns
    -------
    System
        Species "C", "C:edge", "N:graphitic", "N:pyridinic", "N:pyrrolic" as they occur; adds the group "nitrogen".

    Raises
    ------
    StructureError
        If the fraction cannot be reached at this distance, or a bond of the result has an invalid length.

    Notes
    -----
    Rest lengths of bonds and second neighbours are the distances of the given wall, so an undoped region is unchanged.
    C-N bonds have 1.43/1.42 of that, the diagonals of a pentagon the golden ratio times its side, and a pyrrolic N is
    2.6 Å from the edge atoms across its vacancy and from its second neighbours outside the ring. A weak spring along
    the normal keeps every atom in the wall.
    """
    if "C" not in system.species_names or not np.any(system.species == system.species_names.index("C")):
        raise StructureError(f"No carbon to dope: the species are {', '.join(system.species_names) or 'none'}.")
    if nitrogens_per_site not in {1, 2, 3}:
        raise StructureError(
            f"A pyridinic site has 1, 2 or 3 nitrogen atoms, got nitrogens_per_site = {nitrogens_per_site}."
        )
    if min_distance < LEAST_SITE_DISTANCE:
        raise StructureError(
            f"A distance of {min_distance:g} Å lets sites share a ring; at least {LEAST_SITE_DISTANCE} Å are needed."
        )
    wall = np.flatnonzero(np.isin(system.species, [a for a, s in enumerate(system.species_names) if _in_wall(s)]))
    pristine = system.species[wall] == system.species_names.index("C")
    counts = count_sites(int(np.sum(pristine)), fractions, nitrogens_per_site)
    _check_cell(system.cell, min_distance)
    positions = system.positions[wall]
    bonds = find_bonds(positions, system.cell)
    partners = adjacency(bonds, len(wall))
    close = Pairs(*pairs_within(positions, system.cell, min_distance))
    sites = place_sites(counts, nitrogens_per_site, partners, pristine, close, min_distance, seed)
    labels = [system.species_names[a] for a in system.species]
    for site in sites:
        for atom in site.nitrogens:
            labels[wall[atom]] = f"N:{site.kind}"
        for atom in site.edges:
            labels[wall[atom]] = "C:edge"
    moved = system.positions.copy()
    removed = np.zeros(len(wall), dtype=np.bool_)
    removed[[site.removed for site in sites if site.removed is not None]] = True
    kept = _cut(bonds, sites)
    if relax and sites:
        moved[wall] = _relaxed(positions, system.cell, partners, kept, sites, [labels[a] for a in wall])
        finished = kept.joined(_ring_springs(sites, partners)[0])
        row = np.cumsum(~removed) - 1
        check_bonds(moved[wall[~removed]], system.cell, Pairs(row[finished.i], row[finished.j], finished.shift))
    stay = np.ones(system.n_atoms, dtype=np.bool_)
    stay[wall[removed]] = False
    return _assembled(system, moved, labels, stay)


def _in_wall(species_name: str) -> bool:
    return element_of(species_name) in {"C", "N"}


def _check_cell(cell: Cell, min_distance: float) -> None:
    """Reject cells in which a site would be too close to its own image."""
    needed = min_distance + 2.0 * np.sqrt(3.0) * CC_BOND
    for axis in range(3):
        if cell.periodic[axis] and cell.heights[axis] < needed:
            raise StructureError(
                f"The cell is {cell.heights[axis]:.2f} Å high along {'xyz'[axis]}; sites {min_distance:g} Å from their "
                f"own image need {needed:.2f} Å. Use a longer wall, more vacuum across it, or a smaller "
                "distance of sites."
            )


def _ring_springs(sites: list[Site], partners: Partners) -> tuple[Pairs, Pairs, Pairs]:
    """Return the springs of pentagons: closing bonds, five diagonals, and N to the atoms around it."""
    closing, diagonals, around = [], [], []
    zero = np.zeros(3, dtype=np.int64)
    for site in sites:
        if not site.ring or site.removed is None:
            continue
        nitrogen = site.nitrogens[0]
        ring = [(nitrogen, zero), *site.ring]
        closing.append((nitrogen, *site.ring[-1]))
        for k in range(5):
            (u, s_u), (w, s_w) = ring[k], ring[(k + 2) % 5]
            diagonals.append((u, w, s_w - s_u))
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


def _cut(bonds: Pairs, sites: list[Site]) -> Pairs:
    """Return the bonds that doping keeps."""
    removed = {site.removed for site in sites}
    broken = {frozenset((site.nitrogens[0], site.edges[0])) for site in sites if site.ring}
    ends = list(zip(bonds.i.tolist(), bonds.j.tolist()))
    return bonds.select(np.array([not (removed & {i, j}) and frozenset((i, j)) not in broken for i, j in ends]))


def _relaxed(
    positions: FloatArray, cell: Cell, partners: Partners, kept: Pairs, sites: list[Site], labels: list[str]
) -> FloatArray:
    """Return the wall with relaxed springs (removed atoms keep their positions)."""
    nitrogen = np.array([element_of(label) == "N" for label in labels])
    kept_rest = lengths_of(kept.vectors(positions, cell))
    side = float(np.median(kept_rest))
    kept_rest = np.where(nitrogen[kept.i] | nitrogen[kept.j], CN_BOND / CC_BOND * kept_rest, kept_rest)
    closing, diagonals, around = _ring_springs(sites, partners)
    angles = second_neighbours(adjacency(kept, len(positions)))
    in_ring = {frozenset(pair) for pair in zip(diagonals.i.tolist(), diagonals.j.tolist())}
    pyrrolic = {site.nitrogens[0] for site in sites if site.ring}
    ends = list(zip(angles.i.tolist(), angles.j.tolist()))
    angles = angles.select(np.array([frozenset(pair) not in in_ring and not (pyrrolic & set(pair)) for pair in ends]))
    rest = [
        kept_rest,
        np.full(len(closing), CN_BOND / CC_BOND * side),
        lengths_of(angles.vectors(positions, cell)),
        np.full(len(diagonals), PENTAGON_DIAGONAL * side),
        np.full(len(around), AROUND_PENTAGON * side / CC_BOND),
    ]
    pairs = kept.joined(closing).joined(angles).joined(diagonals).joined(around)
    n_bonds = len(kept) + len(closing)
    stiffness = np.where(np.arange(len(pairs)) < n_bonds, 1.0, ANGLE_STIFFNESS)
    normals = wall_normals(positions, cell, partners)
    return relax_springs(positions, cell, pairs, np.concatenate(rest), stiffness, normals)


def _assembled(system: System, positions: FloatArray, labels: list[str], stay: BoolArray) -> System:
    """Return the system of the atoms to keep with new labels, and standard masses where the element changed."""
    old = system.species_names
    names = [name for name in old if name in labels]
    names += [
        name for name in ("C:edge", *(f"N:{kind}" for kind in sorted(KINDS))) if name in labels and name not in old
    ]
    species = np.array([names.index(label) for label in labels])
    standard = System(np.zeros((len(names), 3)), np.arange(len(names)), names, system.cell).masses
    changed = np.array([element_of(label) for label in labels]) != np.array(
        [element_of(old[a]) for a in system.species]
    )
    masses = np.where(changed, standard[species], system.masses)
    groups = {**system.groups, "nitrogen": np.array([element_of(label) == "N" for label in labels])}
    return System(
        positions[stay],
        species[stay],
        names,
        system.cell.copy(),
        system.velocities[stay],
        masses[stay],
        {name: mask[stay] for name, mask in groups.items()},
    )
