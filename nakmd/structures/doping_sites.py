"""Selection of sites of nitrogen and defects in a carbon wall: random, with a minimum distance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nakmd.arrays import BoolArray, IntArray
from nakmd.errors import StructureError
from nakmd.structures.bond_network import Pairs, Partners, hexagon
from nakmd.structures.stone_wales import Rotation, rotation

#: Kinds without nitrogen, in order of placement: the large ones first.
DEFECTS = ("stone_wales", "vacancy")

#: Kinds of nitrogen, placed after the defects, the large ones first.
NITROGEN_KINDS = ("pyridinic", "pyrrolic", "graphitic")

KINDS = (*DEFECTS, *NITROGEN_KINDS)

#: Largest sum of all fractions of sites.
MOST_SITES = 0.5

#: Kinds whose sites remove one atom.
REMOVING = ("vacancy", "pyridinic", "pyrrolic")

#: Number of random orders to try before the fraction counts as unreachable.
ATTEMPTS = 50


@dataclass(frozen=True)
class Site:
    """One site, as indices of the undoped wall.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    removed : int or None
        The removed atom.
    nitrogens, edges : tuple of int
        Atoms that become N, and carbon that keeps two bonds.
    ring : tuple of (int, (3,) int64)
        The four atoms that form a pentagon with the nitrogen, with shifts relative to it; its bond to the last is new.
    rotation : Rotation or None
        The rotated bond of a Stone-Wales defect.
    """

    kind: str
    removed: int | None
    nitrogens: tuple[int, ...]
    edges: tuple[int, ...] = ()
    ring: tuple[tuple[int, IntArray], ...] = ()
    rotation: Rotation | None = None

    @property
    def core(self) -> tuple[int, ...]:
        """All atoms of the site; the distance between sites is measured between cores."""
        removed = () if self.removed is None else (self.removed,)
        rotated = () if self.rotation is None else self.rotation.atoms
        return (*removed, *self.nitrogens, *self.edges, *rotated)


def count_sites(n_carbon: int, fractions: Mapping[str, float], nitrogens_per_site: int = 3) -> dict[str, int]:
    """Return the number of sites of each kind that is closest to the fractions.

    Parameters
    ----------
    n_carbon : int
        Atoms of the undoped wall.
    fractions : mapping of str to float
        Per atom of the finished wall: nitrogen atoms of each kind, removed atoms of "vacancy", rotated bonds of
        "stone_wales".
    nitrogens_per_site : int
        N atoms of a pyridinic site.

    Returns
    -------
    dict of str to int

    Raises
    ------
    StructureError
        If a kind is unknown, or a fraction is out of range or smaller than half a site.

    Notes
    -----
    With n' atoms left after s_v removals, n' = n - s_v and s_kind = f_kind n' / N_kind, N_kind being the N atoms
    of a site, 1 for those without; hence n' = n / (1 + Σ_v f_v / N_v) over the kinds v that remove an atom.

    Examples
    --------
    >>> from nakmd.structures import count_sites
    >>> count_sites(800, {"graphitic": 0.02, "pyridinic": 0.02})  # three N to a pyridinic site
    {'stone_wales': 0, 'vacancy': 0, 'pyridinic': 5, 'pyrrolic': 0, 'graphitic': 16}
    """
    unknown = sorted(set(fractions) - set(KINDS))
    if unknown:
        raise StructureError(f"Unknown kind of site {', '.join(unknown)}. Choose from {', '.join(sorted(KINDS))}.")
    if any(not 0.0 <= f < 1.0 for f in fractions.values()) or sum(fractions.values()) > MOST_SITES:
        named = ", ".join(f"{kind} = {fraction:g}" for kind, fraction in fractions.items())
        raise StructureError(
            f"Fractions of sites must be >= 0 with a sum of at most {MOST_SITES:g}; the sum of {named} is "
            f"{sum(fractions.values()):.3g}. Lower them."
        )
    per_site = {**dict.fromkeys(KINDS, 1), "pyridinic": nitrogens_per_site}
    vacancies = sum(fractions.get(kind, 0.0) / per_site[kind] for kind in REMOVING)
    remaining = n_carbon / (1.0 + vacancies)
    counts = {}
    for kind in KINDS:
        fraction = fractions.get(kind, 0.0)
        counts[kind] = round(fraction * remaining / per_site[kind])
        if fraction > 0.0 and counts[kind] == 0:
            nitrogen = " N" if kind in NITROGEN_KINDS else ""
            raise StructureError(
                f"A fraction {fraction:g} of {kind}{nitrogen} is less than half a site on {n_carbon} carbon atoms; one "
                f"site is {per_site[kind] / remaining:.5f}. Enlarge the wall or raise the fraction.",
                about=kind,
            )
    return counts


def place_sites(
    counts: Mapping[str, int],
    nitrogens_per_site: int,
    partners: Partners,
    pristine: BoolArray,
    close: Pairs,
    min_distance: float,
    seed: int,
) -> list[Site]:
    """Draw sites in random order, large kinds first, and keep those far enough from earlier ones.

    Parameters
    ----------
    counts : mapping of str to int
        Number of sites of each kind.
    nitrogens_per_site : int
    partners : Partners
        Bonded neighbours of each wall atom.
    pristine : (n,) bool
        Atoms that may change; the others count as existing sites.
    close : Pairs
        All pairs within ``min_distance``.
    min_distance : float [Å]
        For the error message.
    seed : int

    Returns
    -------
    list of Site

    Raises
    ------
    StructureError
        If none of the random orders fits all sites.
    """
    n = len(partners)
    whole = (partners.numbers == 3) & pristine
    owners = np.repeat(np.arange(n), partners.numbers)
    eligible = whole & (np.bincount(owners, ~whole[partners.atom], n) == 0)
    candidates = np.flatnonzero(eligible)
    nearby = Partners(close, n)
    taken = np.zeros(n, dtype=np.bool_)
    for a in np.flatnonzero(~pristine).tolist():
        taken[a] = True
        taken[nearby.near(a)] = True
    best: dict[str, int] = {}
    for attempt in range(ATTEMPTS):
        # plain uniform numbers only: NumPy keeps these streams fixed between versions; that of the nitrogen does not
        # depend on the defects
        of_defects, of_nitrogen = (np.random.default_rng([seed, stream, attempt]) for stream in (31, 23))
        blocked = taken.copy()
        sites: list[Site] = []
        reached: dict[str, int] = {}
        for kind in KINDS:
            random = of_defects if kind in DEFECTS else of_nitrogen
            order = candidates[np.argsort(random.random(len(candidates)), kind="stable")]
            shuffles = np.argsort(random.random((len(candidates), 3)), axis=1, kind="stable")
            reached[kind] = 0
            for atom, shuffle in zip(order.tolist(), shuffles.tolist()):
                if reached[kind] == counts[kind]:
                    break
                if blocked[atom]:
                    continue
                site = _site(kind, atom, partners, shuffle, nitrogens_per_site)
                if site is None or (site.removed is not None and not eligible[site.removed]):
                    continue
                if any(blocked[a] or not whole[a] for a in site.core):
                    continue
                sites.append(site)
                reached[kind] += 1
                for a in site.core:
                    blocked[a] = True
                    blocked[nearby.near(a)] = True
        if reached == dict(counts):
            return sites
        if sum(reached.values()) > sum(best.values()):
            best = reached
    requested = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
    placed = ", ".join(f"{best.get(kind, 0)} {kind}" for kind in KINDS if counts[kind])
    raise StructureError(
        f"{requested} sites at least {min_distance:g} Å apart do not fit on {n} atoms: the best of {ATTEMPTS} "
        f"orders placed {placed}. Lower the fraction or the distance, or enlarge the wall.",
        about=next(kind for kind in KINDS if best.get(kind, 0) < counts[kind]),
    )


def _site(kind: str, atom: int, partners: Partners, shuffle: list[int], nitrogens_per_site: int) -> Site | None:
    around = [partners[atom][p][0] for p in shuffle]
    if kind == "graphitic":
        return Site(kind, None, (atom,))
    if kind == "vacancy":
        return Site(kind, atom, (), tuple(around))
    if kind == "stone_wales":
        rotated = rotation(partners, atom, around[0])
        return None if rotated is None else Site(kind, None, (), rotation=rotated)
    if kind == "pyridinic":
        return Site(kind, atom, tuple(around[:nitrogens_per_site]), tuple(around[nitrogens_per_site:]))
    # around[0] is removed; around[1] is in the closing ring, around[2] faces the vacancy
    ring = hexagon(partners, around[1], atom, around[0])
    if ring is None:
        return None
    facing = next(b for b, _ in partners[around[0]] if b not in {atom, ring[-1][0]})
    return Site(kind, around[0], (atom,), (around[2], facing), ring)
