"""Pairs of metal and wall whose attraction falls with the density of the metal around the metal atom.

E = Σ_i Σ_j {V_ab(r_ij) - k_ab [1 - S_a(ρ_i)] A_ab(r_ij)}, with i a metal atom of species a, j a wall atom of species b,
A the attractive part of V, and S_a(ρ) = 1 - d_a (1 - e^{-ρ/ρ_0a}). The forces along ∂ρ_i/∂r are left to the metal's own
pass (`eam`), by adding S'(ρ_i) Σ_j k_ab A_ab to the slopes F'(ρ_i) that it multiplies. V and A end as in `pair`.

Half of V belongs to each atom of a pair. The change of the attraction belongs to the metal atom: like F(ρ_i) it depends
on ρ_i, and so the energy of every atom is a function of the distances to its own neighbours.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nakmd.kernels.accumulate import add_numbers, add_vectors, no_virial, write_numbers
from nakmd.kernels.elementary import exp
from nakmd.kernels.fetches import fetch_results
from nakmd.kernels.jit import fast_parallel_kernel, prange, term
from nakmd.kernels.neighbor_sums import (
    add_whole,
    build_force_sum,
    build_species_pass,
    build_virial_pass,
    build_whole_sum,
    open_slice,
    with_pulls,
    with_widened,
)
from nakmd.kernels.pair import end_of_pair, with_end
from nakmd.kernels.simd import LANES, align_stack, where, widen
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
    """Write S(ρ) of every atom of the metal, on lanes: scalar exponentials took 3 % of a step.

    Parameters
    ----------
    densities : (n_atoms,) float64 [unit of ρ]
    atoms, species
        Of the metal's list, see `nakmd.neighbors`.
    screening : ScreeningTables
    out_scales : (n_atoms,) float64
        Entries of wall atoms are not written.
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
    """Return k, the change of the attraction, k (S_i - 1), as (constant, factor): constant + factor S_j, and a share.

    ``scale`` is S of the central atom; of the two, S of the metal atom counts. The share is 1 if the central atom is
    the metal atom, whose energy has the change, else 0.
    """
    k = screening.strength[a, b]
    mine, theirs, share = k, 0.0, 1.0
    if not screening.is_metal[a]:
        mine, theirs, share = 0.0, k, 0.0
    return k, mine * scale - k, theirs, share


