"""The functions of an embedded-atom potential on uniform grids."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import InputError

Kind = Literal["alloy", "fs", "funcfl"]

#: Minimum number of points of a table: the derivative of the interpolation of LAMMPS uses five.
MIN_POINTS = 5

#: From this distance [Å] on, values of a table are compared with what is possible: nearer ones are often extrapolated.
CLOSEST = 1.0
#: Largest density of one neighbour over the range of F. Published tables have 4 or less, within a few ångström.
MAX_DENSITY_RATIO = 1e3
#: Largest |r φ(r)| [eV Å]. Bare nuclei of uranium have 1.2e5.
MAX_PAIR = 1e6


@dataclass(frozen=True, eq=False)
class EAMTable:
    r"""Embedding, density and pair functions of an embedded-atom potential on uniform grids.

    .. math:: E = \sum_i F_{s_i}(\rho_i) + \tfrac12 \sum_{i \ne j} \phi_{s_i s_j}(r_{ij}), \quad
              \rho_i = \sum_{j \ne i} \rho_{s_j \to s_i}(r_{ij})

    Attributes
    ----------
    kind : {"alloy", "fs", "funcfl"}
        The format of the source. For one element setfl and eam.fs are identical: ``"alloy"``.
    elements : tuple of str
    atomic_numbers : tuple of int
    masses : tuple of float [amu]
    lattice_constants : tuple of float [Å]
    lattices : tuple of str
    d_rho, d_r : float [density units], [Å]
        Spacings; both grids start at zero.
    cutoff : float [Å]
    embedding : (n_el, n_rho) float64 [eV]
    density : (n_el, n_r) or, for ``"fs"``, (n_el, n_el, n_r) float64
        ``density[a, b]`` (fs) is the density that an atom of element a contributes at an atom of element b;
        ``density[a]`` (otherwise) is its contribution at any atom.
    pair : (n_el, n_el, n_r) float64 [eV Å]
        r φ(r), symmetric in the elements.
    rho_max : float
        Beyond it the embedding energy is extrapolated linearly. It is the last grid point, except for funcfl: LAMMPS
        drops the last point of each table but keeps the limit; between the two F is constant.
    comment : str
        Header lines: the source of the numbers.

    References
    ----------
    Daw & Baskes, Phys. Rev. B 29, 6443 (1984), doi:10.1103/PhysRevB.29.6443;
    Finnis & Sinclair, Philos. Mag. A 50, 45 (1984), doi:10.1080/01418618408244210.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd.potentials import EAM, EAMTable
    >>> r, rho = 0.01 * np.arange(601), 0.05 * np.arange(401)
    >>> to_zero = (1.0 - r / 6.0) ** 3
    >>> table = EAMTable(
    ...     "alloy", ("Na",), (11,), (22.98976928,), (4.23,), ("bcc",), d_rho=0.05, d_r=0.01, cutoff=6.0,
    ...     embedding=-0.3 * np.sqrt(rho)[None], density=to_zero[None],
    ...     pair=(0.8 * r * to_zero * np.exp(-r))[None, None],
    ... )
    >>> EAM(table, label="mine")
    EAM(mine)
    """

    kind: Kind
    elements: tuple[str, ...]
    atomic_numbers: tuple[int, ...]
    masses: tuple[float, ...]
    lattice_constants: tuple[float, ...]
    lattices: tuple[str, ...]
    d_rho: float
    d_r: float
    cutoff: float
    embedding: FloatArray
    density: FloatArray
    pair: FloatArray
    rho_max: float = -1.0
    comment: str = ""

    def __post_init__(self) -> None:
        """Validate shapes and values, make the arrays read-only and all other numbers plain Python ones."""
        kinds = {
            "elements": str, "atomic_numbers": int, "masses": float, "lattice_constants": float, "lattices": str,
        }  # fmt: skip
        for name, kind in kinds.items():
            object.__setattr__(self, name, tuple(kind(value) for value in getattr(self, name)))
        for name in ("d_rho", "d_r", "cutoff", "rho_max"):
            object.__setattr__(self, name, float(getattr(self, name)))
        n = len(self.elements)
        n_rho, n_r = self.embedding.shape[-1], self.pair.shape[-1]
        shapes = {
            "embedding": (n, n_rho),
            "density": (n, n, n_r) if self.kind == "fs" else (n, n_r),
            "pair": (n, n, n_r),
        }
        for name, shape in shapes.items():
            array = np.array(getattr(self, name), dtype=np.float64, order="C")
            if array.shape != shape:
                raise InputError(f"{name} of an EAM table ({self.kind}) has shape {array.shape}; it must be {shape}.")
            if not np.all(np.isfinite(array)):
                raise InputError(f"{name} of an EAM table holds NaN or inf; tables must be finite.")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        for name in ("atomic_numbers", "masses", "lattice_constants", "lattices"):
            if len(getattr(self, name)) != n:
                raise InputError(f"{name} of an EAM table has {len(getattr(self, name))} entries, not {n}.")
        if len(set(self.elements)) != n:
            raise InputError(f"An EAM table names an element twice: {', '.join(self.elements)}.")
        if min(n_rho, n_r) < MIN_POINTS:
            raise InputError(f"An EAM table needs at least {MIN_POINTS} points; it has {n_rho} (ρ), {n_r} (r).")
        if not all(0.0 < value < math.inf for value in (self.d_rho, self.d_r, self.cutoff)):
            raise InputError(
                f"Spacings and cutoff of an EAM table must be positive and finite: dρ = {self.d_rho}, "
                f"dr = {self.d_r} Å, cutoff = {self.cutoff} Å."
            )
        if not np.array_equal(self.pair, self.pair.transpose(1, 0, 2)):
            raise InputError("The pair function of an EAM table differs between a–b and b–a.")
        if self.rho_max < 0.0:
            object.__setattr__(self, "rho_max", (n_rho - 1) * self.d_rho)

    def find_impossible(self) -> str | None:
        """Return the description of a value that no material has, or None; forces from it overflow in a few steps."""
        first = math.ceil(min(CLOSEST / self.d_r, self.n_r))
        density, pair = np.abs(self.density[..., first:]), np.abs(self.pair[..., first:])
        if density.size and density.max() > MAX_DENSITY_RATIO * self.rho_max:
            at = (first + np.argmax(density) % density.shape[-1]) * self.d_r
            return (
                f"ρ(r) of one neighbour is {density.max():.3g} at r = {at:.4g} Å, but F(ρ) ends at "
                f"ρ = {self.rho_max:.3g}. Correct the value, or the range of F."
            )
        if pair.size and pair.max() > MAX_PAIR:
            at = (first + np.argmax(pair) % pair.shape[-1]) * self.d_r
            return f"r φ(r) is {pair.max():.3g} eV Å at r = {at:.4g} Å; it is below {MAX_PAIR:g}. Correct the value."
        return None

    @property
    def n_rho(self) -> int:
        """Number of points of the embedding functions."""
        return int(self.embedding.shape[1])

    @property
    def n_r(self) -> int:
        """Number of points of the density and pair functions."""
        return int(self.pair.shape[2])

    @property
    def density_matrix(self) -> FloatArray:
        """The density that element a (first index) contributes at element b (second), for every kind."""
        if self.kind == "fs":
            return self.density
        n = len(self.elements)
        return np.ascontiguousarray(np.broadcast_to(self.density[:, None, :], (n, n, self.n_r)))
