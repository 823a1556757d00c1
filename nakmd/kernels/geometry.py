"""Coordinates as the force kernels read them: one row (x, y, z, w) for each atom and each image in reach."""

from __future__ import annotations

import numpy as np

from nakmd.kernels.jit import parallel_kernel, prange

#: Atoms that one iteration of a parallel loop owns; fixed, so that results do not depend on the thread count.
CHUNK = 2048

#: Where padding sits: neighbours that fill up a column, and centres that fill up a slice. Far from all atoms and
#: from each other.
NEIGHBOR_PADDING = 1.0e9
CENTER_PADDING = -1.0e9


def aligned_rows(n_rows: int) -> np.ndarray:
    """Return an uninitialised (n_rows, 4) float64 array on a 64-byte boundary, so that no row crosses a cache line."""
    raw = np.empty(n_rows * 4 + 8, dtype=np.float64)
    start = (-raw.ctypes.data % 64) // 8
    return raw[start : start + n_rows * 4].reshape(n_rows, 4)


@parallel_kernel
def fill_rows(positions, atoms, shifts, matrix, out_rows):
    """Write the coordinates of every row.

    Parameters
    ----------
    positions : (n_atoms, 3) float64 [Å]
    atoms : (n_rows,) int32
        Atom that the row is an image of.
    shifts : (n_rows, 3) int32
        Lattice shift of the image.
    matrix : (3, 3) float64 [Å]
    out_rows : (n_rows + 2, 4) float64
        Columns 0 to 2 are overwritten; the two padding rows at the end are left alone.
    """
    n_rows = atoms.shape[0]
    ax, ay, az = matrix[0, 0], matrix[0, 1], matrix[0, 2]
    bx, by, bz = matrix[1, 0], matrix[1, 1], matrix[1, 2]
    cx, cy, cz = matrix[2, 0], matrix[2, 1], matrix[2, 2]
    for chunk in prange((n_rows + CHUNK - 1) // CHUNK):
        for k in range(chunk * CHUNK, min(n_rows, (chunk + 1) * CHUNK)):
            i = atoms[k]
            u, v, w = shifts[k, 0], shifts[k, 1], shifts[k, 2]
            out_rows[k, 0] = positions[i, 0] + (u * ax + v * bx + w * cx)
            out_rows[k, 1] = positions[i, 1] + (u * ay + v * by + w * cy)
            out_rows[k, 2] = positions[i, 2] + (u * az + v * bz + w * cz)


@parallel_kernel
def fill_fourth_column(values, atoms, out_rows):
    """Write a value of each atom, (n_atoms,) float64, to the fourth column of all its rows."""
    n_rows = atoms.shape[0]
    for chunk in prange((n_rows + CHUNK - 1) // CHUNK):
        for k in range(chunk * CHUNK, min(n_rows, (chunk + 1) * CHUNK)):
            out_rows[k, 3] = values[atoms[k]]


@parallel_kernel
def fill_largest_displacements(positions, reference, affine, out_largest):
    """Write the largest |r_i - r_i^ref A|² [Å²] of every chunk; NaN counts as infinite.

    Parameters
    ----------
    positions, reference : (n_atoms, 3) float64 [Å]
    affine : (3, 3) float64
        A = h_ref^-1 h: the motion that the cell imposes is not a displacement.
    out_largest : (n_chunks,) float64 [Å²]
    """
    n = positions.shape[0]
    for chunk in prange(out_largest.shape[0]):
        largest = 0.0
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            square = 0.0
            for c in range(3):
                moved = reference[i, 0] * affine[0, c] + reference[i, 1] * affine[1, c] + reference[i, 2] * affine[2, c]
                square += (positions[i, c] - moved) ** 2
            if not square <= largest:
                largest = np.inf if np.isnan(square) else square
        out_largest[chunk] = largest
