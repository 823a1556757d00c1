"""Kicks, drifts, thermostat steps, and the sums over atoms that integrators need.

Every loop runs over chunks of fixed length, and every sum is taken within chunks and then over chunks in order: the
bits do not depend on the number of threads. Arithmetic is strict IEEE, nothing is allocated, and NaN propagates.

The work on one chunk is a function of its own. Up to `SERIAL` chunks are processed in a plain loop, because starting
threads takes longer than a few thousand atoms (and much longer on a busy machine). The counter of `prange` is unsigned;
it is converted, or that function would be compiled a second time.

An atom that does not move freely has an inverse mass of zero: it is frozen, or part of a rigid body
(`kernels.bodies`).
"""

from __future__ import annotations

import numpy as np

from nakmd.kernels.geometry import CHUNK, part
from nakmd.kernels.jit import kernel, parallel_kernel, prange
from nakmd.kernels.random import fill_gaussians

#: Chunks up to which one thread does the work: less than 10 µs of it; fewer where noise is drawn.
SERIAL = 8
SERIAL_NOISE = 4


def n_chunks(n_atoms: int) -> int:
    """Return the number of chunks of n_atoms atoms, which is the length of scratch arrays."""
    return (n_atoms + CHUNK - 1) // CHUNK


@kernel
def _kick(chunk, velocities, forces, inverse_masses, strength):
    v, f, inverse_mass = part(velocities, chunk), part(forces, chunk), part(inverse_masses, chunk)
    for i in range(len(v)):
        scale = strength * inverse_mass[i]
        v[i, 0] += scale * f[i, 0]
        v[i, 1] += scale * f[i, 1]
        v[i, 2] += scale * f[i, 2]


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
    chunks = (len(velocities) + CHUNK - 1) // CHUNK
    if chunks <= SERIAL:
        for chunk in range(chunks):
            _kick(chunk, velocities, forces, inverse_masses, strength)
    else:
        for chunk in prange(chunks):
            _kick(np.int64(chunk), velocities, forces, inverse_masses, strength)


@kernel
def _kick_atoms(chunk, velocities, atoms, forces, inverse_masses, strength):
    chosen, f, inverse_mass = part(atoms, chunk), part(forces, chunk), part(inverse_masses, chunk)
    for k in range(len(chosen)):
        i = chosen[k]
        scale = strength * inverse_mass[k]
        velocities[i, 0] += scale * f[k, 0]
        velocities[i, 1] += scale * f[k, 1]
        velocities[i, 2] += scale * f[k, 2]


@parallel_kernel
def kick_atoms(velocities, atoms, forces, inverse_masses, strength):
    """`kick` some of the atoms: forces and inverse masses are theirs, (m, 3) and (m,), ``atoms`` (m,) int64 unique."""
    chunks = (len(atoms) + CHUNK - 1) // CHUNK
    if chunks <= SERIAL:
        for chunk in range(chunks):
            _kick_atoms(chunk, velocities, atoms, forces, inverse_masses, strength)
    else:
        for chunk in prange(chunks):
            _kick_atoms(np.int64(chunk), velocities, atoms, forces, inverse_masses, strength)


@kernel
def _drift(chunk, positions, velocities, timestep):
    r, v = part(positions, chunk), part(velocities, chunk)
    for i in range(len(r)):
        r[i, 0] += timestep * v[i, 0]
        r[i, 1] += timestep * v[i, 1]
        r[i, 2] += timestep * v[i, 2]


@parallel_kernel
def drift(positions, velocities, timestep):
    """Update positions in place: r += v timestep."""
    chunks = (len(velocities) + CHUNK - 1) // CHUNK
    if chunks <= SERIAL:
        for chunk in range(chunks):
            _drift(chunk, positions, velocities, timestep)
    else:
        for chunk in prange(chunks):
            _drift(np.int64(chunk), positions, velocities, timestep)


