"""Coordinates of restraints with their derivatives by positions and by strain, and the forces of a restraint.

The first ``n_probe`` of the atoms are those that are restrained, the others those that the coordinate refers to. The
weights of either sum to 1. Image counts bring the atoms of each side together; they do not change while a run goes on,
because positions are unwrapped. The separation of the two centres is the shortest periodic image.
"""

from __future__ import annotations

import math

from nakmd.kernels.jit import kernel


@kernel
def _separation(positions, matrix, inverse, periodic, atoms, n_probe, weights, images, out_center, out_separation):
    """Write the centre of the reference atoms, and the shortest vector from it to the centre of the probe."""
    for c in range(3):
        out_center[c] = 0.0
        out_separation[c] = 0.0
    for k in range(len(atoms)):
        for c in range(3):
            place = positions[atoms[k], c]
            for a in range(3):
                place += images[k, a] * matrix[a, c]
            if k < n_probe:
                out_separation[c] += weights[k] * place
            else:
                out_center[c] += weights[k] * place
    for c in range(3):
        out_separation[c] -= out_center[c]
    # all counts from the separation as it is, before any of them is applied
    u, v, w = 0.0, 0.0, 0.0
    for c in range(3):
        u += out_separation[c] * inverse[c, 0]
        v += out_separation[c] * inverse[c, 1]
        w += out_separation[c] * inverse[c, 2]
    u = math.floor(u + 0.5) if periodic[0] else 0.0
    v = math.floor(v + 0.5) if periodic[1] else 0.0
    w = math.floor(w + 0.5) if periodic[2] else 0.0
    for c in range(3):
        out_separation[c] -= u * matrix[0, c] + v * matrix[1, c] + w * matrix[2, c]


@kernel
def _across(vector, axis):
    """Return the component of a vector perpendicular to a unit vector."""
    along = vector[0] * axis[0] + vector[1] * axis[1] + vector[2] * axis[2]
    return vector[0] - along * axis[0], vector[1] - along * axis[1], vector[2] - along * axis[2]


@kernel
def _add_strain(x, y, z, factor, out_strain):
    """Add the symmetric product of a vector with itself, in Voigt order."""
    out_strain[0] += factor * x * x
    out_strain[1] += factor * y * y
    out_strain[2] += factor * z * z
    out_strain[3] += factor * y * z
    out_strain[4] += factor * x * z
    out_strain[5] += factor * x * y


@kernel
def measure_distance(
    positions, matrix, inverse, periodic, axis, atoms, n_probe, weights, images, room, out_gradient, out_strain
):
    """Measure the distance of the two centres.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
        Unwrapped.
    matrix, inverse : (3, 3) float64 [Å, 1/Å]
        Cell vectors as rows, and their inverse.
    periodic : (3,) bool
    axis : (3,) float64
        Not used.
    atoms : (m,) int64
    n_probe : int
    weights : (m,) float64
    images : (m, 3) int64
    room : (4, 3) float64
        Scratch.
    out_gradient : (m, 3) float64
        Derivative of the coordinate by the position of each atom.
    out_strain : (6,) float64 [Å]
        Derivative by the strain, Voigt order, each off-diagonal once.

    Returns
    -------
    float [Å]
    """
    separation = room[1]
    _separation(positions, matrix, inverse, periodic, atoms, n_probe, weights, images, room[0], separation)
    x, y, z = separation[0], separation[1], separation[2]
    value = math.sqrt(x * x + y * y + z * z)
    scale = 1.0 / value if value > 0.0 else 0.0
    for k in range(len(atoms)):
        factor = weights[k] * scale if k < n_probe else -weights[k] * scale
        out_gradient[k, 0] = factor * x
        out_gradient[k, 1] = factor * y
        out_gradient[k, 2] = factor * z
    out_strain[:] = 0.0
    _add_strain(x, y, z, scale, out_strain)
    return value


