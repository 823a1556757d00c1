"""Structure building in plain NumPy and SciPy: the twin of the compiled searches, sums and relaxations, to the bit."""

from __future__ import annotations

import numpy as np
import scipy.spatial

from nakmd.errors import StructureError
from nakmd.fire_pace import FirePace

MARGIN, SKIN, JITTER, MAX_STEPS, PATIENCE, LEAST_PROGRESS = 1.02, 1.0, 0.5, 3000, 300, 0.05
RESCUES, MOST_CAUGHT = 3, 0.001


def to_cartesian(fractional, matrix):
    """Return fractional @ matrix, summed in a fixed order."""
    return fractional[:, 0:1] * matrix[0] + fractional[:, 1:2] * matrix[1] + fractional[:, 2:3] * matrix[2]


def lengths_of(vectors):
    """Return the length of each row."""
    return np.sqrt(vectors[:, 0] ** 2 + vectors[:, 1] ** 2 + vectors[:, 2] ** 2)


def images_around(positions, cell, cutoff):
    """Return atoms with their images within a cutoff of the cell: points, atom and shift of each."""
    fractional = to_cartesian(positions, cell.inverse)
    shift = -np.floor(fractional).astype(np.int64)
    shift[:, ~cell.periodic] = 0
    fractional = fractional + shift
    atom = np.arange(len(positions))
    for c in range(3):
        if not cell.periodic[c]:
            continue
        reach = cutoff / cell.heights[c]
        layers = [(fractional, atom, shift)]
        for k in range(1, int(np.ceil(reach)) + 1):
            for step in (k, -k):
                moved = fractional[:, c] + step
                near = (moved >= -reach) & (moved <= 1.0 + reach)
                copy, copied_shift = fractional[near].copy(), shift[near].copy()
                copy[:, c] += step
                copied_shift[:, c] += step
                layers.append((copy, atom[near], copied_shift))
        fractional = np.concatenate([layer[0] for layer in layers])
        atom = np.concatenate([layer[1] for layer in layers])
        shift = np.concatenate([layer[2] for layer in layers])
    points = positions[atom] + to_cartesian(shift.astype(np.float64), cell.matrix)
    return points, atom, shift


def pairs_within(positions, cell, cutoff):
    """Return every pair within a cutoff once: i, j and shift, sorted."""
    n = len(positions)
    points, atom, shift = images_around(positions, cell, cutoff)
    pairs = scipy.spatial.KDTree(points).query_pairs(cutoff, output_type="ndarray")
    del points
    # the tree returns (low, high); points below n are the atoms themselves
    pairs = pairs[pairs[:, 0] < n]
    # a pair across a face occurs twice: keep the one with a positive shift
    sign = np.zeros(len(pairs), dtype=np.int64)
    for c in (2, 1, 0):
        wrapped = shift[pairs[:, 1], c] - shift[atom[pairs[:, 1]], c]
        sign = np.where(wrapped != 0, wrapped, sign)
    pairs = pairs[sign >= 0]
    del sign, wrapped
    i, j = atom[pairs[:, 0]], atom[pairs[:, 1]]
    between = shift[pairs[:, 1]] - shift[pairs[:, 0]]
    del pairs, shift, atom
    swap = i > j
    i, j = np.where(swap, j, i), np.where(swap, i, j)
    between[swap] *= -1
    order = np.lexsort((between[:, 2], between[:, 1], between[:, 0], j, i))
    return i[order], j[order], between[order]


def closest_distances(system, limit=10.0):
    """Return (distance, i, j) of the closest atoms of each pair of species."""
    rows = [np.flatnonzero((system.species == a) & ~system.absent) for a in range(len(system.species_names))]
    closest = {}
    for b, atoms_b in enumerate(rows):
        if not len(atoms_b):
            continue
        points, atom, _ = images_around(system.positions[atoms_b], system.cell, limit)
        tree = scipy.spatial.KDTree(points)
        own = points[: len(atoms_b)]
        for a, atoms_a in enumerate(rows[: b + 1]):
            if not len(atoms_a):
                continue
            if a == b:
                # the nearest point is the atom itself, first or, if another is at the same place, second
                two_distances, two_points = map(np.asarray, tree.query(own, k=2, distance_upper_bound=limit))
                distances = two_distances[:, 1]
                itself_second = two_points[:, 1] == np.arange(len(own))
                nearest = np.where(itself_second, two_points[:, 0], two_points[:, 1])
            else:
                wrapped, _, _ = images_around(system.positions[atoms_a], system.cell, 0.0)
                distances, nearest = map(np.asarray, tree.query(wrapped[: len(atoms_a)], distance_upper_bound=limit))
            best = int(np.argmin(distances))
            if np.isfinite(distances[best]):
                pair = (float(distances[best]), int(atoms_a[best]), int(atoms_b[atom[nearest[best]]]))
                closest[system.species_names[a], system.species_names[b]] = pair
    return closest


