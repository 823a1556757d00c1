"""Places whose occupants change: the neighbours of any one or two of them, without lists."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import FloatArray, Int32Array, IntArray
from nakmd.kernels import exchange_sites
from nakmd.neighbors.images import Images, find_images
from nakmd.system import System

#: Neighbours of one place for which there is room at first: liquid NaK has 120 within 10 Å.
CAPACITY = 1024


class Sites:
    """The places of all atoms at one step, and the species at each of them.

    Neighbour lists order rows and columns by species, so a change would break them. Here the bins of all rows are
    searched for the neighbours of the places of a trial: its cost does not depend on the number of atoms. The bins
    are sorted once for all trials of a step, which is a part of what a search for lists does.

    Parameters
    ----------
    near : (n_species,) float64 [Å]
        Largest distance of the neighbours of each species from a place whose occupant changes; the same for all
        species that come and go, and 0 for those that do not interact with them.
    far : (n_species,) float64 [Å]
        The same from any place, at least ``near``.

    Attributes
    ----------
    labels : (n,) int64
        Species at each place; place i is where atom i was when `begin` was called.
    changed, after : (m,) int64
        The places of the trial, one or two, and the species that each would get.
    places, distances : (2, capacity) int32 and float64 [Å]
        Neighbours of these places within reach; a place occurs once for each of its images.
    counts : (2,) int64
    images : Images
    home : (n,) int64
        Row of each place in the cell.
    """

    images: Images

    def __init__(self, near: FloatArray, far: FloatArray) -> None:
        self._near, self._far = near, far
        self.labels: IntArray = np.zeros(0, np.int64)
        self.home: IntArray = np.zeros(0, np.int64)
        self.changed: IntArray = np.zeros(2, np.int64)
        self.after: IntArray = np.zeros(2, np.int64)
        self.counts: IntArray = np.zeros(2, np.int64)
        self._make_room(CAPACITY)

    def begin(self, system: System) -> None:
        """Take the positions and species of a system.

        Raises
        ------
        ExplosionError, NeighborOverflowError
            As from `nakmd.neighbors.images.find_images`.
        """
        self.images = find_images(system, system.positions, system.cell.matrix, self._far)
        self.labels = system.species.astype(np.int64)
        if len(self.home) != system.n_atoms:
            self.home = np.zeros(system.n_atoms, np.int64)
        self.home[self.images.atoms[self.images.home]] = self.images.home

    def choose_exchange(self, first: int, second: int) -> None:
        """Try to exchange the species at two places."""
        self._choose((first, second), (self.labels[second], self.labels[first]))

    def choose_change(self, place: int, species: int) -> None:
        """Try to give a place another species."""
        self._choose((place,), (species,))

    def _choose(self, places: tuple[int, ...], species: tuple[int, ...]) -> None:
        """Find the neighbours of the places of a trial."""
        if len(self.changed) != len(places):
            self.changed, self.after = np.zeros(len(places), np.int64), np.zeros(len(places), np.int64)
            self.counts[:] = 0
        self.changed[:], self.after[:] = places, species
        while True:
            exchange_sites.find_all(
                self.images.grid, self.images.atoms, self.home, self.changed, self._near,
                self.places, self.distances, self.counts,
            )  # fmt: skip
            if self.counts.max() <= self.capacity:
                return
            self._make_room(2 * int(self.counts.max()))

    def accept(self) -> None:
        """Give the places of the trial their new species."""
        self.labels[self.changed] = self.after

    @property
    def capacity(self) -> int:
        """Neighbours of one place for which there is room."""
        return int(self.places.shape[1])

    def _make_room(self, capacity: int) -> None:
        self.places: Int32Array = np.zeros((2, capacity), np.int32)
        self.distances: FloatArray = np.zeros((2, capacity))
