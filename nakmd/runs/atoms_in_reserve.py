"""Parked atoms that take the places of others when moves change the species of an atom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nakmd.arrays import IntArray
from nakmd.deck.stage_sections import Dynamics, Relax
from nakmd.errors import InputError
from nakmd.integrators import MOVES
from nakmd.system import System


def with_atoms_in_reserve(system: System, stages: Sequence[Relax | Dynamics]) -> System:
    """Return the system with a parked atom of the other species for each atom that a transmutation may change.

    Every composition can then be reached. The parked atom has the groups of the other one. A move whose names do not
    select one species each adds nothing: it is a fault that is found where the move starts.
    """
    moves = [move for stage in stages if isinstance(stage, Dynamics) for move in stage.move]
    pairs = {frozenset(move.species): move.species for move in moves if MOVES[move.kind].takes_parked}
    for pair in pairs.values():
        system = with_twins_of(system, pair)
    return system


def with_twins_of(system: System, pair: Sequence[str]) -> System:
    """Return the system with a parked atom of either name for each present atom of the other one.

    A pair whose names do not select one species each adds nothing.
    """
    try:
        sides = [np.flatnonzero(system.topology.select(name) & ~system.absent) for name in pair]
    except InputError:
        return system
    kinds = [np.unique(system.species[side]) for side in sides]
    if any(len(kind) != 1 for kind in kinds):
        return system
    masses = [float(system.masses[side].mean()) for side in sides]
    system = _with_twins(system, sides[0], int(kinds[1][0]), masses[1])
    return _with_twins(system, sides[1], int(kinds[0][0]), masses[0])


def _with_twins(system: System, atoms: IntArray, species: int, mass: float) -> System:
    """Return the system with a parked atom of a species and mass for each of some atoms, with the same groups."""
    n = len(atoms)
    return System(
        np.vstack([system.positions, np.zeros((n, 3))]),
        np.append(system.species, np.full(n, species)),
        system.species_names,
        system.cell.copy(),
        np.vstack([system.velocities, np.zeros((n, 3))]),
        np.append(system.masses, np.full(n, mass)),
        {name: np.append(mask, mask[atoms]) for name, mask in system.groups.items()},
        np.append(~system.absent, np.zeros(n, np.bool_)),
    )
