"""The table of coordinate rows: every atom in the cell, and every periodic image in reach of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nakmd.errors import ExplosionError, NeighborOverflowError
from nakmd.kernels import cells, geometry
from nakmd.kernels.simd import LANES
from nakmd.system import FloatArray, IntArray, System

Int32Array = NDArray[np.int32]

#: Rows (atoms and images) beyond which the cell is absurdly small for the cutoff.
MAX_ROWS = 200_000_000

#: Edges of a bin over the largest radius. Bins along x make one contiguous run, so that narrow ones cost nothing there
#: and leave fewer candidates out of reach; across, runs must stay some vectors long.
BIN_EDGES = np.array([0.1, 1.0, 1.0])


class Grid(NamedTuple):
    """Rows by bin (arguments of `nakmd.kernels.slices.find_neighbors`)."""

    xs: FloatArray
    ys: FloatArray
    zs: FloatArray
    start: IntArray
    low: FloatArray
    inverse_edges: FloatArray
    shape: IntArray


class Images(NamedTuple):
    """Atoms and images of one moment, ordered by species and bin.

    Attributes
    ----------
    atoms : (n_rows,) int32
        Atom that each row is an image of.
    shifts : (n_rows, 3) int32
        Lattice shift from the atom's position.
    home : (n_centers,) int32
        Rows that are an atom itself, in the cell.
    grid : Grid
    """

    atoms: Int32Array
    shifts: Int32Array
    home: Int32Array
    grid: Grid


def find_images(system: System, positions: FloatArray, matrix: FloatArray, reach: FloatArray) -> Images:
    """Return all images within reach of the cell.

    Parameters
    ----------
    system : System
        Species and periodicity are read from it.
    positions : (n, 3) float64 [Å]
    matrix : (3, 3) float64 [Å]
    reach : (n_species,) float64 [Å]
        How far images of each species are seen.

    Raises
    ------
    ExplosionError
        If a position is not finite.
    NeighborOverflowError
        If the cell is so small that the images do not fit in memory.
    """
    n, periodic = system.n_atoms, system.cell.periodic
    inverse = np.ascontiguousarray(np.linalg.inv(matrix))
    heights = 1.0 / np.linalg.norm(inverse, axis=0)
    scaled = np.ascontiguousarray(reach[:, None] / heights[None, :])
    shifts, fractions = np.empty((n, 3), np.int32), np.empty((n, 3))
    counts = np.empty(n, np.int64)
    lost = np.empty((n + cells.CHUNK - 1) // cells.CHUNK, np.int64)
    cells.fill_home_images(positions, inverse, periodic, system.species, scaled, shifts, fractions, counts, lost)
    if np.any(lost >= 0):
        atom = int(lost[lost >= 0][0])
        raise ExplosionError(
            f"Atom {atom} ({system.species_names[system.species[atom]]}) is at {positions[atom].tolist()} Å. "
            "The run has exploded: shorten the time step, or relax the structure first."
        )
    first = np.zeros(n + 1, np.int64)
    np.cumsum(counts, out=first[1:])
    n_rows = int(first[-1])
    if n_rows > MAX_ROWS:
        raise NeighborOverflowError(
            f"{n_rows} periodic images lie within {reach.max():.2f} Å of a cell of heights "
            f"{np.round(heights, 2).tolist()} Å. The cell has collapsed, or is far too small for the cutoff."
        )
    atoms, row_shifts = np.empty(n_rows, np.int32), np.empty((n_rows, 3), np.int32)
    home, coordinates = np.empty(n_rows, np.bool_), np.empty((3, n_rows))
    cells.fill_images(
        positions, matrix, fractions, system.species, shifts, scaled, periodic, first,
        atoms, row_shifts, home, coordinates,
    )  # fmt: skip

    low, inverse_edges, shape = _lay_grid(coordinates, float(reach.max(initial=0.0)))
    keys = np.empty(n_rows, np.int64)
    cells.fill_keys(coordinates, atoms, system.species, low, inverse_edges, shape, keys)
    start = np.empty(len(reach) * int(shape.prod()) + 1, np.int64)
    order = np.empty(n_rows, np.int64)
    cells.sort_by_key(keys, start, order)
    sorted_atoms, sorted_shifts, sorted_home = np.empty_like(atoms), np.empty_like(row_shifts), np.empty_like(home)
    padded = np.empty((3, n_rows + LANES))
    padded[:, n_rows:] = geometry.NEIGHBOR_PADDING
    cells.reorder_rows(
        order, atoms, row_shifts, home, coordinates, sorted_atoms, sorted_shifts, sorted_home, padded[:, :n_rows]
    )
    return Images(
        sorted_atoms,
        sorted_shifts,
        np.flatnonzero(sorted_home).astype(np.int32),
        Grid(padded[0], padded[1], padded[2], start, low, inverse_edges, shape),
    )


def _lay_grid(coordinates: FloatArray, radius: float) -> tuple[FloatArray, FloatArray, IntArray]:
    """Lay bins over all rows, at most two for each row."""
    n_rows = coordinates.shape[1]
    low = coordinates.min(axis=1) if n_rows else np.zeros(3)
    extent = (coordinates.max(axis=1) - low if n_rows else np.ones(3)) + 1e-6
    edges = np.maximum(BIN_EDGES * radius, 1.0)
    while True:
        shape = np.maximum(1, np.floor(extent / edges)).astype(np.int64)
        if shape.prod() <= 2 * n_rows + 8:
            return low, shape / extent, shape
        edges *= 1.25
