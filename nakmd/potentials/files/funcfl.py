"""Read funcfl files, one for each element with effective charges, and combine them as LAMMPS does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.elements import SYMBOLS
from nakmd.errors import FileFormatError
from nakmd.potentials.files.eam_table import MIN_POINTS, EAMTable
from nakmd.potentials.files.number_lines import Lines, shown

#: r φ(r) = HARTREE · BOHR · Z_a Z_b [eV Å], rounded as in LAMMPS, so that the same file gives the same energies.
HARTREE_ROUNDED = 27.2
BOHR_ROUNDED = 0.529


@dataclass(frozen=True, eq=False)
class Funcfl:
    """The content of one funcfl file.

    Attributes
    ----------
    path : path-like
    element : str
        From the atomic number: the format does not contain the symbol.
    atomic_number : int
    mass : float [amu]
    lattice_constant : float [Å]
    lattice : str
    d_rho, d_r, cutoff : float
    embedding : (n_rho,) float64 [eV]
    charge : (n_r,) float64 [e]
        Effective charge Z(r).
    density : (n_r,) float64
    comment : str
    """

    path: Path | str
    element: str
    atomic_number: int
    mass: float
    lattice_constant: float
    lattice: str
    d_rho: float
    d_r: float
    cutoff: float
    embedding: FloatArray
    charge: FloatArray
    density: FloatArray
    comment: str


def parse_funcfl(path: Path | str, text: str) -> Funcfl:
    """Return the content of a funcfl text.

    Raises
    ------
    FileFormatError
        If it is truncated or damaged, with file, line and remedy.
    """
    lines = Lines(path, text)
    comment = lines.raw()
    lines.check_units(comment)
    atomic_number, mass, lattice_constant, lattice = lines.element_header("the element")
    if not 1 <= atomic_number < len(SYMBOLS):
        raise lines.error(f"the atomic number is {atomic_number}; no such element.", "Correct the header.")
    n_rho, d_rho, n_r, d_r, cutoff = lines.grid(MIN_POINTS + 1)
    lines.check_counts(n_rho + 2 * n_r)
    embedding = lines.block(n_rho, "F(ρ)")
    charge = lines.block(n_r, "Z(r)")
    density = lines.block(n_r, "ρ(r)")
    lines.end()
    return Funcfl(
        path, SYMBOLS[atomic_number], atomic_number, mass, lattice_constant, lattice,
        d_rho, d_r, cutoff, embedding, charge, density, comment,
    )  # fmt: skip


def combine_funcfl(files: Sequence[Funcfl]) -> EAMTable:
    r"""Return one table for several elements, on the grid and with the interpolation that LAMMPS uses.

    .. math:: r \phi_{ab}(r) = 27.2 \cdot 0.529 \, Z_a(r) Z_b(r)

    The grid has the largest spacing and the largest range of the files. The number of points is their quotient, so
    each table loses its last point. Every function is interpolated to the grid by four-point Lagrange interpolation.

    Parameters
    ----------
    files : sequence of Funcfl

    Returns
    -------
    EAMTable
        Of kind ``"funcfl"``.
    """
    elements = tuple(file.element for file in files)
    for a, element in enumerate(elements):
        if element in elements[:a]:
            what = f"is a second file for {shown(element)}."
            raise FileFormatError(files[a].path, what, "Give one file for each element.")
    d_r = max(file.d_r for file in files)
    d_rho = max(file.d_rho for file in files)
    r_max = max((len(file.charge) - 1) * file.d_r for file in files)
    rho_max = max((len(file.embedding) - 1) * file.d_rho for file in files)
    # int(x + 0.5), as in LAMMPS: the last point is dropped
    n_r, n_rho = int(r_max / d_r + 0.5), int(rho_max / d_rho + 0.5)
    r, rho = d_r * np.arange(float(n_r)), d_rho * np.arange(float(n_rho))
    charge = np.array([_resample(file.charge, file.d_r, r) for file in files])
    return EAMTable(
        kind="funcfl",
        elements=elements,
        atomic_numbers=tuple(file.atomic_number for file in files),
        masses=tuple(file.mass for file in files),
        lattice_constants=tuple(file.lattice_constant for file in files),
        lattices=tuple(file.lattice for file in files),
        d_rho=d_rho,
        d_r=d_r,
        cutoff=max(file.cutoff for file in files),
        embedding=np.array([_resample(file.embedding, file.d_rho, rho) for file in files]),
        density=np.array([_resample(file.density, file.d_r, r) for file in files]),
        pair=HARTREE_ROUNDED * BOHR_ROUNDED * (charge[:, None, :] * charge[None, :, :]),
        rho_max=rho_max,
        comment="\n".join(file.comment.strip() for file in files),
    )


def _resample(values: FloatArray, delta: float, x: FloatArray) -> FloatArray:
    """Return values at x by four-point Lagrange interpolation on the grid k·delta, constant beyond its end."""
    p = x / delta
    k = np.clip(p.astype(np.int64), 1, max(1, len(values) - 3))
    t = np.minimum(p - k, 2.0)
    return np.asarray(
        -t * (t - 1.0) * (t - 2.0) / 6.0 * values[k - 1]
        + (t * t - 1.0) * (t - 2.0) / 2.0 * values[k]
        - t * (t + 1.0) * (t - 2.0) / 2.0 * values[k + 1]
        + t * (t * t - 1.0) / 6.0 * values[k + 2]
    )
