"""The two levels of one neighbour list: candidates by atom, and slices for the force kernels."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

from nakmd.errors import NeighborOverflowError
from nakmd.kernels import slices
from nakmd.neighbors.images import Images, Int32Array
from nakmd.system import FloatArray, IntArray, System

#: Neighbours of one atom beyond which something has collapsed.
MAX_NEIGHBORS = 16384

#: Parts in which a list is brought up to date; fixed, not the number of threads.
N_CHUNKS = 64


@dataclass(frozen=True)
class ListRequest:
    """What a term needs to see.

    Attributes
    ----------
    name : str
        For messages.
    cutoffs : (n_species, n_species) float64 [Å]
        Interaction range [centre, neighbour], 0 where the two do not meet.
    bonded : bool
        For bond orders: with an index from each entry to its reverse.
    """

    name: str
    cutoffs: FloatArray
    bonded: bool = False

    def radii(self, skin: float) -> FloatArray:
        """Return the cutoffs with a skin, 0 where two species do not meet."""
        return np.where(self.cutoffs > 0.0, self.cutoffs + skin, 0.0)


def _empty(*shape: int, dtype: type = np.int64) -> np.ndarray:
    return np.zeros(shape, dtype)


@dataclass
class SlicedList:
    """Neighbours of the central atoms of one request (layout: `nakmd.kernels.slices`).

    Attributes
    ----------
    request : ListRequest
    lanes : int
        Central atoms to a slice.
    atoms : (lanes n_slices,) int32
        Atom in each lane, -1 in lanes left over.
    centers : (lanes n_slices,) int32
        Its row in the coordinate table.
    species : (n_slices,) int32
        Species of the central atoms of a slice.
    begin, end : (n_slices, n_species) int64
        First column for the neighbours of each species, and the one after their last.
    entries : (lanes n_columns,) int32
        Rows of the neighbours.
    reverse : (lanes n_columns,) int32
        Entry from the neighbour back; empty unless the request is bonded.
    widest : int
        No slice has more columns.
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
    widest: int = 0
    _members: IntArray = field(default_factory=lambda: _empty(0))
    _first: IntArray = field(default_factory=lambda: _empty(1))
    _candidates: Int32Array = field(default_factory=lambda: _empty(0, dtype=np.int32))
    _counts: Int32Array = field(default_factory=lambda: _empty(0, 1, dtype=np.int32))
    _scratch: Int32Array = field(default_factory=lambda: _empty(N_CHUNKS, 0, dtype=np.int32))
    _images: Images | None = None
    _bonds: tuple[Int32Array, IntArray, IntArray] | None = None
    _capacity: int = 64

    @property
    def n_slices(self) -> int:
        """Number of slices."""
        return len(self.species)

    def search(self, system: System, images: Images, outer: float, inner: float) -> None:
        """Find all candidates within the outer skin and lay out the slices; `prune` fills them.

        Raises
        ------
        NeighborOverflowError
            If atoms have collapsed onto each other.
        """
        radii, near_radii = self.request.radii(outer), self.request.radii(inner)
        home_species = system.species[images.atoms[images.home]]
        sees = np.any(radii > 0.0, axis=1)[home_species]
        centers = images.home[sees]
        center_species = home_species[sees].astype(np.int32)
        n, n_species, n_rows = len(centers), len(radii), len(images.atoms)
        counts, near = np.empty((n, n_species), np.int32), np.empty((n, n_species), np.int32)
        while True:
            found = np.empty((n, self._capacity), np.int32)
            slices.find_neighbors(*images.grid, centers, center_species, radii, near_radii, n_rows, found, counts, near)
            totals = counts.sum(axis=1)
            most = int(totals.max(initial=0))
            if most <= self._capacity - slices.ROOM:
                break
            if most > MAX_NEIGHBORS:
                atom = int(images.atoms[centers[int(totals.argmax())]])
                raise NeighborOverflowError(
                    f"Atom {atom} ({system.species_names[system.species[atom]]}) has {most} neighbours for the term "
                    f"{self.request.name!r}: atoms have collapsed onto each other, or the cell is far too small."
                )
            self._capacity = most + most // 8 + slices.ROOM
        order = np.empty(n, np.int64)
        slices.order_centers(_windows(center_species), near, order)
        most_slices = n // self.lanes + n_species
        members = np.empty(most_slices * self.lanes, np.int64)
        atoms, rows = np.empty(len(members), np.int32), np.empty(len(members), np.int32)
        first, species = np.empty(len(members) + 1, np.int64), np.empty(most_slices, np.int32)
        begin = np.empty((most_slices, n_species), np.int64)
        n_slices, n_columns, self.widest = slices.lay_out_slices(
            order, center_species, counts, self.lanes, centers, images.atoms,
            members, atoms, rows, first, species, begin,
        )  # fmt: skip
        n_lanes = n_slices * self.lanes
        self._members, self.atoms, self.centers = members[:n_lanes], atoms[:n_lanes], rows[:n_lanes]
        self._first = first[: n_lanes + 1]
        n_candidates = int(self._first[-1])
        self._candidates = np.empty(n_candidates + slices.ROOM, np.int32)
        self._candidates[n_candidates:] = n_rows
        self._counts = np.empty((n_lanes, n_species), np.int32)
        slices.pack_candidates(self._members, self._first, found, counts, self._candidates, self._counts)
        self.species, self.begin = species[:n_slices], begin[:n_slices]
        self.end = np.empty_like(self.begin)
        if len(self.entries) < self.lanes * n_columns:
            self.entries = np.empty(self.lanes * n_columns, np.int32)
        room = self.lanes * (int(counts.max(initial=0)) + slices.ROOM + 1)
        if self._scratch.shape[1] < room:
            self._scratch = np.empty((N_CHUNKS, room), np.int32)
        self._images = images
        if self.request.bonded:
            present = np.flatnonzero(self._members >= 0)
            center_of_atom = np.full(system.n_atoms, -1, np.int64)
            center_of_atom[images.atoms[centers]] = np.arange(n)
            lane_of_center = np.empty(n, np.int64)
            lane_of_center[self._members[present]] = present
            self._bonds = (centers, center_of_atom, lane_of_center)
            self.reverse = np.empty(len(self.entries), np.int32)

    def prune(self, rows: FloatArray, inner: float) -> None:
        """Fill the slices with the candidates within the inner skin of the coordinates in ``rows``."""
        images = self._images
        if images is None or self.n_slices == 0:
            return
        n_rows = len(images.atoms)
        slices.fill_entries(
            rows, self.centers, self.species, self.begin, self._first, self._candidates, self._counts,
            self.request.radii(inner), n_rows, self._scratch, self.entries, self.end,
        )  # fmt: skip
        if self._bonds is not None:
            slices.fill_reverse(
                self._members, self._bonds[0], self.begin, self.end, self.entries, *self._bonds[1:],
                images.atoms, images.shifts, n_rows, self.reverse,
            )  # fmt: skip


def _windows(center_species: Int32Array) -> IntArray:
    """Return the first centre of every window of `slices.WINDOW`, none across two species, and the end."""
    edges = np.flatnonzero(np.diff(center_species, prepend=-1, append=-1))
    starts = [np.arange(a, b, slices.WINDOW) for a, b in itertools.pairwise(edges)]
    return np.concatenate([*starts, [len(center_species)]]).astype(np.int64)
