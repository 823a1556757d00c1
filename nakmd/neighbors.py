"""Neighbour lists: who is near whom, kept valid while atoms move and the cell changes.

A term of a potential says with a `ListRequest` which species it couples and how far; `Neighbors` keeps one
`SlicedList` for each request, all over one table of coordinate rows that also holds the periodic images in reach.
With explicit images there is no minimum-image arithmetic in a force kernel, and cells of any shape and size work.

The lists are a pure function of the positions and the cell at the last build (`Neighbors.state`), which is what
makes a resumed run equal to an uninterrupted one to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nakmd.errors import ExplosionError, NeighborOverflowError
from nakmd.kernels import cells, geometry, slices
from nakmd.kernels.simd import LANES
from nakmd.system import FloatArray, IntArray, System

Int32Array = NDArray[np.int32]

#: Neighbours of one atom beyond which something has collapsed.
MAX_NEIGHBORS = 16384

#: Rows (atoms and images) beyond which the cell is absurdly small for the cutoff.
MAX_ROWS = 200_000_000

DEFAULT_SKIN = 1.0


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
        For bond orders: neighbours from near to far, with an index from each entry to its reverse.
    """

    name: str
    cutoffs: FloatArray
    bonded: bool = False


@dataclass
class SlicedList:
    """Neighbours of the central atoms of one request (layout: `nakmd.kernels.slices`).

    Attributes
    ----------
    atoms : (8 n_slices,) int32
        Atom in each lane, -1 in lanes left over.
    centers : (8 n_slices,) int32
        Its row in the coordinate table.
    species : (n_slices,) int32
        Species of the central atoms of a slice.
    first : (n_slices, n_species + 1) int64
        First column of each neighbour species.
    entries : (8 n_columns,) int32
        Rows of the neighbours.
    reverse : (8 n_columns,) int32
        Entry from the neighbour back; empty unless the request is bonded.
    """

    atoms: Int32Array = field(default_factory=lambda: np.zeros(0, np.int32))
    centers: Int32Array = field(default_factory=lambda: np.zeros(0, np.int32))
    species: Int32Array = field(default_factory=lambda: np.zeros(0, np.int32))
    first: IntArray = field(default_factory=lambda: np.zeros((0, 1), np.int64))
    entries: Int32Array = field(default_factory=lambda: np.zeros(0, np.int32))
    reverse: Int32Array = field(default_factory=lambda: np.zeros(0, np.int32))

    @property
    def n_slices(self) -> int:
        """Number of slices."""
        return len(self.species)


