"""Rigid bodies that translate: every atom of a body has the velocity of its centre of mass.

A body is a run of ``body_atoms``, from ``first[b]`` to ``first[b + 1]``. Bodies are few, so the loops are serial
and their sums in order.
"""

from __future__ import annotations

from nakmd.kernels.jit import kernel, term
from nakmd.kernels.random import draw_block, gaussian_pair


@term
def force_on_body(b, forces, first, body_atoms):
    """Return the total force on body b [eV/Å]."""
    f_x, f_y, f_z = 0.0, 0.0, 0.0
    for k in range(first[b], first[b + 1]):
        i = body_atoms[k]
        f_x += forces[i, 0]
        f_y += forces[i, 1]
        f_z += forces[i, 2]
    return f_x, f_y, f_z


@kernel
def kick_bodies(velocities, forces, first, body_atoms, body_masses, strength):
    """Change the velocity of every body by its total force, V += strength ΣF / M; arguments as in `motion.kick`."""
    for b in range(len(first) - 1):
        f_x, f_y, f_z = force_on_body(b, forces, first, body_atoms)
        scale = strength / body_masses[b]
        lead = body_atoms[first[b]]
        v_x = velocities[lead, 0] + scale * f_x
        v_y = velocities[lead, 1] + scale * f_y
        v_z = velocities[lead, 2] + scale * f_z
        for k in range(first[b], first[b + 1]):
            i = body_atoms[k]
            velocities[i, 0], velocities[i, 1], velocities[i, 2] = v_x, v_y, v_z


@kernel
def join_bodies(velocities, masses, first, body_atoms, body_masses):
    """Give every atom of a body the velocity of the body's centre of mass, in place."""
    for b in range(len(first) - 1):
        p_x, p_y, p_z = 0.0, 0.0, 0.0
        for k in range(first[b], first[b + 1]):
            i = body_atoms[k]
            p_x += masses[i] * velocities[i, 0]
            p_y += masses[i] * velocities[i, 1]
            p_z += masses[i] * velocities[i, 2]
        m = body_masses[b]
        for k in range(first[b], first[b + 1]):
            i = body_atoms[k]
            velocities[i, 0], velocities[i, 1], velocities[i, 2] = p_x / m, p_y / m, p_z / m


@kernel
def thermalise_bodies(
    velocities, first, body_atoms, body_masses, retention, amplitudes, root_temperature, seed, stream, step
):
    """Apply the O step of `motion.thermalise_and_drift` to the centres of mass of bodies.

    Parameters
    ----------
    retention, amplitudes : (n_bodies,) float64
        1 and 0 for a body outside the group; amplitudes with the mass of the body.

    Returns
    -------
    float [amu Å²/ps²]
        Kinetic energy given by the bath.
    """
    gained = 0.0
    for b in range(len(first) - 1):
        w_0, w_1, w_2, w_3 = draw_block(seed, stream, step, b)
        g_x, g_y = gaussian_pair(w_0, w_1)
        g_z, _ = gaussian_pair(w_2, w_3)
        lead = body_atoms[first[b]]
        c, a = retention[b], amplitudes[b] * root_temperature
        x, y, z = velocities[lead, 0], velocities[lead, 1], velocities[lead, 2]
        new_x, new_y, new_z = c * x + a * g_x, c * y + a * g_y, c * z + a * g_z
        gained += body_masses[b] * ((new_x * new_x + new_y * new_y + new_z * new_z) - (x * x + y * y + z * z))
        for k in range(first[b], first[b + 1]):
            i = body_atoms[k]
            velocities[i, 0], velocities[i, 1], velocities[i, 2] = new_x, new_y, new_z
    return 0.5 * gained


@kernel
def fill_mean_forces(forces, moves, first, body_atoms, out_forces):
    """Copy forces for a minimiser: zero for atoms that do not move, the mean over the body for atoms of a body.

    Parameters
    ----------
    forces : (n, 3) float64 [eV/Å]
    moves : (n,) bool
        False for frozen atoms.
    out_forces : (n, 3) float64 [eV/Å]
        Overwritten.
    """
    for i in range(len(forces)):
        for c in range(3):
            out_forces[i, c] = forces[i, c] if moves[i] else 0.0
    for b in range(len(first) - 1):
        f_x, f_y, f_z = force_on_body(b, forces, first, body_atoms)
        count = first[b + 1] - first[b]
        for k in range(first[b], first[b + 1]):
            i = body_atoms[k]
            out_forces[i, 0], out_forces[i, 1], out_forces[i, 2] = f_x / count, f_y / count, f_z / count
