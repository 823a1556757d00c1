"""Atoms in motion: kicks, drifts, thermostat steps, and the sums over atoms that integrators need.

Every parallel loop runs over chunks of fixed length, and every sum is taken within chunks and then over chunks in
order: the bits do not depend on the number of threads. Arithmetic is strict IEEE, nothing is allocated, and a NaN
stays one.

An atom that does not move freely has an inverse mass of zero: it is frozen, or a rigid body (`kernels.bodies`)
carries it.
"""

from __future__ import annotations

import math

from nakmd.kernels.jit import kernel, parallel_kernel, prange
from nakmd.kernels.random import fill_gaussians

#: Atoms of one iteration of a parallel loop.
CHUNK = 512


def n_chunks(n_atoms: int) -> int:
    """Return the number of chunks of so many atoms: the length of scratch arrays."""
    return (n_atoms + CHUNK - 1) // CHUNK


@parallel_kernel
def kick(velocities, forces, inverse_masses, strength):
    """Change velocities by forces: v += strength F / m.

    Parameters
    ----------
    velocities : (n, 3) float64 [Å/ps]
        Changed in place.
    forces : (n, 3) float64 [eV/Å]
    inverse_masses : (n,) float64 [1/amu]
    strength : float
        Time step of the kick [ps] times the acceleration of 1 amu under 1 eV/Å.
    """
    n = len(velocities)
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            scale = strength * inverse_masses[i]
            velocities[i, 0] += scale * forces[i, 0]
            velocities[i, 1] += scale * forces[i, 1]
            velocities[i, 2] += scale * forces[i, 2]


@parallel_kernel
def drift(positions, velocities, timestep):
    """Move on: r += v timestep (in place)."""
    n = len(positions)
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            positions[i, 0] += timestep * velocities[i, 0]
            positions[i, 1] += timestep * velocities[i, 1]
            positions[i, 2] += timestep * velocities[i, 2]


@parallel_kernel
def kick_and_drift(positions, velocities, forces, inverse_masses, strength, timestep):
    """`kick` and then `drift`, in one pass."""
    n = len(positions)
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            scale = strength * inverse_masses[i]
            velocities[i, 0] += scale * forces[i, 0]
            velocities[i, 1] += scale * forces[i, 1]
            velocities[i, 2] += scale * forces[i, 2]
            positions[i, 0] += timestep * velocities[i, 0]
            positions[i, 1] += timestep * velocities[i, 1]
            positions[i, 2] += timestep * velocities[i, 2]


