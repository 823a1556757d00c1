"""Random packing without overlaps: a jittered lattice in the free space, relaxed until all distances are met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import scipy  # scipy loads spatial (0.2 s) on first use

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.errors import StructureError
from nakmd.structures.distances import distance_between, images_around, lengths_of, pairs_within, to_cartesian
from nakmd.structures.regions import Region
from nakmd.structures.springs import descend

#: Factor on the requested distances, so that the relaxation ends instead of approaching them slowly.
MARGIN = 1.02

#: Skin [Å] of the pair list, which is rebuilt when an atom has moved half of it.
SKIN = 1.0

#: Largest displacement of the lattice points along each axis, in lattice constants. At one half every point is uniform
#: in one cube of the lattice: Bragg peaks vanish, and the density is uniform on longer scales.
JITTER = 0.5

MAX_STEPS = 3000

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
    """
    kinds = sorted(set(elements))
    obstacle_kinds = sorted(set(obstacle_elements))
    kind = np.array([kinds.index(element) for element in elements])
    obstacle_kind = np.array([obstacle_kinds.index(element) for element in obstacle_elements], dtype=np.int64)
    among = _contacts(kinds, kinds, min_distances)
    against = _contacts(kinds, obstacle_kinds, min_distances)
    start = _lattice_points(
        len(elements), region, cell, obstacles, float(against.max(initial=0.0)), float(among.min()), random
    )
    kind = kind[np.argsort(random.random(len(kind)), kind="stable")]
    contacts = _Contacts(cell, kind, among, obstacles, obstacle_kind, against)
    for _ in range(RESCUES + 1):
        relaxed, _ = descend(
            start, contacts.forces, contacts.done, max_steps=MAX_STEPS, largest_move=0.2, project=region.confine
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
            "of their minimum distance. Reduce the number of atoms or the density, enlarge the region, or allow "
            "smaller distances."
        )
    # restore the order of `elements`; each atom gets a random site of its kind
    sites = np.empty_like(relaxed)
    requested = np.array([kinds.index(element) for element in elements])
    for k in range(len(kinds)):
        sites[requested == k] = relaxed[kind == k]
    return sites


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
    tree = scipy.spatial.KDTree(images_around(obstacles, cell, clearance)[0]) if len(obstacles) else None
    offset = random.random(3)
    spacing = (2.0 * cell.volume / n) ** (1.0 / 3.0)
    capacity = 0
    # bcc points at 0.6 contact cannot be relaxed to full contact
    while spacing * 0.5 * np.sqrt(3.0) > 0.6 * contact:
        counts = np.maximum(1, np.rint(cell.lengths / spacing)).astype(int)
        axes = np.meshgrid(*(np.arange(c) for c in counts), indexing="ij")
        corner = np.stack([axis.ravel() for axis in axes], axis=1).astype(np.float64)
        fractional = np.concatenate([corner, corner + 0.5]) + offset
        points = to_cartesian((fractional / counts) % 1.0, cell.matrix)
        points = points[region.depth(points) >= 0.0]
        if tree is not None and len(points):
            # bounded, because a search from the axis of a wide tube would visit all of its atoms
            points = points[tree.query(points, distance_upper_bound=clearance)[0] >= clearance]
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
    """The overlaps of the moving atoms with each other and with the obstacles."""

    def __init__(
        self,
        cell: Cell,
        kind: IntArray,
        among: FloatArray,
        obstacles: FloatArray,
        obstacle_kind: IntArray,
        against: FloatArray,
    ) -> None:
        self.cell, self.kind, self.among, self.against = cell, kind, among, against
        self.reach = float(max(among.max(), against.max(initial=0.0))) * MARGIN + SKIN
        self.listed: FloatArray | None = None
        self._overlaps: list[float] = []
        self.obstacle_points = np.zeros((0, 3))
        self.obstacle_kind = obstacle_kind
        self.tree = None
        if len(obstacles):
            self.obstacle_points, atom, _ = images_around(obstacles, cell, self.reach + SKIN)
            self.obstacle_kind = obstacle_kind[atom]
            self.tree = scipy.spatial.KDTree(self.obstacle_points)

    def _list(self, x: FloatArray) -> None:
        """Build the pair lists; the search for obstacle images starts from the wrapped position of each atom."""
        # free the old lists before the new ones are built
        self.i = self.j = np.zeros(0, dtype=np.int64)
        self.offset, self.contact = np.zeros((0, 3)), np.zeros(0)
        self.i, self.j, shift = pairs_within(x, self.cell, self.reach)
        self.offset = to_cartesian(shift.astype(np.float64), self.cell.matrix)
        self.contact = self.among[self.kind[self.i], self.kind[self.j]]
        self.a = np.zeros(0, dtype=np.int64)
        self.fixed = np.zeros((0, 3))
        self.wall_contact = np.zeros(0)
        if self.tree is not None:
            wrapped = images_around(x, self.cell, 0.0)[0][: len(x)]
            close = scipy.spatial.KDTree(wrapped).sparse_distance_matrix(self.tree, self.reach, output_type="ndarray")
            order = np.lexsort((close["j"], close["i"]))
            self.a, o = close["i"][order].astype(np.int64), close["j"][order]
            self.fixed = self.obstacle_points[o] + (x - wrapped)[self.a]
            self.wall_contact = self.against[self.kind[self.a], self.obstacle_kind[o]]
        self.listed = x.copy()

    def _distances(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        if self.listed is None or float(np.max(lengths_of(x - self.listed))) > 0.5 * SKIN:
            self._list(x)
        r = x[self.j] - x[self.i] + self.offset
        w = self.fixed - x[self.a]
        return r, np.maximum(lengths_of(r), 1e-6), w, np.maximum(lengths_of(w), 1e-6)

    def forces(self, x: FloatArray) -> FloatArray:
        """Return -d/dx of the sum of (contact - r)²/2 over all overlaps, (n, 3)."""
        r, d, w, e = self._distances(x)
        pair_force = np.minimum(d - MARGIN * self.contact, 0.0) / d
        wall_force = np.minimum(e - MARGIN * self.wall_contact, 0.0) / e
        out = np.empty_like(x)
        for c in range(3):
            pair = pair_force * r[:, c]
            out[:, c] = (
                np.bincount(self.i, pair, len(x))
                - np.bincount(self.j, pair, len(x))
                + np.bincount(self.a, wall_force * w[:, c], len(x))
            )
        return out

    def worst(self, x: FloatArray) -> float:
        """Return the smallest ratio of distance to minimum distance."""
        _, d, _, e = self._distances(x)
        return float(min((d / self.contact).min(initial=np.inf), (e / self.wall_contact).min(initial=np.inf)))

    def overlapping(self, x: FloatArray) -> BoolArray:
        """Return which atoms are closer to another one, or to an obstacle, than their minimum distance, (n,)."""
        _, d, _, e = self._distances(x)
        pair, wall = d < self.contact, e < self.wall_contact
        mask = np.zeros(len(x), dtype=np.bool_)
        mask[np.concatenate([self.i[pair], self.j[pair], self.a[wall]])] = True
        return mask

    def begin(self) -> None:
        """Forget the overlaps so far, before a relaxation from another start."""
        self._overlaps.clear()

    def done(self, x: FloatArray, _: FloatArray) -> bool:
        """Return whether every minimum distance is met, or no further progress can be expected."""
        overlap = 1.0 - self.worst(x)
        self._overlaps.append(overlap)
        earlier = self._overlaps[-PATIENCE - 1] if len(self._overlaps) > PATIENCE else np.inf
        return overlap <= 0.0 or overlap > (1.0 - LEAST_PROGRESS) * earlier
