"""Analytic embedded atoms: Johnson and Oh (1989), doi:10.1557/JMR.1989.1195, and Gupta with Rosato's square root."""

import numpy as np

from reference.images import assemble, brute_pairs

#: a [Å], E_c, E_1v [eV], C11, C12, C44 [GPa].
JOHNSON_OH = {
    "Na": (4.2906, 1.113, 0.36, 7.39, 6.22, 4.19),
    "K": (5.3280, 0.934, 0.32, 3.70, 3.14, 1.88),
}
#: Start and end of the switching range, in units of a.
JOHNSON_OH_CUT = (1.02, 1.34)

#: A, xi [eV], p, q, r0 [Å]; switching range [Å].
GUPTA = {"Na": (0.015955, 0.29113, 10.13, 1.30, 3.69896)}
GUPTA_CUT = (12.0, 14.0)


def solve(name):
    """Return k0..k3 [eV] and n from four equations in V and its derivatives at both shells, by elimination.

    At r1 (y = 0) V = k0, r V' = k1, r² V'' = 2 k2. The third condition gives k2 from k1, the first k0 from k1 and k3;
    two equations for k1 and k3 remain.
    """
    a, cohesion, vacancy, *constants = JOHNSON_OH[name]
    c11, c12, c44 = (c / 160.2176634 for c in constants)
    volume, y, r = a**3 / 2, 2 / np.sqrt(3) - 1, 2 / np.sqrt(3)  # the second shell, in units of r1

    def second(k1, k3):
        k2 = 0.5 * (2.25 * volume * c44 + k1)
        k0 = (-2 * vacancy - 6 * (k1 * y + k2 * y**2 + k3 * y**3)) / 14
        slope = k1 + 2 * k2 * y + 3 * k3 * y**2
        bend = 2 * k2 + 6 * k3 * y
        return (k0, k1, k2, k3), slope, bend

    def misses(k1, k3):
        _, slope, bend = second(k1, k3)
        return np.array([8 * k1 + 6 * r * slope, r**2 * bend - r * slope - volume * (c11 - c12)])

    zero = misses(0.0, 0.0)
    columns = np.array([misses(1.0, 0.0) - zero, misses(0.0, 1.0) - zero]).T
    k, _, bend = second(*np.linalg.solve(columns, -zero))
    spread = 4 * 2 * k[2] + 3 * r**2 * bend
    return k, np.sqrt((3 * volume * (c11 + 2 * c12) - spread) / (36 * (cohesion - vacancy)))


def fade(r, low, high):
    """Return the quintic from one to zero with zero slope and curvature at its ends, and its derivative."""
    if r <= low:
        return 1.0, 0.0
    if r >= high:
        return 0.0, 0.0
    x = (r - low) / (high - low)
    return (1 - x) ** 3 * (1 + 3 * x + 6 * x**2), -30 * x**2 * (1 - x) ** 2 / (high - low)


class EmbeddedTwin:
    """E = Σ_i F(ρ_i) + ½ Σ_ij V(r_ij), ρ_i = Σ_j f_j(r_ij), functions one pair at a time."""

    def compute(self, system):
        """Return energies, forces and virial; atoms of other elements are ignored."""
        names = [system.species_names[s].partition(":")[0] for s in system.species]
        i, j, vectors = brute_pairs(system.positions, system.cell.matrix, system.cell.periodic, self.longest)
        known = np.array([name in self.known for name in names])
        i, j, vectors = i[known[i] & known[j]], j[known[i] & known[j]], vectors[known[i] & known[j]]
        r = np.linalg.norm(vectors, axis=1)
        found = [(*self.pair(d, names[a], names[b]), *self.density(d, names[b], names[a])) for d, a, b in zip(r, i, j)]
        v, dv, f, df = np.array(found).reshape(-1, 4).T
        rho = np.bincount(i, f, minlength=system.n_atoms)
        embedded = [self.embed(x, name) if x > 0.0 else (0.0, 0.0) for x, name in zip(rho, names)]
        energy, slope = np.array(embedded).reshape(-1, 2).T
        energies = 0.5 * np.bincount(i, v, minlength=system.n_atoms) + energy
        pull = 0.5 * dv + slope[i] * df
        return assemble(system.n_atoms, i, j, vectors, energies, (pull / r)[:, None] * vectors)


class JohnsonOhTwin(EmbeddedTwin):
    """Na and K after Johnson and Oh."""

    known = JOHNSON_OH
    longest = JOHNSON_OH_CUT[1] * 5.328
    solved = dict(zip(JOHNSON_OH, map(solve, JOHNSON_OH)))  # noqa: RUF012

    def own(self, r, name):
        """Return V of two like atoms and dV/dr."""
        k, a = self.solved[name][0], JOHNSON_OH[name][0]
        s, ds = fade(r, JOHNSON_OH_CUT[0] * a, JOHNSON_OH_CUT[1] * a)
        near = np.sqrt(3) / 2 * a
        y = r / near - 1
        v = sum(c * y**m for m, c in enumerate(k))
        dv = sum(m * c * y ** (m - 1) for m, c in enumerate(k) if m) / near
        return v * s, dv * s + v * ds

    def bare(self, r, name):
        """Return the density of an atom without switching."""
        a, cohesion, *_ = JOHNSON_OH[name]
        return cohesion / (a**3 / 2) * (np.sqrt(3) / 2 * a / r) ** 6

    def density(self, r, name, at):
        """Return the density of an atom and its derivative, the same at any other."""
        a = JOHNSON_OH[name][0]
        s, ds = fade(r, JOHNSON_OH_CUT[0] * a, JOHNSON_OH_CUT[1] * a)
        f = self.bare(r, name)
        return f * s, -6 * f / r * s + f * ds

    def pair(self, r, a, b):
        """Return V and dV/dr of a pair, by Johnson's rule."""
        ratio = self.bare(r, b) / self.bare(r, a)
        (v_a, d_a), (v_b, d_b) = self.own(r, a), self.own(r, b)
        return 0.5 * (ratio * v_a + v_b / ratio), 0.5 * (ratio * d_a + d_b / ratio)

    def embed(self, rho, name):
        """Return F and dF/dρ."""
        n = self.solved[name][1]
        a, cohesion, vacancy, *_ = JOHNSON_OH[name]
        rest = 8 * self.bare(np.sqrt(3) / 2 * a, name) + 6 * self.bare(a, name)
        x = rho / rest
        depth = cohesion - vacancy
        return -depth * (1 - n * np.log(x)) * x**n, depth * n**2 * np.log(x) * x ** (n - 1) / rest


class GuptaTwin(EmbeddedTwin):
    """Na in the second-moment approximation."""

    known = GUPTA
    longest = GUPTA_CUT[1]

    def pair(self, r, a, b):
        """Return V and dV/dr: both atoms of a pair have A e^(-p(r/r0 - 1))."""
        strength, _, p, _, r0 = GUPTA[a]
        s, ds = fade(r, *GUPTA_CUT)
        v = 2 * strength * np.exp(-p * (r / r0 - 1))
        return v * s, -p / r0 * v * s + v * ds

    def density(self, r, name, at):
        """Return the square of the hopping integral and its derivative, the same at any other."""
        _, xi, _, q, r0 = GUPTA[name]
        s, ds = fade(r, *GUPTA_CUT)
        f = (xi * np.exp(-q * (r / r0 - 1))) ** 2
        return f * s, -2 * q / r0 * f * s + f * ds

    def embed(self, rho, name):
        """Return -√ρ and its derivative."""
        return -np.sqrt(rho), -0.5 / np.sqrt(rho)
