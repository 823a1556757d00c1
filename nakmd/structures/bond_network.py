"""The bonds of a carbon wall as a graph, and its relaxation by springs of fixed topology.

The springs repair the geometry around doping sites, so that a simulation starts from valid bond lengths. Energies and
the final geometry follow from the potential.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.errors import StructureError
from nakmd.kernels.spring_relaxation import fill_spring_forces
from nakmd.structures.distances import lengths_of, pair_vectors, pairs_within, to_cartesian
from nakmd.structures.springs import descend

#: Carbon and nitrogen closer than this [Å] are bonded: midway between first (1.42) and second (2.46) neighbours.
BOND_CUTOFF = 1.85

#: Allowed bond lengths [Å] of a finished wall.
BOND_BOUNDS = (1.25, 1.75)

#: Spring constant of second neighbours (angles) relative to that of bonds.
ANGLE_STIFFNESS = 0.25

#: Spring constant that keeps an atom in the surface of the wall, relative to that of bonds.
NORMAL_STIFFNESS = 0.25

#: Largest force, per bond spring constant [Å], of converged springs.
FORCE_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Pairs:
    """Pairs of atoms with periodic shifts.

    Attributes
    ----------
    i, j : (p,) int64
    shift : (p, 3) int64
        ``r_ij = positions[j] - positions[i] + shift @ matrix``.
    """

    i: IntArray
    j: IntArray
    shift: IntArray

    def __len__(self) -> int:
        return len(self.i)

    def vectors(self, positions: FloatArray, cell: Cell) -> FloatArray:
        """Return r_ij, (p, 3) [Å]."""
        return pair_vectors(positions, cell, self.i, self.j, self.shift)

    def select(self, keep: BoolArray) -> Pairs:
        """Return the pairs selected by a mask."""
        return Pairs(self.i[keep], self.j[keep], self.shift[keep])

    def joined(self, other: Pairs) -> Pairs:
        """Return these pairs followed by others."""
        return Pairs(
            np.concatenate([self.i, other.i]),
            np.concatenate([self.j, other.j]),
            np.concatenate([self.shift, other.shift]),
        )

    @staticmethod
    def of(rows: Sequence[tuple[int, int, IntArray]]) -> Pairs:
        """Return the pairs of a list of (i, j, shift)."""
        return Pairs(
            np.array([row[0] for row in rows], dtype=np.int64),
            np.array([row[1] for row in rows], dtype=np.int64),
            np.array([row[2] for row in rows], dtype=np.int64).reshape(-1, 3),
        )


class Partners:
    """The partners of each atom with their periodic shifts, in the order of a list of pairs.

    Parameters
    ----------
    pairs : Pairs
    n_atoms : int

    Attributes
    ----------
    first : (n + 1,) int64
        First entry of each atom.
    atom : (2 p,) int64
        The partner of each entry.
    shift : (2 p, 3) int64
    """

    def __init__(self, pairs: Pairs, n_atoms: int) -> None:
        # i, j of the first pair, then of the second: entries of an atom stay in the order of the pairs
        owners = np.stack([pairs.i, pairs.j], axis=1).ravel()
        order = np.argsort(owners, kind="stable")
        self.first: IntArray = np.zeros(n_atoms + 1, dtype=np.int64)
        np.cumsum(np.bincount(owners, minlength=n_atoms), out=self.first[1:])
        self.atom: IntArray = np.stack([pairs.j, pairs.i], axis=1).ravel()[order]
        self.shift: IntArray = np.stack([pairs.shift, -pairs.shift], axis=1).reshape(-1, 3)[order]

    def __len__(self) -> int:
        return len(self.first) - 1

    def __getitem__(self, a: int) -> list[tuple[int, IntArray]]:
        begin, end = self.first[a], self.first[a + 1]
        return list(zip(self.atom[begin:end].tolist(), self.shift[begin:end]))

    def __iter__(self) -> Iterator[list[tuple[int, IntArray]]]:
        return (self[a] for a in range(len(self)))

    @property
    def numbers(self) -> IntArray:
        """Number of partners of each atom, (n,)."""
        return np.diff(self.first)

    def near(self, a: int) -> IntArray:
        """Return the partners of an atom."""
        return self.atom[self.first[a] : self.first[a + 1]]


def find_bonds(positions: FloatArray, cell: Cell, cutoff: float = BOND_CUTOFF) -> Pairs:
    """Return every bond once, sorted by i, then j."""
    return Pairs(*pairs_within(positions, cell, cutoff))


def coordination(bonds: Pairs, n_atoms: int) -> IntArray:
    """Return the number of bonds of each atom, (n,) int64."""
    return np.asarray(np.bincount(bonds.i, minlength=n_atoms) + np.bincount(bonds.j, minlength=n_atoms), dtype=np.int64)


def hexagon(partners: Partners, a: int, x: int, y: int) -> tuple[tuple[int, IntArray], ...] | None:
    """Return the other four atoms a, b, c, d of the hexagon a-x-y with shifts relative to x, or None.

    Follows the bonds from a and from y until both paths meet in c.
    """
    shifts = dict(partners[x])
    for b, s_ab in partners[a]:
        for d, s_yd in partners[y]:
            if x in {b, d}:
                continue
            s_b, s_d = shifts[a] + s_ab, shifts[y] + s_yd
            for c, s_bc in partners[b]:
                for c_d, s_dc in partners[d]:
                    if c == c_d and c not in {a, y} and np.array_equal(s_b + s_bc, s_d + s_dc):
                        return (a, shifts[a]), (b, s_b), (c, s_b + s_bc), (d, s_d)
    return None


def second_neighbours(partners: Partners) -> Pairs:
    """Return the two ends of every angle of the graph (pairs that share a bonded atom)."""
    last = np.repeat(partners.first[1:], partners.numbers)
    entries = np.arange(len(partners.atom))
    later = last - entries - 1
    one = np.repeat(entries, later)
    other = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(later) - later, later)
    return Pairs(partners.atom[one], partners.atom[other], partners.shift[other] - partners.shift[one])


def ring_diagonals(ring: Sequence[tuple[int, IntArray]]) -> list[tuple[int, int, IntArray]]:
    """Return the second neighbours (i, j, shift) within a ring of (atom, shift)."""
    ahead = [*ring[2:], *ring[:2]]
    return [(u, w, s_w - s_u) for (u, s_u), (w, s_w) in zip(ring, ahead)]


def wall_normals(positions: FloatArray, cell: Cell, partners: Partners) -> FloatArray:
    """Return the unit normal of the wall at each atom with three bonds, zero at the others, (n, 3)."""
    whole = np.flatnonzero(partners.numbers == 3)
    entries = partners.first[whole][:, None] + np.arange(3)
    ends, shifts = partners.atom[entries], partners.shift[entries]
    first, second, third = (
        positions[ends[:, k]] + to_cartesian(shifts[:, k].astype(np.float64), cell.matrix) for k in range(3)
    )
    across = np.cross(second - first, third - first)
    normals = np.zeros_like(positions)
    normals[whole] = across / lengths_of(across)[:, None]
    return normals


def relax_springs(
    positions: FloatArray,
    cell: Cell,
    pairs: Pairs,
    rest: FloatArray,
    stiffness: FloatArray,
    normals: FloatArray,
    max_steps: int = 3000,
) -> FloatArray:
    r"""Minimise :math:`\tfrac12 \sum_p k_p (|r_p| - d_p)^2 + \tfrac12 k_n \sum_i (n_i \cdot \Delta r_i)^2`.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
    cell : Cell
        Not changed.
    pairs : Pairs
    rest : (p,) float64 [Å]
        d_p.
    stiffness : (p,) float64
        k_p, of order 1.
    normals : (n, 3) float64
        n_i: pair springs hardly resist bending, so a spring along n_i keeps each atom in the wall; zero for no spring.
    max_steps : int

    Returns
    -------
    positions : (n, 3) float64 [Å]
        The minimum.

    Raises
    ------
    StructureError
        If the minimisation does not converge.
    """
    n = len(positions)
    offset = to_cartesian(pairs.shift.astype(np.float64), cell.matrix)

    of_i, first_i = _by_atom(pairs.i, n)
    of_j, first_j = _by_atom(pairs.j, n)
    pulls, out = np.empty((len(pairs), 3)), np.empty((n, 3))

    def forces(x: FloatArray) -> FloatArray:
        fill_spring_forces(
            x, pairs.i, pairs.j, offset, rest, stiffness, of_i, first_i, of_j, first_j, positions, normals,
            NORMAL_STIFFNESS, pulls, out,
        )  # fmt: skip
        return out

    def finished(_: FloatArray, f: FloatArray) -> bool:
        return bool(np.max(np.abs(f)) < FORCE_TOLERANCE)

    relaxed, converged = descend(positions, forces, finished, max_steps=max_steps)
    if not converged:
        worst = float(np.max(np.abs(forces(relaxed))))
        raise StructureError(
            f"The springs of the carbon wall did not converge in {max_steps} steps (largest residual {worst:.2e} Å, "
            f"tolerance {FORCE_TOLERANCE:.0e} Å). Lower the fraction of sites or raise the distance between sites."
        )
    return relaxed


def _by_atom(atoms: IntArray, n: int) -> tuple[IntArray, IntArray]:
    """Return the pairs sorted by one of their atoms, and the first of each atom, (n + 1,)."""
    first: IntArray = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(atoms, minlength=n), out=first[1:])
    return np.argsort(atoms, kind="stable"), first


def check_bonds(positions: FloatArray, cell: Cell, bonds: Pairs, bounds: tuple[float, float] = BOND_BOUNDS) -> None:
    """Check that the bonds of a graph are exactly the close pairs of the geometry, each of allowed length.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
    cell : Cell
    bonds : Pairs
    bounds : (float, float) [Å]
        Shortest and longest bond allowed; atoms that are not bonded must be further apart than `BOND_CUTOFF`.

    Raises
    ------
    StructureError
        Naming the worst bond, or two close atoms without a bond.
    """
    d = lengths_of(bonds.vectors(positions, cell))
    if len(d) and (d.min() < bounds[0] or d.max() > bounds[1]):
        worst = int(np.argmin(d)) if d.min() < bounds[0] else int(np.argmax(d))
        raise StructureError(
            f"The bond between atoms {bonds.i[worst]} and {bonds.j[worst]} is {d[worst]:.3f} Å long; "
            f"{bounds[0]:.2f} to {bounds[1]:.2f} Å are allowed. Raise the distance between sites."
        )
    close = find_bonds(positions, cell)
    if np.array_equal(_sorted_rows(bonds), _sorted_rows(close)):
        return
    bonded = {(i, j, *shift) for i, j, shift in _rows(bonds)}
    for i, j, shift in _rows(close):
        if (i, j, *shift) not in bonded:
            row = np.array([shift])
            distance = lengths_of(pair_vectors(positions, cell, np.array([i]), np.array([j]), row))[0]
            raise StructureError(
                f"Atoms {i} and {j} are {distance:.3f} Å apart without a bond (bonds reach up to "
                f"{BOND_CUTOFF} Å). Raise the distance between sites."
            )


def _sorted_rows(pairs: Pairs) -> IntArray:
    """Return (i, j, shift) of every pair as `_rows` has it, sorted, (p, 5)."""
    u, v, w = pairs.shift.T
    negative = (u < 0) | ((u == 0) & ((v < 0) | ((v == 0) & (w < 0))))
    flip = (pairs.i > pairs.j) | ((pairs.i == pairs.j) & negative)
    low, high = np.where(flip, pairs.j, pairs.i), np.where(flip, pairs.i, pairs.j)
    rows = np.column_stack([low, high, np.where(flip[:, None], -pairs.shift, pairs.shift)])
    return rows[np.lexsort(rows.T[::-1])]


def _rows(pairs: Pairs) -> list[tuple[int, int, tuple[int, ...]]]:
    """Return (i, j, shift) with i <= j; pairs of an atom and its own image have a positive shift."""
    rows = []
    for i, j, shift in zip(pairs.i.tolist(), pairs.j.tolist(), pairs.shift.tolist()):
        flip = i > j or (i == j and tuple(shift) < (0, 0, 0))
        rows.append((j, i, tuple(-s for s in shift)) if flip else (i, j, tuple(shift)))
    return rows