def grid(cell, spacing=0.5):
    """Return the midpoints of a division of the cell, their numbers, and the volume per point."""
    coarse = max(spacing, (cell.volume / 4_000_000) ** (1.0 / 3.0))
    counts = np.maximum(1, np.ceil(cell.lengths / coarse)).astype(int)
    axes = [(np.arange(count) + 0.5) / count for count in counts]
    fractional = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    shape = (int(counts[0]), int(counts[1]), int(counts[2]))
    return to_cartesian(fractional, cell.matrix), shape, cell.volume / len(fractional)


def covered(points, counts, centers, cell, radius):
    """Return which points of a grid are within a radius of any centre."""
    mask = np.zeros(len(points), dtype=np.bool_)
    if not len(centers) or radius <= 0.0:
        return mask
    near, _, _ = images_around(centers, cell, radius)
    shape = np.array(counts)
    # heights, not lengths: in a triclinic cell a sphere spans more grid planes
    reach = np.ceil(radius / cell.heights * shape).astype(int) + 1
    stencil = np.stack([g.ravel() for g in np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij")], axis=1)
    home = np.floor(to_cartesian(near, cell.inverse) * shape).astype(int)
    for start in range(0, len(near), 1000):
        index = home[start : start + 1000, None, :] + stencil[None, :, :]
        inside = np.all((index >= 0) & (index < shape), axis=2)
        which, _ = np.nonzero(inside)
        index = index[inside]
        flat = (index[:, 0] * shape[1] + index[:, 1]) * shape[2] + index[:, 2]
        close = lengths_of(points[flat] - near[start + which]) < radius
        mask[flat[close]] = True
    return mask


def descend(positions, forces, finished, *, max_steps, largest_move=0.2, project=None):
    """Minimise by FIRE until a criterion is met."""
    x = positions.copy()
    v = np.zeros_like(x)
    pace = FirePace(timestep=0.1, shortest=0.02, longest=0.4, first_mixing=0.1, delay=5)
    for _ in range(max_steps):
        f = forces(x)
        if finished(x, f):
            return x, True
        if float(np.sum(f * v)) > 0.0:
            force_norm = float(np.sqrt(np.sum(f * f)))
            speed = float(np.sqrt(np.sum(v * v)))
            v = (1.0 - pace.mixing) * v + pace.mixing * speed / force_norm * f
            pace.go_downhill()
        else:
            v[:] = 0.0
            pace.turn_back()
        v += pace.timestep * f
        x += np.clip(pace.timestep * v, -largest_move, largest_move)
        if project is not None:
            x = project(x)
    return x, finished(x, forces(x))


def lattice_points(n, region, cell, obstacles, clearance, contact, random):
    """Return n points of a jittered body-centred lattice outside the obstacles."""
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


class Contacts:
    """The overlaps of the moving atoms with each other and with the obstacles."""

    def __init__(self, cell, kind, among, obstacles, obstacle_kind, against):
        self.cell, self.kind, self.among, self.against = cell, kind, among, against
        self.reach = float(max(among.max(), against.max(initial=0.0))) * MARGIN + SKIN
        self.listed = None
        self._overlaps = []
        self.obstacle_points = np.zeros((0, 3))
        self.obstacle_kind = obstacle_kind
        self.tree = None
        if len(obstacles):
            self.obstacle_points, atom, _ = images_around(obstacles, cell, self.reach + SKIN)
            self.obstacle_kind = obstacle_kind[atom]
            self.tree = scipy.spatial.KDTree(self.obstacle_points)

    def _list(self, x):
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

    def _distances(self, x):
        if self.listed is None or float(np.max(lengths_of(x - self.listed))) > 0.5 * SKIN:
            self._list(x)
        r = x[self.j] - x[self.i] + self.offset
        w = self.fixed - x[self.a]
        return r, np.maximum(lengths_of(r), 1e-6), w, np.maximum(lengths_of(w), 1e-6)

    def forces(self, x):
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

    def worst(self, x):
        """Return the smallest ratio of distance to minimum distance."""
        _, d, _, e = self._distances(x)
        return float(min((d / self.contact).min(initial=np.inf), (e / self.wall_contact).min(initial=np.inf)))

    def overlapping(self, x):
        """Return which atoms are closer to another one, or to an obstacle, than their minimum distance, (n,)."""
        _, d, _, e = self._distances(x)
        pair, wall = d < self.contact, e < self.wall_contact
        mask = np.zeros(len(x), dtype=np.bool_)
        mask[np.concatenate([self.i[pair], self.j[pair], self.a[wall]])] = True
        return mask

    def begin(self):
        """Forget the overlaps so far, before a relaxation from another start."""
        self._overlaps.clear()

    def done(self, x, _):
        """Return whether every minimum distance is met, or no further progress can be expected."""
        overlap = 1.0 - self.worst(x)
        self._overlaps.append(overlap)
        earlier = self._overlaps[-PATIENCE - 1] if len(self._overlaps) > PATIENCE else np.inf
        return overlap <= 0.0 or overlap > (1.0 - LEAST_PROGRESS) * earlier


def pack(counts, region, cell, obstacles, obstacle_kind, among, against, random):
    """Place atoms, ``counts`` of each kind, as `nakmd.structures.pack`; return their positions, kind by kind."""
    requested = np.repeat(np.arange(len(counts)), counts)
    start = lattice_points(
        len(requested), region, cell, obstacles, float(against.max(initial=0.0)), float(among.min()), random
    )
    kind = requested[np.argsort(random.random(len(requested)), kind="stable")]
    contacts = Contacts(cell, kind, among, obstacles, obstacle_kind, against)
    for _ in range(RESCUES + 1):
        relaxed, _ = descend(
            start, contacts.forces, contacts.done, max_steps=MAX_STEPS, largest_move=0.2, project=region.confine
        )
        caught = contacts.overlapping(relaxed)
        if not 0 < caught.sum() <= max(MOST_CAUGHT * len(kind), 2):
            break
        start = relaxed
        start[caught] += float(against.max(initial=SKIN)) * region.inward(start[caught])
        contacts.begin()
    return np.concatenate([relaxed[kind == k] for k in range(len(counts))])


def partners(pairs, n):
    """Return the partners (atom, shift) of each atom in the order of a list of pairs."""
    found = [[] for _ in range(n)]
    for i, j, shift in zip(pairs.i.tolist(), pairs.j.tolist(), pairs.shift):
        found[i].append((j, shift))
        found[j].append((i, -shift))
    return found


def second_neighbours(around):
    """Return (i, j, shift) of the two ends of every angle."""
    return [
        (i, j, tuple(shift_j - shift_i))
        for ends in around
        for first, (i, shift_i) in enumerate(ends)
        for j, shift_j in ends[first + 1 :]
    ]


def relax_springs(positions, cell, pairs, rest, stiffness, normals, tolerance=1e-4, normal_stiffness=0.25):
    """Minimise the energy of springs, as `nakmd.structures.bond_network.relax_springs`."""
    n = len(positions)
    offset = to_cartesian(pairs.shift.astype(np.float64), cell.matrix)

    def forces(x):
        r = x[pairs.j] - x[pairs.i] + offset
        d = lengths_of(r)
        pull = (stiffness * (d - rest) / d)[:, None] * r
        out = np.empty((n, 3))
        for c in range(3):
            out[:, c] = np.bincount(pairs.i, pull[:, c], n) - np.bincount(pairs.j, pull[:, c], n)
        lifted = np.sum((x - positions) * normals, axis=1)
        return out - normal_stiffness * lifted[:, None] * normals

    return descend(positions, forces, lambda _, f: np.max(np.abs(f)) < tolerance, max_steps=3000)[0]
