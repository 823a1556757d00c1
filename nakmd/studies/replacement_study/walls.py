"""Sheets of graphene whose graphitic nitrogen is partly turned into bare vacancies or pyridinic trios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.structures import dope, graphene
from nakmd.system import System

#: Rectangular cells of the sheet along x and y, its bond [Å] (that of the carbon of nak-cn, unstrained), and the
#: nitrogen atoms of the wall before the conversion: 3.06 % of 392 atoms, four times three.
REPEATS, BOND, NITROGENS = (14, 7), 1.4388, 12

#: Distance [Å] of the sheet from its image: the height of the cell, which liquid fills.
GAP = 36.0

#: Nitrogen atoms of a pyridinic trio.
TRIO = 3

#: An undoped atom without an atom of the wall this near [Å] was removed. Relaxed holes widen by up to 0.2 Å.
HOLE = 0.8

#: What becomes of a graphitic nitrogen: it leaves a bare vacancy, or three of them make a pyridinic trio.
ROUTES = ("vacancy", "pyridinic")

PRISTINE, GRAPHITIC = "pristine", "graphitic"


@dataclass(frozen=True)
class Wall:
    """A wall and its sites.

    Attributes
    ----------
    system : System
        The sheet alone.
    centers : dict of str to (n, 2) float64 [Å]
        In the plane: graphitic nitrogen atoms, centres of holes by route, all atoms ("carbon") of an undoped wall.
    """

    system: System
    centers: dict[str, FloatArray]


def counts_at(route: str, share: float) -> tuple[int, int]:
    """Return the graphitic nitrogen atoms and the holes of a wall of which a share is converted.

    Raises
    ------
    InputError
        If the share is no whole number of sites.
    """
    if route not in ROUTES:
        raise InputError(f"There is no route {route!r}; choose {' or '.join(ROUTES)}.")
    converted = round(NITROGENS * share)
    each = TRIO if route == "pyridinic" else 1
    if abs(converted - NITROGENS * share) > 1e-9 or converted % each or not 0.0 <= share <= 1.0:
        raise InputError(
            f"A share of {share:g} of {NITROGENS} nitrogen atoms is no whole number of sites of {each} atoms each, "
            "or not within 0 and 1."
        )
    return NITROGENS - converted, converted // each


def numbers_at(route: str, share: float) -> tuple[int, int, int]:
    """Return the graphitic nitrogen atoms, the holes, and all atoms of a wall; parameters as in `wall`."""
    atoms = 4 * REPEATS[0] * REPEATS[1]
    if route == PRISTINE:
        return 0, 0, atoms
    graphitic, holes = (NITROGENS, 0) if route == GRAPHITIC else counts_at(route, share)
    return graphitic, holes, atoms - holes


def doping_at(route: str, share: float) -> float:
    """Return the graphitic nitrogen per wall atom; parameters as in `wall`."""
    graphitic, _, atoms = numbers_at(route, share)
    return graphitic / atoms


def wall(route: str, share: float, seed: int) -> Wall:
    """Return a sheet of graphene with its sites at random places.

    Parameters
    ----------
    route : str
        `PRISTINE`, `GRAPHITIC` (nothing converted), or one of `ROUTES`. A vacancy takes the place of each converted
        nitrogen atom, whose nitrogen is lost; a trio that of three, whose nitrogen it keeps.
    share : float
        Of the nitrogen that is converted; read for `ROUTES` only.
    seed : int
        The places are drawn anew for every share.
    """
    bare = graphene(repeats=REPEATS, bond=BOND, vacuum=0.5 * GAP)
    graphitic, holes, atoms = numbers_at(route, share)
    if not graphitic + holes:
        return Wall(bare, {"carbon": bare.positions[:, :2].copy()})
    fractions = {GRAPHITIC: graphitic / atoms} if graphitic else {}
    if holes:
        fractions[route] = (TRIO if route == "pyridinic" else 1) * holes / atoms
    doped = dope(bare, fractions, seed=seed)
    found = {GRAPHITIC: doped.positions[doped.topology.select("N:graphitic"), :2]} if graphitic else {}
    if holes:
        found[route] = holes_of(bare, doped)[:, :2]
    return Wall(doped, found)


def holes_of(bare: System, doped: System) -> FloatArray:
    """Return the places of the atoms that a doped wall lacks, (n, 3) [Å]."""
    away = bare.positions[:, None] - doped.positions[None]
    away -= np.rint(away / bare.cell.lengths) * bare.cell.lengths
    return np.asarray(bare.positions[np.linalg.norm(away, axis=2).min(axis=1) > HOLE])
