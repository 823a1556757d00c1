"""Pairs of metal and wall whose attraction falls with the density of the metal around the metal atom.

E = Σ_i Σ_j {V_ab(r_ij) - k_ab [1 - S_a(ρ_i)] A_ab(r_ij)}, with i a metal atom of species a, j a wall atom of species b,
A the attractive part of V, and S_a(ρ) = 1 - d_a (1 - e^{-ρ/ρ_0a}). The forces along ∂ρ_i/∂r are left to the metal's own
pass (`eam`), by adding S'(ρ_i) Σ_j k_ab A_ab to the slopes F'(ρ_i) that it multiplies. V and A end as in `pair`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nakmd.kernels.accumulate import (
    add_numbers,
    add_vectors,
    fetch_ahead,
    no_virial,
    separations,
    slice_rows,
    with_pairs,
    with_part,
    write_numbers,
    write_virial,
)
from nakmd.kernels.elementary import exp
from nakmd.kernels.jit import fast_parallel_kernel, prange, term
from nakmd.kernels.pair import end_of_pair, with_end
from nakmd.kernels.simd import (
    LANES,
    align_stack,
    lane_sum,
    splat_like,
    sqrt,
    where,
    widen,
)
from nakmd.kernels.simd_arrays import load_index, take


class ScreeningTables(NamedTuple):
    """How the metal screens its pairs with the wall.

    Attributes
    ----------
    is_metal : (n_species,) bool
    depth : (n_species,) float64
        d = 1 - S in dense metal, 0 for the wall.
    rate : (n_species,) float64 [1/unit of ρ]
        1/ρ_0, 0 for the wall.
    strength : (n_species, n_species) float64
        k: 1 for pairs that are screened, 0 for those that are not.
    """

    is_metal: np.ndarray
    depth: np.ndarray
    rate: np.ndarray
    strength: np.ndarray


@fast_parallel_kernel
def fill_scales(densities, atoms, species, screening, out_scales):
    """Write S(ρ) of every atom of the metal, in lanes: one by one the exponentials took 3 % of a step.

    Parameters
    ----------
    densities : (n_atoms,) float64 [unit of ρ]
    atoms, species
        Of the metal's list, see `nakmd.neighbors`.
    screening : ScreeningTables
    out_scales : (n_atoms,) float64
        That of the wall is left alone; it is not used.
    """
    lanes = atoms.shape[0] // max(1, species.shape[0])
    for s in prange(species.shape[0]):
        align_stack()
        a = species[s]
        for begin in range(s * lanes, (s + 1) * lanes, LANES):
            atom = load_index(atoms, begin)
            rho = take(densities, where(atom < 0, 0, atom))
            scale = 1.0 - screening.depth[a] * (1.0 - exp(-screening.rate[a] * rho))
            write_numbers(atoms, begin // LANES, scale, out_scales)


@term
def change_of_pair(screening, a, b, scale):
    """Return k and the change of the attraction, k (S_i - 1), as (constant, factor): constant + factor S_j.

    ``scale`` is S of the central atom; of the two, S of the metal atom counts.
    """
    k = screening.strength[a, b]
    mine, theirs = k, 0.0
    if not screening.is_metal[a]:
        mine, theirs = 0.0, k
    return k, mine * scale - k, theirs


def build_screened_kernels(formula, attraction, of_pair):
    """Compile a pair formula into the kernels of pairs that the metal screens.

    Parameters
    ----------
    formula, attraction : callable
        ``formula(r, p) -> (V, dV/dr)`` and ``attraction(r, p) -> (A, dA/dr)``, decorated with `jit.term`. What they
        have in common is computed once.
    of_pair : callable
        ``of_pair(tables, a, b) -> p``: the numbers of a pair of species, taken once for each run of columns.

    Returns
    -------
    add_forces, add_energies, fill_species_energies : compiled kernels
        As those of `nakmd.kernels.pair.build_pair_kernels`, with S of every row in the fourth column of ``rows``.
    """
    ended, weakened = with_end(formula), with_end(attraction)

    @fast_parallel_kernel
    def add_forces(
        rows, atoms, centers, species, begin, end, entries, tables, cuts, weak_cuts, screening, add_forces, add_slopes
    ):
        """Add the forces of the central atoms along their pairs, and S'(ρ) Σ_j k A to the slopes of those of the metal.

        Parameters
        ----------
        rows, atoms, centers, species, begin, end, entries
            See `nakmd.neighbors`.
        tables : NamedTuple of (n_species, n_species) float64
            The formula's parameters.
        cuts, weak_cuts : CutTables
            Of V and of A: they differ in the shift.
        screening : ScreeningTables
        add_forces : (n_atoms, 3) float64 [eV/Å]
        add_slopes : (n_atoms,) float64 [eV per unit of ρ]
        """
        for s in prange(species.shape[0]):
            align_stack()
            fetch_ahead(rows, atoms, begin, end, entries, s, add_forces)
            a = species[s]
            x, y, z, own = slice_rows(rows, centers, s)
            fx = splat_like(0.0, widen(x))
            fy = splat_like(0.0, widen(x))
            fz = splat_like(0.0, widen(x))
            energy = splat_like(0.0, widen(x))
            for b in range(begin.shape[1]):
                p = of_pair(tables, a, b)
                cut = end_of_pair(cuts, a, b)
                weak_cut = end_of_pair(weak_cuts, a, b)
                k, constant, factor = change_of_pair(screening, a, b, own)
                square = cut.cutoff * cut.cutoff
                first, last = begin[s, b], end[s, b] - 1
                if last < first:
                    continue
                gx = splat_like(0.0, x)
                gy = splat_like(0.0, x)
                gz = splat_like(0.0, x)
                of_column = splat_like(0.0, x)
                ahead = separations(rows, entries, first, x, y, z)
                for column in range(first, last + 1):
                    dx, dy, dz, r2, other = ahead
                    ahead = separations(rows, entries, min(column + 1, last), x, y, z)
                    r = sqrt(r2)
                    _, dv_dr = ended(r, p, cut)
                    weak, dweak_dr = weakened(r, p, weak_cut)
                    inside = r2 < square
                    g = where(inside, (dv_dr + (constant + factor * other) * dweak_dr) / r, 0.0)
                    gx = gx + g * dx
                    gy = gy + g * dy
                    gz = gz + g * dz
                    of_column = of_column + where(inside, weak, 0.0)
                fx = fx + widen(gx)
                fy = fy + widen(gy)
                fz = fz + widen(gz)
                energy = energy + k * widen(of_column)
            add_vectors(atoms, s, fx, fy, fz, add_forces)
            if screening.is_metal[a]:
                # S' = -(S - (1 - d))/ρ_0
                slope = screening.rate[a] * ((1.0 - screening.depth[a]) - widen(own))
                add_numbers(atoms, s, slope * energy, add_slopes)

    @fast_parallel_kernel
    def add_energies(
        rows, atoms, centers, species, begin, end, entries, tables, cuts, weak_cuts, screening, add_energies, out_virial
    ):
        """Add energies of the central atoms and write the virial of every slice; arguments as in `add_forces`.

        Parameters
        ----------
        add_energies : (n_atoms,) float64 [eV]
            Half of each pair's energy is added to either atom.
        out_virial : (n_slices, 6) float64 [eV]
        """
        for s in prange(species.shape[0]):
            align_stack()
            a = species[s]
            x, y, z, own = slice_rows(rows, centers, s)
            energy = splat_like(0.0, widen(x))
            w = no_virial(energy)
            for b in range(begin.shape[1]):
                p = of_pair(tables, a, b)
                cut = end_of_pair(cuts, a, b)
                weak_cut = end_of_pair(weak_cuts, a, b)
                _, constant, factor = change_of_pair(screening, a, b, own)
                square = cut.cutoff * cut.cutoff
                first, last = begin[s, b], end[s, b] - 1
                if last < first:
                    continue
                of_column = splat_like(0.0, x)
                w_part = no_virial(of_column)
                ahead = separations(rows, entries, first, x, y, z)
                for column in range(first, last + 1):
                    dx, dy, dz, r2, other = ahead
                    ahead = separations(rows, entries, min(column + 1, last), x, y, z)
                    r = sqrt(r2)
                    v, dv_dr = ended(r, p, cut)
                    weak, dweak_dr = weakened(r, p, weak_cut)
                    inside = r2 < square
                    change = constant + factor * other
                    g = where(inside, (dv_dr + change * dweak_dr) / r, 0.0)
                    of_column = of_column + where(inside, v + change * weak, 0.0)
                    w_part = with_pairs(w_part, g, dx, dy, dz)
                energy = energy + widen(of_column)
                w = with_part(w, w_part)
            add_numbers(atoms, s, 0.5 * energy, add_energies)
            write_virial(s, 0.5, w, out_virial)

    @fast_parallel_kernel
    def fill_species_energies(
        rows, centers, species, begin, end, entries, tables, cuts, weak_cuts, screening, out_energies
    ):
        """Write half the pair energy of every slice with each neighbour species, (n_slices, n_species) float64 [eV]."""
        for s in prange(species.shape[0]):
            a = species[s]
            x, y, z, own = slice_rows(rows, centers, s)
            for b in range(begin.shape[1]):
                energy = splat_like(0.0, x)
                p = of_pair(tables, a, b)
                cut = end_of_pair(cuts, a, b)
                weak_cut = end_of_pair(weak_cuts, a, b)
                _, constant, factor = change_of_pair(screening, a, b, own)
                square = cut.cutoff * cut.cutoff
                for column in range(begin[s, b], end[s, b]):
                    _, _, _, r2, other = separations(rows, entries, column, x, y, z)
                    r = sqrt(r2)
                    v, _ = ended(r, p, cut)
                    weak, _ = weakened(r, p, weak_cut)
                    energy = energy + where(r2 < square, v + (constant + factor * other) * weak, 0.0)
                out_energies[s, b] = 0.5 * lane_sum(widen(energy))

    return add_forces, add_energies, fill_species_energies
