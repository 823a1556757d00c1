"""Slabs of bcc with an adatom on a long bridge of (110) or a hollow of (100)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import bcc100, bcc110

from nakmd.arrays import FloatArray


@dataclass(frozen=True)
class Face:
    """A face of bcc.

    Attributes
    ----------
    build : callable
        Of `ase.build`.
    size : (int, int, int)
        Atoms along each direction, and layers.
    axes : (3, 3) float64
        Axes of the slab in the cubic crystal.
    layer : float
        Distance between layers [lattice constants].
    way : (float, float)
        From an atom of the top layer to the lowest site of an adatom beside it, in the plane [lattice constants].
    """

    build: Any
    size: tuple[int, int, int]
    axes: FloatArray
    layer: float
    way: tuple[float, float]


_HALF = math.sqrt(0.5)

FACES: Mapping[str, Face] = {
    "110": Face(
        bcc110, (6, 6, 8), np.array([[0.0, 0.0, 1.0], [_HALF, -_HALF, 0.0], [_HALF, _HALF, 0.0]]), _HALF, (0.5, 0.0)
    ),
    "100": Face(bcc100, (5, 5, 11), np.eye(3), 0.5, (0.5, 0.5)),
}

#: Height of the adatom above the top layer [lattice constants], and vacuum above it [Å].
HEIGHT, VACUUM = 0.75, 15.0


def slab(face: str, host: str, adatom: str, a: float) -> tuple[Atoms, int]:
    """Return a slab with an adatom, the last atom, and the atom of the top layer beside it.

    Parameters
    ----------
    face : {"110", "100"}
    host, adatom : str
    a : float [Å]

    Returns
    -------
    atoms : Atoms
        z is normal to the slab and not periodic.
    beside : int
    """
    kind = FACES[face]
    atoms: Atoms = kind.build(host, size=kind.size, a=a, orthogonal=True)
    top = float(atoms.positions[:, 2].max())
    rows = np.flatnonzero(atoms.positions[:, 2] > top - 0.1)
    layer = atoms.positions[rows, :2]
    beside = int(np.argmin(np.linalg.norm(layer - layer.mean(axis=0), axis=1)))
    site = layer[beside] + np.array(kind.way) * a
    atoms += Atoms(adatom, [[*site, top + HEIGHT * a]])
    atoms.cell[2, 2] = top + HEIGHT * a + VACUUM
    return atoms, int(rows[beside])
