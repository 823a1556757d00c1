"""The two levels of one neighbour list: candidates by atom, and slices for the force kernels."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from nakmd.arrays import FloatArray, Int32Array, IntArray
from nakmd.errors import NeighborOverflowError
from nakmd.kernels import candidates, layer_pairs, reverse_entries, slice_order, slices
from nakmd.kernels.fetches import Fetches, find_fetches, room_for_fetches
from nakmd.neighbors.images import Grid, Images
from nakmd.neighbors.layer_membership import Layers
from nakmd.system import System

#: Largest number of neighbours of an atom; with more, atoms have collapsed onto each other.
MAX_NEIGHBORS = 16384

#: Number of parts in which a list is filled; fixed, so that it does not depend on the number of threads.
N_CHUNKS = 64

#: Number of rows beyond which the rows that slices need are fetched early: with the list they outgrow a last-level
#: cache of 32 MB. Steps of NaK on Zen 5 without fetches and with them: 0.123 and 0.131 µs per atom at 31,250 atoms,
#: 0.140 and 0.141 at 62,500, 0.165 and 0.149 at 125,000, 0.181 and 0.153 at 250,000.
MANY_ROWS = 100_000

#: Windows of central atoms in a block: their candidates and columns, with gaps, take 6 MB and 3 MB in liquid NaK.
BLOCK = 32


@dataclass(frozen=True)
class ListRequest:
    """The neighbour list that a term needs.

    Attributes
    ----------
    name : str
        Name of the term, for messages.
    cutoffs : (n_species, n_species) float64 [Å]
        Interaction range [centre, neighbour], 0 where the two do not interact.
    bonded : bool
        Whether the list has an index from each entry to its reverse, as bond orders need it.
    single : bool
        Whether the coordinate rows are float32, with sixteen central atoms in a slice.
    between_layers : bool
        Whether only pairs of different layers are listed (`nakmd.neighbors.layer_membership`).
    """

    name: str
    cutoffs: FloatArray
    bonded: bool = False
    single: bool = False
    between_layers: bool = False

    def radii(self, skin: float) -> FloatArray:
        """Return the cutoffs plus a skin, 0 where two species do not interact."""
        return np.where(self.cutoffs > 0.0, self.cutoffs + skin, 0.0)


class _Block(NamedTuple):
    """Slices that are searched and filled together, and their largest number of columns."""

    slices: slice
    lanes: slice
    n_columns: int


class _Bonds(NamedTuple):
    """Arguments of `reverse_entries.fill_reverse`."""

    members: Int32Array
    centers: Int32Array
    center_of_atom: IntArray
    lane_of_center: IntArray
    row_atoms: Int32Array
    row_shifts: Int32Array


def _empty(*shape: int, dtype: type = np.int64) -> np.ndarray:
    return np.zeros(shape, dtype)


@dataclass
class SlicedList:
    """Neighbours of the central atoms of one request (layout: `nakmd.kernels.slices`).

    Attributes
    ----------
    request : ListRequest
    lanes : int
        Central atoms in a slice.
    atoms : (lanes n_slices,) int32
        Atom in each lane, -1 in unused lanes.
    centers : (lanes n_slices,) int32
        Row of the atom in the coordinate table.
    species : (n_slices,) int32
        Species of the central atoms of a slice.
    begin, end : (n_slices, n_species) int64
        First column of the neighbours of each species, and the column after their last.
    entries : (lanes n_columns,) int32
        Rows of the neighbours.
    reverse : (lanes n_columns,) int32
        Reverse of each entry; empty unless the request is bonded.
    fetches : Fetches
        Rows to load into the cache before a slice is computed; empty where there are few rows.
    widest : int
        Largest number of columns of a slice.
    """

    request: ListRequest
    lanes: int
    atoms: Int32Array = field(default_factory=lambda: _empty(0, dtype=np.int32))
    centers: Int32Array = field(default_factory=lambda: _empty(0, dtype=np.int32))
    species: Int32Array = field(default_factory=lambda: _empty(0, dtype=np.int32))
    begin: IntArray = field(default_factory=lambda: _empty(0, 1))
    end: IntArray = field(default_factory=lambda: _empty(0, 1))
    entries: Int32Array = field(default_factory=lambda: _empty(0, dtype=np.int32))
    reverse: Int32Array = field(default_factory=lambda: _empty(0, dtype=np.int32))
    fetches: Fetches = field(default_factory=lambda: room_for_fetches(0))
    widest: int = 0
    _blocks: list[_Block] = field(default_factory=list)
    _room: IntArray = field(default_factory=lambda: _empty(0, 1))
    _first: IntArray = field(default_factory=lambda: _empty(1))
    _candidates: Int32Array = field(default_factory=lambda: _empty(0, dtype=np.int32))
    _counts: Int32Array = field(default_factory=lambda: _empty(0, 1, dtype=np.int32))
    _scratch: Int32Array = field(default_factory=lambda: _empty(N_CHUNKS, 0, dtype=np.int32))
    _wide: Int32Array = field(default_factory=lambda: _empty(0, dtype=np.int32))
    _bonds: _Bonds | None = None
    _n_rows: int = 0
    _capacity: int = 64

    @property
    def n_slices(self) -> int:
        """Number of slices."""
        return len(self.species)

    def fetches_of(self, part: slice) -> Fetches:
        """Return the fetches of a part of the slices."""
        return Fetches(self.fetches.parts[part], self.fetches.rows)

    def search(self, system: System, images: Images, outer: float, inner: float, layers: Layers | None = None) -> None:
        """Find all candidates within the outer skin and lay out the slices; `prune` fills them.

        Parameters
        ----------
        system : System
        images : Images
        outer, inner : float [Å]
            Skins.
        layers : Layers, optional
            For requests between layers.

        Raises
        ------
        NeighborOverflowError
            If atoms have collapsed onto each other.
        InputError
            If a central atom of a request between layers is in no layer.
        """
        radii, near_radii = self.request.radii(outer), self.request.radii(inner)
        home_species = system.species[images.atoms[images.home]].astype(np.int32)
        sees = np.any(radii > 0.0, axis=1)[home_species]
        centers, center_species = images.home[sees], home_species[sees]
        order, windows = _windows(centers, center_species, images.grid)
        centers, center_species = centers[order], center_species[order]
        if layers is not None and self.request.between_layers:
            layers.require(images.atoms[centers], self.request.name, system)
        n, n_species = len(centers), len(radii)
        most_slices = n // self.lanes + n_species
        # release the old arrays first: together with the new ones they would be the peak of memory
        self.entries = self.reverse = _empty(0, dtype=np.int32)
        self.species = np.empty(most_slices, np.int32)
        self.atoms = np.empty(most_slices * self.lanes, np.int32)
        self.centers = np.empty(most_slices * self.lanes, np.int32)
        members = np.empty(most_slices * self.lanes if self.request.bonded else 0, np.int32)
        self._room = np.empty((most_slices, n_species), np.int64)
        self._counts = np.empty((most_slices * self.lanes, n_species), np.int32)
        self._first = np.zeros(most_slices * self.lanes + 1, np.int64)
        self._blocks, self._n_rows = [], len(images.atoms)
        self.widest, most, end = 0, 0, 0
        for w in range(0, len(windows) - 1, BLOCK):
            part = windows[w : w + BLOCK + 1]
            inside = slice(part[0], part[-1])
            found, counts, near = self._find(system, images, centers[inside], center_species[inside], radii, near_radii)
            if self.request.between_layers and layers is not None:
                layer_pairs.keep_other_layers(
                    *images.grid[:3], centers[inside], center_species[inside], near_radii, images.atoms, images.shifts,
                    *layers, len(images.atoms), candidates.ROOM, found, counts, near,
                )  # fmt: skip
            order = np.empty(len(counts), np.int32)
            slice_order.order_centers(part - part[0], near, order)
            begin, lane = end, end * self.lanes
            block_members = np.empty(len(self.atoms) - lane, np.int32)
            n_slices, n_columns, widest = slices.lay_out_slices(
                order, center_species[inside], counts, self.lanes, centers[inside], images.atoms,
                block_members, self.atoms[lane:], self.centers[lane:], self._first[lane:],
                self.species[begin:], self._room[begin:],
            )  # fmt: skip
            end = begin + n_slices
            lanes = slice(lane, end * self.lanes)
            block_members = block_members[: lanes.stop - lane]
            self._make_room(int(self._first[lanes.stop]), int(part[-1]) / n)
            slices.pack_candidates(
                block_members, self._first[lane : lanes.stop + 1], found, counts, self._candidates, self._counts[lanes]
            )
            if self.request.bonded:
                members[lanes] = np.where(block_members >= 0, block_members + part[0], -1)
            self._blocks.append(_Block(slice(begin, end), lanes, n_columns))
            self.widest, most = max(self.widest, widest), max(most, int(counts.max(initial=0)))
        n_lanes = end * self.lanes
        self._candidates[self._first[n_lanes] : self._first[n_lanes] + candidates.ROOM] = self._n_rows
        self.atoms, self.centers, self.species = self.atoms[:n_lanes], self.centers[:n_lanes], self.species[:end]
        self.begin, self.end = np.empty((end, n_species), np.int64), np.empty((end, n_species), np.int64)
        self.fetches = room_for_fetches(0)
        if self._n_rows > MANY_ROWS:
            self.fetches = room_for_fetches(end)
            edges = np.array([*(block.slices.start for block in self._blocks), end])
            rows_in_line = 4 if self.request.single else 2
            find_fetches(edges, self.lanes, self._first, self._candidates, rows_in_line, self._n_rows, self.fetches)
        # upper bound of the length; the operating system provides memory only for the part that is written
        self.entries = np.empty(self.lanes * sum(block.n_columns for block in self._blocks), np.int32)
        wide = self.lanes * max((block.n_columns for block in self._blocks), default=0)
        if len(self._wide) < wide:
            self._wide = np.empty(wide, np.int32)
        room = self.lanes * (most + candidates.ROOM + 1)
        if self._scratch.shape[1] < room:
            self._scratch = np.empty((N_CHUNKS, room), np.int32)
        if self.request.bonded:
            present = np.flatnonzero(members[:n_lanes] >= 0)
            center_of_atom = np.full(system.n_atoms, -1, np.int64)
            center_of_atom[images.atoms[centers]] = np.arange(n)
            lane_of_center = np.empty(n, np.int64)
            lane_of_center[members[present]] = present
            self._bonds = _Bonds(
                members[:n_lanes], centers, center_of_atom, lane_of_center, images.atoms, images.shifts
            )
            self.reverse = np.empty(len(self.entries), np.int32)

    def _find(
        self,
        system: System,
        images: Images,
        centers: Int32Array,
        center_species: Int32Array,
        radii: FloatArray,
        near_radii: FloatArray,
    ) -> tuple[Int32Array, Int32Array, Int32Array]:
        """Return the candidates of central atoms, their number by species, and the number within the inner radii."""
        n, n_species, n_rows = len(centers), len(radii), len(images.atoms)
        counts, near = np.empty((n, n_species), np.int32), np.empty((n, n_species), np.int32)
        while True:
            found = np.empty((n, self._capacity), np.int32)
            candidates.find_neighbors(
                *images.grid, centers, center_species, radii, near_radii, n_rows, found, counts, near
            )
            totals = counts.sum(axis=1)
            most = int(totals.max(initial=0))
            if most <= self._capacity - candidates.ROOM:
                return found, counts, near
            if most > MAX_NEIGHBORS:
                atom = int(images.atoms[centers[int(totals.argmax())]])
                raise NeighborOverflowError(
                    f"Atom {atom} ({system.species_names[system.species[atom]]}) has {most} neighbours for the term "
                    f"{self.request.name!r}: atoms have collapsed onto each other, or the cell is far too small."
                )
            self._capacity = most + most // 8 + candidates.ROOM

    def _make_room(self, n_candidates: int, share: float) -> None:
        """Enlarge the candidate array for a share of the central atoms, with the length expected for all of them."""
        if len(self._candidates) < n_candidates + candidates.ROOM:
            longer = np.empty(int(1.02 * n_candidates / share) + candidates.ROOM, np.int32)
            longer[: len(self._candidates)] = self._candidates
            self._candidates = longer

    def prune(self, rows: FloatArray, inner: float) -> None:
        """Fill the slices with the candidates within the inner skin of the coordinates in ``rows``."""
        radii, column = self.request.radii(inner), 0
        for part, lanes, _ in self._blocks:
            slices.fill_entries(
                rows, self.centers[lanes], self.species[part], self._room[part],
                self._first[lanes.start : lanes.stop + 1], self._candidates, self._counts[lanes],
                self.fetches_of(part), radii, self._n_rows, self._scratch, self._wide, self.end[part],
            )  # fmt: skip
            column = slices.pack_columns(
                self._room[part], self._wide, self.lanes, column, self.begin[part], self.end[part], self.entries
            )
        if self._bonds is not None:
            bonds = self._bonds
            reverse_entries.fill_reverse(
                bonds.members, bonds.centers, self.species, self.begin, self.end, self.entries, bonds.center_of_atom,
                bonds.lane_of_center, bonds.row_atoms, bonds.row_shifts, self._n_rows, self.reverse,
            )  # fmt: skip


def _windows(centers: Int32Array, center_species: Int32Array, grid: Grid) -> tuple[IntArray, IntArray]:
    """Divide central atoms into windows of one species, and order the windows by position.

    Windows of two species that share neighbours follow each other, so that the neighbours are in the cache.

    Parameters
    ----------
    centers : (n,) int32
        Rows, increasing.
    center_species : (n,) int32
    grid : Grid

    Returns
    -------
    order : (n,) int64
        Central atoms, window by window.
    windows : (n_windows + 1,) int64
        First index in ``order`` of each window, and the end.
    """
    edges = np.flatnonzero(np.diff(center_species, prepend=-1, append=-1))
    begin = np.concatenate([np.arange(a, b, slice_order.WINDOW) for a, b in itertools.pairwise(edges)] or [edges[:0]])
    length = np.diff(begin, append=len(centers))
    middle = np.searchsorted(grid.start, centers[begin + length // 2], side="right") - 1
    chosen = np.argsort(middle % int(grid.shape.prod()), kind="stable")
    begin, length = begin[chosen], length[chosen]
    windows = np.concatenate([[0], np.cumsum(length)])
    return np.repeat(begin - windows[:-1], length) + np.arange(len(centers)), windows
