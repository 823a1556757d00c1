"""The two passes of an embedded-atom model, for any choice of its three functions.

E = Σ_i F_a(ρ_i) + ½ Σ_ij V_ab(r_ij),  ρ_i = Σ_j φ_ab(r_ij), with a the species of i and b that of j; φ_ab is the
density that an atom of species b puts at one of species a.
"""

from __future__ import annotations

from nakmd.kernels.accumulate import add_numbers, add_vectors, slice_rows, write_numbers
from nakmd.kernels.fetches import fetch_entries, fetch_results, fetch_rows
from nakmd.kernels.jit import fast_parallel_kernel, prange, term
from nakmd.kernels.neighbor_sums import build_energy_pass, build_slice_sum, build_virial_pass
from nakmd.kernels.simd import align_stack, narrow, splat_like, sqrt, where, widen


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
    fill_densities, add_forces, add_energies, add_virials : compiled kernels
        Energies and virial have a pass of their own: steps that do not need them are a quarter shorter, and forces
        have the same bits in those that do. So have virials by atom. All functions are decorated with `jit.term`; they
        accept lanes or numbers.
    """

    @term
    def of_run(parameters, a, b, own):
        tables, cutoff = parameters
        return cutoff[a, b] * cutoff[a, b], of_pair(tables, a, b)

    # The rows of both atoms carry their F'. The force pass is written out here and does not call `build_force_pass`:
    # LLVM optimises every function before it inlines it, and through one more of them it associated the rare branch of
    # the Finnis-Sinclair formulas differently. That moved the last bits of the forces of 44 of 31,250 atoms.
    @term
    def add_force(part, d, r2, slope, slope_j, square, p):
        gx, gy, gz = part
        dx, dy, dz = d
        r = sqrt(r2)
        inverse = 1.0 / r
        _, dv_dr, dphi_ab, dphi_ba = interaction(r, inverse, p)
        inside = r2 < square
        g = where(inside, (dv_dr + slope * dphi_ab + slope_j * dphi_ba) * inverse, 0.0)
        return gx + g * dx, gy + g * dy, gz + g * dz

    @term
    def add_force_part(total, part, p):
        return total[0] + widen(part[0]), total[1] + widen(part[1]), total[2] + widen(part[2])

    @term
    def pair(r2, slope, slope_j, p):
        r = sqrt(r2)
        inverse = 1.0 / r
        v, dv_dr, dphi_ab, dphi_ba = interaction(r, inverse, p)
        return v, (dv_dr + slope * dphi_ab + slope_j * dphi_ba) * inverse

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
    sum_forces = build_slice_sum(of_run, add_force, add_force_part)
    add_slice_energies = build_energy_pass(of_run, pair)
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
            fetch_rows(rows, fetches, s)
            fetch_entries(rows, begin, end, entries, fetches, s)
            fetch_results(rows, atoms, fetches, s, out_density)
            fetch_results(rows, atoms, fetches, s, out_slope)
            fetch_results(rows, atoms, fetches, s, add_energies)
            center = slice_rows(rows, centers, s)
            zero = splat_like(0.0, center[0])
            rho = sum_densities(rows, species, begin, end, entries, s, center, (tables, cutoff), zero, widen(zero))
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
            fetch_rows(rows, fetches, s)
            fetch_entries(rows, begin, end, entries, fetches, s)
            fetch_results(rows, atoms, fetches, s, add_forces)
            center = slice_rows(rows, centers, s)
            zero = splat_like(0.0, center[0])
            wide = widen(zero)
            fx, fy, fz = sum_forces(
                rows, species, begin, end, entries, s, center, (tables, cutoff), (zero, zero, zero), (wide, wide, wide)
            )
            add_vectors(atoms, s, fx, fy, fz, add_forces)

    @fast_parallel_kernel
    def add_energies(
        rows, atoms, centers, species, begin, end, entries, fetches, tables, cutoff, add_energies, out_virial
    ):
        """Add pair energies of the central atoms and write the virial of every slice; arguments as in `add_forces`.

        Parameters
        ----------
        add_energies : (n_atoms,) float64 [eV]
        out_virial : (n_slices, 6) float64 [eV]
        """
        for s in prange(species.shape[0]):
            align_stack()
            add_slice_energies(
                rows, atoms, centers, species, begin, end, entries, s, (tables, cutoff), add_energies, out_virial
            )

    @fast_parallel_kernel
    def add_virials(rows, atoms, centers, species, begin, end, entries, fetches, tables, cutoff, add_virials):
        """Add the virials of the central atoms, (n_atoms, 3, 3) float64 [eV]; other arguments as in `add_forces`."""
        for s in prange(species.shape[0]):
            align_stack()
            add_slice_virials(rows, atoms, centers, species, begin, end, entries, s, (tables, cutoff), add_virials)

    return fill_densities, add_forces, add_energies, add_virials
