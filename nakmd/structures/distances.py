"""Pairs and closest distances under periodic boundaries, for cells of any shape and any size.

Structure building searches bins of the cell, with all images (`nakmd.structures.cell_bins`), so small and triclinic
cells are treated correctly too; a simulation uses the neighbour lists of `nakmd.neighbors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.elements import element_of
from nakmd.errors import InputError, StructureError
from nakmd.kernels.close_pairs import transform_rows
from nakmd.structures.cell_bins import CellBins
from nakmd.system import System


class ClosestPair(NamedTuple):
    """The closest atoms of two species.

    Attributes
    ----------
    distance : float [Å]
    i, j : int
        Atom indices, the least ones of several pairs at this distance; equal if an atom is closest to its own image.
    """

    distance: float
    i: int
    j: int


def to_cartesian(fractional: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return ``fractional @ matrix``, summed in a fixed order.

    Parameters
    ----------
    fractional : (n, 3) float64
    matrix : (3, 3) float64 [Å]

    Returns
    -------
    (n, 3) float64 [Å]
    """
    # not BLAS: it may split the rows over threads, and structures must be bit-equal on all machines
    cartesian = np.empty((len(fractional), 3))
    transform_rows(
        np.ascontiguousarray(fractional, dtype=np.float64), np.ascontiguousarray(matrix, dtype=np.float64), cartesian
    )
    return cartesian


def images_around(positions: FloatArray, cell: Cell, cutoff: float) -> tuple[FloatArray, IntArray, IntArray]:
    """Return the atoms together with every periodic image within a cutoff of the cell.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
        Unwrapped.
    cell : Cell
    cutoff : float [Å]

    Returns
    -------
    points : (m, 3) float64 [Å]
        The first n are the atoms themselves, wrapped.
    atom : (m,) int64
        Atom index of each point.
    shift : (m, 3) int64
        ``points = positions[atom] + shift @ matrix``.
    """
    fractional = to_cartesian(positions, cell.inverse)
    shift = -np.floor(fractional).astype(np.int64)
    shift[:, ~cell.periodic] = 0
    fractional = fractional + shift
    atom = np.arange(len(positions))
    for c in range(3):
        if not cell.periodic[c]:
            continue
        reach = cutoff / cell.heights[c]
        layers = [(fractional, atom, shift)]
        for k in range(1, int(np.ceil(reach)) + 1):
            for step in (k, -k):
                moved = fractional[:, c] + step
                near = (moved >= -reach) & (moved <= 1.0 + reach)
                copy, copied_shift = fractional[near].copy(), shift[near].copy()
                copy[:, c] += step
                copied_shift[:, c] += step
                layers.append((copy, atom[near], copied_shift))
        fractional = np.concatenate([layer[0] for layer in layers])
        atom = np.concatenate([layer[1] for layer in layers])
        shift = np.concatenate([layer[2] for layer in layers])
    points = positions[atom] + to_cartesian(shift.astype(np.float64), cell.matrix)
    return points, atom, shift


def pairs_within(positions: FloatArray, cell: Cell, cutoff: float) -> tuple[IntArray, IntArray, IntArray]:
    """Return every pair closer than a cutoff once; parameters as in `images_around`.

    Returns
    -------
    i, j : (p,) int64
        Sorted by i, then j; i = j for an atom and its own image.
    shift : (p, 3) int64
        ``r_ij = positions[j] - positions[i] + shift @ matrix``.
    """
    return CellBins(positions, cell, cutoff).pairs()


def pair_vectors(positions: FloatArray, cell: Cell, i: IntArray, j: IntArray, shift: IntArray) -> FloatArray:
    """Return r_ij = r_j - r_i + shift of each listed pair, (p, 3) [Å]."""
    return np.asarray(positions[j] - positions[i] + to_cartesian(shift.astype(np.float64), cell.matrix))


def lengths_of(vectors: FloatArray) -> FloatArray:
    """Return the length of each row, (p,) [Å]."""
    return np.sqrt(vectors[:, 0] ** 2 + vectors[:, 1] ** 2 + vectors[:, 2] ** 2)


def closest_distances(system: System, limit: float = 10.0) -> dict[tuple[str, str], ClosestPair]:
    """Find the closest atoms of every pair of species, periodic images included; parked atoms are left out.

    Parameters
    ----------
    system : System
    limit : float [Å]
        Pairs of species further apart are omitted.

    Returns
    -------
    dict of (str, str) to ClosestPair
        Keys in the order of ``system.species_names``, each unordered pair once.

    Examples
    --------
    >>> from nakmd.structures import closest_distances, crystal
    >>> pairs = closest_distances(crystal(["Na", "K"], 2, "b2"))
    >>> {names: round(pair.distance, 3) for names, pair in pairs.items()}
    {('Na', 'Na'): 4.809, ('Na', 'K'): 4.165, ('K', 'K'): 4.809}
    """
    here = np.flatnonzero(~system.absent)
    names = system.species_names
    bins = CellBins(system.positions[here], system.cell, limit)
    distances, i, j = bins.closest(system.species[here], len(names))
    return {
        (names[a], names[b]): ClosestPair(float(distances[a, b]), int(here[i[a, b]]), int(here[j[a, b]]))
        for b in range(len(names))
        for a in range(b + 1)
        if np.isfinite(distances[a, b])
    }


def distance_between(table: Mapping[tuple[str, str], float], a: str, b: str) -> float | None:
    """Look up a pair of species by name or, failing that, by element, in either order."""
    for first, second in ((a, b), (element_of(a), element_of(b))):
        for key in ((first, second), (second, first)):
            if key in table:
                return table[key]
    return None


def check_overlaps(system: System, min_distances: Mapping[tuple[str, str], float]) -> None:
    """Raise if any two atoms are closer than allowed.

    Parameters
    ----------
    system : System
    min_distances : mapping of (str, str) to float [Å]
        By species or element name, in either order; other pairs are not checked.

    Raises
    ------
    StructureError
        Naming every pair of species below its minimum, with the closest atoms and their distance.

    Examples
    --------
    >>> from nakmd.structures import check_overlaps, crystal
    >>> sodium = crystal("Na", 2)
    >>> check_overlaps(sodium, {("Na", "Na"): 3.0})
    >>> check_overlaps(sodium, {("Na", "Na"): 4.0})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    nakmd.errors.StructureError: Atoms overlap: Na-Na 3.716 Å (atoms 6 and 7; minimum 4.00 Å). Move ...
    """
    if not min_distances:
        raise InputError("check_overlaps needs at least one minimum distance, got none.")
    overlaps = []
    for (a, b), pair in closest_distances(system, limit=max(min_distances.values()) + 1e-9).items():
        allowed = distance_between(min_distances, a, b)
        if allowed is not None and pair.distance < allowed:
            overlaps.append(f"{a}-{b} {pair.distance:.3f} Å (atoms {pair.i} and {pair.j}; minimum {allowed:.2f} Å)")
    if overlaps:
        raise StructureError("Atoms overlap: " + "; ".join(overlaps) + ". Move them apart or enlarge the cell.")
