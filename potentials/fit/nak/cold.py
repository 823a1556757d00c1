"""Static properties of bcc from sums of the basis at fixed geometries, so that new parameters cost microseconds."""

from __future__ import annotations

import math

import numpy as np
from functions import Shape, basis, embedding, split

from nakmd.arrays import FloatArray
from nakmd.elements import MASSES
from nakmd.units import ACCELERATION, GPA_PER_EV_A3

#: Lattice constants, in units of that at room temperature; cubics through four of them interpolate.
GRID = np.linspace(0.9, 1.06, 65)
#: Strain of the second differences, and displacement of frozen phonons in units of a.
STRAIN, DISPLACEMENT = 4e-3, 4e-3
#: Volume of the compressed crystal over that without pressure.
COMPRESSION = 0.8
#: Corners of the conventional cells.
CORNERS = {"bcc": [(0.0, 0.0, 0.0), (0.5, 0.5, 0.5)], "fcc": [(0, 0, 0), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)]}
#: Phonons: wave vector [2π/a] and direction.
PHONONS = {
    "N1": ((0.5, 0.5, 0.0), (1.0, -1.0, 0.0)),
    "N2": ((0.5, 0.5, 0.0), (0.0, 0.0, 1.0)),
    "NL": ((0.5, 0.5, 0.0), (1.0, 1.0, 0.0)),
    "H": ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
}
STRAINS = {
    "bulk": np.eye(3),
    "tetragonal": np.diag([1.0, -1.0, 0.0]),
    "shear": np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
}


def lattice(structure: str, reach: float) -> FloatArray:
    """Return all lattice vectors except 0 within ``reach``, in units of a (hcp: of the nearest distance times √2)."""
    if structure == "hcp":
        edges = np.array([1.0, math.sqrt(3.0), math.sqrt(8.0 / 3.0)]) / math.sqrt(2.0)
        corners = np.array([(0, 0, 0), (0.5, 0.5, 0), (0.5, 5.0 / 6.0, 0.5), (0, 1.0 / 3.0, 0.5)])
    else:
        edges, corners = np.ones(3), np.array(CORNERS[structure])
    n = math.ceil(reach / edges.min()) + 1
    cells = np.array(list(np.ndindex(2 * n + 1, 2 * n + 1, 2 * n + 1))) - n
    points = ((cells[:, None, :] + corners[None]) * edges).reshape(-1, 3)
    length = np.linalg.norm(points, axis=1)
    return points[(length > 1e-9) & (length < reach)]


