"""Nitrogen and defects in carbon walls: sites on tubes and sheets.

The kinds, on a wall whose atoms have three bonds each:

- **graphitic**: one C becomes N. N keeps three bonds.
- **pyridinic**: one C is removed; of its three neighbours, which keep two bonds, three, two or one become N
  and the others are labelled ``C:edge``. Three is the N3V site.
- **pyrrolic**: two bonded C are replaced by one N, which closes one of the two hexagons they shared into a
  five-membered ring: N has two bonds, to the two ring atoms that lost a neighbour. The two atoms across the vacancy
  keep two bonds and are labelled ``C:edge``.
- **vacancy**: one C is removed; its three neighbours keep two bonds and are labelled ``C:edge``.
- **stone_wales**: one C-C bond is rotated by 90 degrees, which makes two pentagons and two heptagons of the four
  hexagons around it. Every atom stays C with three bonds.

A pyrrolic N is thus part of a pentagon at the rim of a vacancy, with its lone pair free: the bare form (without H) of
the nitrogen of pyrrole. The other common model, a monovacancy in which N closes the pentagon of the 5-9
reconstruction with a third bond, is not stable with the bond-order potentials used here: the long third bond opens and
leaves a pyridinic N. The model used here keeps its bonds, statically and at 450 K.

A vacancy is open, as the pyridinic site is: the 5-9 reconstruction, in which two of the three atoms form a weak bond,
is left to the potential.

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
    Pairs,
    Partners,
    check_bonds,
    find_bonds,
    relax_springs,
    wall_normals,
)
from nakmd.structures.distances import pairs_within
from nakmd.structures.doping_sites import NITROGEN_KINDS, count_sites, place_sites
from nakmd.structures.doping_springs import cut_bonds, pyrrolic_springs, wall_springs
from nakmd.structures.stone_wales import turn
from nakmd.system import System

#: Name of the group of atoms of Stone-Wales defects.
ROTATED = "stone_wales"

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

    Examples
    --------
    >>> from nakmd.structures import dope, graphene, nitrogen_fractions
    >>> wall = dope(graphene(repeats=(12, 8)), {"graphitic": 0.02, "pyridinic": 0.03}, seed=1)
    >>> {kind: round(fraction, 3) for kind, fraction in nitrogen_fractions(wall).items()}
    {'graphitic': 0.021, 'pyridinic': 0.032, 'pyrrolic': 0.0, 'total': 0.053}
    """
    counts = dict(zip(system.species_names, np.bincount(system.species, minlength=len(system.species_names))))
    wall = sum(int(count) for name, count in counts.items() if element_of(name) in {"C", "N"})
    nitrogen = sum(int(count) for name, count in counts.items() if element_of(name) == "N")
    fractions = {kind: int(counts.get(f"N:{kind}", 0)) / max(wall, 1) for kind in sorted(NITROGEN_KINDS)}
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
    """Put nitrogen, vacancies and Stone-Wales defects into a carbon wall.

    Parameters
    ----------
    system : System
        Not changed. Atoms of species "C" with three bonds, all of whose neighbours have three, can become sites.
    fractions : mapping of str to float
        Per atom of the finished wall: nitrogen atoms for "graphitic", "pyridinic", "pyrrolic" (N/(N + C), as
        `nitrogen_fractions` returns it), removed atoms for "vacancy", rotated bonds for "stone_wales"; met to the
        nearest whole site.
    min_distance : float [Å]
        Minimum between atoms of different sites (nitrogen, edge atoms, vacancies, the two atoms of a rotated bond and
        their four neighbours), in the undoped wall, with images.
    nitrogens_per_site : {3, 2, 1}
        N atoms of a pyridinic site.
    seed : int
        The same seed gives bit-equal structures.
    relax : bool
        Whether to relax the geometry around the sites with springs on the bond graph.

    Returns
    -------
    System
        Species "C", "C:edge", "N:graphitic", "N:pyridinic", "N:pyrrolic" as they occur; adds the group "nitrogen"
        and, with such defects, "stone_wales": the two atoms of each rotated bond and their four neighbours.

    Raises
    ------
    StructureError
        If the fraction cannot be reached at this distance, or a bond of the result has an invalid length.

    Notes
    -----
    Rest lengths of bonds and second neighbours are the distances of the given wall, so an undoped region is unchanged.
    C-N bonds have 1.43/1.42 of that, the diagonals of pentagons and heptagons are those of the regular ring, and a
    pyrrolic N is 2.6 Å from the edge atoms across its vacancy and from its second neighbours outside the ring. A weak
    spring along the normal keeps every atom in the wall.

    Examples
    --------
    >>> from nakmd.structures import dope, graphene
    >>> wall = dope(graphene(repeats=(12, 8)), {"vacancy": 2 / 382, "stone_wales": 1 / 382}, seed=1)
    >>> wall.n_atoms, int(wall.topology.select("C:edge").sum()), int(wall.groups["stone_wales"].sum())
    (382, 6, 6)
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
    carbon = system.species[wall] == system.species_names.index("C")
    rotated_before = system.groups.get(ROTATED, np.zeros(system.n_atoms, dtype=np.bool_))
    pristine = carbon & ~rotated_before[wall]
    counts = count_sites(int(np.sum(carbon)), fractions, nitrogens_per_site)
    _check_cell(system.cell, min_distance)
    positions = system.positions[wall]
    bonds = find_bonds(positions, system.cell)
    partners = Partners(bonds, len(wall))
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
    kept = cut_bonds(bonds, sites)
    rotations = [site.rotation for site in sites if site.rotation is not None]
    turned, normals = turn(positions, wall_normals(positions, system.cell, partners), system.cell, rotations)
    moved[wall] = turned
    if relax and sites:
        rest = wall_springs(positions, system.cell, partners, kept, sites, [labels[a] for a in wall])
        moved[wall] = relax_springs(turned, system.cell, *rest, normals)
        finished = kept.joined(pyrrolic_springs(sites, partners)[0])
        row = np.cumsum(~removed) - 1
        check_bonds(moved[wall[~removed]], system.cell, Pairs(row[finished.i], row[finished.j], finished.shift))
    stay = np.ones(system.n_atoms, dtype=np.bool_)
    stay[wall[removed]] = False
    groups = {**system.groups, "nitrogen": np.array([element_of(label) == "N" for label in labels])}
    rotated = [atom for site in sites if site.rotation is not None for atom in site.core]
    if rotated:
        groups[ROTATED] = rotated_before.copy()
        groups[ROTATED][wall[rotated]] = True
    return _assembled(system, moved, labels, stay, groups)


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


def _assembled(
    system: System, positions: FloatArray, labels: list[str], stay: BoolArray, groups: dict[str, BoolArray]
) -> System:
    """Return the system of the atoms to keep with new labels, and standard masses where the element changed."""
    old = system.species_names
    names = [name for name in old if name in labels]
    names += [
        name
        for name in ("C:edge", *(f"N:{kind}" for kind in sorted(NITROGEN_KINDS)))
        if name in labels and name not in old
    ]
    species = np.array([names.index(label) for label in labels])
    standard = System(np.zeros((len(names), 3)), np.arange(len(names)), names, system.cell).masses
    changed = np.array([element_of(label) for label in labels]) != np.array(
        [element_of(old[a]) for a in system.species]
    )
    masses = np.where(changed, standard[species], system.masses)
    return System(
        positions[stay],
        species[stay],
        names,
        system.cell.copy(),
        system.velocities[stay],
        masses[stay],
        {name: mask[stay] for name, mask in groups.items()},
    )
