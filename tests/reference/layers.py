"""Pairs between layers, found by brute force: what bonds connect in an explicit block of images is one layer."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from reference.images import assemble
from reference.pair import ended


class LayersTwin:
    """A pair potential between atoms that no chain of bonds in a block of images connects.

    The block has ``blocks`` cells on each side of the home cell along periodic directions. It must reach further than
    the cutoff by one cell, so that a layer that closes only through its images is one piece in it.
    """

    def __init__(self, formula, cutoff, mode, onset=None, bond=1.85, blocks=2):
        self.formula, self.cutoff, self.mode, self.onset = formula, cutoff, mode, onset
        self.bond, self.blocks = bond, blocks

    def compute(self, system):
        """Return E = ½ Σ V(r_ij) over directed pairs of different layers, with its derivatives."""
        periodic, n = system.cell.periodic, system.n_atoms
        ranges = [range(-self.blocks, self.blocks + 1) if p else (0,) for p in periodic]
        shifts = np.array([(a, b, c) for a in ranges[0] for b in ranges[1] for c in ranges[2]])
        home = int(np.flatnonzero(np.all(shifts == 0, axis=1))[0])
        points = (system.positions[None] + (shifts @ system.cell.matrix)[:, None]).reshape(-1, 3)
        rows, columns = [], []
        for k, point in enumerate(points):
            near = np.flatnonzero(np.sum((points - point) ** 2, axis=1) < self.bond**2)
            rows.append(np.full(len(near), k))
            columns.append(near)
        rows, columns = np.concatenate(rows), np.concatenate(columns)
        _, piece = connected_components(coo_array((np.ones(len(rows)), (rows, columns)), (len(points), len(points))))
        i, j, vectors = [], [], []
        for atom in range(n):
            arms = points - points[home * n + atom]
            seen = np.flatnonzero((np.sum(arms**2, axis=1) < self.cutoff**2) & (piece != piece[home * n + atom]))
            i.append(np.full(len(seen), atom))
            j.append(seen % n)
            vectors.append(arms[seen])
        i, j, vectors = np.concatenate(i), np.concatenate(j), np.concatenate(vectors)
        r = np.linalg.norm(vectors, axis=1)
        energy, slope = ended(self.formula, r, self.cutoff, self.mode, self.onset)
        per_atom = 0.5 * np.bincount(i, energy, minlength=n)
        return assemble(n, i, j, vectors, per_atom, 0.5 * (slope / r)[:, None] * vectors)
