"""Barriers of the mechanisms: hops into a vacancy, direct exchange of two neighbours, exchange at a surface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase import Atoms

from nakmd.arrays import FloatArray
from nakmd.errors import RunError
from nakmd.potentials import Potential
from nakmd.studies.exchange_study.defects import NEAREST, Metals, distance_of
from nakmd.studies.exchange_study.slabs import atoms_of, slab
from nakmd.studies.minimum_path import PathRecord, PathSettings, path
from nakmd.studies.path_guards import PathLimits

#: Height of the first guess of a direct exchange [lattice constants], and the directions it is tried in.
BUMP = 0.28
BUMPS: Mapping[str, tuple[float, float, float]] = {"[1-10]": (1.0, -1.0, 0.0), "[-12-1]": (-1.0, 2.0, -1.0)}

#: Start of an adatom, as a share of the way from the middle of its bridge to the atom beside it.
OFF_BRIDGE = 0.1


def vacancy_hop(potential: Potential, host: str, solute: str, radius: float, images: int) -> dict[str, Any]:
    """Return the barrier [eV] of a solute beside a vacancy that hops into it, and the energy of the state before.

    Parameters
    ----------
    potential : Potential
    host, solute : str
        Equal for self-diffusion.
    radius : float [lattice constants]
        Of the atoms that move, about the middle of the hop.
    images : int
    """
    metals = Metals(potential, host, solute)
    before = metals.sites()
    mover = metals.row_at(before, NEAREST)
    before.symbols[mover] = solute
    del before[0]
    mover -= 1
    after = before.copy()
    after.positions[mover] = 0.0
    found = _path(metals, before, after, (mover,), radius, images)
    energy = float(found.images[0].get_potential_energy())
    return {**_record(found), "energy": metals.formation(before, energy)}


def direct_exchange(
    potential: Potential, host: str, solute: str, radius: float, images: int, bumps: Sequence[str]
) -> dict[str, Any]:
    """Return the barrier [eV] of a solute and a neighbour that change places in a perfect crystal.

    Notes
    -----
    The first guess is a straight line with a bump of 0.28 lattice constants, opposite for the two atoms, along one of
    `BUMPS`; the lowest path that passes the guards counts.
    """
    metals = Metals(potential, host, solute)
    before = metals.sites()
    other = metals.row_at(before, NEAREST)
    before.symbols[0] = solute
    after = before.copy()
    after.positions[[0, other]] = before.positions[[other, 0]]
    found: dict[str, PathRecord] = {}
    failed: dict[str, str] = {}
    for name in bumps:
        direction = BUMPS[name]
        bump = np.zeros((len(before), 3))
        bump[0] = BUMP * metals.a * np.array(direction) / np.linalg.norm(direction)
        bump[other] = -bump[0]
        try:
            found[name] = _path(metals, before, after, (0, other), radius, images, bump)
        except RunError as error:
            failed[name] = str(error)
    if not found:
        raise RunError(next(iter(failed.values())))
    best = min(found, key=lambda name: found[name].value)
    return {**_record(found[best]), "best": best, "barriers": {k: v.value for k, v in found.items()}, "refused": failed}


def surface_exchange(potential: Potential, host: str, adatom: str, radius: float, images: int) -> dict[str, Any]:
    """Return barrier and energy [eV] of the exchange of an adatom on (110) with an atom of the top layer.

    Notes
    -----
    The adatom begins on a long bridge, takes the place of the atom beside it, and pushes that to the long bridge on its
    other side.
    """
    metals = Metals(potential, host, adatom)
    system, beside = slab("110", host, adatom, metals.a)
    before = atoms_of(system)
    after = before.copy()
    way = before.positions[-1] - before.positions[beside]
    # off the middle of the bridge, where an atom that is lower beside it would stay by symmetry
    way[0] *= 1.0 - OFF_BRIDGE
    before.positions[-1] = before.positions[beside] + way
    after.positions[-1] = before.positions[beside]
    after.positions[beside] += way * np.array([-1.0, 1.0, 1.0])
    movers = (beside, len(before) - 1)
    found = _path(metals, before, after, movers, radius, images, symmetric=host == adatom)
    return {**_record(found), "energy": float(found.energies[-1])}


def _path(
    metals: Metals, before: Atoms, after: Atoms, movers: tuple[int, ...], radius: float, images: int,
    bump: FloatArray | None = None, symmetric: bool = True,
) -> PathRecord:  # fmt: skip
    return path(
        before, after, metals.potential, movers, radius=radius * metals.a, bump=bump, symmetric=symmetric,
        settings=PathSettings(images=images), limits=PathLimits(drift=distance_of(metals.drift)),
    )  # fmt: skip


def _record(found: PathRecord) -> dict[str, Any]:
    """Return what is kept of a path."""
    return {
        "barrier": found.value,
        "reverse": found.reverse,
        "lengths": found.lengths,
        "path": found.energies,
        "force": found.force,
        "mobile": found.mobile,
        "notes": list(found.notes),
    }
