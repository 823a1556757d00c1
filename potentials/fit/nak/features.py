"""What the energy and the virial of stored frames need: sums of the basis over pairs, and its sums at every atom.

They are computed once. Energies and pressures of new parameters then cost milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from functions import Basis, Shape, basis, embedding_basis, split, wall
from sampling import Run
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from nakmd.arrays import FloatArray, IntArray

#: Bins of g(r) [Å].
BIN, R_LEAST, R_LARGEST = 0.1, 2.4, 9.6
EDGES = np.arange(R_LEAST, R_LARGEST + 0.5 * BIN, BIN)
MIDDLES = 0.5 * (EDGES[1:] + EDGES[:-1])
#: Points of the tables that the basis is interpolated from, and their first distance [Å].
N_TABLE, FIRST = 20_000, 1.0


class Evaluation(NamedTuple):
    """Energies U and Σ r dU/dr of f frames [eV], (f,), and their derivatives by the parameters, (f, n_parameters)."""

    energy: FloatArray
    virial: FloatArray
    of_energy: FloatArray
    of_virial: FloatArray


@dataclass
class Features:
    """Sums over f frames of n atoms.

    Attributes
    ----------
    pair, pair_virial : (f, n_pair) float64
        Sums of the basis of V and of r dV/dr over all pairs.
    density, density_virial : (f, n, n_density) float32
        Sums of the basis of φ and of r dφ/dr over the neighbors of every atom.
    energy, virial : (f,) float64 [eV]
        What no parameter changes: walls, and pairs of functions that are held.
    held, held_virial : (f, n) float32 or None
        Densities of functions that are held.
    species : (n,) int64
    volume : float [Å³]
    g : (f, n_bins) float64
        g(r) of the frames, over all atoms.
    """

    pair: FloatArray
    pair_virial: FloatArray
    density: FloatArray
    density_virial: FloatArray
    energy: FloatArray
    virial: FloatArray
    held: FloatArray | None
    held_virial: FloatArray | None
    species: IntArray
    volume: float
    g: FloatArray

    def evaluate(self, v: FloatArray, p: FloatArray, f: Sequence[FloatArray], fitted: bool) -> Evaluation:
        """Return energies, Σ r dU/dr and their derivatives.

        Parameters
        ----------
        v, p : (n_pair,), (n_density,) float64
            Coefficients of V and φ.
        f : sequence of (5,) float64
            Coefficients of F of every species.
        fitted : bool
            Whether F of the only species is among the parameters.
        """
        rho, spread = self.density @ p.astype(np.float32), self.density_virial @ p.astype(np.float32)
        if self.held is not None and self.held_virial is not None:
            rho, spread = rho + self.held, spread + self.held_virial
        rho, spread = rho.astype(np.float64), spread.astype(np.float64)
        slope, curvature = np.zeros_like(rho), np.zeros_like(rho)
        energy, terms = self.energy + self.pair @ v, Basis(rho, rho, rho)
        for k, coefficients in enumerate(f):
            own = self.species == k
            terms = embedding_basis(rho[:, own])
            energy = energy + (terms.value @ coefficients).sum(axis=1)
            slope[:, own], curvature[:, own] = terms.slope @ coefficients, terms.curvature @ coefficients
        virial = self.virial + self.pair_virial @ v + (slope * spread).sum(axis=1)
        of_energy = [self.pair, _contract(slope, self.density)]
        of_virial = [
            self.pair_virial, _contract(curvature * spread, self.density) + _contract(slope, self.density_virial)
        ]  # fmt: skip
        if fitted:
            of_energy.append(terms.value.sum(axis=1))
            of_virial.append(np.einsum("fn,fnk->fk", spread, terms.slope))
        return Evaluation(energy, virial, np.concatenate(of_energy, axis=1), np.concatenate(of_virial, axis=1))


def _contract(weights: FloatArray, features: FloatArray) -> FloatArray:
    """Return Σ_n w_fn x_fnk."""
    return np.matmul(weights[:, None, :].astype(np.float32), features)[:, 0].astype(np.float64)


class Tabulated:
    """The basis of one function, interpolated linearly from a table."""

    def __init__(self, shape: Shape, n: int, least: float = 1.0) -> None:
        self.least = least
        grid = np.linspace(least, shape.cutoff, N_TABLE)
        self.step = grid[1] - grid[0]
        made = basis(shape, grid, n)
        self.rows = np.concatenate([made.value, made.slope], axis=1)
        self.n = n

    def at(self, r: FloatArray) -> Basis:
        """Return the basis at distances [Å], without its curvature."""
        q = np.maximum(r - self.least, 0.0) / self.step
        k = np.minimum(q.astype(np.int64), N_TABLE - 2)
        rows = self.rows[k] + (q - k)[:, None] * (self.rows[k + 1] - self.rows[k])
        return Basis(rows[:, : self.n], rows[:, self.n :], rows[:, :0])


def pairs_within(positions: FloatArray, lengths: FloatArray, cutoff: float) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the unordered pairs (i, j, r) of one frame in a cell wider than twice the cutoff."""
    wrapped = np.mod(positions, lengths)
    tree = cKDTree(np.where(wrapped < lengths, wrapped, 0.0), boxsize=lengths)
    pairs = tree.query_pairs(cutoff, output_type="ndarray")
    d = positions[pairs[:, 0]] - positions[pairs[:, 1]]
    d -= lengths * np.rint(d / lengths)
    return pairs[:, 0], pairs[:, 1], np.sqrt((d * d).sum(axis=1))


