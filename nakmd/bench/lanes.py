"""Counts of evaluated and useful SIMD lanes in force loops, and lists with only useful lanes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, Int32Array, IntArray
from nakmd.neighbors import SlicedList

#: Slices processed together: keeps the memory for their columns below 100 MB.
BLOCK = 1024


@dataclass(frozen=True)
class Lanes:
    """Numbers of lanes of a loop.

    All lanes of a vector are evaluated; a lane is useful if its neighbour is within the cutoff.

    Attributes
    ----------
    evaluated, useful : int
    """

    evaluated: int
    useful: int

    @property
    def useful_share(self) -> float:
        """Useful lanes / evaluated lanes, 0 if there are none."""
        return self.useful / max(1, self.evaluated)


def count_pairs(sliced: SlicedList, rows: FloatArray) -> Lanes:
    """Return the lanes of a loop over all columns.

    Parameters
    ----------
    sliced : SlicedList
    rows : (n_rows + 2, 4) float64 [Å]
        Coordinates, as in `nakmd.neighbors.Neighbors`.
    """
    evaluated, useful = 0, 0
    for _, _, inside in _columns(sliced, rows):
        evaluated += inside.size
        useful += int(inside.sum())
    return Lanes(evaluated, useful)


def count_triples(sliced: SlicedList, rows: FloatArray) -> Lanes:
    """Return the lanes of a bond-order loop over ordered pairs of columns in which any lane is within the cutoff.

    Parameters
    ----------
    sliced : SlicedList
    rows : (n_rows + 2, 4) float64 [Å]
    """
    evaluated, useful = 0, 0
    for _, slice_of, inside in _columns(sliced, rows):
        active = np.bincount(slice_of, inside.any(axis=1))
        evaluated += sliced.lanes * int((active * np.maximum(active - 1, 0)).sum())
        for lane in range(sliced.lanes):
            number = np.bincount(slice_of, inside[:, lane])
            useful += int((number * np.maximum(number - 1, 0)).sum())
    return Lanes(evaluated, useful)


def neighbors_alone(sliced: SlicedList, rows: FloatArray, n_atoms: int) -> SlicedList:
    """Return a list of selected central atoms in which every lane is useful: each atom fills a slice.

    Parameters
    ----------
    sliced : SlicedList
    rows : (n_rows + 2, 4) float64 [Å]
    n_atoms : int
        Number of central atoms, evenly chosen from those with neighbours within the cutoff.

    Notes
    -----
    Kernels write results only for the first lane of a slice, which names its atom; the other lanes are copies of it.
    The reverse entries of a bonded list are not meaningful: each entry is its own reverse.
    """
    lanes, n_species = sliced.lanes, sliced.begin.shape[1]
    number = np.zeros((sliced.n_slices, lanes), np.int64)
    for first, slice_of, inside in _columns(sliced, rows):
        np.add.at(number, first + slice_of, inside)
    places = np.flatnonzero(number)
    places = places[np.unique(np.linspace(0, len(places) - 1, min(n_atoms, len(places))).astype(np.int64))]
    cutoffs = sliced.request.cutoffs
    begin, end = np.zeros((len(places), n_species), np.int64), np.zeros((len(places), n_species), np.int64)
    entries: list[Int32Array] = []
    column = 0
    for k, place in enumerate(places):
        s, lane = divmod(int(place), lanes)
        for b in range(n_species):
            own = sliced.entries[sliced.begin[s, b] * lanes + lane : sliced.end[s, b] * lanes : lanes]
            near = _squares(rows[own], rows[sliced.centers[place]]) < cutoffs[sliced.species[s], b] ** 2
            entries.append(np.repeat(own[near], lanes))
            begin[k, b], column = column, column + int(near.sum())
            end[k, b] = column
    atoms = np.full((len(places), lanes), -1, np.int32)
    atoms[:, 0] = sliced.atoms[places]
    joined = np.concatenate([np.zeros(0, np.int32), *entries])
    return SlicedList(
        sliced.request,
        lanes,
        atoms=atoms.ravel(),
        centers=np.repeat(sliced.centers[places], lanes),
        species=sliced.species[places // lanes],
        begin=begin,
        end=end,
        entries=joined,
        reverse=np.arange(len(joined), dtype=np.int32),
        widest=int((end - begin).sum(axis=1).max(initial=0)),
    )


def _columns(sliced: SlicedList, rows: FloatArray) -> Iterator[tuple[int, IntArray, BoolArray]]:
    """Yield the columns of a list, in blocks of slices.

    Yields
    ------
    first : int
        First slice of the block.
    slice_of : (n_columns,) int64
        Slice within the block.
    inside : (n_columns, lanes) bool
        Whether the neighbour is within the cutoff.
    """
    n_species = sliced.begin.shape[1]
    entries = sliced.entries[: len(sliced.entries) // sliced.lanes * sliced.lanes].reshape(-1, sliced.lanes)
    centers = sliced.centers.reshape(-1, sliced.lanes)
    for first in range(0, sliced.n_slices, BLOCK):
        block = slice(first, first + BLOCK)
        begin, width = sliced.begin[block].ravel(), (sliced.end[block] - sliced.begin[block]).ravel()
        run = np.repeat(np.arange(len(width)), width)
        column = np.arange(len(run)) + np.repeat(begin - (np.cumsum(width) - width), width)
        slice_of, species_of = run // n_species, run % n_species
        square = sliced.request.cutoffs[sliced.species[block][slice_of], species_of] ** 2
        inside = _squares(rows[entries[column]], rows[centers[block][slice_of]]) < square[:, None]
        yield first, slice_of, inside


def _squares(neighbors: FloatArray, centers: FloatArray) -> FloatArray:
    """Return r² [Å²] between rows."""
    d = neighbors[..., :3] - centers[..., :3]
    squares: FloatArray = d[..., 0] * d[..., 0] + d[..., 1] * d[..., 1] + d[..., 2] * d[..., 2]
    return squares
