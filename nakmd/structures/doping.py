"""Nitrogen in carbon walls: graphitic, pyridinic and pyrrolic sites, on tubes and sheets alike.

The three kinds, on a wall whose atoms have three bonds each:

- **graphitic**: one C becomes N. N keeps three bonds.
- **pyridinic**: one C is taken out, and of its three neighbours (two bonds left) three, two or one become N; the
  others are labelled ``C:edge``. Three is the N3V site.
- **pyrrolic**: one C is taken out and the vacancy closes a five-membered ring: two of its three neighbours join
  (the 5-9 reconstruction of the monovacancy), one of them is N, and the third neighbour is left as ``C:edge``.
  N keeps three bonds and is a member of the pentagon.

A wall is any set of atoms of species "C"; everything else in the system is carried along untouched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nakmd.cell import Cell
from nakmd.errors import StructureError
from nakmd.structures.bond_network import (
    ANGLE_STIFFNESS,
    Pairs,
    adjacency,
    check_bonds,
    find_bonds,
    relax_springs,
    second_neighbours,
)
from nakmd.structures.distances import lengths_of, pairs_within
from nakmd.structures.nanotube import CC_BOND
from nakmd.system import System, element_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Partners = list[list[tuple[int, IntArray]]]

#: In the order in which they are placed: the large ones first.
KINDS = ("pyridinic", "pyrrolic", "graphitic")

#: Rest length [Å] of C-N relative to C-C springs: 1.43 to 1.42.
CN_BOND = 1.43

#: Rest length [Å] of the bond that closes the pentagon; longer than the others, as in 5-9 vacancies.
CLOSING_BOND = 1.50

#: Second neighbours of a regular pentagon, in units of its side: the golden ratio.
PENTAGON_DIAGONAL = 0.5 * (1.0 + np.sqrt(5.0))

#: Below this distance [Å] two sites would share a ring.
LEAST_SITE_DISTANCE = 2.6

#: How many random orders are tried before a fraction counts as out of reach.
ATTEMPTS = 50


@dataclass(frozen=True)
class Site:
    """One defect, by rows of the undoped wall.

    Attributes
    ----------
    kind : str
    removed : int or None
        The atom taken out.
    nitrogens, edges : tuple of int
        Atoms that become N, and those left with two bonds.
    closing : (int, int) or None
        The two atoms that join across the vacancy.
    """

    kind: str
    removed: int | None
    nitrogens: tuple[int, ...]
    edges: tuple[int, ...] = ()
    closing: tuple[int, int] | None = None

    @property
    def core(self) -> tuple[int, ...]:
        """All atoms of the site; the distance between sites is that of their cores."""
        joined = [] if self.closing is None else [a for a in self.closing if a not in self.nitrogens]
        removed = [] if self.removed is None else [self.removed]
        return (*removed, *self.nitrogens, *self.edges, *joined)


def nitrogen_fractions(system: System) -> dict[str, float]:
    """Return the atomic fraction N/(N + C) of each kind of nitrogen, and of all under "total".

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


