"""From ASE's Atoms and back, with site labels and groups kept as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms, units
from ase.data import chemical_symbols
from numpy.typing import NDArray

from nakmd.cell import Cell
from nakmd.errors import StructureError
from nakmd.system import METALS, WALL, System, element_of

#: ASE's unit of velocity [Å/ps]: its time unit is Å sqrt(amu/eV).
ASE_VELOCITY = 1000.0 * units.fs

#: Array of the Atoms that holds the site labels ("graphitic", "" for none).
SITE_ARRAY = "site"

#: Groups travel as boolean arrays of this prefix.
GROUP_PREFIX = "group_"


def from_ase(atoms: Atoms, labels: Sequence[str] | None = None, margin: float = 10.0) -> System:
    """Turn ASE's Atoms into a System.

    Parameters
    ----------
    atoms : ase.Atoms
    labels : sequence of str, optional
        Site label of each atom, "" for none; read from ``atoms.arrays["site"]`` if left out.
    margin : float [Å]
        Where the Atoms have no cell vector, the box ends this far from the outermost atoms on either side, and the
        atoms are moved into it.

    Returns
    -------
    System
        Groups of ``group_*`` arrays; "carbon" (C, N) and "liquid" (metals) are added where they are missing.

    Raises
    ------
    StructureError
        If there are no atoms, or a periodic direction has no cell vector.
    """
    n = len(atoms)
    if n == 0:
        raise StructureError("The structure holds no atoms.")
    if labels is None:
        labels = [str(label) for label in atoms.arrays.get(SITE_ARRAY, [""] * n)]
    if len(labels) != n:
        raise StructureError(f"{len(labels)} site labels for {n} atoms.")
    symbols = [chemical_symbols[number] for number in atoms.arrays["numbers"]]
    full = [f"{symbol}:{label}" if label else symbol for symbol, label in zip(symbols, labels)]
    names = list(dict.fromkeys(full))
    positions = np.array(atoms.arrays["positions"], dtype=np.float64)
    cell, origin = _cell_of(atoms, positions, margin)
    groups: dict[str, NDArray[np.bool_]] = {
        name.removeprefix(GROUP_PREFIX): np.asarray(array, dtype=np.bool_)
        for name, array in atoms.arrays.items()
        if name.startswith(GROUP_PREFIX)
    }
    for group, members in (("carbon", WALL), ("liquid", METALS)):
        mask = np.array([symbol in members for symbol in symbols])
        if group not in groups and np.any(mask):
            groups[group] = mask
    masses = atoms.arrays.get("masses")
    velocities = None
    if "momenta" in atoms.arrays:
        # ASE's own masses, as its momenta were made with them
        velocities = atoms.arrays["momenta"] / np.asarray(atoms.get_masses())[:, None] * ASE_VELOCITY
    return System(
        positions - origin,
        [names.index(name) for name in full],
        names,
        cell,
        velocities,
        masses,
        groups,
    )


def _cell_of(atoms: Atoms, positions: NDArray[np.float64], margin: float) -> tuple[Cell, NDArray[np.float64]]:
    matrix = np.array(atoms.cell.array, dtype=np.float64)
    periodic = [bool(p) for p in atoms.pbc]
    missing = [c for c in range(3) if not np.any(matrix[c])]
    origin = np.zeros(3)
    for c in missing:
        if periodic[c]:
            raise StructureError(f"The structure is periodic along vector {c + 1} but has no such cell vector.")
    if len(missing) in {0, 3} or all(
        np.count_nonzero(matrix[c]) == 1 and matrix[c, c] for c in range(3) if c not in missing
    ):
        low, high = positions.min(axis=0) - margin, positions.max(axis=0) + margin
        for c in missing:
            matrix[c, c] = high[c] - low[c]
            origin[c] = low[c]
    else:
        matrix = np.array(atoms.cell.complete().array)
        # complete() adds unit vectors: stretch them over the atoms
        for c in missing:
            along = np.sum(positions * matrix[c], axis=1)
            origin += (along.min() - margin) * matrix[c]
            matrix[c] *= along.max() - along.min() + 2.0 * margin
    return Cell(matrix, periodic), origin


def to_ase(system: System) -> Atoms:
    """Turn a System into ASE's Atoms.

    Parameters
    ----------
    system : System

    Returns
    -------
    ase.Atoms
        Unwrapped positions; site labels in ``arrays["site"]``, groups in ``arrays["group_..."]``, masses and
        velocities set.
    """
    elements = [element_of(name) for name in system.species_names]
    sites = [name.partition(":")[2] for name in system.species_names]
    atoms = Atoms(
        symbols=[elements[a] for a in system.species],
        positions=system.positions,
        cell=system.cell.matrix,
        pbc=system.cell.periodic,
        masses=system.masses,
    )
    if np.any(system.velocities):
        atoms.arrays["momenta"] = system.masses[:, None] * system.velocities / ASE_VELOCITY
    if any(sites):
        atoms.arrays[SITE_ARRAY] = np.array([sites[a] for a in system.species], dtype=str)
    for name, mask in system.groups.items():
        atoms.arrays[GROUP_PREFIX + name] = mask.copy()
    return atoms
