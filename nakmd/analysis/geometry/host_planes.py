"""The atomic planes of a crystal slab on which atoms are deposited, and the layers above them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.system import Topology

#: Name of the group of a layer of a slab (`nakmd.structures.crystal_slab`).
LAYER_NAME = re.compile(r"layer_(\d+)")


@dataclass(frozen=True)
class HostPlanes:
    """The planes of a slab in one frame, and the planes of a film that continues it.

    Attributes
    ----------
    top : float [Å]
        Height of the highest plane of the slab, layer 0.
    spacing : float [Å]
        Distance of the planes of the slab.
    sites : float
        Atoms of a full plane.
    area : float [Å²]
        Of the cell.
    """

    top: float
    spacing: float
    sites: float
    area: float

    @property
    def lattice(self) -> float:
        """Cubic lattice constant [Å] of bcc with these planes, on any face: two atoms in a³."""
        return float(np.cbrt(2.0 * self.spacing * self.area / self.sites))

    def layers_of(self, heights: FloatArray, film_spacing: float) -> IntArray:
        """Return the layer of each atom: 0 is the highest plane of the slab, 1 the first one above it.

        Parameters
        ----------
        heights : (n,) float64 [Å]
        film_spacing : float [Å]
            Distance of the planes of the film. The first one is the mean of both distances above the slab. An atom
            belongs to the nearest plane.
        """
        above = (heights - self.top - 0.5 * (self.spacing + film_spacing)) / film_spacing
        below = (heights - self.top) / self.spacing
        # halfway between the highest plane of the slab and the first one of the film
        on_film = heights > self.top + 0.25 * (self.spacing + film_spacing)
        return np.where(on_film, np.maximum(np.rint(above), 0.0) + 1.0, np.minimum(np.rint(below), 0.0)).astype(
            np.int64
        )


class HostLayers:
    """The groups "layer_1" (bottom) to "layer_n" of a slab, and its planes in a frame.

    Parameters
    ----------
    topology : Topology

    Raises
    ------
    AnalysisError
        If there are fewer than two such groups.
    """

    def __init__(self, topology: Topology) -> None:
        found = {int(match[1]): name for name in topology.groups if (match := LAYER_NAME.fullmatch(name))}
        self.groups: list[IntArray] = [np.flatnonzero(topology.groups[found[number]]) for number in sorted(found)]
        if len(self.groups) < 2 or not all(len(group) for group in self.groups):
            raise AnalysisError(
                'The growth of a film needs the layers of its substrate: groups "layer_1" (bottom), "layer_2" and on. '
                "A deck has them for [structure.crystal] with a face; for another slab, add the groups to the topology."
            )
        self.sites = float(np.mean([len(group) for group in self.groups]))
        # the lower half stays a crystal when the surface disorders
        self._crystalline = max(2, len(self.groups) // 2)

    def planes(self, positions: FloatArray, present: BoolArray, cell: Cell) -> HostPlanes:
        """Return the planes through the lower half of the slab.

        Parameters
        ----------
        positions : (n, 3) float64 [Å]
            Of all atoms.
        present : (n,) bool
            Atoms that are there.
        cell : Cell

        Raises
        ------
        AnalysisError
            If the third cell vector is not along z and normal to the others, or the layers do not follow each other.
        """
        matrix = cell.matrix
        if np.any(np.abs(matrix[2, :2]) > 1e-9) or np.any(np.abs(matrix[:2, 2]) > 1e-9):
            raise AnalysisError("The growth of a film needs a slab in the xy plane and a third cell vector along z.")
        lower = [group[present[group]] for group in self.groups[: self._crystalline]]
        heights = np.array([positions[group, 2].mean() for group in lower if len(group)])
        if len(heights) < len(lower):
            raise AnalysisError("All atoms of a layer in the lower half of the slab have evaporated.")
        spacing, first = np.polyfit(np.arange(len(heights)), heights, 1)
        if not spacing > 0.0:
            raise AnalysisError('The groups "layer_1", "layer_2" and on do not follow each other along z.')
        area = abs(float(np.linalg.det(matrix[:2, :2])))
        return HostPlanes(float(first + spacing * (len(self.groups) - 1)), float(spacing), self.sites, area)
