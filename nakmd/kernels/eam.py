"""The two passes of an embedded-atom model, for any choice of its three functions.

E = Σ_i F_a(ρ_i) + ½ Σ_ij V_ab(r_ij),  ρ_i = Σ_j φ_ab(r_ij), with a the species of i and b that of j; φ_ab is the
density that an atom of species b puts at one of species a.
"""

from __future__ import annotations

from nakmd.kernels.accumulate import add_numbers, add_vectors, no_virial, write_numbers
from nakmd.kernels.fetches import fetch_results
from nakmd.kernels.jit import fast_parallel_kernel, prange, term
from nakmd.kernels.neighbor_sums import (
    add_force_part,
    add_whole,
    build_force_sum,
    build_slice_sum,
    build_virial_pass,
    build_whole_sum,
    open_slice,
    with_pulls,
)
from nakmd.kernels.simd import align_stack, narrow, sqrt, where, widen


def build_eam_kernels(density, interaction, embedding, of_pair):
    """Compile the three functions of an embedded-atom model into its two passes.

    Parameters
    ----------
    density : callable
        ``density(r, p) -> φ_ab(r)``.
    interaction : callable
        ``interaction(r, 1/r, p) -> (V_ab, dV_ab/dr, dφ_ab/dr, dφ_ba/dr)``.
    embedding : callable
        ``embedding(rho, tables, a) -> (F_a, dF_a/dρ)``.
    of_pair : callable
        ``of_pair(tables, a, b) -> p``: the parameters of a pair of species, read once for each run of columns.

    Returns
    -------
    fill_densities, add_forces, add_forces_and_energies, add_virials : compiled kernels
        Forces have the same bits with energies and virial and without. Virials by atom have a pass of their own. All
        functions are decorated with `jit.term`; they accept lanes or numbers.
    """

    @term
    def of_run(parameters, a, b, own):
        tables, cutoff = parameters
        return cutoff[a, b] * cutoff[a, b], of_pair(tables, a, b)

    @term
    def add_force(force, d, r2, slope, slope_j, square, p):
        r = sqrt(r2)
        inverse = 1.0 / r
        _, dv_dr, dphi_ab, dphi_ba = interaction(r, inverse, p)
        pull = where(r2 < square, (dv_dr + slope * dphi_ab + slope_j * dphi_ba) * inverse, 0.0)
        return with_pulls(force, pull, d), pull

    @term
    def pair(r2, slope, slope_j, p):
        r = sqrt(r2)
        v, dv_dr, _, _ = interaction(r, 1.0 / r, p)
        return v, dv_dr

    @term
    def back(r2, slope, slope_j, p):
        # U_j = F(ρ_j) + ½ Σ V: the slope of the centre is not in the energy of its neighbour
        r = sqrt(r2)
        inverse = 1.0 / r
        _, dv_dr, _, dphi_ba = interaction(r, inverse, p)
        return (0.5 * dv_dr + slope_j * dphi_ba) * inverse

    @term
    def add_density(part, d, r2, own, other, square, p):
        return part + where(r2 < square, density(sqrt(r2), p), 0.0)

    @term
    def add_part(total, part, p):
        return total + widen(part)

    sum_densities = build_slice_sum(of_run, add_density, add_part)
    sum_forces = build_force_sum(of_run, add_force, add_force_part)
    sum_whole = build_whole_sum(of_run, add_force, add_force_part, pair)
    add_slice_virials = build_virial_pass(of_run, back)

    @fast_parallel_kernel
    def fill_densities(
        rows, atoms, centers, species, begin, end, entries, fetches, tables, cutoff,
        add_energies, out_density, out_slope,
    ):  # fmt: skip
        """Add F(ρ) to the energies, write ρ and F'(ρ) of every central atom.

        Parameters
        ----------
        rows, atoms, centers, species, begin, end, entries, fetches
            See `nakmd.neighbors`.
        tables : NamedTuple
            Parameters of the three functions.
        cutoff : (n_species, n_species) float64 [Å]
        add_energies : (n_atoms,) float64 [eV]
        out_density : (n_atoms,) float64 [unit of the set]
        out_slope : (n_atoms,) float64 [eV per unit]
        """
        for s in prange(species.shape[0]):
            align_stack()
            center, zero, wide = open_slice(rows, centers, begin, end, entries, fetches, s)
            fetch_results(rows, atoms, fetches, s, out_density)
            fetch_results(rows, atoms, fetches, s, out_slope)
            fetch_results(rows, atoms, fetches, s, add_energies)
            rho = sum_densities(rows, species, begin, end, entries, s, center, (tables, cutoff), zero, wide)
            energy, slope = embedding(narrow(rho), tables, species[s])
            write_numbers(atoms, s, rho, out_density)
            write_numbers(atoms, s, slope, out_slope)
            add_numbers(atoms, s, energy, add_energies)

    @fast_parallel_kernel
    def add_forces(rows, atoms, centers, species, begin, end, entries, fetches, tables, cutoff, add_forces):
        """Add all forces of the central atoms.

        F_i = Σ_j [V' + F'_i φ'_ab + F'_j φ'_ba] r_ij / r, with F' of every row in the fourth column of ``rows``.

        Parameters
        ----------
        add_forces : (n_atoms, 3) float64 [eV/Å]
        """
        for s in prange(species.shape[0]):
            align_stack()
            center, zero, wide = open_slice(rows, centers, begin, end, entries, fetches, s)
            fetch_results(rows, atoms, fetches, s, add_forces)
            fx, fy, fz = sum_forces(
                rows, species, begin, end, entries, s, center, (tables, cutoff), (zero, zero, zero), (wide, wide, wide)
            )
            add_vectors(atoms, s, fx, fy, fz, add_forces)

    @fast_parallel_kernel
    def add_forces_and_energies(
        rows, atoms, centers, species, begin, end, entries, fetches, tables, cutoff,
        add_forces, add_energies, out_virial,
    ):  # fmt: skip
        """Add forces and pair energies of the central atoms and write the virial of every slice.

        Parameters
        ----------
        rows, atoms, centers, species, begin, end, entries, fetches, tables, cutoff, add_forces
            As in `add_forces`.
        add_energies : (n_atoms,) float64 [eV]
        out_virial : (n_slices, 6) float64 [eV]
        """
        for s in prange(species.shape[0]):
            align_stack()
            center, zero, wide = open_slice(rows, centers, begin, end, entries, fetches, s)
            force, energy, virial = sum_whole(
                rows, species, begin, end, entries, s, center, (tables, cutoff),
                ((zero, zero, zero), zero, no_virial(zero)), ((wide, wide, wide), wide, no_virial(wide)),
            )  # fmt: skip
            add_vectors(atoms, s, force[0], force[1], force[2], add_forces)
            add_whole(atoms, s, energy, virial, add_energies, out_virial)

    @fast_parallel_kernel
    def add_virials(rows, atoms, centers, species, begin, end, entries, fetches, tables, cutoff, add_virials):
        """Add the virials of the central atoms, (n_atoms, 3, 3) float64 [eV]; other arguments as in `add_forces`."""
        for s in prange(species.shape[0]):
            align_stack()
            add_slice_virials(rows, atoms, centers, species, begin, end, entries, s, (tables, cutoff), add_virials)

    return fill_densities, add_forces, add_forces_and_energies, add_virials
