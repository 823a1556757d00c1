"""From rows to the lanes of a slice, and back to its atoms: what every force loop does around its formula."""

from __future__ import annotations

from nakmd.kernels.jit import term
from nakmd.kernels.simd import extract, lane_sum, lanes_in, load_index_for, take_rows, width_of


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
def write_virial(s, share, wxx, wyy, wzz, wyz, wxz, wxy, out_virial):
    """Write the virial of slice s [eV], in Voigt order, times its share: ½ where both atoms of a pair count it."""
    out_virial[s, 0] = share * lane_sum(wxx)
    out_virial[s, 1] = share * lane_sum(wyy)
    out_virial[s, 2] = share * lane_sum(wzz)
    out_virial[s, 3] = share * lane_sum(wyz)
    out_virial[s, 4] = share * lane_sum(wxz)
    out_virial[s, 5] = share * lane_sum(wxy)
