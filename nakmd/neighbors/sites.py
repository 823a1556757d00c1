"""Places whose occupants are exchanged: the neighbours of any two of them, without lists."""

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

    Neighbour lists order rows and columns by species, so an exchange would break them. Here the bins of all rows are
    searched for the neighbours of the two places of a trial: its cost does not depend on the number of atoms. The bins
    are sorted once for all trials of a step, which is a part of what a search for lists does.

    Parameters
    ----------
    near : (n_species,) float64 [Å]
        Largest distance of the neighbours of each species from a place whose occupant is exchanged; the same for all
        species that are exchanged, and 0 for those that do not interact with them.
    far : (n_species,) float64 [Å]
        The same from any place, at least ``near``.

    Attributes
    ----------
    labels : (n,) int64
        Species at each place; place i is where atom i was when `begin` was called.
    pair : (2,) int64
        The two places of the trial.
    places, distances : (2, capacity) int32 and float64 [Å]
        Neighbours of the two places within reach; a place occurs once for each of its images.
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
        self.pair: IntArray = np.zeros(2, np.int64)
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

    def choose(self, first: int, second: int) -> None:
        """Find the neighbours of two places."""
        self.pair[0], self.pair[1] = first, second
        while True:
            exchange_sites.find_both(
                self.images.grid, self.images.atoms, self.home, self.pair, self._near,
                self.places, self.distances, self.counts,
            )  # fmt: skip
            if self.counts.max() <= self.capacity:
                return
            self._make_room(2 * int(self.counts.max()))

    def exchange(self) -> None:
        """Exchange the species at the two places."""
        first, second = self.pair
        self.labels[first], self.labels[second] = self.labels[second], self.labels[first]

    @property
    def capacity(self) -> int:
        """Neighbours of one place for which there is room."""
        return int(self.places.shape[1])

    def _make_room(self, capacity: int) -> None:
        self.places: Int32Array = np.zeros((2, capacity), np.int32)
        self.distances: FloatArray = np.zeros((2, capacity))
