"""The Tersoff bond order as in LAMMPS (``pair_style tersoff``), doi:10.1103/PhysRevB.39.5566."""

import math
from types import SimpleNamespace

import numpy as np

from reference.images import assemble, brute_pairs

NUMBERS = ("m", "gamma", "lambda3", "c", "d", "h", "n", "beta", "lambda2", "B", "R", "D", "lambda1", "A")


def parse_tersoff(text):
    """Return ``{(e1, e2, e3): numbers}`` from a file in the format of LAMMPS."""
    words = " ".join(line.partition("#")[0] for line in text.splitlines()).split()
    rows = [words[k : k + 17] for k in range(0, len(words), 17)]
    return {tuple(row[:3]): SimpleNamespace(**dict(zip(NUMBERS, map(float, row[3:])))) for row in rows}


def fade(r, p):
    """Return the cutoff function ½(1 - sin(π/2 (r-R)/D)) and its derivative."""
    if r < p.R - p.D:
        return 1.0, 0.0
    if r > p.R + p.D:
        return 0.0, 0.0
    x = 0.5 * math.pi * (r - p.R) / p.D
    return 0.5 * (1.0 - math.sin(x)), -0.25 * math.pi / p.D * math.cos(x)


def angular(cosine, p):
    """Return g = γ(1 + c²/d² - c²/(d² + (h - cos θ)²)) and dg/dcos θ."""
    gap = p.h - cosine
    below = p.d**2 + gap**2
    return p.gamma * (1.0 + p.c**2 / p.d**2 - p.c**2 / below), -2.0 * p.gamma * p.c**2 * gap / below**2


def order(zeta, p):
    """Return b = (1 + (βζ)ⁿ)^(-1/2n) and db/dζ."""
    if zeta <= 0.0:
        return 1.0, 0.0
    grown = (p.beta * zeta) ** p.n
    return (1.0 + grown) ** (-0.5 / p.n), -0.5 * (1.0 + grown) ** (-0.5 / p.n - 1.0) * grown / zeta


class TersoffTwin:
    """E = ½ Σ_{i≠j} f_C(r_ij)[A e^{-λ1 r} - b_ij B e^{-λ2 r}].

    Numbers of the pair (A, B, λ1, λ2, n, β, R, D) come from the entry (i, j, j); those of the third atom
    (γ, c, d, h, λ3, m and the R, D of f_C(r_ik)) from (i, j, k). Each directed bond's energy is shared
    equally by its two atoms when ``shared`` (LAMMPS), or belongs to atom i (Tersoff's site energy).
    """

    def __init__(self, entries, shared=False):
        self.entries, self.shared = entries, shared

    def compute(self, system):
        """Return energies, forces and virial; atoms of elements without entries are ignored."""
        known = {e for key in self.entries for e in key}
        names = [system.species_names[s].partition(":")[0] for s in system.species]
        there = np.array([name in known for name in names])
        reach = max(p.R + p.D for p in self.entries.values())
        i, j, vectors = brute_pairs(system.positions, system.cell.matrix, system.cell.periodic, reach)
        i, j, vectors = i[there[i] & there[j]], j[there[i] & there[j]], vectors[there[i] & there[j]]
        r = np.linalg.norm(vectors, axis=1)
        rows = [np.flatnonzero(i == a) for a in range(system.n_atoms)]
        energies, gradients = np.zeros(system.n_atoms), np.zeros((len(i), 3))
        for ij in range(len(i)):
            a, b = names[i[ij]], names[j[ij]]
            p = self.entries[a, b, b]
            if r[ij] >= p.R + p.D:
                continue
            triples = []
            for ik in rows[i[ij]]:
                q = self.entries[a, b, names[j[ik]]]
                if ik != ij and r[ik] < q.R + q.D:
                    triples.append((ik, *self.third(vectors[ij], vectors[ik], q)))
            bond, d_bond = order(sum(t[1] for t in triples), p)
            shade, d_shade = fade(r[ij], p)
            push, pull = p.A * math.exp(-p.lambda1 * r[ij]), -p.B * math.exp(-p.lambda2 * r[ij])
            energy = 0.5 * shade * (push + bond * pull)
            slope = 0.5 * d_shade * (push + bond * pull) - 0.5 * shade * (p.lambda1 * push + p.lambda2 * bond * pull)
            energies[i[ij]] += 0.5 * energy if self.shared else energy
            energies[j[ij]] += 0.5 * energy if self.shared else 0.0
            gradients[ij] += slope * vectors[ij] / r[ij]
            for ik, _, along_j, along_k in triples:
                gradients[ij] += 0.5 * shade * pull * d_bond * along_j
                gradients[ik] += 0.5 * shade * pull * d_bond * along_k
        return assemble(system.n_atoms, i, j, vectors, energies, gradients)

    @staticmethod
    def third(to_j, to_k, q):
        """Return ζ of one third atom, f_C(r_ik) g(θ) exp[(λ3 (r_ij - r_ik))^m], ∂ζ/∂r_ij and ∂ζ/∂r_ik."""
        rj, rk = np.linalg.norm(to_j), np.linalg.norm(to_k)
        uj, uk = to_j / rj, to_k / rk
        cosine = uj @ uk
        shade, d_shade = fade(rk, q)
        g, dg = angular(cosine, q)
        power, d_power = (q.lambda3 * (rj - rk)) ** int(q.m), 0.0
        if q.lambda3:
            d_power = q.lambda3 * int(q.m) * (q.lambda3 * (rj - rk)) ** (int(q.m) - 1)
        grow = math.exp(power)
        cosine_j, cosine_k = (uk - cosine * uj) / rj, (uj - cosine * uk) / rk
        along_j = shade * grow * (dg * cosine_j + g * d_power * uj)
        along_k = grow * (d_shade * g * uk + shade * dg * cosine_k - shade * g * d_power * uk)
        return shade * g * grow, along_j, along_k
