"""Embedded-atom tables (funcfl, setfl, eam.fs), read and interpolated as LAMMPS does."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reference.images import assemble, brute_pairs


@dataclass
class Table:
    """Elements; F (s, nρ); ρ (s, s, nr), ``density[neighbour, centre]``; r·φ (s, s, nr); steps; cutoff."""

    elements: list
    embedding: np.ndarray
    density: np.ndarray
    r_phi: np.ndarray
    drho: float
    dr: float
    cutoff: float
    masses: list = dataclasses.field(default_factory=list)
    numbers: list = dataclasses.field(default_factory=list)


def read_eam(path, kind, element="X"):
    """Read a table of ``kind`` "funcfl", "alloy" or "fs"."""
    lines = Path(path).read_text().splitlines()
    if kind == "funcfl":
        return read_funcfl(lines, element)
    elements = lines[3].split()[1:]
    words = iter(" ".join(lines[4:]).split())
    nrho, drho, nr, dr, cutoff = (
        int(next(words)),
        float(next(words)),
        int(next(words)),
        float(next(words)),
        float(next(words)),
    )
    take = lambda n: np.array([float(next(words)) for _ in range(n)])  # noqa: E731
    s = len(elements)
    embedding, density, r_phi = np.zeros((s, nrho)), np.zeros((s, s, nr)), np.zeros((s, s, nr))
    masses, numbers = [], []
    for a in range(s):
        number, mass, _, _ = (next(words) for _ in range(4))
        numbers.append(int(number))
        masses.append(float(mass))
        embedding[a] = take(nrho)
        for b in range(s) if kind == "fs" else [slice(None)]:
            density[a, b] = take(nr)
    for a in range(s):
        for b in range(a + 1):
            r_phi[a, b] = r_phi[b, a] = take(nr)
    return Table(elements, embedding, density, r_phi, drho, dr, cutoff, masses, numbers)


def read_funcfl(lines, element):
    """Read the funcfl file of one element: r·φ = 27.2·0.529 Z²; the grid of LAMMPS is one point shorter."""
    words = " ".join(lines[2:]).split()
    nrho, drho, nr, dr, cutoff = (
        int(words[0]),
        float(words[1]),
        int(words[2]),
        float(words[3]),
        float(words[4]),
    )
    values = np.array([float(w) for w in words[5 : 5 + nrho + 2 * nr]])
    embedding, charge, density = values[:nrho], values[nrho : nrho + nr], values[nrho + nr :]
    r_phi = 27.2 * 0.529 * charge[:-1] ** 2
    return Table([element], embedding[None, :-1], density[None, None, :-1], r_phi[None, None], drho, dr, cutoff)


def write_setfl(path, table, kind, comment):
    """Write a table of kind "alloy" or "fs" with 17 digits."""
    s, nrho, nr = len(table.elements), table.embedding.shape[1], table.density.shape[2]
    lines = [*comment, f"{s} {' '.join(table.elements)}"]
    lines.append(f"{nrho} {table.drho!r} {nr} {table.dr!r} {table.cutoff!r}")

    def put(values):
        lines.extend(" ".join(f"{x:.16e}" for x in values[k : k + 5]) for k in range(0, len(values), 5))

    for a in range(s):
        lines.append(f"{table.numbers[a]} {table.masses[a]!r} 1.0 bcc")
        put(table.embedding[a])
        for b in range(s) if kind == "fs" else [0]:
            put(table.density[a, b])
    for a in range(s):
        for b in range(a + 1):
            put(table.r_phi[a, b])
    Path(path).write_text("\n".join(lines) + "\n")


def hermite(f, step, x):
    """Return value and slope at x of the cubic of LAMMPS through f at 0, step, 2 step, ...; constant beyond the end.

    Node slopes: centred 5-point, 3-point next to the ends, one-sided at the ends (pair_eam.cpp, interpolate).
    """
    n = len(f)
    d = np.empty(n)
    d[2:-2] = ((f[:-4] - f[4:]) + 8.0 * (f[3:-1] - f[1:-3])) / 12.0
    d[1], d[-2] = 0.5 * (f[2] - f[0]), 0.5 * (f[-1] - f[-3])
    d[0], d[-1] = f[1] - f[0], f[-1] - f[-2]
    p = np.asarray(x) * (1.0 / step)
    m = np.clip(p.astype(int), 0, n - 2)
    p = np.minimum(p - m, 1.0)
    square = 3.0 * (f[m + 1] - f[m]) - 2.0 * d[m] - d[m + 1]
    cube = d[m] + d[m + 1] - 2.0 * (f[m + 1] - f[m])
    return ((cube * p + square) * p + d[m]) * p + f[m], ((3.0 * cube * p + 2.0 * square) * p + d[m]) / step


class TableTwin:
    """E = ½ Σ φ(r_ij) + Σ F(ρ_i), ρ_i = Σ_j ρ_{j at i}(r_ij); F is linear above the last ρ."""

    def __init__(self, table):
        self.table = table

    def compute(self, system):
        """Return energies, forces and virial; atoms of other elements are ignored."""
        t = self.table
        rows = [
            t.elements.index(e) if e in t.elements else -1 for e in (n.partition(":")[0] for n in system.species_names)
        ]
        kind = np.array(rows)[system.species]
        i, j, vectors = brute_pairs(system.positions, system.cell.matrix, system.cell.periodic, t.cutoff)
        metal = (kind[i] >= 0) & (kind[j] >= 0)
        i, j, vectors = i[metal], j[metal], vectors[metal]
        r = np.linalg.norm(vectors, axis=1)
        dens, d_dens, z, dz = (np.zeros(len(r)) for _ in range(4))
        for a in range(len(t.elements)):
            for b in range(len(t.elements)):
                mine = (kind[i] == a) & (kind[j] == b)
                dens[mine], d_dens[mine] = hermite(t.density[b, a], t.dr, r[mine])
                z[mine], dz[mine] = hermite(t.r_phi[a, b], t.dr, r[mine])
        phi, d_phi = z / r, dz / r - z / r**2
        rho = np.bincount(i, dens, minlength=system.n_atoms)
        embedding, slope = np.zeros(system.n_atoms), np.zeros(system.n_atoms)
        top = t.drho * (t.embedding.shape[1] - 1)
        for a in range(len(t.elements)):
            mine = kind == a
            embedding[mine], slope[mine] = hermite(t.embedding[a], t.drho, rho[mine])
        embedding += np.where(rho > top, slope * (rho - top), 0.0)
        energies = 0.5 * np.bincount(i, phi, minlength=system.n_atoms) + embedding
        pull = 0.5 * d_phi + slope[i] * d_dens
        return assemble(system.n_atoms, i, j, vectors, energies, (pull / r)[:, None] * vectors)
