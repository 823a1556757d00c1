"""Harmonic springs between atoms and fixed points."""

from __future__ import annotations

from nakmd.kernels.jit import kernel


@kernel
def add_tethers(positions, atoms, springs, centres, out_forces, out_energies, out_virial):
    """Add harmonic springs from atoms to points.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
        Unwrapped.
    atoms : (n_tethers,) int64
    springs : (n_tethers,) float64 [eV/Å²]
    centres : (n_tethers, 3) float64 [Å]
        They scale with the cell, so W = -k d⊗d is the exact strain derivative.
    out_forces, out_energies, out_virial : (n, 3), (n,), (6,) float64
        Added to.

    Returns
    -------
    float [eV]
        Σ k d²/2.
    """
    total = 0.0
    for t in range(len(atoms)):
        i, k = atoms[t], springs[t]
        x, y, z = positions[i, 0] - centres[t, 0], positions[i, 1] - centres[t, 1], positions[i, 2] - centres[t, 2]
        energy = 0.5 * k * (x * x + y * y + z * z)
        out_forces[i, 0] -= k * x
        out_forces[i, 1] -= k * y
        out_forces[i, 2] -= k * z
        out_energies[i] += energy
        out_virial[0] -= k * x * x
        out_virial[1] -= k * y * y
        out_virial[2] -= k * z * z
        out_virial[3] -= k * y * z
        out_virial[4] -= k * x * z
        out_virial[5] -= k * x * y
        total += energy
    return total
