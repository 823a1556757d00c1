"""The heat current and the flow of atoms, by kind of atom."""

from __future__ import annotations

from nakmd.kernels.jit import kernel


@kernel
def sum_currents(velocities, masses, energies, virials, kinds, out_heat, out_flow):
    r"""Write the heat current and the flow of every kind of atom.

    J_a = Σ_{i ∈ a} [(½ m v² + U_i) v_i + W_i v_i] with W_i = Σ_j r_ij ⊗ ∂U_j/∂r_ji. The sum over all kinds is
    d/dt Σ_i r_i E_i, with E_i the energy of atom i; no enthalpy is subtracted.

    Parameters
    ----------
    velocities : (n, 3) float64 [Å/ps]
    masses : (n,) float64 [eV ps²/Å²]
    energies : (n,) float64 [eV]
    virials : (n, 3, 3) float64 [eV]
    kinds : (n,) int64
        Row of each atom in the output.
    out_heat : (n_kinds, 3) float64 [eV Å/ps]
    out_flow : (n_kinds, 3) float64 [Å/ps]
        Σ_{i ∈ a} v_i.

    References
    ----------
    R. J. Hardy, Phys. Rev. 132, 168 (1963), doi:10.1103/PhysRev.132.168
    Z. Fan et al., Phys. Rev. B 92, 094301 (2015), doi:10.1103/PhysRevB.92.094301
    """
    for a in range(len(out_heat)):
        for c in range(3):
            out_heat[a, c] = 0.0
            out_flow[a, c] = 0.0
    for i in range(len(velocities)):
        x, y, z = velocities[i, 0], velocities[i, 1], velocities[i, 2]
        energy = energies[i] + 0.5 * masses[i] * (x * x + y * y + z * z)
        a = kinds[i]
        for c in range(3):
            moved = virials[i, c, 0] * x + virials[i, c, 1] * y + virials[i, c, 2] * z
            out_heat[a, c] += energy * velocities[i, c] + moved
            out_flow[a, c] += velocities[i, c]