def count_sites(n_carbon: int, fractions: Mapping[str, float], nitrogens_per_site: int = 3) -> dict[str, int]:
    """Return how many sites of each kind come nearest to the fractions.

    Parameters
    ----------
    n_carbon : int
        Atoms of the undoped wall.
    fractions : mapping of str to float
        Atomic fraction N/(N + C) by kind, in the finished wall.
    nitrogens_per_site : int
        N atoms of a pyridinic site.

    Returns
    -------
    dict of str to int

    Raises
    ------
    StructureError
        If a kind is unknown, a fraction is no fraction, or smaller than half a site.

    Notes
    -----
    With n' atoms left after s_v vacancies, n' = n - s_v and s_kind = f_kind n' / N per site; hence
    n' = n / (1 + Σ_v f_v / N_v).
    """
    unknown = sorted(set(fractions) - set(KINDS))
    if unknown:
        raise StructureError(f"Unknown kind of nitrogen {', '.join(unknown)}; known are {', '.join(sorted(KINDS))}.")
    if any(not 0.0 <= f < 1.0 for f in fractions.values()) or sum(fractions.values()) > 0.5:
        raise StructureError(f"Nitrogen fractions must be within 0 and 0.5 in all, got {dict(fractions)}.")
    per_site = {"graphitic": 1, "pyridinic": nitrogens_per_site, "pyrrolic": 1}
    vacancies = sum(fractions.get(kind, 0.0) / per_site[kind] for kind in ("pyridinic", "pyrrolic"))
    remaining = n_carbon / (1.0 + vacancies)
    counts = {}
    for kind in KINDS:
        wanted = fractions.get(kind, 0.0)
        counts[kind] = round(wanted * remaining / per_site[kind])
        if wanted > 0.0 and counts[kind] == 0:
            raise StructureError(
                f"A fraction {wanted:g} of {kind} N is less than half a site on {n_carbon} carbon atoms; one site is "
                f"{per_site[kind] / remaining:.5f}. Enlarge the wall or raise the fraction."
            )
    return counts


def dope(
    system: System,
    fractions: Mapping[str, float],
    *,
    min_distance: float = 4.0,
    nitrogens_per_site: int = 3,
    seed: int = 0,
    relax: bool = True,
) -> System:
    """Put nitrogen into a carbon wall.

    Parameters
    ----------
    system : System
        Not changed. Atoms of species "C" with three bonds, all of whose neighbours have three, can become sites.
    fractions : mapping of str to float
        Atomic fraction N/(N + C) for "graphitic", "pyridinic", "pyrrolic"; met to the nearest whole site
        (`nitrogen_fractions` says what came out).
    min_distance : float [Å]
        Between atoms of different sites (nitrogen, edge atoms, vacancies), on the wall as given, images included.
    nitrogens_per_site : {3, 2, 1}
        N atoms of a pyridinic site.
    seed : int
        The same seed gives the same bits.
    relax : bool
        Whether springs on the bond graph settle the geometry around the sites.

    Returns
    -------
    System
        Species "C", "C:edge", "N:graphitic", "N:pyridinic", "N:pyrrolic" as they occur; further groups "nitrogen".

    Raises
    ------
    StructureError
        If the fraction is out of reach at this distance, or a bond of the result is unsound.

    Notes
    -----
    Rest lengths are those of the given wall (so an undoped region stays as built), 1.43/1.42 of that for C-N, 1.50 Å for
    the bond that closes a pentagon, and a regular pentagon's diagonals within it.
    """
    if "C" not in system.species_names or not np.any(system.species == system.species_names.index("C")):
        raise StructureError(f"No carbon to dope; species here are {', '.join(system.species_names) or 'none'}.")
    if nitrogens_per_site not in {1, 2, 3}:
        raise StructureError(f"A pyridinic site has 1, 2 or 3 nitrogen atoms, not {nitrogens_per_site}.")
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
    whole = np.array([len(around) == 3 for around in partners]) & pristine
    eligible = np.array([whole[a] and all(whole[b] for b, _ in partners[a]) for a in range(len(wall))])
    close = Pairs(*pairs_within(positions, system.cell, min_distance))
    sites = _place(counts, nitrogens_per_site, partners, np.flatnonzero(eligible), close, min_distance, seed)
    labels = [system.species_names[a] for a in system.species]
    for site in sites:
        for atom in site.nitrogens:
            labels[wall[atom]] = f"N:{site.kind}"
        for atom in site.edges:
            labels[wall[atom]] = "C:edge"
    moved = system.positions.copy()
    gone = np.zeros(len(wall), dtype=np.bool_)
    gone[[site.removed for site in sites if site.removed is not None]] = True
    wall_labels = [labels[a] for a in wall]
    new_bonds = bonds.select(~(gone[bonds.i] | gone[bonds.j])).joined(_closing_bonds(sites, partners))
    if relax and sites:
        moved[wall] = _relaxed(positions, system.cell, partners, new_bonds, sites, gone, wall_labels)
        kept = np.cumsum(~gone) - 1
        remaining = Pairs(kept[new_bonds.i], kept[new_bonds.j], new_bonds.shift)
        check_bonds(moved[wall[~gone]], system.cell, remaining)
    stay = np.ones(system.n_atoms, dtype=np.bool_)
    stay[wall[gone]] = False
    return _assembled(system, moved, labels, stay)


