"""Forces, sums and steps of the relaxation of springs in structure building.

The sums have the bits of NumPy's pairwise sum, whose tree depends on the number of terms alone: systems that were built
before these kernels existed are built again to the bit, on any number of threads.
"""

from __future__ import annotations

import numpy as np

from nakmd.kernels.jit import kernel, parallel_kernel, prange, term

#: Terms that are summed without a further division, coordinates in one iteration of a parallel loop.
LEAF, CHUNK = 128, 4096


@parallel_kernel
def fill_spring_forces(
    x, i, j, offset, rest, stiffness, of_i, first_i, of_j, first_j, anchors, normals, normal_stiffness, pulls,
    out_forces,
):  # fmt: skip
    """Write the forces of springs between atoms, and of those that keep each atom near a plane through its anchor.

    Parameters
    ----------
    x : (n, 3) float64 [Å]
    i, j : (p,) int64
    offset : (p, 3) float64 [Å]
        Lattice vector of each pair.
    rest, stiffness : (p,) float64
    of_i, of_j : (p,) int64
        Pairs by their first and by their second atom, for each atom in their order.
    first_i, first_j : (n + 1,) int64
        First of these of each atom.
    anchors, normals : (n, 3) float64
    normal_stiffness : float
    pulls : (p, 3) float64
        Scratch.
    out_forces : (n, 3) float64
        The sum over the pairs that begin at an atom, less that over those that end there, each in order.
    """
    n_pairs = i.shape[0]
    for chunk in prange((n_pairs + CHUNK - 1) // CHUNK):
        for p in range(chunk * CHUNK, min(n_pairs, (chunk + 1) * CHUNK)):
            r_x = x[j[p], 0] - x[i[p], 0] + offset[p, 0]
            r_y = x[j[p], 1] - x[i[p], 1] + offset[p, 1]
            r_z = x[j[p], 2] - x[i[p], 2] + offset[p, 2]
            d = np.sqrt(r_x * r_x + r_y * r_y + r_z * r_z)
            factor = stiffness[p] * (d - rest[p]) / d
            pulls[p, 0], pulls[p, 1], pulls[p, 2] = factor * r_x, factor * r_y, factor * r_z
    n = x.shape[0]
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for a in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            lifted = 0.0
            for c in range(3):
                lifted += (x[a, c] - anchors[a, c]) * normals[a, c]
            for c in range(3):
                ahead, behind = 0.0, 0.0
                for k in range(first_i[a], first_i[a + 1]):
                    ahead += pulls[of_i[k], c]
                for k in range(first_j[a], first_j[a + 1]):
                    behind += pulls[of_j[k], c]
                out_forces[a, c] = ahead - behind - normal_stiffness * lifted * normals[a, c]


@term
def leaf_sum(a, b, begin, end):
    """Return the sum of a[k] b[k] from ``begin`` to ``end``, at most `LEAF` terms, in eight parts."""
    n = end - begin
    if n < 8:
        total = 0.0
        for k in range(begin, end):
            total += a[k] * b[k]
        return total
    p0, p1, p2, p3 = (
        a[begin] * b[begin],
        a[begin + 1] * b[begin + 1],
        a[begin + 2] * b[begin + 2],
        a[begin + 3] * b[begin + 3],
    )
    p4, p5, p6, p7 = (
        a[begin + 4] * b[begin + 4],
        a[begin + 5] * b[begin + 5],
        a[begin + 6] * b[begin + 6],
        a[begin + 7] * b[begin + 7],
    )
    whole = begin + n - n % 8
    for k in range(begin + 8, whole, 8):
        p0 += a[k] * b[k]
        p1 += a[k + 1] * b[k + 1]
        p2 += a[k + 2] * b[k + 2]
        p3 += a[k + 3] * b[k + 3]
        p4 += a[k + 4] * b[k + 4]
        p5 += a[k + 5] * b[k + 5]
        p6 += a[k + 6] * b[k + 6]
        p7 += a[k + 7] * b[k + 7]
    total = ((p0 + p1) + (p2 + p3)) + ((p4 + p5) + (p6 + p7))
    for k in range(whole, end):
        total += a[k] * b[k]
    return total


@kernel
def divide_sum(n, out_begin, out_merges):
    """Divide a sum of n terms into leaves as NumPy does; return their number.

    Parameters
    ----------
    n : int
    out_begin : (capacity,) int64
        First term of each leaf, and n after the last.
    out_merges : (capacity,) int64
        How often the last two partial sums are added after each leaf.
    """
    lows, sizes, depths = np.empty(128, np.int64), np.empty(128, np.int64), np.empty(128, np.int64)
    lows[0], sizes[0], depths[0] = 0, n, 0
    waiting, leaves = 1, 0
    while waiting:
        waiting -= 1
        low, size, merges = lows[waiting], sizes[waiting], depths[waiting]
        if size <= LEAF:
            out_begin[leaves], out_merges[leaves] = low, merges
            leaves += 1
        else:
            half = size // 2
            half -= half % 8
            # the right half is on top of the stack later, and completes the sum of both and of what they complete
            lows[waiting], sizes[waiting], depths[waiting] = low + half, size - half, merges + 1
            lows[waiting + 1], sizes[waiting + 1], depths[waiting + 1] = low, half, 0
            waiting += 2
    out_begin[leaves] = n
    return leaves


@parallel_kernel
def sum_leaves(f, v, begin, out_sums):
    """Write the sums of f v, f f and v v over each leaf, (n_leaves, 3) float64; f and v are flat."""
    n = out_sums.shape[0]
    for chunk in prange((n + 31) // 32):
        for leaf in range(chunk * 32, min(n, (chunk + 1) * 32)):
            low, high = begin[leaf], begin[leaf + 1]
            out_sums[leaf, 0] = leaf_sum(f, v, low, high)
            out_sums[leaf, 1] = leaf_sum(f, f, low, high)
            out_sums[leaf, 2] = leaf_sum(v, v, low, high)


@kernel
def merge_leaves(sums, merges, out_total):
    """Add the sums of the leaves, (n_leaves, 3), in the order of the tree, to one of (3,)."""
    stack = np.empty((128, 3))
    top = 0
    for leaf in range(sums.shape[0]):
        for c in range(3):  # an assignment of slices compiles for three seconds: its error message has numbers
            stack[top, c] = sums[leaf, c]
        top += 1
        for _ in range(merges[leaf]):
            for c in range(3):
                stack[top - 2, c] += stack[top - 1, c]
            top -= 1
    for c in range(3):
        out_total[c] = stack[0, c]


@parallel_kernel
def take_step(f, is_downhill, keep, pull, timestep, largest_move, v, x):
    """Change velocities and positions by one step of FIRE, in place.

    Parameters
    ----------
    f : (n,) float64
        Forces, flat.
    is_downhill : bool
        If not, the velocities start from zero.
    keep, pull : float
        v becomes ``keep v + pull f`` before the force acts.
    timestep, largest_move : float
    v, x : (n,) float64
    """
    n = f.shape[0]
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for k in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            speed = keep * v[k] + pull * f[k] if is_downhill else 0.0
            speed += timestep * f[k]
            v[k] = speed
            x[k] += min(max(timestep * speed, -largest_move), largest_move)
