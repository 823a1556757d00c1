"""Virials by atom of the bond order, from the derivatives p_ij = ∂E_i/∂r_ij that `bond_order.fill_partials` stores."""

from __future__ import annotations

from nakmd.kernels.accumulate import add_tensors, separations
from nakmd.kernels.jit import fast_parallel_kernel, prange
from nakmd.kernels.simd import LANES, splat
from nakmd.kernels.simd_arrays import load_index, take, take_rows


@fast_parallel_kernel
def add_bond_virials(rows, atoms, centers, begin, end, entries, reverse, px, py, pz, add_virials):
    """Add W_i = Σ_j r_ij ⊗ p_ji to the virials of the central atoms, (n_atoms, 3, 3) float64 [eV].

    Other arguments as in `bond_order.fill_partials` and `bond_order.add_bond_forces`. W_i is not symmetric; the sum is.
    """
    for s in prange(begin.shape[0]):
        x, y, z, _ = take_rows(rows, load_index(centers, s * LANES))
        zero = splat(0.0)
        xx, xy, xz = zero, zero, zero
        yx, yy, yz = zero, zero, zero
        zx, zy, zz = zero, zero, zero
        for b in range(begin.shape[1]):
            for column in range(begin[s, b], end[s, b]):
                dx, dy, dz, _, _ = separations(rows, entries, column, x, y, z)
                back = load_index(reverse, column * LANES)
                qx, qy, qz = take(px, back), take(py, back), take(pz, back)
                xx, xy, xz = xx + dx * qx, xy + dx * qy, xz + dx * qz
                yx, yy, yz = yx + dy * qx, yy + dy * qy, yz + dy * qz
                zx, zy, zz = zx + dz * qx, zy + dz * qy, zz + dz * qz
        add_tensors(atoms, s, xx, xy, xz, yx, yy, yz, zx, zy, zz, add_virials)