def _in_wall(species_name: str) -> bool:
    return element_of(species_name) in {"C", "N"}


def _check_cell(cell: Cell, min_distance: float) -> None:
    """Refuse cells in which a site would be too close to its own image."""
    needed = min_distance + 2.0 * np.sqrt(3.0) * CC_BOND
    for axis in range(3):
        if cell.periodic[axis] and cell.heights[axis] < needed:
            raise StructureError(
                f"The cell is {cell.heights[axis]:.2f} Å high along {'xyz'[axis]}; sites {min_distance:g} Å from their "
                f"own image need {needed:.2f} Å. Use a longer wall or a smaller distance."
            )


def _place(
    counts: Mapping[str, int],
    nitrogens_per_site: int,
    partners: Partners,
    eligible: IntArray,
    close: Pairs,
    min_distance: float,
    seed: int,
) -> list[Site]:
    """Draw sites in random order, large kinds first, and keep those far enough from the ones before."""
    n = len(partners)
    nearby = adjacency(close, n)
    best: dict[str, int] = {}
    for attempt in range(ATTEMPTS):
        random = np.random.default_rng([seed, 23, attempt])
        blocked = np.zeros(n, dtype=np.bool_)
        sites: list[Site] = []
        reached: dict[str, int] = {}
        for kind in KINDS:
            order = eligible[np.argsort(random.random(len(eligible)), kind="stable")]
            shuffles = np.argsort(random.random((len(eligible), 3)), axis=1, kind="stable")
            reached[kind] = 0
            for atom, shuffle in zip(order.tolist(), shuffles.tolist()):
                if reached[kind] == counts[kind]:
                    break
                if blocked[atom]:
                    continue
                site = _site(kind, atom, [partners[atom][p][0] for p in shuffle], nitrogens_per_site)
                if any(blocked[a] for a in site.core):
                    continue
                sites.append(site)
                reached[kind] += 1
                for a in site.core:
                    blocked[a] = True
                    blocked[[b for b, _ in nearby[a]]] = True
        if reached == dict(counts):
            return sites
        if sum(reached.values()) > sum(best.values()):
            best = reached
    wanted = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
    found = ", ".join(f"{best.get(kind, 0)} {kind}" for kind in KINDS if counts[kind])
    raise StructureError(
        f"{wanted} sites at least {min_distance:g} Å apart do not fit on {n} atoms: the best of {ATTEMPTS} orders "
        f"placed {found}. Lower the fraction or the distance, or enlarge the wall."
    )


def _site(kind: str, atom: int, around: list[int], nitrogens_per_site: int) -> Site:
    if kind == "graphitic":
        return Site(kind, None, (atom,))
    if kind == "pyridinic":
        return Site(kind, atom, tuple(around[:nitrogens_per_site]), tuple(around[nitrogens_per_site:]))
    return Site(kind, atom, (around[0],), (around[2],), (around[0], around[1]))


def _shift_between(partners: Partners, center: int, a: int, b: int) -> IntArray:
    shifts = dict(partners[center])
    return shifts[b] - shifts[a]


def _closing_bonds(sites: list[Site], partners: Partners) -> Pairs:
    rows = []
    for site in sites:
        if site.closing is not None and site.removed is not None:
            a, b = site.closing
            rows.append((a, b, _shift_between(partners, site.removed, a, b)))
    return Pairs.of(rows)


