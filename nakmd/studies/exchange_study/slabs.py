"""Slabs of bcc with an adatom on a long bridge of (110) or a hollow of (100)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from ase import Atoms

from nakmd.arrays import FloatArray
from nakmd.structures.crystal_slab import crystal_slab
from nakmd.system import System

#: Surface cells along x and y and layers of each face: 36 and 25 atoms a layer.
SIZES: Mapping[str, tuple[tuple[int, int], int]] = {"110": ((6, 3), 8), "100": ((5, 5), 11)}

#: Axes of the slab in the cubic crystal, rows.
_HALF = math.sqrt(0.5)
AXES: Mapping[str, FloatArray] = {
    "110": np.array([[0.0, 0.0, 1.0], [_HALF, -_HALF, 0.0], [_HALF, _HALF, 0.0]]),
    "100": np.eye(3),
}

#: From an atom of the top layer to the lowest site of an adatom beside it, in the plane [lattice constants].
WAYS: Mapping[str, tuple[float, float]] = {"110": (0.5, 0.0), "100": (0.5, 0.5)}

#: Height of the adatom above the top layer [lattice constants].
HEIGHT = 0.75

#: Layers of the group "fixed".
FIXED = 2


def slab(face: str, host: str, adatom: str, a: float) -> tuple[System, int]:
    """Return a slab with an adatom, the last atom, and the atom of the top layer beside it.

    Parameters
    ----------
    face : {"110", "100"}
    host, adatom : str
    a : float [Å]

    Returns
    -------
    system : System
        With the groups of `crystal_slab`, none of which has the adatom: "fixed" is its two lowest layers.
    beside : int
    """
    repeats, layers = SIZES[face]
    bare = crystal_slab(host, face, repeats, layers, a, fixed_layers=FIXED)
    rows = np.flatnonzero(bare.groups[f"layer_{layers}"])
    layer = bare.positions[rows]
    beside = int(np.argmin(np.linalg.norm(layer[:, :2] - layer[:, :2].mean(axis=0), axis=1)))
    place = layer[beside] + np.array([*WAYS[face], HEIGHT]) * a
    names = (host,) if adatom == host else (host, adatom)
    groups = {name: np.append(mask, False) for name, mask in bare.groups.items()}
    system = System(
        np.vstack([bare.positions, place]), np.append(bare.species, len(names) - 1), names, bare.cell, groups=groups
    )
    return system, int(rows[beside])


def atoms_of(system: System) -> Atoms:
    """Return a system as atoms of ASE."""
    symbols = [system.species_names[row] for row in system.species]
    return Atoms(symbols, system.positions, cell=system.cell.matrix, pbc=system.cell.periodic)
