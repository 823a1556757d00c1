"""Pairs over explicit periodic images, and forces from the derivatives of pairs."""

import itertools
from dataclasses import dataclass

import numpy as np

from nakmd.cell import Cell
from nakmd.system import System

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


@dataclass
class Outcome:
    """Result of a potential: energies (n,) [eV], forces (n, 3) [eV/Å], virial (6,) [eV] = -dE/dε.

    virials (n, 3, 3) [eV], or None: by atom, W_j = Σ_i r_ji ⊗ ∂E_i/∂r_ij.
    """

    energies: np.ndarray
    forces: np.ndarray
    virial: np.ndarray
    virials: np.ndarray | None = None

    @property
    def energy(self):
        """Potential energy [eV]."""
        return float(self.energies.sum())


def brute_pairs(positions, cell, periodic, cutoff):
    """Return each directed pair inside the cutoff: i (m,), j (m,), r_j + images - r_i (m, 3) [Å].

    Every image that can matter is tried: with fractions in [0, 1) that is ceil(cutoff/height) cells each way.
    """
    cell, periodic = np.asarray(cell, dtype=float), np.asarray(periodic, dtype=bool)
    inverse = np.linalg.inv(cell)
    home = np.floor(positions @ inverse) * periodic
    inside = positions - home @ cell
    heights = 1.0 / np.linalg.norm(inverse, axis=0)
    reach = np.where(periodic, np.ceil(cutoff / heights), 0).astype(int)
    found = []
    for shift in itertools.product(*(range(-m, m + 1) for m in reach)):
        vectors = inside[None, :, :] - inside[:, None, :] + np.array(shift) @ cell
        close = np.einsum("ijc,ijc->ij", vectors, vectors) < cutoff**2
        if shift == (0, 0, 0):
            np.fill_diagonal(close, False)
        i, j = np.nonzero(close)
        found.append((i, j, vectors[i, j]))
    i, j, vectors = (np.concatenate(part) for part in zip(*found))
    order = np.lexsort((j, i))
    return i[order], j[order], vectors[order]


def assemble(n, i, j, vectors, energies, gradients):
    """Convert gradients (m, 3) = ∂E/∂r_ij of directed pairs to forces (F_i += g, F_j -= g) and W = -Σ r⊗g."""
    forces = np.zeros((n, 3))
    np.add.at(forces, i, gradients)
    np.add.at(forces, j, -gradients)
    virials = np.zeros((n, 3, 3))
    np.add.at(virials, j, -vectors[:, :, None] * gradients[:, None, :])
    tensor = -vectors.T @ gradients
    return Outcome(energies, forces, np.array([0.5 * (tensor[a, b] + tensor[b, a]) for a, b in VOIGT]), virials)


def strained(system, strain):
    """Return a copy with cell and atoms deformed by 1 + strain (3, 3)."""
    deform = np.eye(3) + strain.T
    cell = Cell(system.cell.matrix @ deform, system.cell.periodic)
    return System(system.positions @ deform, system.species, system.species_names, cell, masses=system.masses)
