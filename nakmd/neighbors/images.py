"""The table of coordinate rows: every atom in the cell, and every periodic image within reach of the cell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nakmd.arrays import FloatArray, Int32Array, IntArray
from nakmd.errors import ExplosionError, NeighborOverflowError
from nakmd.kernels import cells, geometry
from nakmd.kernels.simd import LANES
from nakmd.system import System

#: Largest number of rows (atoms and images); with more, the cell is far too small for the cutoff.
MAX_ROWS = 200_000_000

#: Edges of a bin relative to the largest radius. Bins along x form one contiguous run, so that narrow bins cost nothing
#: along x and leave fewer candidates out of reach; along y and z, runs must remain several vectors long.
BIN_EDGES = np.array([0.1, 1.0, 1.0])

#: Width of a strip of pencils along y.
STRIP = 8


class Grid(NamedTuple):
    """Rows by bin (arguments of `nakmd.kernels.candidates.find_neighbors`)."""

    xs: FloatArray
    ys: FloatArray
    zs: FloatArray
    start: Int32Array
    low: FloatArray
    inverse_edges: FloatArray
    shape: IntArray
    ranks: IntArray


class Images(NamedTuple):
    """Atoms and images of one configuration, ordered by species and bin.

    Attributes
    ----------
    atoms : (n_rows,) int32
        Atom that each row is an image of.
    shifts : (n_rows, 3) int32
        Lattice shift from the atom's position.
    home : (n_centers,) int32
        Rows that are the atom itself, in the cell.
    grid : Grid
    """

    atoms: Int32Array
    shifts: Int32Array
    home: Int32Array
    grid: Grid


def find_images(system: System, positions: FloatArray, matrix: FloatArray, reach: FloatArray) -> Images:
    """Return all images within reach of the cell of the atoms that are present.

    Parameters
    ----------
    system : System
        Species, periodicity and the atoms that are present are read from it.
    positions : (n, 3) float64 [Å]
    matrix : (3, 3) float64 [Å]
    reach : (n_species,) float64 [Å]
        Largest distance from the cell of the images of each species.

    Raises
    ------
    ExplosionError
        If a position is not finite.
    NeighborOverflowError
        If the cell is so small that the images do not fit in memory.
    """
    periodic, species, numbers = system.cell.periodic, system.species, None
    if system.present is not None:
        numbers = np.flatnonzero(system.present).astype(np.int32)
        positions, species = np.ascontiguousarray(positions[numbers]), species[numbers]
    n = len(positions)
    inverse = np.ascontiguousarray(np.linalg.inv(matrix))
    heights = 1.0 / np.linalg.norm(inverse, axis=0)
    scaled = np.ascontiguousarray(reach[:, None] / heights[None, :])
    first = np.zeros(n + 1, np.int64)
    lost = np.empty((n + cells.CHUNK - 1) // cells.CHUNK, np.int64)
    cells.count_images(positions, inverse, periodic, species, scaled, first[1:], lost)
    if np.any(lost >= 0):
        row = int(lost[lost >= 0][0])
        atom = row if numbers is None else int(numbers[row])
        raise ExplosionError(
            f"Atom {atom} ({system.species_names[species[row]]}) is at {positions[row].tolist()} Å. "
            "The run has exploded: shorten the time step, or relax the structure first."
        )
    np.cumsum(first, out=first)
    n_rows = int(first[-1])
    if n_rows > MAX_ROWS:
        raise NeighborOverflowError(
            f"{n_rows} periodic images lie within {reach.max():.2f} Å of a cell of heights "
            f"{np.round(heights, 2).tolist()} Å. The cell has collapsed, or is far too small for the cutoff."
        )
    atoms, shifts, home = np.empty(n_rows, np.int32), np.empty((n_rows, 3), np.int32), np.empty(n_rows, np.bool_)
    lows, highs = np.empty((len(lost), 3)), np.empty((len(lost), 3))
    cells.fill_images(
        positions, matrix, inverse, periodic, species, scaled, first, atoms, shifts, home, lows, highs
    )  # fmt: skip
    del first

    low, inverse_edges, shape, ranks = _lay_grid(lows, highs, n_rows, float(reach.max(initial=0.0)))
    keys, order = np.empty(n_rows, np.int64), np.empty(n_rows, np.int32)
    cells.fill_keys(positions, matrix, atoms, shifts, species, low, inverse_edges, shape, ranks, keys)
    start = np.empty(len(reach) * int(shape.prod()) + 1, np.int32)
    cells.sort_by_key(keys, start, order)
    del keys
    sorted_atoms, sorted_shifts, sorted_home = np.empty_like(atoms), np.empty_like(shifts), np.empty_like(home)
    padded = np.empty((3, n_rows + LANES))
    padded[:, n_rows:] = geometry.NEIGHBOR_PADDING
    cells.reorder_rows(
        order, positions, matrix, atoms, shifts, home, sorted_atoms, sorted_shifts, sorted_home, padded
    )  # fmt: skip
    return Images(
        sorted_atoms if numbers is None else numbers[sorted_atoms],
        sorted_shifts,
        np.flatnonzero(sorted_home).astype(np.int32),
        Grid(padded[0], padded[1], padded[2], start, low, inverse_edges, shape, ranks),
    )


def _lay_grid(
    lows: FloatArray, highs: FloatArray, n_rows: int, radius: float
) -> tuple[FloatArray, FloatArray, IntArray, IntArray]:
    """Lay bins over all rows, at most two for each row, and rank their pencils."""
    low = lows.min(axis=0) if n_rows else np.zeros(3)
    extent = (highs.max(axis=0) - low if n_rows else np.ones(3)) + 1e-6
    edges = np.maximum(BIN_EDGES * radius, 1.0)
    while True:
        shape = np.maximum(1, np.floor(extent / edges)).astype(np.int64)
        if shape.prod() <= 2 * n_rows + 8:
            return low, shape / extent, shape, _rank_pencils(int(shape[1]), int(shape[2]))
        edges *= 1.25


def _rank_pencils(n_y: int, n_z: int) -> IntArray:
    """Return the rank of every pencil of bins, (n_z, n_y): strip by strip of `STRIP` pencils, z in alternating order.

    The neighbours of an atom are in its own and the adjacent pencils; in this order they are reused before they leave
    the cache. In 1,000,000 atoms of NaK, forces take 0.17 µs per atom, and 0.21 layer by layer over the whole cell.
    """
    z, y = np.mgrid[:n_z, :n_y]
    strip = y // STRIP
    order = np.lexsort((y.ravel(), np.where(strip % 2 == 0, z, -z).ravel(), strip.ravel()))
    ranks = np.empty(n_y * n_z, np.int64)
    ranks[order] = np.arange(n_y * n_z)
    return ranks.reshape(n_z, n_y)
