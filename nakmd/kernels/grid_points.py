"""Points of regular grids in a cell: those that spheres cover, and those of a body-centred lattice."""

from __future__ import annotations

import math

from nakmd.kernels.jit import kernel, parallel_kernel, prange

#: Points in one iteration of a parallel loop.
CHUNK = 4096


@kernel
def cover_points(centers, home, reach, shape, matrix, radius, add_covered):
    """Mark the midpoints of a uniform division of a cell that are within a radius of any centre.

    Parameters
    ----------
    centers : (k, 3) float64 [Å]
        With the images that reach into the cell.
    home : (k, 3) int64
        Division that each centre is in, which may be outside the cell.
    reach : (3,) int64
        Divisions that a sphere may reach on either side.
    shape : (3,) int64
        Divisions along each cell vector.
    matrix : (3, 3) float64 [Å]
    radius : float [Å]
    add_covered : (n,) bool
        The last axis fastest; set where a point is closer than the radius.
    """
    for s in range(centers.shape[0]):
        for u in range(max(0, home[s, 0] - reach[0]), min(shape[0], home[s, 0] + reach[0] + 1)):
            a = (u + 0.5) / shape[0]
            for v in range(max(0, home[s, 1] - reach[1]), min(shape[1], home[s, 1] + reach[1] + 1)):
                b = (v + 0.5) / shape[1]
                for w in range(max(0, home[s, 2] - reach[2]), min(shape[2], home[s, 2] + reach[2] + 1)):
                    d = (w + 0.5) / shape[2]
                    x = a * matrix[0, 0] + b * matrix[1, 0] + d * matrix[2, 0] - centers[s, 0]
                    y = a * matrix[0, 1] + b * matrix[1, 1] + d * matrix[2, 1] - centers[s, 1]
                    z = a * matrix[0, 2] + b * matrix[1, 2] + d * matrix[2, 2] - centers[s, 2]
                    if math.sqrt(x * x + y * y + z * z) < radius:
                        add_covered[(u * shape[1] + v) * shape[2] + w] = True


@parallel_kernel
def fill_midpoints(numbers, shape, matrix, out_points):
    """Write the midpoints of some divisions of a cell.

    Parameters
    ----------
    numbers : (n,) int64
        Divisions, the last axis fastest.
    shape : (3,) int64
    matrix : (3, 3) float64 [Å]
    out_points : (n, 3) float64 [Å]
    """
    n = numbers.shape[0]
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for k in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            number = numbers[k]
            a = (number // (shape[2] * shape[1]) + 0.5) / shape[0]
            b = ((number // shape[2]) % shape[1] + 0.5) / shape[1]
            d = (number % shape[2] + 0.5) / shape[2]
            for c in range(3):
                out_points[k, c] = a * matrix[0, c] + b * matrix[1, c] + d * matrix[2, c]


@parallel_kernel
def fill_lattice(shape, offset, matrix, out_points):
    """Write the points of a body-centred lattice: first all corners, then all centres, the last axis fastest.

    Parameters
    ----------
    shape : (3,) int64
        Cubes along each cell vector.
    offset : (3,) float64
        Of all points, in cubes; not negative.
    matrix : (3, 3) float64 [Å]
    out_points : (2 * number of cubes, 3) float64 [Å]
        In the cell.
    """
    n = out_points.shape[0] // 2
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for k in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            u, v, w = k // (shape[2] * shape[1]), (k // shape[2]) % shape[1], k % shape[2]
            for half in range(2):
                middle = 0.5 * half
                a = (u + middle + offset[0]) / shape[0]
                b = (v + middle + offset[1]) / shape[1]
                d = (w + middle + offset[2]) / shape[2]
                a, b, d = a - math.floor(a), b - math.floor(b), d - math.floor(d)
                for c in range(3):
                    out_points[half * n + k, c] = a * matrix[0, c] + b * matrix[1, c] + d * matrix[2, c]