def sums_at_atoms(n: int, i: IntArray, j: IntArray, values: FloatArray) -> FloatArray:
    """Return Σ over the pairs of each atom, (n, k), of values (pairs, k) that count for both atoms."""
    both = np.concatenate([i, j])
    index = np.arange(len(i))
    matrix = csr_matrix((np.ones(2 * len(i)), (both, np.concatenate([index, index]))), shape=(n, len(i)))
    return np.asarray(matrix @ values)


def histogram(r: FloatArray, n: int, volume: float) -> FloatArray:
    """Return g(r) of a frame of one element on the bins."""
    shell = 4.0 * np.pi * MIDDLES**2 * BIN
    return np.histogram(r, EDGES)[0] / (0.5 * n * (n - 1) / volume * shell)


def of_element(run: Run, shape: Shape) -> Features:
    """Return the features of frames of one element."""
    n, n_frames = run.positions.shape[1], len(run.positions)
    volume = float(np.prod(run.lengths))
    pair_table, density_table = Tabulated(shape, shape.n_pair), Tabulated(shape, shape.n_density)
    out = Features(
        np.zeros((n_frames, shape.n_pair)), np.zeros((n_frames, shape.n_pair)),
        np.zeros((n_frames, n, shape.n_density), np.float32), np.zeros((n_frames, n, shape.n_density), np.float32),
        np.zeros(n_frames), np.zeros(n_frames), None, None, np.zeros(n, np.int64), volume,
        np.zeros((n_frames, len(MIDDLES))),
    )  # fmt: skip
    for k, x in enumerate(run.positions):
        i, j, r = pairs_within(x, run.lengths, R_LARGEST)
        out.g[k] = histogram(r, n, volume)
        near = r < shape.cutoff
        i, j, r = i[near], j[near], r[near]
        v, phi = pair_table.at(r), density_table.at(r)
        out.pair[k], out.pair_virial[k] = v.value.sum(axis=0), r @ v.slope
        both = sums_at_atoms(n, i, j, np.concatenate([phi.value, r[:, None] * phi.slope], axis=1))
        out.density[k], out.density_virial[k] = both[:, : shape.n_density], both[:, shape.n_density :]
        value, slope = wall(shape, r)
        out.energy[k], out.virial[k] = value.sum(), r @ slope
    return out


def of_alloy(
    run: Run, cross: Shape, shapes: Mapping[str, Shape], held: Mapping[str, FloatArray], cutoff: float
) -> Features:
    """Return the features of frames of Na and K whose own functions are held.

    The parameters are those between unlike atoms: V, the density of K at Na, and the density of Na at K.

    Parameters
    ----------
    run : Run
    cross : Shape
        Of the functions between Na and K.
    shapes, held : mapping of str to Shape, to (n,) float64
        Shapes and parameters of the elements.
    cutoff : float [Å]
        The largest of all.
    """
    n, n_frames, m = run.positions.shape[1], len(run.positions), cross.n_density
    sodium = np.array([run.elements[s] == "Na" for s in run.species])
    pair_table, density_table = Tabulated(cross, cross.n_pair), Tabulated(cross, m)
    own = {e: (Tabulated(s, s.n_pair), Tabulated(s, s.n_density), *split(s, held[e])[:2]) for e, s in shapes.items()}
    out = Features(
        np.zeros((n_frames, cross.n_pair)), np.zeros((n_frames, cross.n_pair)),
        np.zeros((n_frames, n, 2 * m), np.float32), np.zeros((n_frames, n, 2 * m), np.float32),
        np.zeros(n_frames), np.zeros(n_frames), np.zeros((n_frames, n), np.float32),
        np.zeros((n_frames, n), np.float32), np.where(sodium, 0, 1), float(np.prod(run.lengths)),
        np.zeros((n_frames, len(MIDDLES))),
    )  # fmt: skip
    assert out.held is not None
    assert out.held_virial is not None
    for k, x in enumerate(run.positions):
        i, j, r = pairs_within(x, run.lengths, cutoff)
        for element, (pairs, densities, v, p) in own.items():
            shape, like = shapes[element], sodium[i] & sodium[j] if element == "Na" else ~sodium[i] & ~sodium[j]
            chosen = like & (r < shape.cutoff)
            d = r[chosen]
            of_pair, of_density = pairs.at(d), densities.at(d)
            value, slope = wall(shape, d)
            out.energy[k] += (of_pair.value @ v + value).sum()
            out.virial[k] += d @ (of_pair.slope @ v + slope)
            both = np.stack([of_density.value @ p, d * (of_density.slope @ p)], axis=1)
            at = sums_at_atoms(n, i[chosen], j[chosen], both)
            out.held[k] += at[:, 0]
            out.held_virial[k] += at[:, 1]
        chosen = (sodium[i] != sodium[j]) & (r < cross.cutoff)
        d = r[chosen]
        of_pair, of_density = pair_table.at(d), density_table.at(d)
        value, slope = wall(cross, d)
        out.energy[k] += value.sum()
        out.virial[k] += d @ slope
        out.pair[k], out.pair_virial[k] = of_pair.value.sum(axis=0), d @ of_pair.slope
        sums = np.concatenate([of_density.value, d[:, None] * of_density.slope], axis=1)
        both = sums_at_atoms(n, i[chosen], j[chosen], sums)
        for atoms, columns in ((sodium, slice(0, m)), (~sodium, slice(m, 2 * m))):
            out.density[k, atoms, columns], out.density_virial[k, atoms, columns] = both[atoms, :m], both[atoms, m:]
    return out
