"""How many lanes force loops evaluate, how many of them matter, and lists without any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, Int32Array, IntArray
from nakmd.neighbors import SlicedList

#: Slices looked at together: what their columns need in memory stays below 100 MB.
BLOCK = 1024


@dataclass(frozen=True)
class Lanes:
    """Lanes of a loop.

    Attributes
    ----------
    evaluated : int
        In whole vectors.
    useful : int
        Those whose neighbours are within the cutoff.
    """

    evaluated: int
    useful: int

    @property
    def useful_share(self) -> float:
        """Useful lanes by those evaluated, 0 if there are none."""
        return self.useful / max(1, self.evaluated)


def count_pairs(found: SlicedList, rows: FloatArray) -> Lanes:
    """Return the lanes of a loop over all columns.

    Parameters
    ----------
    found : SlicedList
    rows : (n_rows + 2, 4) float64 [Å]
        Coordinates, as in `nakmd.neighbors.Neighbors`.
    """
    evaluated, useful = 0, 0
    for _, _, inside in _columns(found, rows):
        evaluated += inside.size
        useful += int(inside.sum())
    return Lanes(evaluated, useful)


def count_triples(found: SlicedList, rows: FloatArray) -> Lanes:
    """Return the lanes of a bond order's loop over pairs of columns, in either order, that anybody has within reach.

    Parameters
    ----------
    found : SlicedList
    rows : (n_rows + 2, 4) float64 [Å]
    """
    evaluated, useful = 0, 0
    for _, slice_of, inside in _columns(found, rows):
        active = np.bincount(slice_of, inside.any(axis=1))
        evaluated += found.lanes * int((active * np.maximum(active - 1, 0)).sum())
        for lane in range(found.lanes):
            number = np.bincount(slice_of, inside[:, lane])
            useful += int((number * np.maximum(number - 1, 0)).sum())
    return Lanes(evaluated, useful)


def neighbors_alone(found: SlicedList, rows: FloatArray, n_atoms: int) -> SlicedList:
    """Return a list of some central atoms in which every lane is useful: each atom fills a slice.

    Parameters
    ----------
    found : SlicedList
    rows : (n_rows + 2, 4) float64 [Å]
    n_atoms : int
        How many central atoms, evenly from those that have neighbours within the cutoff.

    Notes
    -----
    What a kernel computes of it is right for the first lane, whose atom is named; the others are copies of it that are
    not written. Only the reverse entries of a bonded list mean nothing: each entry is its own.
    """
    lanes, n_species = found.lanes, found.begin.shape[1]
    number = np.zeros((found.n_slices, lanes), np.int64)
    for first, slice_of, inside in _columns(found, rows):
        np.add.at(number, first + slice_of, inside)
    places = np.flatnonzero(number)
    places = places[np.unique(np.linspace(0, len(places) - 1, min(n_atoms, len(places))).astype(np.int64))]
    cutoffs = found.request.cutoffs
    begin, end = np.zeros((len(places), n_species), np.int64), np.zeros((len(places), n_species), np.int64)
    entries: list[Int32Array] = []
    column = 0
    for k, place in enumerate(places):
        s, lane = divmod(int(place), lanes)
        for b in range(n_species):
            own = found.entries[found.begin[s, b] * lanes + lane : found.end[s, b] * lanes : lanes]
            near = _squares(rows[own], rows[found.centers[place]]) < cutoffs[found.species[s], b] ** 2
            entries.append(np.repeat(own[near], lanes))
            begin[k, b], column = column, column + int(near.sum())
            end[k, b] = column
    atoms = np.full((len(places), lanes), -1, np.int32)
    atoms[:, 0] = found.atoms[places]
    joined = np.concatenate([np.zeros(0, np.int32), *entries])
    return SlicedList(
        found.request,
        lanes,
        atoms=atoms.ravel(),
        centers=np.repeat(found.centers[places], lanes),
        species=found.species[places // lanes],
        begin=begin,
        end=end,
        entries=joined,
        reverse=np.arange(len(joined), dtype=np.int32),
        widest=int((end - begin).sum(axis=1).max(initial=0)),
    )


def _columns(found: SlicedList, rows: FloatArray) -> Iterator[tuple[int, IntArray, BoolArray]]:
    """Yield, block by block of slices, what there is in its columns.

    Yields
    ------
    first : int
        First slice of the block.
    slice_of : (n_columns,) int64
        Slice within the block.
    inside : (n_columns, lanes) bool
        Whether the neighbour is within the cutoff.
    """
    n_species = found.begin.shape[1]
    entries = found.entries[: len(found.entries) // found.lanes * found.lanes].reshape(-1, found.lanes)
    centers = found.centers.reshape(-1, found.lanes)
    for first in range(0, found.n_slices, BLOCK):
        block = slice(first, first + BLOCK)
        begin, width = found.begin[block].ravel(), (found.end[block] - found.begin[block]).ravel()
        run = np.repeat(np.arange(len(width)), width)
        column = np.arange(len(run)) + np.repeat(begin - (np.cumsum(width) - width), width)
        slice_of, species_of = run // n_species, run % n_species
        square = found.request.cutoffs[found.species[block][slice_of], species_of] ** 2
        inside = _squares(rows[entries[column]], rows[centers[block][slice_of]]) < square[:, None]
        yield first, slice_of, inside


def _squares(neighbors: FloatArray, centers: FloatArray) -> FloatArray:
    """Return r² [Å²] between rows."""
    d = neighbors[..., :3] - centers[..., :3]
    squares: FloatArray = d[..., 0] * d[..., 0] + d[..., 1] * d[..., 1] + d[..., 2] * d[..., 2]
    return squares
