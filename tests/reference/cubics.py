"""Finnis-Sinclair cubics of Nichol & Ackland (2016), doi:10.1103/PhysRevB.93.184101, with MOLDY's core."""

import numpy as np
from scipy.interpolate import BPoly

from reference.images import assemble, brute_pairs

KNOTS_V = (1.30, 1.22, 1.15, 1.06, 0.95, 0.866025)
KNOTS_PHI = (1.30, 1.20)
#: Ends of the join in units of a, and e²/(4πε0) [eV Å], with the digits of the published check values.
CORE = (0.4330127, 0.649519)
COULOMB = 14.3996454
#: Between this and the end of the join V and φ are blended with continuous second derivatives (specific to nakmd).
SMOOTH = 0.54
SETS = {
    "Na": (
        11,
        4.290600,
        (-4.194182, 27.427457, -44.559331, 31.771667, -15.792378, 3.079201),
        (8.719427, -13.899855),
    ),
    "K": (
        19,
        5.328000,
        (-3.578868, 23.053928, -38.677649, 30.602497, -16.138135, 0.000000),
        (5.605449, -8.844684),
    ),
    "Rb": (
        37,
        5.585000,
        (-2.924102, 15.101598, -19.036044, 8.221297, 1.000245, 3.079201),
        (4.151321, -6.163082),
    ),
}


def cubics(x, knots, coefficients):
    """Return Σ c (k - x)³ H(k - x) and its derivative in x."""
    gaps = [np.maximum(k - x, 0.0) for k in knots]
    return (
        sum(c * g**3 for c, g in zip(coefficients, gaps)),
        sum(-3.0 * c * g**2 for c, g in zip(coefficients, gaps)),
    )


def zbl(r, z1, z2):
    """Return MOLDY's universal screened repulsion and its derivative."""
    stretch = (z1**0.23 + z2**0.23) / (0.8854 * 0.529)
    parts = [(0.1818, 3.2), (0.5099, 0.9423), (0.2802, 0.4029), (0.02817, 0.2016)]
    screen = sum(c * np.exp(-e * stretch * r) for c, e in parts)
    fall = sum(-c * e * stretch * np.exp(-e * stretch * r) for c, e in parts)
    charge = COULOMB * z1 * z2
    return charge * screen / r, charge * (fall / r - screen / r**2)


def pair_numbers(a, b):
    """Return Z_a, Z_b, a, A, B of a pair: given, or the means of the two elements (reduced-unit cross rule)."""
    (za, la, va, pa), (zb, lb, vb, pb) = SETS[a], SETS[b]
    return (
        za,
        zb,
        0.5 * (la + lb),
        [0.5 * (x + y) for x, y in zip(va, vb)],
        [0.5 * (x + y) for x, y in zip(pa, pb)],
    )


def repulsion(r, a, b):
    """Return V(r) [eV] and dV/dr of one pair: the join of `join`, blended into the cubics over SMOOTH a to r2."""
    _, _, length, strengths, _ = pair_numbers(a, b)
    low, high = SMOOTH * length, CORE[1] * length
    if not low < r < high:
        return join(r, a, b)
    (inner, inner_slope), (outer, outer_slope) = join(r, a, b), cubics(r / length, KNOTS_V, strengths)
    outer_slope /= length
    x = (r - low) / (high - low)
    share = 1 - 10 * x**3 + 15 * x**4 - 6 * x**5
    turn = (-30 * x**2 + 60 * x**3 - 30 * x**4) / (high - low)
    return (
        share * inner + (1 - share) * outer,
        share * inner_slope + (1 - share) * outer_slope + turn * (inner - outer),
    )


def join(r, a, b):
    """Return MOLDY's V(r) [eV] and dV/dr of one pair of elements at one distance: ZBL, log-Hermite join, cubics."""
    z1, z2, length, strengths, _ = pair_numbers(a, b)
    r1, r2 = CORE[0] * length, CORE[1] * length
    if r <= r1:
        return zbl(r, z1, z2)
    if r >= r2:
        value, slope = cubics(r / length, KNOTS_V, strengths)
        return value, slope / length
    v1, s1 = zbl(r1, z1, z2)
    v2, s2 = cubics(r2 / length, KNOTS_V, strengths)
    width, t = r2 - r1, (r - r1) / (r2 - r1)
    y1, y2, m1, m2 = np.log(v1), np.log(v2), width * s1 / v1, width * (s2 / length) / v2
    rise, bend_1, bend_2 = 3 * t**2 - 2 * t**3, t**3 - 2 * t**2 + t, t**3 - t**2
    log = y1 + rise * (y2 - y1) + bend_1 * m1 + bend_2 * m2
    turn = 6 * (t - t**2) * (y2 - y1) + (3 * t**2 - 4 * t + 1) * m1 + (3 * t**2 - 2 * t) * m2
    return np.exp(log), np.exp(log) * turn / width


def density(r, a, b):
    """Return φ(r) [eV²] and dφ/dr: the cubics beyond the join, a quintic down to zero at SMOOTH a, zero below."""
    _, _, length, _, strengths = pair_numbers(a, b)
    if r <= SMOOTH * length:
        return 0.0, 0.0
    if r >= CORE[1] * length:
        value, slope = cubics(r / length, KNOTS_PHI, strengths)
        return value, slope / length
    value, slope = cubics(CORE[1], KNOTS_PHI, strengths)
    bend = sum(6.0 * c * (k - CORE[1]) for c, k in zip(strengths, KNOTS_PHI))
    quintic = BPoly.from_derivatives([SMOOTH, CORE[1]], [[0.0, 0.0, 0.0], [value, slope, bend]])
    return float(quintic(r / length)), float(quintic.derivative()(r / length)) / length


class NicholAcklandTwin:
    """E = Σ_{i<j} V(r_ij) - Σ_i √ρ_i, ρ_i = Σ_j φ(r_ij), for the atoms of some elements of a system."""

    longest = max(s[1] for s in SETS.values()) * KNOTS_V[0]

    def __init__(self, elements=("Na", "K")):
        self.known = elements

    def density(self, r, of, at):
        """Return φ and its derivative, the same in both orders."""
        return density(r, of, at)

    def compute(self, system):
        """Return energies, forces and virial; atoms of other elements are ignored."""
        names = [system.species_names[s].partition(":")[0] for s in system.species]
        i, j, vectors = brute_pairs(system.positions, system.cell.matrix, system.cell.periodic, self.longest)
        metal = np.array([name in self.known for name in names])
        i, j, vectors = i[metal[i] & metal[j]], j[metal[i] & metal[j]], vectors[metal[i] & metal[j]]
        r = np.linalg.norm(vectors, axis=1)
        pairs = [(d, names[a], names[b]) for d, a, b in zip(r, i, j)]
        v, dv = np.array([repulsion(*p) for p in pairs]).reshape(-1, 2).T
        phi, dphi = np.array([density(*p) for p in pairs]).reshape(-1, 2).T
        rho = np.bincount(i, phi, minlength=system.n_atoms)
        energies = 0.5 * np.bincount(i, v, minlength=system.n_atoms) - np.sqrt(rho)
        slope = np.array([-0.5 / np.sqrt(x) if x > 0.0 else 0.0 for x in rho])
        pull = 0.5 * dv + slope[i] * dphi
        return assemble(system.n_atoms, i, j, vectors, energies, (pull / r)[:, None] * vectors)