@parallel_kernel
def thermalise_and_drift(
    positions, velocities, masses, retention, amplitudes, root_temperature,
    seed, stream, step, timestep, words, noise, sums,
):  # fmt: skip
    r"""Solve the Ornstein-Uhlenbeck part of Langevin dynamics exactly, and then `drift`.

    .. math:: v_i \leftarrow c_i v_i + a_i \sqrt{T}\, \xi_i                       (1)

    ============  ================================================
    symbol        code
    ============  ================================================
    c_i           retention[i] = exp(-dt/τ); 1 outside the group
    a_i           amplitudes[i] = sqrt((1 - c_i²) k_B/m_i); 0 outside the group
    √T            root_temperature
    ============  ================================================

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
        Changed in place.
    velocities : (n, 3) float64 [Å/ps]
        Changed in place.
    masses : (n,) float64 [amu]
    retention : (n,) float64
    amplitudes : (n,) float64 [Å/ps/√K]
    root_temperature : float [√K]
    seed, stream, step : int64
    timestep : float [ps]
        Of the drift.
    words : (n_chunks, 4, CHUNK) uint64
        Scratch.
    noise : (n_chunks, 4, CHUNK) float64
        Scratch.
    sums : (n_chunks,) float64
        Scratch.

    Returns
    -------
    float [amu Å²/ps²]
        Kinetic energy that the bath gave.

    References
    ----------
    Leimkuhler & Matthews, Appl. Math. Res. Express 2013, 34 (2013), the O step. doi:10.1093/amrx/abs010
    """
    n = len(velocities)
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        start, end = chunk * CHUNK, min(n, (chunk + 1) * CHUNK)
        xi = noise[chunk]
        fill_gaussians(seed, stream, step, start, words[chunk, :, : end - start], xi[:, : end - start])
        gained = 0.0
        for i in range(start, end):
            k = i - start
            c, a = retention[i], amplitudes[i] * root_temperature
            x, y, z = velocities[i, 0], velocities[i, 1], velocities[i, 2]
            new_x, new_y, new_z = c * x + a * xi[0, k], c * y + a * xi[1, k], c * z + a * xi[2, k]
            velocities[i, 0], velocities[i, 1], velocities[i, 2] = new_x, new_y, new_z
            positions[i, 0] += timestep * new_x
            positions[i, 1] += timestep * new_y
            positions[i, 2] += timestep * new_z
            gained += masses[i] * ((new_x * new_x + new_y * new_y + new_z * new_z) - (x * x + y * y + z * z))
        sums[chunk] = 0.5 * gained
    total = 0.0
    for chunk in range((n + CHUNK - 1) // CHUNK):
        total += sums[chunk]
    return total


@parallel_kernel
def fill_kinetic_tensor(velocities, masses, sums, out_tensor):
    """Sum m v⊗v over atoms.

    Parameters
    ----------
    velocities : (n, 3) float64 [Å/ps]
    masses : (n,) float64 [amu]
        Zero leaves an atom out.
    sums : (n_chunks, 6) float64
        Scratch.
    out_tensor : (6,) float64 [amu Å²/ps²]
        Σ m v_a v_b in Voigt order xx yy zz yz xz xy; the trace is twice the kinetic energy. Overwritten.
    """
    n = len(velocities)
    chunks = (n + CHUNK - 1) // CHUNK
    for chunk in prange(chunks):
        xx, yy, zz, yz, xz, xy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            m = masses[i]
            x, y, z = velocities[i, 0], velocities[i, 1], velocities[i, 2]
            xx += m * x * x
            yy += m * y * y
            zz += m * z * z
            yz += m * y * z
            xz += m * x * z
            xy += m * x * y
        sums[chunk, 0], sums[chunk, 1], sums[chunk, 2] = xx, yy, zz
        sums[chunk, 3], sums[chunk, 4], sums[chunk, 5] = yz, xz, xy
    for v in range(6):
        total = 0.0
        for chunk in range(chunks):
            total += sums[chunk, v]
        out_tensor[v] = total


@parallel_kernel
def sum_kinetic(velocities, masses, sums):
    """Return Σ m v² [amu Å²/ps²], twice the kinetic energy; ``sums`` is (n_chunks,) scratch, a zero mass leaves out."""
    n = len(velocities)
    chunks = (n + CHUNK - 1) // CHUNK
    for chunk in prange(chunks):
        total = 0.0
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            x, y, z = velocities[i, 0], velocities[i, 1], velocities[i, 2]
            total += masses[i] * (x * x + y * y + z * z)
        sums[chunk] = total
    total = 0.0
    for chunk in range(chunks):
        total += sums[chunk]
    return total


@parallel_kernel
def scale_velocities(velocities, members, factor):
    """Multiply the velocities of the (n,) bool members by a factor, in place."""
    n = len(velocities)
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            scale = factor if members[i] else 1.0
            velocities[i, 0] *= scale
            velocities[i, 1] *= scale
            velocities[i, 2] *= scale


@parallel_kernel
def stretch(positions, velocities, factors):
    """Multiply positions by (3,) factors along the axes and divide velocities by them, in place."""
    n = len(positions)
    s_x, s_y, s_z = factors[0], factors[1], factors[2]
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            positions[i, 0] *= s_x
            positions[i, 1] *= s_y
            positions[i, 2] *= s_z
            velocities[i, 0] /= s_x
            velocities[i, 1] /= s_y
            velocities[i, 2] /= s_z


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
        They stretch with the cell, so W = -k d⊗d is the exact strain derivative.
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


@kernel
def find_fastest(velocities):
    """Return the atom with the largest speed and its speed [Å/ps]; the first one that is not finite wins."""
    worst, largest = 0, -1.0
    for i in range(len(velocities)):
        x, y, z = velocities[i, 0], velocities[i, 1], velocities[i, 2]
        v2 = x * x + y * y + z * z
        if not v2 <= largest:
            worst, largest = i, v2
            if not v2 < math.inf:
                break
    return worst, math.sqrt(largest)


@kernel
def find_outlier(positions, inverse, periodic, margin):
    """Return the first atom more than ``margin`` cells outside along a direction that does not repeat, or -1."""
    for i in range(len(positions)):
        for c in range(3):
            if not periodic[c]:
                s = positions[i, 0] * inverse[0, c] + positions[i, 1] * inverse[1, c] + positions[i, 2] * inverse[2, c]
                if not -margin <= s <= 1.0 + margin:
                    return i
    return -1