class Cold:
    """Geometries of one element.

    Parameters
    ----------
    element : str
    a : float [Å]
        Unit of the grid of lattice constants.
    shape : Shape
    """

    def __init__(self, element: str, a: float, shape: Shape) -> None:
        self.shape, self.a, self.mass = shape, a * GRID, MASSES[element]
        reach = shape.cutoff / (a * GRID[0]) * 1.02
        bcc = lattice("bcc", reach)
        sites = {"bcc": bcc}
        fcc = 2.0 ** (1.0 / 3.0)
        sites["fcc"] = lattice("fcc", reach / fcc * 1.01) * fcc
        sites["hcp"] = lattice("hcp", reach / fcc * 1.01) * fcc
        for name, strain in STRAINS.items():
            for sign in (1, -1):
                sites[f"{name}{sign:+d}"] = bcc @ (np.eye(3) + sign * STRAIN * strain)
        for name, (q, direction) in PHONONS.items():
            e = np.array(direction) / np.linalg.norm(direction)
            moved = np.cos(2.0 * math.pi * bcc @ np.array(q)) - 1.0
            sites[name] = bcc + DISPLACEMENT * moved[:, None] * e
        self.pair = {name: np.array([self._sums(x, s, shape.n_pair) for s in self.a]) for name, x in sites.items()}
        self.density = {
            name: np.array([self._sums(x, s, shape.n_density) for s in self.a]) for name, x in sites.items()
        }
        lengths = np.linalg.norm(bcc, axis=1)
        shells = np.unique(np.round(lengths, 6))
        self.counts = np.array([np.sum(np.abs(lengths - s) < 1e-5) for s in shells])
        self.shells = np.array([basis(shape, s * shells, shape.n_density).value for s in self.a])

    def _sums(self, sites: FloatArray, scale: float, n: int) -> FloatArray:
        r = np.linalg.norm(sites, axis=1) * scale
        return basis(self.shape, r[r < self.shape.cutoff], n).value.sum(axis=0)

    def _at(self, values: FloatArray, x: float) -> float:
        step = float(GRID[1] - GRID[0])
        k = int(np.clip((x - GRID[0]) / step - 1.0, 0, len(GRID) - 4))
        t = (x - GRID[k]) / step
        weights = (
            -(t - 1) * (t - 2) * (t - 3) / 6,
            t * (t - 2) * (t - 3) / 2,
            -t * (t - 1) * (t - 3) / 2,
            t * (t - 1) * (t - 2) / 6,
        )
        return float(np.dot(weights, values[k : k + 4]))

    def _least(self, values: FloatArray) -> tuple[float, float]:
        """Return place and value of the minimum, by the vertex of the parabola through three points."""
        k = int(np.clip(np.argmin(values), 1, len(GRID) - 2))
        below, middle, above = values[k - 1 : k + 2]
        shift = float(np.clip(0.5 * (below - above) / (below - 2.0 * middle + above), -1.0, 1.0))
        x = float(GRID[k] + shift * (GRID[1] - GRID[0]))
        return x, self._at(values, x)

    def figures(self, theta: FloatArray) -> dict[str, float]:
        """Return a [Å], E [eV], C_ij [GPa], fcc and hcp less bcc [eV], phonons [THz], vacancy [eV], density at a,
        and the pressure ``P80`` [GPa] at 0.8 of the volume.

        The vacancy is not relaxed. Phonons: at a; ``N1_98`` and ``N1_102`` the square [THz²] of the lowest at N at
        0.98 and 1.02 a. Imaginary frequencies are negative.
        """
        v, p, f = split(self.shape, theta)
        e = {name: 0.5 * self.pair[name] @ v + embedding(f, self.density[name] @ p)[0] for name in self.pair}
        scale = float(self.a[0] / GRID[0])
        x0, energy = self._least(e["bcc"])
        a = x0 * scale
        volume = 0.5 * a**3
        squeezed = x0 * COMPRESSION ** (1.0 / 3.0)
        rise = (self._at(e["bcc"], squeezed + 1e-3) - self._at(e["bcc"], squeezed - 1e-3)) / (2e-3 * scale)
        second = {
            name: self._at(e[f"{name}+1"] + e[f"{name}-1"] - 2.0 * e["bcc"], x0) / STRAIN**2 / volume * GPA_PER_EV_A3
            for name in STRAINS
        }
        bulk, shear, c44 = second["bulk"] / 9.0, second["tetragonal"] / 4.0, second["shear"] / 4.0
        out = {"a": a, "E": energy, "C11": bulk + 4.0 / 3.0 * shear, "C12": bulk - 2.0 / 3.0 * shear, "C44": c44}
        out["P80"] = -rise / (1.5 * (squeezed * scale) ** 2) * GPA_PER_EV_A3
        for name in ("fcc", "hcp"):
            out[name] = self._least(e[name])[1] - energy

        def square(name: str, stretch: float) -> float:
            """Return ν² [THz²]: every atom moves by ±u, and the energy of an atom rises by m ω² u²/2."""
            rise = self._at(e[name] - e["bcc"], x0 * stretch)
            return 2.0 * rise / (self.mass * (DISPLACEMENT * a * stretch) ** 2) * ACCELERATION / (2.0 * math.pi) ** 2

        for name in PHONONS:
            nu = square(name, 1.0)
            out[name] = math.copysign(math.sqrt(abs(nu)), nu)
        out["N1_98"], out["N1_102"] = square("N1", 0.98), square("N1", 1.02)
        rho = self.density["bcc"] @ p
        around = embedding(f, rho[:, None] - self.shells @ p)[0] - embedding(f, rho)[0][:, None]
        out["vacancy"] = self._at(-0.5 * self.pair["bcc"] @ v + around @ self.counts, x0)
        out["rho"] = self._at(rho, x0)
        return out
