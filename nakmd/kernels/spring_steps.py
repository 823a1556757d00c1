"""Sums and steps of the relaxation of springs in structure building.

The sums have the bits of NumPy's pairwise sum, whose tree depends on the number of terms alone: systems that were built
before these kernels existed are built again to the bit, on any number of threads.
"""

from __future__ import annotations

import numpy as np

from nakmd.kernels.jit import kernel, parallel_kernel, prange, term

#: Terms that are summed without a further division, coordinates in one iteration of a parallel loop.
LEAF, CHUNK = 128, 4096


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
        stack[top] = sums[leaf]
        top += 1
        for _ in range(merges[leaf]):
            for c in range(3):
                stack[top - 2, c] += stack[top - 1, c]
            top -= 1
    out_total[:] = stack[0]


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