def build_screened_kernels(formula, attraction, of_pair):
    """Compile a pair formula into the kernels of pairs that the metal screens.

    Parameters
    ----------
    formula, attraction : callable
        ``formula(r, p) -> (V, dV/dr)`` and ``attraction(r, p) -> (A, dA/dr)``, decorated with `jit.term`, or both
        `nakmd.kernels.pair.InSquares`. The compiler computes common subexpressions once.
    of_pair : callable
        ``of_pair(tables, a, b) -> p``: the parameters of a pair of species, read once for each run of columns.

    Returns
    -------
    add_forces, add_forces_and_energies, fill_species_energies, add_virials : compiled kernels
        As those of `nakmd.kernels.pair.build_pair_kernels`, with S of every row in the fourth column of ``rows``.
    """
    ended, weakened = with_end(formula), with_end(attraction)

    @term
    def of_run(parameters, a, b, own):
        tables, cuts, weak_cuts, screening = parameters
        cut = end_of_pair(cuts, a, b)
        p = of_pair(tables, a, b), cut, end_of_pair(weak_cuts, a, b), change_of_pair(screening, a, b, own)
        return cut.cutoff * cut.cutoff, p

    @term
    def pair_and_attraction(r2, other, p):
        numbers, cut, weak_cut, change = p
        v, pull = ended(r2, numbers, cut)
        weak, weak_pull = weakened(r2, numbers, weak_cut)
        changed = change[1] + change[2] * other
        # `add_whole` gives half of the first number to the central atom
        return v + 2.0 * change[3] * changed * weak, pull + changed * weak_pull, weak

    @term
    def pair(r2, own, other, p):
        v, pull, _ = pair_and_attraction(r2, other, p)
        return v, pull

    @term
    def back(r2, own, other, p):
        numbers, cut, weak_cut, change = p
        _, pull = ended(r2, numbers, cut)
        _, weak_pull = weakened(r2, numbers, weak_cut)
        return 0.5 * pull + (1.0 - change[3]) * (change[1] + change[2] * other) * weak_pull

    @term
    def add_force(part, d, r2, own, other, square, p):
        force, attracted = part
        _, pull, weak = pair_and_attraction(r2, other, p)
        inside = r2 < square
        pull = where(inside, pull, 0.0)
        return (with_pulls(force, pull, d), attracted + where(inside, weak, 0.0)), pull

    @term
    def add_force_part(total, part, p):
        return with_widened(total[0], part[0]), total[1] + p[3][0] * widen(part[1])

    @term
    def add_to_atoms(atoms, s, a, screening, scales, force, attracted, add_forces, add_slopes):
        add_vectors(atoms, s, force[0], force[1], force[2], add_forces)
        if screening.is_metal[a]:
            # S' = -(S - (1 - d))/ρ_0
            slope = screening.rate[a] * ((1.0 - screening.depth[a]) - widen(scales))
            add_numbers(atoms, s, slope * attracted, add_slopes)

    sum_forces = build_force_sum(of_run, add_force, add_force_part)
    sum_whole = build_whole_sum(of_run, add_force, add_force_part, pair)
    fill_slice_energies = build_species_pass(of_run, pair)
    add_slice_virials = build_virial_pass(of_run, back)

    @fast_parallel_kernel
    def add_forces(
        rows, atoms, centers, species, begin, end, entries, fetches, tables, cuts, weak_cuts, screening,
        add_forces, add_slopes,
    ):  # fmt: skip
        """Add the forces of the central atoms along their pairs, and S'(ρ) Σ_j k A to the slopes of those of the metal.

        Parameters
        ----------
        rows, atoms, centers, species, begin, end, entries, fetches
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
            center, zero, wide = open_slice(rows, centers, begin, end, entries, fetches, s)
            fetch_results(rows, atoms, fetches, s, add_forces)
            force, attracted = sum_forces(
                rows, species, begin, end, entries, s, center, (tables, cuts, weak_cuts, screening),
                ((zero, zero, zero), zero), ((wide, wide, wide), wide),
            )  # fmt: skip
            add_to_atoms(atoms, s, species[s], screening, center[3], force, attracted, add_forces, add_slopes)

    @fast_parallel_kernel
    def add_forces_and_energies(
        rows, atoms, centers, species, begin, end, entries, fetches, tables, cuts, weak_cuts, screening,
        add_forces, add_slopes, add_energies, out_virial,
    ):  # fmt: skip
        """Add what `add_forces` adds, and energies of the central atoms, and write the virial of every slice.

        Parameters
        ----------
        add_energies : (n_atoms,) float64 [eV]
            Half of V is added to each atom of a pair, the change of the attraction to the metal atom.
        out_virial : (n_slices, 6) float64 [eV]
        """
        for s in prange(species.shape[0]):
            align_stack()
            center, zero, wide = open_slice(rows, centers, begin, end, entries, fetches, s)
            forces, energy, virial = sum_whole(
                rows, species, begin, end, entries, s, center, (tables, cuts, weak_cuts, screening),
                (((zero, zero, zero), zero), zero, no_virial(zero)),
                (((wide, wide, wide), wide), wide, no_virial(wide)),
            )  # fmt: skip
            add_to_atoms(atoms, s, species[s], screening, center[3], forces[0], forces[1], add_forces, add_slopes)
            add_whole(atoms, s, energy, virial, add_energies, out_virial)

    @fast_parallel_kernel
    def fill_species_energies(
        rows, centers, species, begin, end, entries, tables, cuts, weak_cuts, screening, out_energies
    ):
        """Write the pair energy of the centres of every slice with each neighbour species.

        Parameters
        ----------
        out_energies : (n_slices, n_species) float64 [eV]
            Parts of the energy of a pair as in `add_forces_and_energies`.
        """
        for s in prange(species.shape[0]):
            fill_slice_energies(
                rows, centers, species, begin, end, entries, s, (tables, cuts, weak_cuts, screening), out_energies
            )

    @fast_parallel_kernel
    def add_virials(
        rows, atoms, centers, species, begin, end, entries, fetches, tables, cuts, weak_cuts, screening, add_virials
    ):
        """Add the virials of the central atoms, (n_atoms, 3, 3) float64 [eV]; other arguments as in `add_forces`."""
        for s in prange(species.shape[0]):
            align_stack()
            add_slice_virials(
                rows, atoms, centers, species, begin, end, entries, s, (tables, cuts, weak_cuts, screening), add_virials
            )

    return add_forces, add_forces_and_energies, fill_species_energies, add_virials
