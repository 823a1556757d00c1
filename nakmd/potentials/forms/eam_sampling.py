"""Tabulation of analytic embedded-atom models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.elements import MASSES
from nakmd.potentials.files.eam_table import EAMTable

#: Grids of exported tables: in solid and liquid NaK within 1e-10 eV/atom and 1e-7 eV/Å of the analytic model.
N_RHO = 20_000
N_R = 10_000


def sample_table(
    elements: Sequence[str],
    density: Callable[[str, str, FloatArray], FloatArray],
    pair: Callable[[str, str, FloatArray], FloatArray],
    embedding: Callable[[str, FloatArray], FloatArray],
    atomic_numbers: Sequence[int],
    cutoff: float,
    rho_max: float,
    n_r: int = N_R,
    n_rho: int = N_RHO,
    lattice_constants: Sequence[float] | None = None,
    lattice: str = "bcc",
    comment: str = "",
) -> EAMTable:
    """Return the tables of an embedded-atom model given by functions.

    Parameters
    ----------
    elements : sequence of str
    density : callable
        ``density(a, b, r)``: the density of an atom of element a at one of element b; r is an array in Å.
    pair : callable
        ``pair(a, b, r)`` [eV].
    embedding : callable
        ``embedding(a, rho)`` [eV].
    atomic_numbers : sequence of int
    cutoff : float [Å]
    rho_max : float
        End of the grid of densities; LAMMPS and nakmd extrapolate linearly beyond.
    n_r, n_rho : int
        Numbers of points.
    lattice_constants : sequence of float [Å], optional
        For the header.
    lattice, comment : str
        For the header.

    Returns
    -------
    EAMTable
        Of kind ``"fs"``.
    """
    n = len(elements)
    d_r, d_rho = cutoff / (n_r - 1), rho_max / (n_rho - 1)
    r, rho = d_r * np.arange(float(n_r)), d_rho * np.arange(float(n_rho))
    # r φ has a limit at r = 0 but φ may diverge: evaluate close to r = 0
    safe = np.concatenate([[1e-3 * d_r], r[1:]])
    densities, pairs = np.empty((n, n, n_r)), np.empty((n, n, n_r))
    for a in range(n):
        for b in range(n):
            densities[a, b] = density(elements[a], elements[b], safe)
            if b <= a:
                pairs[a, b] = pairs[b, a] = safe * pair(elements[a], elements[b], safe)
    return EAMTable(
        kind="fs",
        elements=tuple(elements),
        atomic_numbers=tuple(atomic_numbers),
        masses=tuple(MASSES.get(element, 1.0) for element in elements),
        lattice_constants=tuple(lattice_constants) if lattice_constants is not None else (0.0,) * n,
        lattices=(lattice,) * n,
        d_rho=d_rho,
        d_r=d_r,
        cutoff=cutoff,
        embedding=np.array([embedding(element, rho) for element in elements]),
        density=densities,
        pair=pairs,
        comment=comment,
    )
