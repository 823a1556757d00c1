"""From rows to the lanes of a slice, and from lanes back to atoms: the steps around the formula in a force loop."""

from __future__ import annotations

from nakmd.kernels.jit import term
from nakmd.kernels.simd import extract, lane_sum, lanes_in, splat_like, widen
from nakmd.kernels.simd_arrays import load_index_for, take_rows, width_of


@term
def slice_rows(rows, centers, s):
    """Return x, y, z and the fourth column of the central atoms of slice s."""
    return take_rows(rows, load_index_for(rows, centers, s * width_of(rows)))


@term
def separations(rows, entries, column, x, y, z):
    """Return the vectors from (x, y, z) to a column of neighbours, their squares, and the neighbours' fourth column."""
    xj, yj, zj, wj = take_rows(rows, load_index_for(rows, entries, column * width_of(rows)))
    dx = xj - x
    dy = yj - y
    dz = zj - z
    return dx, dy, dz, dx * dx + dy * dy + dz * dz, wj


@term
def write_numbers(atoms, s, value, out_values):
    """Write the lanes of slice s to the rows of its atoms in ``out_values``, (n_atoms,)."""
    lanes = lanes_in(value)
    for lane in range(lanes):
        i = atoms[s * lanes + lane]
        if i >= 0:
            out_values[i] = extract(value, lane)


@term
def add_numbers(atoms, s, value, add_values):
    """Add the lanes of slice s to the rows of its atoms in ``add_values``, (n_atoms,)."""
    lanes = lanes_in(value)
    for lane in range(lanes):
        i = atoms[s * lanes + lane]
        if i >= 0:
            add_values[i] += extract(value, lane)


@term
def add_vectors(atoms, s, x, y, z, add_values):
    """Add the lanes of slice s to the rows of its atoms in ``add_values``, (n_atoms, 3)."""
    lanes = lanes_in(x)
    for lane in range(lanes):
        i = atoms[s * lanes + lane]
        if i >= 0:
            add_values[i, 0] += extract(x, lane)
            add_values[i, 1] += extract(y, lane)
            add_values[i, 2] += extract(z, lane)


@term
def add_tensors(atoms, s, xx, xy, xz, yx, yy, yz, zx, zy, zz, add_values):
    """Add the lanes of slice s to the rows of its atoms in ``add_values``, (n_atoms, 3, 3)."""
    lanes = lanes_in(xx)
    for lane in range(lanes):
        i = atoms[s * lanes + lane]
        if i >= 0:
            add_values[i, 0, 0] += extract(xx, lane)
            add_values[i, 0, 1] += extract(xy, lane)
            add_values[i, 0, 2] += extract(xz, lane)
            add_values[i, 1, 0] += extract(yx, lane)
            add_values[i, 1, 1] += extract(yy, lane)
            add_values[i, 1, 2] += extract(yz, lane)
            add_values[i, 2, 0] += extract(zx, lane)
            add_values[i, 2, 1] += extract(zy, lane)
            add_values[i, 2, 2] += extract(zz, lane)


@term
def no_virial(x):
    """Return six zeros like the lanes x: xx yy zz yz xz xy."""
    zero = splat_like(0.0, x)
    return zero, zero, zero, zero, zero, zero


@term
def with_pairs(w, g, dx, dy, dz):
    """Return w - g d ⊗ d: the virial w with that of pairs added, whose force is g d."""
    gx = g * dx
    gy = g * dy
    gz = g * dz
    return w[0] - gx * dx, w[1] - gy * dy, w[2] - gz * dz, w[3] - gy * dz, w[4] - gx * dz, w[5] - gx * dy


@term
def with_part(w, part):
    """Return a virial in float64 with a part of any precision added."""
    return (
        w[0] + widen(part[0]), w[1] + widen(part[1]), w[2] + widen(part[2]),
        w[3] + widen(part[3]), w[4] + widen(part[4]), w[5] + widen(part[5]),
    )  # fmt: skip


@term
def write_virial(s, share, w, out_virial):
    """Write the virial of slice s [eV], in Voigt order, times its share: ½ where both atoms of a pair count it."""
    for k in range(6):
        out_virial[s, k] = share * lane_sum(w[k])
