"""Neighbour lists of all terms of a potential, valid at every step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nakmd.arrays import FloatArray, Int32Array
from nakmd.errors import InputError
from nakmd.kernels import geometry
from nakmd.kernels.simd import LANES, WIDE_LANES
from nakmd.neighbors.images import find_images
from nakmd.neighbors.layer_membership import find_layers
from nakmd.neighbors.lists import ListRequest, SlicedList
from nakmd.neighbors.skins import Skins
from nakmd.system import System

_NO_ATOMS, _NO_SHIFTS = np.zeros(0, np.int32), np.zeros((0, 3), np.int32)


_IDENTITY: FloatArray = np.eye(3)


class _Moment:
    """Positions and cell at which a list was built."""

    def __init__(self) -> None:
        self.positions: FloatArray = np.zeros((0, 3))
        self.matrix: FloatArray = np.zeros((3, 3))

    def take(self, positions: FloatArray, matrix: FloatArray) -> None:
        """Keep a copy of positions and cell."""
        if self.positions.shape == positions.shape:
            self.positions[:] = positions
        else:
            self.positions = positions.copy()
        self.matrix = matrix.copy()

    def strain(self, matrix: FloatArray) -> tuple[FloatArray, bool, float]:
        """Return the deformation of the cell since then, whether there is one, and the largest compression."""
        if np.array_equal(self.matrix, matrix):
            return _IDENTITY, False, 1.0
        affine = np.asarray(np.linalg.solve(self.matrix, matrix), dtype=np.float64)
        return affine, True, max(1.0, float(np.linalg.norm(np.linalg.inv(affine), ord=2)))


def _stored(state: Mapping[str, Any], name: str, shape: tuple[int, int]) -> FloatArray:
    """Return an array of a checkpoint; another type would be compiled for, and a rounded cell would lose pairs."""
    values = np.asarray(state[name])
    if values.dtype != np.float64 or values.shape != shape or not np.all(np.isfinite(values)):
        raise InputError(
            f"The checkpoint has {name} of the neighbour lists of shape {values.shape} and type {values.dtype}, not "
            f"{shape} finite numbers of type float64. It is damaged: start the run again."
        )
    if name.endswith("cell") and not np.linalg.det(values) > 0.0:
        raise InputError(
            f"The checkpoint has {name} of the neighbour lists {values.tolist()} Å, which spans no volume. It is "
            "damaged: start the run again."
        )
    return values


class Neighbors:
    """Neighbour lists of all terms of a potential.

    Parameters
    ----------
    requests : sequence of ListRequest
    skin : float, optional [Å]
        Outer skin of the lists; chosen by cost if omitted (`skins`).

    Attributes
    ----------
    rows : (n_rows + 2, 4) float64
        x, y, z [Å] of atoms and images, and one column for values of a term; two padding rows at the end.
    single_rows : (n_rows + 2, 4) float32
        The same relative to the mean position, for lists in single precision; empty if there is none.
    row_atoms : (n_rows,) int32
        Atom that each row is an image of.
    lists : list of SlicedList
        One for each request.
    skins : Skins
    n_builds, n_prunings : int
        Number of searches for candidates, and of fillings of the slices.
    """

    def __init__(self, requests: Sequence[ListRequest], skin: float | None = None) -> None:
        self.requests = tuple(requests)
        self.skins = Skins(None if skin is None else float(skin))
        self.n_builds = 0
        self.n_prunings = 0
        self.rows: FloatArray = geometry.aligned_rows(2)
        self.single_rows = geometry.aligned_rows(0, np.float32)
        self.row_atoms: Int32Array = _NO_ATOMS
        self.lists = [SlicedList(request, WIDE_LANES if request.single else LANES) for request in self.requests]
        self._wants_single = any(request.single for request in self.requests)
        self._between_layers = any(request.between_layers for request in self.requests)
        self._origin: FloatArray = np.zeros(3)
        self._row_shifts: Int32Array = _NO_SHIFTS
        self._outer, self._inner = _Moment(), _Moment()
        self._age = 0
        self._largest: FloatArray = np.zeros(0)
        self._cutoff = max((float(r.cutoffs.max(initial=0.0)) for r in self.requests), default=0.0)

    # ------------------------------------------------------------------------------------------ public
    @property
    def skin(self) -> float:
        """Outer skin [Å]."""
        return self.skins.outer

    def rows_of(self, sliced: SlicedList) -> NDArray[Any]:
        """Return the coordinate rows to which a list refers."""
        return self.single_rows if sliced.request.single else self.rows

    def update(self, system: System) -> bool:
        """Update lists and coordinate rows to the positions of the system.

        Returns
        -------
        bool
            Whether candidates were searched.

        Raises
        ------
        ExplosionError
            If a position is not finite.
        NeighborOverflowError
            If atoms have collapsed onto each other.
        """
        self._age += 1
        if self._follow(system):
            return False
        rebuilt = not self._candidates_are_valid(system)
        if rebuilt:
            self.skins.choose()
            self._search(system, system.positions, system.cell.matrix)
            self._refresh_rows(system.positions, system.cell.matrix)
        self._prune(system.positions, system.cell.matrix)
        return rebuilt

    def state(self) -> dict[str, Any]:
        """Return the data from which the lists are rebuilt: positions and cell of both levels, skins, and age."""
        return {
            "outer_positions": self._outer.positions.copy(),
            "outer_cell": self._outer.matrix.copy(),
            "inner_positions": self._inner.positions.copy(),
            "inner_cell": self._inner.matrix.copy(),
            "skins": self.skins.state(),
            "age": self._age,
        }

    def restore(self, system: System, state: Mapping[str, Any]) -> None:
        """Rebuild the lists of a `state`, and update the rows to the positions of the system.

        Raises
        ------
        InputError
            If positions, cells or skins are none.
        """
        if len(state["outer_positions"]) == 0:
            return
        self.skins.restore(state["skins"])
        outer, inner = (
            (_stored(state, f"{level}_positions", (system.n_atoms, 3)), _stored(state, f"{level}_cell", (3, 3)))
            for level in ("outer", "inner")
        )
        self._search(system, *outer)
        self._refresh_rows(*inner)
        self._prune(*inner)
        self._age = int(state["age"])
        self._refresh_rows(system.positions, system.cell.matrix)

    def invalidate(self) -> None:
        """Discard the lists: the next update searches for candidates."""
        self._outer, self._inner = _Moment(), _Moment()

    # ------------------------------------------------------------------------------------------ validity
    # With the cell deformed by A since a list was made, r_now = r_then A + u, so a pair now within r was within
    # |A^-1| (r + 2 u) then.
    def _follow(self, system: System) -> bool:
        """Update the rows; return whether every pair within a cutoff is certainly still in the slices."""
        if len(self._inner.positions) != system.n_atoms or system.n_atoms == 0:
            return False
        affine, is_affine, compression = self._inner.strain(system.cell.matrix)
        geometry.follow_atoms(
            system.positions, self._inner.positions, affine, is_affine, self.row_atoms, self._row_shifts,
            system.cell.matrix, self.rows, self._largest,
        )  # fmt: skip
        self._refresh_single_rows()
        moved = self._moved()
        if 2.0 * moved < (self._cutoff + self.skins.inner) / compression - self._cutoff:
            return True
        self.skins.observe(moved, self._age)
        return False

    def _candidates_are_valid(self, system: System) -> bool:
        """Return whether every pair within the inner skin is certainly still among the candidates."""
        if len(self._outer.positions) != system.n_atoms or system.n_atoms == 0 or self.skins.inner <= 0.0:
            return False
        affine, is_affine, compression = self._outer.strain(system.cell.matrix)
        geometry.fill_largest_displacements(system.positions, self._outer.positions, affine, is_affine, self._largest)
        moved = self._moved()
        reach = self._cutoff + self.skins.inner
        return 2.0 * moved < (self._cutoff + self.skins.outer) / compression - reach

    def _moved(self) -> float:
        """Return the largest displacement [Å] of the last check."""
        return math.sqrt(float(self._largest.max(initial=0.0)))

    # ------------------------------------------------------------------------------------------ building
    def _search(self, system: System, positions: FloatArray, matrix: FloatArray) -> None:
        outer, inner = self.skins.outer, self.skins.inner
        reach = np.zeros(len(system.species_names))
        for request in self.requests:
            reach = np.maximum(reach, request.radii(outer).max(axis=0, initial=0.0))
        # discard the old lists first: this saves memory, and a search may fail
        self.invalidate()
        self.rows, self.row_atoms, self._row_shifts = geometry.aligned_rows(2), _NO_ATOMS, _NO_SHIFTS
        images = find_images(system, positions, matrix, reach)
        n_rows = len(images.atoms)
        self.row_atoms, self._row_shifts = images.atoms, images.shifts
        layers = find_layers(system, positions, matrix) if self._between_layers else None
        for sliced in self.lists:
            sliced.search(system, images, outer, inner, layers)
        self.rows = geometry.aligned_rows(n_rows + 2)
        self.rows[:, 3] = 0.0
        self.rows[n_rows] = (geometry.NEIGHBOR_PADDING,) * 3 + (0.0,)
        self.rows[n_rows + 1] = (geometry.CENTER_PADDING,) * 3 + (0.0,)
        if self._wants_single:
            present = positions if system.present is None else positions[system.present]
            self._origin = np.mean(present, axis=0) if len(present) else np.zeros(3)
            self.single_rows = geometry.aligned_rows(n_rows + 2, np.float32)
            self.single_rows[:, 3] = 0.0
        self._largest = np.zeros((system.n_atoms + geometry.CHUNK - 1) // geometry.CHUNK)
        self._outer.take(positions, matrix)
        self.n_builds += 1

    def _prune(self, positions: FloatArray, matrix: FloatArray) -> None:
        """Fill the slices; the rows must hold these positions and this cell."""
        for sliced in self.lists:
            sliced.prune(self.rows, self.skins.inner)
        self._inner.take(positions, matrix)
        self._age = 0
        self.n_prunings += 1

    def _refresh_rows(self, positions: FloatArray, matrix: FloatArray) -> None:
        geometry.fill_rows(positions, self.row_atoms, self._row_shifts, matrix, self.rows)
        self._refresh_single_rows()

    def _refresh_single_rows(self) -> None:
        if self._wants_single:
            geometry.fill_single_rows(self.rows, self._origin, self.single_rows)