@kernel
def measure_height(
    positions, matrix, inverse, periodic, axis, atoms, n_probe, weights, images, room, out_gradient, out_strain
):
    """Measure the distance of the probe from the mean plane of the reference atoms; arguments as `measure_distance`.

    ``axis`` is the unit normal of the plane, a face of the cell. Strain turns the face, so that the height is a
    distance between faces: its derivative is ξ n⊗n.
    """
    separation = room[1]
    _separation(positions, matrix, inverse, periodic, atoms, n_probe, weights, images, room[0], separation)
    height = separation[0] * axis[0] + separation[1] * axis[1] + separation[2] * axis[2]
    sign = 1.0 if height >= 0.0 else -1.0
    for k in range(len(atoms)):
        factor = sign * weights[k] if k < n_probe else -sign * weights[k]
        for c in range(3):
            out_gradient[k, c] = factor * axis[c]
    out_strain[:] = 0.0
    _add_strain(axis[0], axis[1], axis[2], abs(height), out_strain)
    return abs(height)


@kernel
def measure_radius(
    positions, matrix, inverse, periodic, axis, atoms, n_probe, weights, images, room, out_gradient, out_strain
):
    """Measure the distance of the probe from the tube of the reference atoms; arguments as `measure_distance`.

    ``axis`` is the unit vector along the tube, a vector of the cell. The coordinate is | ρ - R |, with ρ the distance
    of the probe from the axis through the centre of the reference atoms, and R their mean distance from it.
    """
    center, separation, mean, vector = room[0], room[1], room[2], room[3]
    _separation(positions, matrix, inverse, periodic, atoms, n_probe, weights, images, center, separation)
    mean[:] = 0.0
    out_strain[:] = 0.0
    radius = 0.0
    # directions of the reference atoms from the axis are stored in the gradient until the sign is known
    for k in range(n_probe, len(atoms)):
        for c in range(3):
            vector[c] = positions[atoms[k], c] - center[c]
            for a in range(3):
                vector[c] += images[k, a] * matrix[a, c]
        x, y, z = _across(vector, axis)
        distance = math.sqrt(x * x + y * y + z * z)
        scale = 1.0 / distance if distance > 0.0 else 0.0
        radius += weights[k] * distance
        _add_strain(x, y, z, -weights[k] * scale, out_strain)
        out_gradient[k, 0] = scale * x
        out_gradient[k, 1] = scale * y
        out_gradient[k, 2] = scale * z
        for c in range(3):
            mean[c] += weights[k] * out_gradient[k, c]
    x, y, z = _across(separation, axis)
    distance = math.sqrt(x * x + y * y + z * z)
    scale = 1.0 / distance if distance > 0.0 else 0.0
    _add_strain(x, y, z, scale, out_strain)
    sign = 1.0 if distance >= radius else -1.0
    for c in range(6):
        out_strain[c] *= sign
    vector[0], vector[1], vector[2] = scale * x, scale * y, scale * z
    for k in range(len(atoms)):
        for c in range(3):
            if k < n_probe:
                out_gradient[k, c] = sign * weights[k] * vector[c]
            else:
                # the probe's direction by the centre, and the radius by the atom and by the centre
                out_gradient[k, c] = -sign * weights[k] * (vector[c] + out_gradient[k, c] - mean[c])
    return sign * (distance - radius)


@kernel
def add_restraint(atoms, n_probe, weights, gradient, strain, slope, energy, out_forces, out_energies, out_virial):
    """Add the forces, the energy and the virial of a restraint.

    Parameters
    ----------
    atoms, n_probe, weights, gradient, strain
        As in `measure_distance`.
    slope : float [eV/Å]
        dU/dξ.
    energy : float [eV]
        It is given to the probe atoms by their weights.
    out_forces, out_energies, out_virial : (n, 3), (n,), (6,) float64
        Added to: F = -dU/dξ dξ/dr, W = -dU/dξ dξ/dε.
    """
    for k in range(len(atoms)):
        i = atoms[k]
        out_forces[i, 0] -= slope * gradient[k, 0]
        out_forces[i, 1] -= slope * gradient[k, 1]
        out_forces[i, 2] -= slope * gradient[k, 2]
        if k < n_probe:
            out_energies[i] += weights[k] * energy
    for c in range(6):
        out_virial[c] -= slope * strain[c]
