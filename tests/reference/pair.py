"""Pair potentials: a formula and three cut modes."""

import numpy as np

from reference.images import assemble, brute_pairs


def morse(r, depth, alpha, r0):
    """Return D[x² - 2x], x = exp(-α(r - r0)), and its derivative."""
    x = np.exp(-alpha * (r - r0))
    return depth * (x * x - 2.0 * x), -2.0 * alpha * depth * (x * x - x)


def lennard_jones(r, epsilon, sigma):
    """Return 4ε[(σ/r)¹² - (σ/r)⁶] and its derivative."""
    six = (sigma / r) ** 6
    return 4.0 * epsilon * (six * six - six), -24.0 * epsilon * (2.0 * six * six - six) / r


def buckingham(r, a, rho, c):
    """Return A exp(-r/ρ) - C/r⁶ and its derivative."""
    wall = a * np.exp(-r / rho)
    return wall - c * r**-6.0, -wall / rho + 6.0 * c * r**-7.0


def zbl(r, z1, z2):
    """Return the universal potential of two nuclei (e²/4πε0 = 14.399645468667815 eV Å) and its derivative."""
    length = 0.46850 / (z1**0.23 + z2**0.23)
    energy, slope = 0.0, 0.0
    for weight, rate in ((0.18175, 3.19980), (0.50986, 0.94229), (0.28022, 0.40290), (0.02817, 0.20162)):
        part = 14.399645468667815 * z1 * z2 * weight * np.exp(-rate * r / length) / r
        energy, slope = energy + part, slope - part * (1.0 / r + rate / length)
    return energy, slope


def two_gaussians(r, wall, wall_width, depth, width):
    """Return A exp(-(r/a)²) - D exp(-(r/s)²) and its derivative."""
    inner, outer = wall * np.exp(-((r / wall_width) ** 2)), depth * np.exp(-((r / width) ** 2))
    return inner - outer, -2.0 * r * inner / wall_width**2 + 2.0 * r * outer / width**2


def ended(formula, r, cutoff, mode, onset=None):
    """Return energy and derivative inside the cutoff, with the cut mode ``mode``.

    ``"cut"``: as it is. ``"shift"``: V(r) - V(r_c). ``"smooth"``: V(r) S(x) with
    S = 1 - 10x³ + 15x⁴ - 6x⁵, x = (r - r_on)/(r_c - r_on), r_on = 0.9 r_c unless given.
    """
    energy, slope = formula(r)
    if mode == "shift":
        energy = energy - formula(cutoff)[0]
    if mode == "smooth":
        onset = 0.9 * cutoff if onset is None else onset
        x = np.clip((r - onset) / (cutoff - onset), 0.0, 1.0)
        switch = 1.0 - 10.0 * x**3 + 15.0 * x**4 - 6.0 * x**5
        turn = (-30.0 * x**2 + 60.0 * x**3 - 30.0 * x**4) / (cutoff - onset)
        energy, slope = energy * switch, slope * switch + energy * turn
    return energy, slope


class PairTwin:
    """A pair potential between named species.

    ``formulas`` maps unordered pairs of species names to functions of r that return (V, dV/dr).
    """

    def __init__(self, formulas, cutoff, mode="shift", onset=None):
        self.formulas, self.cutoff, self.mode, self.onset = formulas, cutoff, mode, onset

    def compute(self, system):
        """Return E = ½ Σ V(r_ij) over directed pairs with its derivatives."""
        i, j, vectors = brute_pairs(system.positions, system.cell.matrix, system.cell.periodic, self.cutoff)
        r = np.linalg.norm(vectors, axis=1)
        energy, slope = np.zeros(len(r)), np.zeros(len(r))
        for (first, second), formula in self.formulas.items():
            a, b = (
                np.array([name == word for name in system.species_names])[system.species] for word in (first, second)
            )
            mine = (a[i] & b[j]) | (b[i] & a[j])
            energy[mine], slope[mine] = ended(formula, r[mine], self.cutoff, self.mode, self.onset)
        per_atom = 0.5 * np.bincount(i, energy, minlength=system.n_atoms)
        return assemble(system.n_atoms, i, j, vectors, per_atom, 0.5 * (slope / r)[:, None] * vectors)
