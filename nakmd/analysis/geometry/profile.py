"""Histogram of atoms over the distance from the wall, or over the position along the cell."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nakmd.analysis.base import notes_on_blocks, require_finite, select
from nakmd.analysis.geometry.column import place_column
from nakmd.analysis.geometry.layering import find_bulk
from nakmd.analysis.geometry.surfaces import AXES, Box, Placed
from nakmd.analysis.geometry.wall import WallShape, find_shape
from nakmd.analysis.numerics.block_sums import BlockSums
from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.elements import METALS, WALL, element_of
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology

#: Range of a profile [Å] along an open direction: beyond the farthest atom, and at most in all.
MARGIN, FARTHEST = 5.0, 200.0


class Profile:
    """Atoms of each species, volume and area in bins of the distance from the wall, summed over frames.

    Parameters
    ----------
    species, about, axis, width, reach
        As in `nakmd.analysis.Density`.

    Attributes
    ----------
    names : tuple of str
        Species counted.
    chosen : (m,) int64
        The atoms of these species.
    sides : tuple of str
        Sides of the wall; set by the first frame, like the edges.
    edges : (n_bins + 1,) float64 [Å]
    mass_of : (n_species,) float64 [amu]
        Mean atomic mass of each species.
    shape : WallShape or None
        None if distances are not measured from the wall.
    sums : BlockSums
        Tables (n_sides, n_species + 2, n_bins): atoms of each species, volume [Å³] of the bins, area [Å²] of the
        surface.

    Notes
    -----
    The shape of the wall is determined in the first frame (sheets parallel to a face of the cell, or a tube along a
    cell vector: `nakmd.analysis.geometry.wall`), its plane, or its axis and radius, in every frame. Distances are
    measured from the carbon nuclei. Each atom is on one side: above or below the sheets, outside or inside the tube;
    atoms between several sheets or shells are not counted. Of several parallel tubes it is the nearest that counts, and
    the volume of a bin is that around all of them.

    Around a tube in a periodic cell, shells are complete up to half the width of the cell. Larger shells extend into
    its corners; their volume is the part inside the cell.
    """

    def __init__(
        self,
        species: Sequence[str] | None = None,
        about: str = "wall",
        axis: str = "z",
        width: float = 0.2,
        reach: float | None = None,
    ) -> None:
        if about not in ("wall", "cell", "center", "axis"):
            raise AnalysisError(f"The origin of a profile must be 'wall', 'cell', 'center' or 'axis', got {about!r}.")
        if axis not in AXES:
            raise AnalysisError(f"The axis of a profile must be 'x', 'y' or 'z', got {axis!r}.")
        if not width > 0.0 or not (reach is None or reach >= width):
            raise AnalysisError(
                f"A profile needs a positive bin width and a reach of at least that, got {width} and {reach} Å."
            )
        self.species = None if species is None else tuple([species] if isinstance(species, str) else species)
        self.about, self.axis = about, axis
        self.width, self.reach = float(width), None if reach is None else float(reach)

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms and the wall."""
        present = [topology.species_names[s] for s in np.unique(topology.species)]
        elements = list(dict.fromkeys(element_of(name) for name in present))
        wanted = self.species
        if wanted is None:
            wanted = tuple(e for e in elements if e in METALS) if self.about == "wall" else tuple(elements)
        self._wall = np.isin(topology.species, [s for s, e in enumerate(topology.elements) if e in WALL])
        if self.about == "wall" and not np.any(self._wall):
            raise AnalysisError(
                f"A profile from the wall needs wall atoms ({', '.join(WALL)}); this system has only "
                f"{', '.join(present)}. Without a wall, use about='cell' or about='center'."
            )
        if not wanted:
            raise AnalysisError(
                f"A profile of the liquid needs metal atoms; this system has only {', '.join(present)}. Pass species= "
                "for other atoms."
            )
        kinds = np.full(topology.n_atoms, -1, dtype=np.int64)
        for kind, word in enumerate(wanted):
            mask = select(topology, word)
            if np.any(kinds[mask] >= 0):
                raise AnalysisError(
                    f"{word!r} shares atoms with {wanted[int(kinds[mask].max())]!r}. Pass species= without overlap."
                )
            kinds[mask] = kind
        self.names = wanted
        self.chosen = np.flatnonzero(kinds >= 0)
        self._kinds = kinds[self.chosen]
        self._masses = topology.masses[self.chosen]
        self.mass_of = np.array([self._masses[self._kinds == k].mean() for k in range(len(wanted))])
        self.shape: WallShape | None = None
        self.edges: FloatArray = np.zeros(0)
        self.sums = BlockSums()

    def place(self, frame: Frame) -> Placed:
        """Return the reference surface of the distances in one frame."""
        if self.about == "wall":
            wall = frame.positions[self._wall]
            require_finite(wall)
            if self.shape is None:
                self.shape = find_shape(wall, frame.cell)
            return self.shape.place(wall, frame.cell)
        if self.about == "axis":
            return place_column(frame.positions[self.chosen], self._masses, frame.cell, AXES.index(self.axis))
        box = Box.of(frame.cell, AXES.index(self.axis))
        if self.about == "cell":
            return box
        here = slice(None) if frame.present is None else frame.present[self.chosen]
        return box.around(frame.positions[self.chosen][here], self._masses[here])

    @property
    def kind(self) -> str:
        """Shape of the bins, ``"planar"`` or ``"cylindrical"``; known after the first frame."""
        if self.about == "axis":
            return "cylindrical"
        return "planar" if self.shape is None else self.shape.kind

    def binned(self, frame: Frame) -> tuple[Placed, BoolArray, IntArray]:
        """Return the reference surface of a frame, the mask of the chosen atoms in a bin, and the bins of those.

        Bins are numbered side by side: ``side * n_bins + bin``. The first frame sets sides and edges.
        """
        placed = self.place(frame)
        points = frame.positions[self.chosen]
        side, distance = placed.locate(points)
        require_finite(distance)
        if frame.present is not None:  # parked atoms are on no side
            here = frame.present[self.chosen]
            side, distance = np.where(here, side, -1), np.where(here, distance, 0.0)
        if not len(self.edges):
            self._begin(placed, distance)
            self._occupied: BoolArray = np.zeros(len(self.sides), dtype=np.bool_)
            self._covered = [
                self.shape is None or self.shape.covered(points[side == row], placed, frame.cell)
                for row in range(len(self.sides))
            ]
        n_bins = len(self.edges) - 1
        bins = np.floor((distance - self.edges[0]) / self.width).astype(np.int64)
        counted = (side >= 0) & (bins >= 0) & (bins < n_bins)
        self._occupied[side[counted]] = True
        return placed, counted, side[counted] * n_bins + bins[counted]

    def update(self, frame: Frame) -> None:
        """Count the atoms of one frame."""
        placed, counted, places = self.binned(frame)
        n_sides, n_bins = len(self.sides), len(self.edges) - 1
        flat = (places // n_bins * len(self.names) + self._kinds[counted]) * n_bins + places % n_bins
        # rows: one per kind, the volume of the bins, and the area of the surface
        table = np.empty((n_sides, len(self.names) + 2, n_bins))
        counts = np.bincount(flat, minlength=n_sides * len(self.names) * n_bins)
        table[:, :-2] = counts.reshape(n_sides, len(self.names), n_bins)
        table[:, -2] = placed.volumes(self.edges)
        table[:, -1] = placed.areas[:, None]
        self.sums.add(table)

    def _begin(self, placed: Placed, distance: FloatArray) -> None:
        self.sides = placed.sides
        end = self.reach
        if end is None:
            end = float(placed.reach.max())
            if not math.isfinite(end):
                end = min(float(np.abs(distance).max()) + MARGIN, FARTHEST)
        n_bins = max(1, math.ceil(end / self.width - 1e-9))
        first = -n_bins if self.about == "center" else 0
        self.edges = self.width * np.arange(first, n_bins + 1, dtype=np.float64)

    def bulks(self, asked: tuple[float, float] | None) -> dict[int, BoolArray]:
        """Return the bins of the bulk region on each side that has one.

        Parameters
        ----------
        asked : (float, float) [Å], optional
            As in `find_bulk`.

        Raises
        ------
        AnalysisError
            If no side has one, with the reason for the first side with atoms.
        """
        regions: dict[int, BoolArray] = {}
        reasons = []
        for row, side in enumerate(self.sides):
            number, volume = self.sums.mean[row, :-2], self.sums.mean[row, -2]
            if not np.any(number > 0.0):
                continue
            if not self._covered[row]:
                reasons.append(
                    f"The liquid {side} leaves part of the wall bare, as a droplet does, so there is no bulk liquid "
                    "over the whole wall. Use a film that covers it."
                )
                continue
            try:
                regions[row] = find_bulk(self.edges, number, volume, asked, side)
            except AnalysisError as error:
                reasons.append(str(error))
        if not regions:
            no_atoms = f"There are no atoms of {', '.join(self.names)} on either side of the wall in any frame."
            raise AnalysisError(reasons[0] if reasons else no_atoms)
        return regions

    def notes(self, frames: int | None = None) -> tuple[str, ...]:
        """Return the conventions of the profile as notes for the report.

        Parameters
        ----------
        frames : int, optional
            Number of frames, if others than those of `update` were measured.
        """
        if self.shape is None:
            start = "the origin of the cell" if self.about == "cell" else "the centre of mass"
            notes = [f"positions along {self.axis} from {start}"]
            if self.about == "axis":
                notes = [f"distance from the axis along {self.axis} through the centre of mass"]
        elif self.shape.kind == "planar":
            notes = [f"distance from the mean plane of the carbon nuclei, along {AXES[self.shape.axis]}"]
        else:
            nearest = ", of the nearest tube" if self.shape.tubes else ""
            notes = [f"distance from the mean radius of the carbon nuclei{nearest}, {self.shape.words}"]
        notes.append(f"bins of {self.width:g} Å")
        bare = [side for row, side in enumerate(self.sides) if not self._covered[row] and self._occupied[row]]
        if bare:
            notes.append(f"liquid {' and '.join(bare)} leaves part of the wall bare: averages over droplet and vacuum")
        return (*notes, *notes_on_blocks(self.sums.count if frames is None else frames))
