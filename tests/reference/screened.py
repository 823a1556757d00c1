"""Metal-wall pairs that weaken with the density of the metal."""

from dataclasses import fields

import numpy as np

from reference.cubics import NicholAcklandTwin
from reference.images import Outcome, assemble, brute_pairs
from reference.pair import ended, morse


def attraction(r, depth, alpha, r0):
    """Return the attractive part of a Morse potential, -2 D exp(-α(r - r0)), and its derivative."""
    well = -2.0 * depth * np.exp(-alpha * (r - r0))
    return well, -alpha * well


class ScreenedTwin:
    """The metal, and E = Σ_i Σ_j {V(r_ij) + 2 k (1 - S_i) D exp(-α(r_ij - r0))} over metal atoms i and wall atoms j.

    ``pairs``: {(metal, wall species): (D, α, r0)}; ``screening``: {metal: (s, ρ0)};
    S = 1 - λ (1 - s)(1 - exp(-ρ/ρ0)); ``shares``: {(metal, wall species): k}. Another V and its attractive part can be
    given as functions of r and the numbers of a pair, and another metal than the cubics of Nichol & Ackland.
    """

    def __init__(
        self, pairs, cutoff, mode, screening, strength=1.0, shares=None, formula=morse, weak=attraction, metal=None
    ):
        self.formula, self.weak, self.metal = formula, weak, metal or NicholAcklandTwin()
        self.pairs, self.cutoff, self.mode = pairs, cutoff, mode
        self.screening, self.strength, self.shares = screening, strength, shares or {}

    def compute(self, system):
        """Return energies, forces and virial: of the metal, of the pairs, and through the densities."""
        names = np.array([system.species_names[s] for s in system.species])
        space = (system.positions, system.cell.matrix, system.cell.periodic)
        metal = self.metal.compute(system)

        i, j, vectors = brute_pairs(*space, self.metal.longest)
        among = np.isin(names[i], list(self.metal.known)) & np.isin(names[j], list(self.metal.known))
        i, j, vectors = i[among], j[among], vectors[among]
        distances = np.linalg.norm(vectors, axis=1)
        found = [self.metal.density(r, b, a) for r, a, b in zip(distances, names[i], names[j])]
        phi, dphi = np.array(found).reshape(-1, 2).T
        rho = np.bincount(i, phi, minlength=system.n_atoms)
        scale, turn = np.ones(system.n_atoms), np.zeros(system.n_atoms)
        for element, (left, rho_0) in self.screening.items():
            mine = names == element
            fall = self.strength * (1.0 - left) * np.exp(-rho[mine] / rho_0)
            scale[mine] = 1.0 - self.strength * (1.0 - left) + fall
            turn[mine] = -fall / rho_0

        m, w, arms = brute_pairs(*space, self.cutoff)
        energies, screened = np.zeros(system.n_atoms), np.zeros(system.n_atoms)
        gradients, halves = np.zeros_like(arms), np.zeros_like(arms)
        for (element, site), numbers in self.pairs.items():
            mine = (names[m] == element) & (names[w] == site)
            r = np.linalg.norm(arms[mine], axis=1)
            v, dv = ended(lambda x, p=numbers: self.formula(x, *p), r, self.cutoff, self.mode)
            share = self.shares.get((element, site), 1.0)
            well, dwell = ended(lambda x, p=numbers: self.weak(x, *p), r, self.cutoff, self.mode)
            lost = share * (1.0 - scale[m[mine]])
            np.add.at(energies, m[mine], 0.5 * v - lost * well)
            np.add.at(energies, w[mine], 0.5 * v)
            np.add.at(screened, m[mine], share * well)
            gradients[mine] = ((0.5 * dv - lost * dwell) / r)[:, None] * arms[mine]
            halves[mine] = (0.5 * dv / r)[:, None] * arms[mine]
        along = assemble(system.n_atoms, m, w, arms, energies, gradients)
        back = assemble(system.n_atoms, w, m, -arms, np.zeros(system.n_atoms), -halves)
        pull = ((turn * screened)[i] * dphi / distances)[:, None] * vectors
        through = assemble(system.n_atoms, i, j, vectors, np.zeros(system.n_atoms), pull)
        parts = (metal, along, back, through)
        return Outcome(*(sum(getattr(p, f.name) for p in parts) for f in fields(Outcome)))