class Neighbors:
    """Neighbour lists of all terms of a potential.

    Parameters
    ----------
    requests : sequence of ListRequest
    skin : float [Å]
        How much farther than the cutoffs the lists reach; they are rebuilt when an atom has moved by half of it.

    Attributes
    ----------
    rows : (n_rows + 2, 4) float64
        x, y, z [Å] of atoms and images, and one column for a term's own use; two padding rows at the end.
    row_atoms : (n_rows,) int32
        Atom that each row is an image of.
    lists : list of SlicedList
        One for each request.
    n_builds : int
        How often the lists were built.
    """

    def __init__(self, requests: Sequence[ListRequest], skin: float | None = None) -> None:
        self.requests = tuple(requests)
        self.skin = DEFAULT_SKIN if skin is None else float(skin)
        self.lists = [SlicedList() for _ in self.requests]
        self.n_builds = 0
        self.rows: FloatArray = geometry.aligned_rows(2)
        self.row_atoms: Int32Array = np.zeros(0, np.int32)
        self._row_shifts: Int32Array = np.zeros((0, 3), np.int32)
        self._offsets: FloatArray = np.zeros((0, 3))
        self._offset_cell: FloatArray = np.zeros((3, 3))
        self._reference: FloatArray = np.zeros((0, 3))
        self._reference_cell: FloatArray = np.zeros((3, 3))
        self._largest: FloatArray = np.zeros(0)
        self._capacity = [64] * len(self.requests)
        self._cutoff = max((float(r.cutoffs.max(initial=0.0)) for r in self.requests), default=0.0)

    # ------------------------------------------------------------------------------------------ public
    def update(self, system: System) -> bool:
        """Bring lists and coordinate rows up to date with the system.

        Returns
        -------
        bool
            Whether the lists were rebuilt.

        Raises
        ------
        ExplosionError
            If a position is not finite.
        NeighborOverflowError
            If atoms have collapsed onto each other.
        """
        rebuilt = not self._is_valid(system)
        if rebuilt:
            self._build(system, system.positions, system.cell.matrix)
        self._refresh_rows(system)
        return rebuilt

    def state(self) -> dict[str, FloatArray]:
        """Return positions and cell of the last build: all that the lists depend on."""
        return {"reference_positions": self._reference.copy(), "reference_cell": self._reference_cell.copy()}

    def restore(self, system: System, state: Mapping[str, FloatArray]) -> None:
        """Build the lists as they were when `state` was taken, and refresh the rows for the system as it is."""
        if len(state["reference_positions"]) == 0:
            return
        self._build(system, np.asarray(state["reference_positions"]), np.asarray(state["reference_cell"]))
        self._refresh_rows(system)

    def invalidate(self) -> None:
        """Forget the lists: the next update builds anew."""
        self._reference = np.zeros((0, 3))

    # ------------------------------------------------------------------------------------------ validity
    def _is_valid(self, system: System) -> bool:
        """Whether every pair within a cutoff is still certain to be in its list.

        With the cell deformed by A since the build, r_now = r_ref A + u, so a pair now within r_c was within
        |A^-1| (r_c + 2 u) then; the lists reach r_c + skin.
        """
        if len(self._reference) != system.n_atoms or system.n_atoms == 0:
            return False
        if np.array_equal(self._reference_cell, system.cell.matrix):
            affine: FloatArray = np.eye(3)
            compression = 1.0
        else:
            affine = np.asarray(np.linalg.solve(self._reference_cell, system.cell.matrix), dtype=np.float64)
            compression = max(1.0, float(np.linalg.norm(np.linalg.inv(affine), ord=2)))
        allowed = 0.5 * ((self._cutoff + self.skin) / compression - self._cutoff)
        if allowed <= 0.0:
            return False
        geometry.fill_largest_displacements(system.positions, self._reference, affine, self._largest)
        return bool(self._largest.max() < allowed * allowed)

    def _refresh_rows(self, system: System) -> None:
        if not np.array_equal(self._offset_cell, system.cell.matrix):
            self._offset_cell = system.cell.matrix.copy()
            self._offsets = np.ascontiguousarray(self._row_shifts @ self._offset_cell)
        geometry.fill_rows(system.positions, self.row_atoms, self._offsets, self.rows)

    # ------------------------------------------------------------------------------------------ building
    def _build(self, system: System, positions: FloatArray, matrix: FloatArray) -> None:
        n, n_species = system.n_atoms, len(system.species_names)
        periodic = system.cell.periodic
        inverse = np.ascontiguousarray(np.linalg.inv(matrix))
        heights = 1.0 / np.linalg.norm(inverse, axis=0)
        reach = np.zeros(n_species)
        for request in self.requests:
            reach = np.maximum(reach, np.where(request.cutoffs > 0.0, request.cutoffs + self.skin, 0.0).max(axis=0))

        shifts = np.empty((n, 3), np.int32)
        fractions = np.empty((n, 3))
        lost = cells.fill_home_images(positions, inverse, periodic, shifts, fractions)
        if lost >= 0:
            raise ExplosionError(
                f"Atom {lost} ({system.species_names[system.species[lost]]}) is at {positions[lost].tolist()} Å. "
                "The run has exploded: shorten the time step, or relax the structure first."
            )
        scaled_reach = np.ascontiguousarray(reach[:, None] / heights[None, :])
        first = np.empty(n + 1, np.int64)
        cells.count_images(fractions, system.species, scaled_reach, periodic, first)
        n_rows = int(first[-1])
        if n_rows > MAX_ROWS:
            raise NeighborOverflowError(
                f"{n_rows} periodic images lie within {reach.max():.2f} Å of a cell of heights "
                f"{np.round(heights, 2).tolist()} Å. The cell has collapsed, or is far too small for the cutoff."
            )
        atoms = np.empty(n_rows, np.int32)
        row_shifts = np.empty((n_rows, 3), np.int32)
        home = np.empty(n_rows, np.bool_)
        cells.fill_images(fractions, system.species, shifts, scaled_reach, periodic, first, atoms, row_shifts, home)

        coordinates = positions[atoms] + row_shifts @ matrix
        low, inverse_edges, shape = self._grid(coordinates)
        start = np.empty(n_species * int(shape.prod()) + 1, np.int64)
        order = np.empty(n_rows, np.int64)
        cells.sort_into_bins(coordinates, system.species[atoms], low, inverse_edges, shape, start, order)

        self.row_atoms = np.ascontiguousarray(atoms[order])
        self._row_shifts = np.ascontiguousarray(row_shifts[order])
        home = home[order]
        padded = np.full((3, n_rows + LANES), geometry.NEIGHBOR_PADDING)
        padded[:, :n_rows] = coordinates[order].T
        grid = (padded[0], padded[1], padded[2], start, low, inverse_edges, shape)
        centers = np.flatnonzero(home).astype(np.int32)
        for k, request in enumerate(self.requests):
            self.lists[k] = self._build_list(k, request, system, centers, grid)

        self.rows = geometry.aligned_rows(n_rows + 2)
        self.rows[:, 3] = 0.0
        self.rows[n_rows] = (geometry.NEIGHBOR_PADDING,) * 3 + (0.0,)
        self.rows[n_rows + 1] = (geometry.CENTER_PADDING,) * 3 + (0.0,)
        self._offset_cell = np.full((3, 3), np.nan)
        self._reference = positions.copy()
        self._reference_cell = matrix.copy()
        self._largest = np.zeros((n + geometry.CHUNK - 1) // geometry.CHUNK)
        self.n_builds += 1

    def _grid(self, coordinates: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
        """Lay bins of somewhat less than the largest list radius over all rows, at most two for each row."""
        low = coordinates.min(axis=0) if len(coordinates) else np.zeros(3)
        extent = (coordinates.max(axis=0) - low if len(coordinates) else np.ones(3)) + 1e-6
        edge = max(0.85 * (self._cutoff + self.skin), 1.0)
        while True:
            shape = np.maximum(1, np.floor(extent / edge)).astype(np.int64)
            if shape.prod() <= 2 * len(coordinates) + 8:
                return low, shape / extent, shape
            edge *= 1.25

    def _build_list(
        self,
        k: int,
        request: ListRequest,
        system: System,
        home_rows: Int32Array,
        grid: tuple[FloatArray, FloatArray, FloatArray, IntArray, FloatArray, FloatArray, IntArray],
    ) -> SlicedList:
        radii = np.where(request.cutoffs > 0.0, request.cutoffs + self.skin, 0.0)
        row_species = system.species[self.row_atoms[home_rows]]
        centers = home_rows[np.any(radii > 0.0, axis=1)[row_species]]
        center_species = system.species[self.row_atoms[centers]].astype(np.int32)
        n, n_species = len(centers), len(radii)
        if n == 0:
            return SlicedList(first=np.zeros((0, n_species + 1), np.int64))
        counts = np.empty((n, n_species), np.int32)
        while True:
            found = np.empty((n, self._capacity[k]), np.int32)
            slices.find_neighbors(*grid, centers, center_species, radii, found, counts)
            most = int(counts.sum(axis=1).max())
            if most <= self._capacity[k] - LANES:
                break
            if most > MAX_NEIGHBORS:
                atom = int(self.row_atoms[centers[int(counts.sum(axis=1).argmax())]])
                raise NeighborOverflowError(
                    f"Atom {atom} ({system.species_names[system.species[atom]]}) has {most} neighbours for the term "
                    f"{request.name!r}: atoms have collapsed onto each other, or the cell is far too small."
                )
            self._capacity[k] = most + most // 8 + LANES
        if request.bonded:
            slices.sort_found_by_distance(*grid[:3], centers, counts, found)
        order = np.empty(n, np.int64)
        slices.sort_by_count(center_species, counts, order)
        most_slices = n // LANES + n_species
        members = np.empty(most_slices * LANES, np.int64)
        species = np.empty(most_slices, np.int32)
        first = np.empty((most_slices, n_species + 1), np.int64)
        n_slices = slices.lay_out_slices(order, center_species, counts, members, species, first)
        members, species = members[: n_slices * LANES], species[:n_slices]
        first = np.ascontiguousarray(first[:n_slices])
        n_rows = len(self.row_atoms)
        entries = np.empty(LANES * int(first[-1, -1]), np.int32)
        slices.fill_entries(members, first, found, counts, n_rows, entries)
        present = members >= 0
        slice_centers = np.where(present, centers[members], n_rows + 1).astype(np.int32)
        atoms = np.where(present, self.row_atoms[centers[members]], -1).astype(np.int32)
        reverse = np.zeros(0, np.int32)
        if request.bonded:
            center_of_atom = np.full(system.n_atoms, -1, np.int64)
            center_of_atom[self.row_atoms[centers]] = np.arange(n)
            lane_of_center = np.empty(n, np.int64)
            lane_of_center[members[present]] = np.flatnonzero(present)
            reverse = np.empty(len(entries), np.int32)
            slices.fill_reverse(
                members, centers, first, entries, center_of_atom, lane_of_center,
                self.row_atoms, self._row_shifts, n_rows, reverse,
            )  # fmt: skip
        return SlicedList(atoms, slice_centers, species, first, entries, reverse)
