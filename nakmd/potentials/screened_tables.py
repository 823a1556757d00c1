r"""Screened metal-wall pairs as two embedded-atom tables, which LAMMPS evaluates with its own styles.

The energy of a metal atom of element a is

.. math::

    F(\rho) + \sum_j \left\{ V(r_{ij}) - d\,k A(r_{ij}) \right\} + d\, e^{-\rho/\rho_0} B, \quad
    B = \sum_j k A(r_{ij}), \quad d = \lambda (1 - s)

The last term is a product of functions of two sums over neighbours. It is the limit for small ε of a difference of
functions of one sum each, which are embedding energies:

.. math::

    e^{-x} B = \frac{e^{-(x - \varepsilon B)} - e^{-(x + \varepsilon B)}}{2\varepsilon}
               - \frac{\varepsilon^2}{6} e^{-x} B^3 - \dots, \quad x = \rho/\rho_0

So the metal with its screened pairs is the sum of two embedded-atom models, σ = ±1, in which the wall has a density:

.. math::

    H_\sigma(y) = \tfrac12 F(y) - \frac{\sigma d}{2\varepsilon} e^{-y/\rho_0}, \quad
    y = \rho + \sigma\,\varepsilon \rho_0 B

The halves of F cancel the first order of its change, and the pair functions are in the first of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.elements import ATOMIC_NUMBERS, element_of, standard_mass
from nakmd.potentials.files.eam_files import format_eam_fs
from nakmd.potentials.files.eam_table import EAMTable
from nakmd.potentials.forms.eam_sampling import N_RHO
from nakmd.potentials.lammps_style import LAMMPSStyle
from nakmd.potentials.screened_sides import ScreenedSides

#: ε [1/eV]: the terms neglected are ε² B³/6 and (ε ρ₀ B)² F''/2, below 1e-9 eV; the rounding of d/(2ε), 4e-12 eV.
EPSILON = 1e-5
#: Step of the densities in units of the smallest ρ₀: errors of e^{-x} B, and of the forces along dx/dr, are below
#: 2e-11 eV and 3e-8 eV/Å.
STEP = 2e-3


def screened_styles(sides: ScreenedSides, species_names: Sequence[str], stem: str) -> list[LAMMPSStyle]:
    """Return the pair styles of LAMMPS that compute a metal and its screened pairs.

    Parameters
    ----------
    sides : ScreenedSides
    species_names : sequence of str
        Species of the LAMMPS types 1, 2, ...
    stem : str
        First part of the file names.

    Returns
    -------
    list of LAMMPSStyle
        Two ``eam/fs`` styles; those of metal and pairs by themselves where none of these species is screened.

    Notes
    -----
    The spline of LAMMPS has a slope of first order at y = 0, where an atom without metal neighbours is. The first three
    values of H are therefore on a line with the right slope, which makes that atom exact, and those with
    0 < ρ < 4 dρ inaccurate, as in every table of a metal whose F begins as -√ρ.
    """
    if not sides.screens:
        return sides.metal.lammps_styles(species_names, stem) + sides.contact.lammps_styles(species_names, stem)
    names = sides.metals + sides.walls
    functions = _tabulate(sides)
    mapped = [name if name in names else "NULL" for name in species_names]
    types = [k for k, name in enumerate(species_names, start=1) if name in sides.walls]
    idle = [(i, j) for i in types for j in types if i <= j]
    styles = []
    for sign, file in ((1.0, f"{stem}_plus.eam.fs"), (-1.0, f"{stem}_minus.eam.fs")):
        text = format_eam_fs(_table(functions, names, sign, sides.label))
        styles.append(LAMMPSStyle("eam/fs", "", [("* *", f"{file} {' '.join(mapped)}")], files={file: text}, idle=idle))
    return styles


class _Functions(NamedTuple):
    """The functions of both models on grids that start at zero, for n species: first the metals, then the wall.

    Attributes
    ----------
    d_r, cutoff : float [Å]
    d_rho : float [unit of ρ]
    embedding : (n, n_rho) float64 [eV]
        F(y).
    decay : (n, n_rho) float64 [eV]
        d/(2 ε) exp(-y/ρ_0).
    metal : (n, n, n_r) float64 [unit of ρ]
        What the first species contributes to ρ of the second.
    wall : (n, n, n_r) float64 [unit of ρ]
        What the first species contributes to ε ρ_0 B of the second.
    pair : (n, n, n_r) float64 [eV Å]
        r times V of the metal, or r (V - d k A).
    """

    d_r: float
    cutoff: float
    d_rho: float
    embedding: FloatArray
    decay: FloatArray
    metal: FloatArray
    wall: FloatArray
    pair: FloatArray


def _tabulate(sides: ScreenedSides) -> _Functions:
    metal, metals, keys = sides.metal, sides.metals, sides.keys
    n, n_r = len(metals) + len(sides.walls), metal.n_r_lammps
    cutoff = max([metal.reach, *(sides.contact.pairs[entry]["cutoff"] for entry in sides.entries.values())])
    d_r = cutoff / (n_r - 1)
    # r V has a limit at r = 0, where V may diverge
    r = np.concatenate([[1e-3 * d_r], d_r * np.arange(1.0, n_r)])
    end = metal.largest_density
    d_rho = min(end / (N_RHO - 1), STEP * min(sides.rho_0[a] for a in metals if sides.depth[a]))
    rho = d_rho * np.arange(np.ceil(end / d_rho) + 1.0)
    out = _Functions(d_r, cutoff, d_rho, *np.zeros((2, n, len(rho))), *np.zeros((3, n, n, n_r)))
    for i, a in enumerate(metals):
        out.embedding[i] = metal.embedding_energy(keys[i], rho)
        out.embedding[i, 1] = 0.5 * (out.embedding[i, 0] + out.embedding[i, 2])
        step = d_rho / sides.rho_0[a]
        out.decay[i] = np.exp(-rho / sides.rho_0[a])
        out.decay[i, :3] = 1.0 + step * step - step * np.arange(3.0)
        out.decay[i] *= sides.depth[a] / (2.0 * EPSILON)
        for j, b in enumerate(metals):
            if not metal.loses(a, b):
                v, out.metal[j, i] = metal.functions(keys[i], keys[j], r)
                out.pair[i, j] = out.pair[j, i] = r * v
    for (a, b), entry in sides.entries.items():
        i, j = metals.index(a), len(metals) + sides.walls.index(b)
        attraction = sides.shares[a, b] * sides.contact.curve(entry, r, attraction=True)[0]
        out.wall[j, i] = EPSILON * sides.rho_0[a] * attraction
        out.pair[i, j] = out.pair[j, i] = r * (sides.contact.curve(entry, r)[0] - sides.depth[a] * attraction)
    return out


def _table(functions: _Functions, names: Sequence[str], sign: float, label: str) -> EAMTable:
    """Return one of the two models; the one with the sign +1 has the pair functions."""
    return EAMTable(
        kind="fs",
        elements=tuple(names),
        atomic_numbers=tuple(ATOMIC_NUMBERS.get(element_of(name), 0) for name in names),
        masses=tuple(standard_mass(element_of(name)) for name in names),
        lattice_constants=(0.0,) * len(names),
        lattices=("none",) * len(names),
        d_rho=functions.d_rho,
        d_r=functions.d_r,
        cutoff=functions.cutoff,
        embedding=0.5 * functions.embedding - sign * functions.decay,
        density=functions.metal + sign * functions.wall,
        pair=functions.pair if sign > 0.0 else np.zeros_like(functions.pair),
        comment=f"{label}: one of two tables whose sum is the model, tabulated by nakmd\n"
        "Energies from one of the tables alone have no meaning\nUnits: eV, angstrom",
    )