def _pentagon_diagonals(sites: list[Site], partners: Partners) -> Pairs:
    """Return the five second-neighbour pairs of each closed ring."""
    rows = []
    zero = np.zeros(3, dtype=np.int64)
    for site in sites:
        if site.closing is None or site.removed is None:
            continue
        a, b = site.closing
        shift_b = _shift_between(partners, site.removed, a, b)
        # the old hexagon: removed, a, p, q, r, b; walk from a and from b to the atom q that both reach in two steps
        from_a = [
            (p, s_p, q, s_p + s_q)
            for p, s_p in partners[a]
            if p != site.removed
            for q, s_q in partners[p]
            if q != a
        ]
        from_b = [
            (r, s_r, q, s_r + s_q)
            for r, s_r in partners[b]
            if r != site.removed
            for q, s_q in partners[r]
            if q != b
        ]
        p, s_p, q, s_q, r, s_r = next(
            (p, s_p, q, s_q, r, shift_b + s_r)
            for p, s_p, q, s_q in from_a
            for r, s_r, q_b, s_qb in from_b
            if q == q_b and np.array_equal(s_q, shift_b + s_qb)
        )
        ring = [(a, zero), (p, s_p), (q, s_q), (r, s_r), (b, shift_b)]
        for k in range(5):
            (u, s_u), (w, s_w) = ring[k], ring[(k + 2) % 5]
            rows.append((u, w, s_w - s_u))
    return Pairs.of(rows)


def _relaxed(
    positions: FloatArray,
    cell: Cell,
    partners: Partners,
    bonds: Pairs,
    sites: list[Site],
    gone: BoolArray,
    labels: list[str],
) -> FloatArray:
    """Return the wall with its springs at rest (rows of removed atoms stay where they were)."""
    nitrogen = np.array([element_of(label) == "N" for label in labels])
    scale = CN_BOND / CC_BOND
    bond_rest = lengths_of(bonds.vectors(positions, cell))
    side = float(np.median(bond_rest))
    bond_rest = np.where(nitrogen[bonds.i] | nitrogen[bonds.j], scale * bond_rest, bond_rest)
    n_closing = sum(site.closing is not None for site in sites)
    if n_closing:
        bond_rest[-n_closing:] = CLOSING_BOND * side / CC_BOND
    kept_partners = [[] if gone[a] else [p for p in around if not gone[p[0]]] for a, around in enumerate(partners)]
    angles = second_neighbours(kept_partners)
    diagonals = _pentagon_diagonals(sites, partners)
    in_ring = {frozenset(pair) for pair in zip(diagonals.i.tolist(), diagonals.j.tolist())}
    free = np.array([frozenset(pair) not in in_ring for pair in zip(angles.i.tolist(), angles.j.tolist())])
    angles = angles.select(free)
    pairs = bonds.joined(angles).joined(diagonals)
    rest = np.concatenate(
        [
            bond_rest,
            lengths_of(angles.vectors(positions, cell)),
            np.full(len(diagonals), PENTAGON_DIAGONAL * side),
        ]
    )
    stiffness = np.where(np.arange(len(pairs)) < len(bonds), 1.0, ANGLE_STIFFNESS)
    return relax_springs(positions, cell, pairs, rest, stiffness)


def _assembled(system: System, positions: FloatArray, labels: list[str], stay: BoolArray) -> System:
    """Return the system of the atoms that stay, with its new labels, standard masses where they changed."""
    old = system.species_names
    names = [name for name in old if name in labels]
    names += [name for name in ("C:edge", *(f"N:{kind}" for kind in sorted(KINDS))) if name in labels and name not in old]
    species = np.array([names.index(label) for label in labels])
    standard = System(np.zeros((len(names), 3)), np.arange(len(names)), names, system.cell).masses
    changed = np.array([element_of(label) for label in labels]) != np.array([element_of(old[a]) for a in system.species])
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
