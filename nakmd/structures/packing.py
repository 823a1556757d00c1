"""Random packing without overlaps: a jittered lattice in the free space, relaxed until all distances are met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.errors import StructureError
from nakmd.kernels.close_pairs import CHUNK
from nakmd.kernels.geometry import CHUNK as DISPLACEMENT_CHUNK
from nakmd.kernels.geometry import fill_largest_displacements
from nakmd.kernels.grid_points import fill_lattice
from nakmd.kernels.packed_atoms import fill_overlap_forces
from nakmd.structures.cell_bins import CellBins
from nakmd.structures.distances import distance_between
from nakmd.structures.obstacles import Obstacles
from nakmd.structures.regions import Region
from nakmd.structures.springs import descend

#: Factor on the requested distances, so that the relaxation ends instead of approaching them slowly.
MARGIN = 1.02

#: Skin [Å] of the pair list, which is rebuilt when an atom has moved half of it.
SKIN = 1.0

#: Largest displacement of the lattice points along each axis, in lattice constants. At one half every point is uniform
#: in one cube of the lattice: Bragg peaks vanish, and the density is uniform on longer scales.
JITTER = 0.5

MAX_STEPS, LARGEST_MOVE = 3000, 0.2

#: Depth [Å] beyond which an atom cannot leave the region before partners are found again: half the skin, and a step.
AT_BOUNDARY = 0.5 * SKIN + 2.0 * LARGEST_MOVE

#: A relaxation has stalled if the worst overlap shrinks by less than a twentieth within this number of steps: an atom
#: is caught between others, and further steps would not free it. Usual packings take 50 steps.
PATIENCE, LEAST_PROGRESS = 300, 0.05

#: Times that caught atoms are moved out of their place, and the largest fraction of the atoms that may be caught: with
#: more, the region is too full.
RESCUES, MOST_CAUGHT = 3, 0.001


def pack(
    elements: Sequence[str],
    region: Region,
    cell: Cell,
    obstacles: FloatArray,
    obstacle_elements: Sequence[str],
    min_distances: Mapping[tuple[str, str], float],
    random: np.random.Generator,
) -> FloatArray:
    """Place atoms at random in a region, with minimum distances to each other and to obstacles.

    Parameters
    ----------
    elements : sequence of str, (n,)
        Elements of the atoms to place.
    region : Region
    cell : Cell
    obstacles : (k, 3) float64 [Å]
        Fixed atoms.
    obstacle_elements : sequence of str, (k,)
    min_distances : mapping of (str, str) to float [Å]
        For all pairs of elements, metal-obstacle pairs included.
    random : numpy.random.Generator

    Returns
    -------
    (n, 3) float64 [Å]

    Raises
    ------
    StructureError
        If the atoms do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Cell
    >>> from nakmd.structures import Inside, composition, pack
    >>> cell = Cell([20.0, 20.0, 20.0])
    >>> shortest = {("Na", "Na"): 3.0, ("K", "Na"): 3.2, ("K", "K"): 3.4}
    >>> random = np.random.default_rng(1)
    >>> pack(composition(100, 0.5), Inside(cell), cell, np.zeros((0, 3)), [], shortest, random).shape
    (100, 3)
    """
    kinds, requested = _numbered(elements)
    obstacle_kinds, obstacle_kind = _numbered(obstacle_elements)
    among = _contacts(kinds, kinds, min_distances)
    against = _contacts(kinds, obstacle_kinds, min_distances)
    start = _lattice_points(
        len(elements), region, cell, obstacles, float(against.max(initial=0.0)), float(among.min()), random
    )
    kind = requested[np.argsort(random.random(len(requested)), kind="stable")]
    contacts = _Contacts(cell, kind, among, obstacles, obstacle_kind, against, region)
    for _ in range(RESCUES + 1):
        relaxed, _ = descend(
            start,
            contacts.forces,
            contacts.done,
            max_steps=MAX_STEPS,
            largest_move=LARGEST_MOVE,
            project=contacts.confine,
        )
        caught = contacts.overlapping(relaxed)
        if not 0 < caught.sum() <= max(MOST_CAUGHT * len(elements), 2):
            break
        # in the middle of a ring of the wall, the repulsion of its atoms cancels: out of it, into the region
        start = relaxed
        start[caught] += float(against.max(initial=SKIN)) * region.inward(start[caught])
        contacts.begin()
    if contacts.worst(relaxed) < 1.0:
        raise StructureError(
            f"{len(elements)} atoms do not fit: after relaxation the closest two are at {contacts.worst(relaxed):.1%} "
            "of their minimum distance. Reduce the number of atoms or the density, enlarge the region, or "
            "give smaller min_distances in Python."
        )
    # restore the order of `elements`; each atom gets a random site of its kind
    sites = np.empty_like(relaxed)
    for k in range(len(kinds)):
        sites[requested == k] = relaxed[kind == k]
    return sites


def _numbered(elements: Sequence[str]) -> tuple[list[str], IntArray]:
    """Return the different elements, sorted, and the number of each one given."""
    kinds = sorted(set(elements))
    numbers = {element: k for k, element in enumerate(kinds)}
    return kinds, np.fromiter(map(numbers.__getitem__, elements), dtype=np.int64, count=len(elements))


def _contacts(
    first: Sequence[str], second: Sequence[str], min_distances: Mapping[tuple[str, str], float]
) -> FloatArray:
    table = np.zeros((len(first), len(second)))
    for a, name_a in enumerate(first):
        for b, name_b in enumerate(second):
            distance = distance_between(min_distances, name_a, name_b)
            if distance is None or not distance > 0.0:
                raise StructureError(f"No minimum distance is given between {name_a} and {name_b}.")
            table[a, b] = distance
    return table


def _lattice_points(
    n: int,
    region: Region,
    cell: Cell,
    obstacles: FloatArray,
    clearance: float,
    contact: float,
    random: np.random.Generator,
) -> FloatArray:
    """Return n points of a jittered body-centred lattice, just dense enough, outside the obstacles."""
    walls = Obstacles(obstacles, cell, clearance) if len(obstacles) else None
    offset = random.random(3)
    spacing = (2.0 * cell.volume / n) ** (1.0 / 3.0)
    capacity = 0
    # bcc points at 0.6 contact cannot be relaxed to full contact
    while spacing * 0.5 * np.sqrt(3.0) > 0.6 * contact:
        counts = np.maximum(1, np.rint(cell.lengths / spacing)).astype(np.int64)
        points = np.empty((2 * int(np.prod(counts)), 3))
        fill_lattice(counts, offset, cell.matrix, points)
        points = points[region.depth(points) >= 0.0]
        if walls is not None:
            points = points[walls.clear_of(points)]
        capacity = max(capacity, len(points))
        if len(points) >= n:
            chosen = np.sort(np.argsort(random.random(len(points)), kind="stable")[:n])
            jitter = JITTER * spacing * (2.0 * random.random((n, 3)) - 1.0)
            return region.confine(points[chosen] + jitter)
        # a smaller step than the missing points require, to avoid overshooting
        spacing *= min(0.99, max(0.7, (len(points) / n) ** 0.3))
    raise StructureError(
        f"{n} atoms do not fit: even at {spacing * 0.5 * np.sqrt(3.0):.2f} Å between neighbours the region holds only "
        f"{capacity} at least {clearance:.2f} Å from the existing atoms. Reduce the number or enlarge the region."
    )


class _Contacts:
    """The overlaps of the moving atoms with each other and with the obstacles, and the region that they stay in."""

    def __init__(
        self,
        cell: Cell,
        kind: IntArray,
        among: FloatArray,
        obstacles: FloatArray,
        obstacle_kind: IntArray,
        against: FloatArray,
        region: Region,
    ) -> None:
        self.cell, self.kind, self.among, self.region = cell, kind, among, region
        self.against = against if against.size else np.ones((len(among), 1))
        self.reach = float(max(among.max(), against.max(initial=0.0))) * MARGIN + SKIN
        self.listed: FloatArray | None = None
        self._overlaps: list[float] = []
        self._rows: IntArray | None = None
        n = len(kind)
        self.walls = Obstacles(obstacles, cell, self.reach, SKIN) if len(obstacles) else None
        self.obstacle_points = np.zeros((0, 3)) if self.walls is None else self.walls.points
        self.obstacle_kind = obstacle_kind if self.walls is None else obstacle_kind[self.walls.atom]
        self._first, self._near = np.zeros(n + 1, dtype=np.int64), np.zeros(0, dtype=np.int32)
        self._forces, self._overlapping = np.empty((n, 3)), np.empty(n, dtype=np.bool_)
        self._worst = np.empty((n + CHUNK - 1) // CHUNK)
        self._largest = np.empty((n + DISPLACEMENT_CHUNK - 1) // DISPLACEMENT_CHUNK)

    def _list(self, x: FloatArray) -> None:
        """Find the partners and the obstacles of each atom; those near it start from its wrapped position."""
        bins = CellBins(x, self.cell, self.reach)
        self._rows, self._counts = bins.partners(self._rows)
        self._shifts = bins.shifts
        self._lift = x - bins.points
        if self.walls is not None:
            self._first, self._near = self.walls.near(bins.points)
        self.listed = x.copy()
        self._at_boundary = np.flatnonzero(self.region.depth(x) < AT_BOUNDARY)

    def _measure(self, x: FloatArray) -> float:
        """Compute forces and overlaps; return the smallest ratio of a distance to its minimum."""
        if self.listed is not None:
            fill_largest_displacements(x, self.listed, np.eye(3), False, self._largest)
        if self.listed is None or float(np.sqrt(self._largest.max())) > 0.5 * SKIN:
            self._list(x)
        fill_overlap_forces(
            x, self._rows, self._counts, self._shifts, self.cell.matrix, self.kind, self.among, self._lift, self._first,
            self._near, self.obstacle_points, self.obstacle_kind, self.against, MARGIN, self._forces, self._worst,
            self._overlapping,
        )  # fmt: skip
        return float(self._worst.min())

    def forces(self, x: FloatArray) -> FloatArray:
        """Return -d/dx of the sum of (contact - r)²/2 over all overlaps, (n, 3), valid until the next call."""
        self._now = self._measure(x)
        return self._forces

    def worst(self, x: FloatArray) -> float:
        """Return the smallest ratio of distance to minimum distance, infinite if none is near 1."""
        return self._measure(x)

    def overlapping(self, x: FloatArray) -> BoolArray:
        """Return which atoms are closer to another one, or to an obstacle, than their minimum distance, (n,)."""
        self._measure(x)
        return self._overlapping

    def confine(self, x: FloatArray) -> FloatArray:
        """Move atoms outside the region onto its boundary, in place.

        Only those that were near the boundary when partners were found can be outside, as depths change no faster than
        positions; with minimum images in a cell that is not orthorhombic they may.
        """
        if not self.cell.is_orthorhombic:
            return self.region.confine(x)
        if len(self._at_boundary):
            x[self._at_boundary] = self.region.confine(x[self._at_boundary])
        return x

    def begin(self) -> None:
        """Forget the overlaps so far, before a relaxation from another start."""
        self._overlaps.clear()

    def done(self, _: FloatArray, __: FloatArray) -> bool:
        """Return whether every minimum distance is met at the last forces, or no further progress can be expected."""
        overlap = 1.0 - self._now
        self._overlaps.append(overlap)
        earlier = self._overlaps[-PATIENCE - 1] if len(self._overlaps) > PATIENCE else np.inf
        return overlap <= 0.0 or overlap > (1.0 - LEAST_PROGRESS) * earlier
