"""Coordinates as the force kernels read them: one row (x, y, z, w) for each atom and each image within reach."""

from __future__ import annotations

import numpy as np

from nakmd.kernels.jit import kernel, parallel_kernel, prange, term

#: Atoms in one iteration of a parallel loop; fixed, so that results do not depend on the thread count.
CHUNK = 512

_WITHOUT_SIGN = np.int64(0x7FFFFFFFFFFFFFFF)

#: Coordinates of padding, in unused entries of a column and unused lanes of a slice: far from all atoms and from each
#: other.
NEIGHBOR_PADDING = 1.0e9
CENTER_PADDING = -1.0e9


def aligned_rows(n_rows: int, dtype: type = np.float64) -> np.ndarray:
    """Return an uninitialised (n_rows, 4) array on a 64-byte boundary, so that no row crosses a cache line."""
    raw: np.ndarray = np.empty(n_rows * 4 + 16, dtype)
    start = (-raw.ctypes.data % 64) // raw.itemsize
    return raw[start : start + n_rows * 4].reshape(n_rows, 4)


@term
def part(array, chunk):
    """Return the rows of a chunk of an array.

    A loop over a view from 0 on needs no check for negative indices. The compiler cannot rule them out for indices that
    begin at ``chunk * CHUNK``; with those checks `fill_rows` took 1.5 times as long.
    """
    return array[chunk * CHUNK : (chunk + 1) * CHUNK]


@kernel
def _fill_rows(chunk, positions, atoms, shifts, matrix, out_rows):
    ax, ay, az = matrix[0, 0], matrix[0, 1], matrix[0, 2]
    bx, by, bz = matrix[1, 0], matrix[1, 1], matrix[1, 2]
    cx, cy, cz = matrix[2, 0], matrix[2, 1], matrix[2, 2]
    seen, shift, rows = part(atoms, chunk), part(shifts, chunk), part(out_rows, chunk)
    for k in range(len(seen)):
        i = seen[k]
        u, v, w = shift[k, 0], shift[k, 1], shift[k, 2]
        rows[k, 0] = positions[i, 0] + (u * ax + v * bx + w * cx)
        rows[k, 1] = positions[i, 1] + (u * ay + v * by + w * cy)
        rows[k, 2] = positions[i, 2] + (u * az + v * bz + w * cz)


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
        Columns 0 to 2 are overwritten; the two padding rows at the end are not changed.
    """
    for chunk in prange((atoms.shape[0] + CHUNK - 1) // CHUNK):
        _fill_rows(np.int64(chunk), positions, atoms, shifts, matrix, out_rows)


@kernel
def _fill_single_rows(chunk, rows, origin, out_rows):
    exact, rounded = part(rows, chunk), part(out_rows, chunk)
    for k in range(len(exact)):
        for c in range(3):
            rounded[k, c] = exact[k, c] - origin[c]


@parallel_kernel
def fill_single_rows(rows, origin, out_rows):
    """Write coordinates relative to an origin, rounded to float32.

    Parameters
    ----------
    rows : (n, 4) float64
    origin : (3,) float64 [Å]
        Near the middle of the rows, because small coordinates have small rounding errors.
    out_rows : (n, 4) float32
        Columns 0 to 2 are overwritten.
    """
    for chunk in prange((rows.shape[0] + CHUNK - 1) // CHUNK):
        _fill_single_rows(np.int64(chunk), rows, origin, out_rows)


# A separate function: inside `prange` the compiler turns this loop into a scatter, which takes twice as long.
@kernel
def _fill_fourth_column(chunk, values, atoms, out_rows):
    seen, rows = part(atoms, chunk), part(out_rows, chunk)
    for k in range(len(seen)):
        rows[k, 3] = values[seen[k]]


@parallel_kernel
def fill_fourth_column(values, atoms, out_rows):
    """Write a value of each atom, (n_atoms,) float64, to the fourth column of all its rows."""
    for chunk in prange((atoms.shape[0] + CHUNK - 1) // CHUNK):
        _fill_fourth_column(np.int64(chunk), values, atoms, out_rows)


@kernel
def _largest_displacement(chunk, positions, reference, affine, is_affine):
    now, then = part(positions, chunk), part(reference, chunk)
    largest = np.int64(0)
    for i in range(len(now)):
        x, y, z = then[i, 0], then[i, 1], then[i, 2]
        if is_affine:
            x, y, z = (
                x * affine[0, 0] + y * affine[1, 0] + z * affine[2, 0],
                x * affine[0, 1] + y * affine[1, 1] + z * affine[2, 1],
                x * affine[0, 2] + y * affine[1, 2] + z * affine[2, 2],
            )
        x, y, z = now[i, 0] - x, now[i, 1] - y, now[i, 2] - z
        # squares are ordered like their bits, NaN above infinity: a maximum of integers that keeps a NaN and vectorises
        largest = max(largest, np.float64(x * x + y * y + z * z).view(np.int64) & _WITHOUT_SIGN)
    square = np.int64(largest).view(np.float64)
    return np.inf if np.isnan(square) else square


@parallel_kernel
def fill_largest_displacements(positions, reference, affine, is_affine, out_largest):
    """Write the largest |r_i - r_i^ref A|² [Å²] of every chunk; NaN counts as infinite.

    Parameters
    ----------
    positions, reference : (n_atoms, 3) float64 [Å]
    affine : (3, 3) float64
        A = h_ref^-1 h: the motion that the cell imposes is not a displacement.
    is_affine : bool
        False if A is the identity; the product is then skipped.
    out_largest : (n_chunks,) float64 [Å²]
    """
    for chunk in prange(out_largest.shape[0]):
        out_largest[chunk] = _largest_displacement(np.int64(chunk), positions, reference, affine, is_affine)


@parallel_kernel
def follow_atoms(positions, reference, affine, is_affine, atoms, shifts, matrix, out_rows, out_largest):
    """`fill_rows` and `fill_largest_displacements` in one call, because starting threads takes time."""
    n_chunks = (atoms.shape[0] + CHUNK - 1) // CHUNK
    for chunk in prange(max(n_chunks, out_largest.shape[0])):
        if chunk < out_largest.shape[0]:
            out_largest[chunk] = _largest_displacement(np.int64(chunk), positions, reference, affine, is_affine)
        if chunk < n_chunks:
            _fill_rows(np.int64(chunk), positions, atoms, shifts, matrix, out_rows)