@kernel
def _kick_and_drift(chunk, positions, velocities, forces, inverse_masses, strength, timestep):
    r, v, f = part(positions, chunk), part(velocities, chunk), part(forces, chunk)
    inverse_mass = part(inverse_masses, chunk)
    for i in range(len(r)):
        scale = strength * inverse_mass[i]
        x, y, z = v[i, 0] + scale * f[i, 0], v[i, 1] + scale * f[i, 1], v[i, 2] + scale * f[i, 2]
        v[i, 0], v[i, 1], v[i, 2] = x, y, z
        r[i, 0] += timestep * x
        r[i, 1] += timestep * y
        r[i, 2] += timestep * z


@parallel_kernel
def kick_and_drift(positions, velocities, forces, inverse_masses, strength, timestep):
    """`kick` and then `drift`, in one call."""
    chunks = (len(velocities) + CHUNK - 1) // CHUNK
    if chunks <= SERIAL:
        for chunk in range(chunks):
            _kick_and_drift(chunk, positions, velocities, forces, inverse_masses, strength, timestep)
    else:
        for chunk in prange(chunks):
            _kick_and_drift(np.int64(chunk), positions, velocities, forces, inverse_masses, strength, timestep)


@kernel
def _thermalise_and_drift(
    chunk, positions, velocities, masses, retention, amplitudes, root_temperature,
    seed, stream, step, timestep, words, noise,
):  # fmt: skip
    r, v, mass = part(positions, chunk), part(velocities, chunk), part(masses, chunk)
    kept, amplitude = part(retention, chunk), part(amplitudes, chunk)
    xi = noise[chunk]
    fill_gaussians(seed, stream, step, chunk * CHUNK, len(r), words[chunk], xi)
    gained = 0.0
    for i in range(len(r)):
        c, a = kept[i], amplitude[i] * root_temperature
        x, y, z = v[i, 0], v[i, 1], v[i, 2]
        new_x, new_y, new_z = c * x + a * xi[0, i], c * y + a * xi[1, i], c * z + a * xi[2, i]
        v[i, 0], v[i, 1], v[i, 2] = new_x, new_y, new_z
        r[i, 0] += timestep * new_x
        r[i, 1] += timestep * new_y
        r[i, 2] += timestep * new_z
        gained += mass[i] * ((new_x * new_x + new_y * new_y + new_z * new_z) - (x * x + y * y + z * z))
    return 0.5 * gained


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
        Time step of the drift.
    words : (n_chunks, 4, CHUNK) uint64
        Scratch.
    noise : (n_chunks, 3, CHUNK) float64
        Scratch.
    sums : (n_chunks,) float64
        Scratch.

    Returns
    -------
    float [amu Å²/ps²]
        Kinetic energy given by the bath.

    References
    ----------
    Leimkuhler & Matthews, Appl. Math. Res. Express 2013, 34 (2013), the O step. doi:10.1093/amrx/abs010
    """
    chunks = (len(velocities) + CHUNK - 1) // CHUNK
    if chunks <= SERIAL_NOISE:
        for chunk in range(chunks):
            sums[chunk] = _thermalise_and_drift(
                chunk, positions, velocities, masses, retention, amplitudes, root_temperature,
                seed, stream, step, timestep, words, noise,
            )  # fmt: skip
    else:
        for chunk in prange(chunks):
            sums[chunk] = _thermalise_and_drift(
                np.int64(chunk), positions, velocities, masses, retention, amplitudes, root_temperature,
                seed, stream, step, timestep, words, noise,
            )  # fmt: skip
    total = 0.0
    for chunk in range(chunks):
        total += sums[chunk]
    return total


@kernel
def _fill_kinetic_tensor(chunk, velocities, masses, out_tensor):
    v, mass = part(velocities, chunk), part(masses, chunk)
    xx, yy, zz, yz, xz, xy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(len(v)):
        m = mass[i]
        x, y, z = v[i, 0], v[i, 1], v[i, 2]
        xx += m * x * x
        yy += m * y * y
        zz += m * z * z
        yz += m * y * z
        xz += m * x * z
        xy += m * x * y
    out_tensor[0], out_tensor[1], out_tensor[2] = xx, yy, zz
    out_tensor[3], out_tensor[4], out_tensor[5] = yz, xz, xy


@parallel_kernel
def fill_kinetic_tensor(velocities, masses, sums, out_tensor):
    """Sum m v⊗v over atoms.

    Parameters
    ----------
    velocities : (n, 3) float64 [Å/ps]
    masses : (n,) float64 [amu]
        Zero excludes an atom.
    sums : (n_chunks, 6) float64
        Scratch.
    out_tensor : (6,) float64 [amu Å²/ps²]
        Σ m v_a v_b in Voigt order xx yy zz yz xz xy; the trace is twice the kinetic energy. Overwritten.
    """
    chunks = (len(velocities) + CHUNK - 1) // CHUNK
    if chunks <= SERIAL:
        for chunk in range(chunks):
            _fill_kinetic_tensor(chunk, velocities, masses, sums[chunk])
    else:
        for chunk in prange(chunks):
            _fill_kinetic_tensor(np.int64(chunk), velocities, masses, sums[chunk])
    for v in range(6):
        total = 0.0
        for chunk in range(chunks):
            total += sums[chunk, v]
        out_tensor[v] = total


@kernel
def _sum_kinetic(chunk, velocities, masses):
    v, mass = part(velocities, chunk), part(masses, chunk)
    total = 0.0
    for i in range(len(v)):
        x, y, z = v[i, 0], v[i, 1], v[i, 2]
        total += mass[i] * (x * x + y * y + z * z)
    return total


@parallel_kernel
def sum_kinetic(velocities, masses, sums):
    """Return Σ m v² [amu Å²/ps²], twice the kinetic energy; ``sums`` is (n_chunks,) scratch, a zero mass excludes."""
    chunks = (len(velocities) + CHUNK - 1) // CHUNK
    if chunks <= SERIAL:
        for chunk in range(chunks):
            sums[chunk] = _sum_kinetic(chunk, velocities, masses)
    else:
        for chunk in prange(chunks):
            sums[chunk] = _sum_kinetic(np.int64(chunk), velocities, masses)
    total = 0.0
    for chunk in range(chunks):
        total += sums[chunk]
    return total


@kernel
def _scale_velocities(chunk, velocities, members, factor):
    v, member = part(velocities, chunk), part(members, chunk)
    for i in range(len(v)):
        scale = factor if member[i] else 1.0
        v[i, 0] *= scale
        v[i, 1] *= scale
        v[i, 2] *= scale


@parallel_kernel
def scale_velocities(velocities, members, factor):
    """Multiply the velocities of the (n,) bool members by a factor, in place."""
    chunks = (len(velocities) + CHUNK - 1) // CHUNK
    if chunks <= SERIAL:
        for chunk in range(chunks):
            _scale_velocities(chunk, velocities, members, factor)
    else:
        for chunk in prange(chunks):
            _scale_velocities(np.int64(chunk), velocities, members, factor)


@kernel
def _stretch(chunk, positions, velocities, factors):
    r, v = part(positions, chunk), part(velocities, chunk)
    s_x, s_y, s_z = factors[0], factors[1], factors[2]
    for i in range(len(r)):
        r[i, 0] *= s_x
        r[i, 1] *= s_y
        r[i, 2] *= s_z
        v[i, 0] /= s_x
        v[i, 1] /= s_y
        v[i, 2] /= s_z


@parallel_kernel
def stretch(positions, velocities, factors):
    """Multiply positions by (3,) factors along the axes and divide velocities by them, in place."""
    chunks = (len(velocities) + CHUNK - 1) // CHUNK
    if chunks <= SERIAL:
        for chunk in range(chunks):
            _stretch(chunk, positions, velocities, factors)
    else:
        for chunk in prange(chunks):
            _stretch(np.int64(chunk), positions, velocities, factors)
