"""Overlaps of atoms that are being packed, with each other and with fixed obstacles."""

from __future__ import annotations

import math

import numpy as np

from nakmd.kernels.close_pairs import CHUNK, LOWER, PLAIN, image_of, place
from nakmd.kernels.jit import parallel_kernel, prange, term

#: Shortest distance [Å] that a force is divided by.
LEAST = 1e-6


@term
def add_overlap(x, y, z, contact, margin, worst, pull, overlapping):
    """Return the force factor of a pair at (x, y, z), and the worst ratio and the flag of an overlap with it.

    The factor is (d - margin contact) / d if that is negative, else 0.
    """
    square = x * x + y * y + z * z
    reach = margin * contact
    if square < 1.01 * reach * reach:
        d = max(math.sqrt(square), LEAST)
        worst = min(worst, d / contact)
        overlapping = overlapping or d < contact
        pull = min(d - reach, 0.0) / d
    return worst, pull, overlapping


@parallel_kernel
def fill_overlap_forces(
    x, rows, counts, shifts, matrix, kind, among, lift, first_obstacle, obstacles, obstacle_points, obstacle_kind,
    against, margin, out_forces, out_worst, out_overlapping,
):  # fmt: skip
    """Write the forces -d/dx of the sum of (margin contact - r)²/2 over all overlaps.

    Parameters
    ----------
    x : (n, 3) float64 [Å]
    rows, counts
        Partners of each atom (`close_pairs.find_partners`).
    shifts : (n, 3) int64
        Lattice shift of each atom when its partners were found.
    matrix : (3, 3) float64 [Å]
    kind : (n,) int64
    among : (n_kinds, n_kinds) float64 [Å]
        Minimum distances.
    lift : (n, 3) float64 [Å]
        Position less wrapped position of each atom when the obstacles near it were found.
    first_obstacle : (n + 1,) int64
    obstacles : (n_near,) int32
        Obstacles near each atom (`list_obstacles`).
    obstacle_points : (m, 3) float64 [Å]
    obstacle_kind : (m,) int64
    against : (n_kinds, n_obstacle_kinds) float64 [Å]
    margin : float
    out_forces : (n, 3) float64 [Å]
        The sum over partners j > i, less that over partners j < i, plus that over obstacles, each in order.
    out_worst : (n_chunks,) float64
        Smallest ratio of a distance to its minimum, of those below the margin; infinite without any.
    out_overlapping : (n,) bool
        Whether a distance of the atom is below its minimum.
    """
    n = x.shape[0]
    for chunk in prange(out_worst.shape[0]):
        worst = np.inf
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            xi, yi, zi = x[i, 0], x[i, 1], x[i, 2]
            ax, ay, az = 0.0, 0.0, 0.0
            bx, by, bz = 0.0, 0.0, 0.0
            cx, cy, cz = 0.0, 0.0, 0.0
            overlapping = False
            for m in range(counts[i]):
                entry = rows[i, m]
                j = entry >> 32
                is_lower = (entry & LOWER) != 0
                if is_lower:
                    rx, ry, rz = xi - x[j, 0], yi - x[j, 1], zi - x[j, 2]
                else:
                    rx, ry, rz = x[j, 0] - xi, x[j, 1] - yi, x[j, 2] - zi
                if (entry & PLAIN) == 0:
                    u, v, w = image_of(entry)
                    low, high = (j, i) if is_lower else (i, j)
                    u += shifts[high, 0] - shifts[low, 0]
                    v += shifts[high, 1] - shifts[low, 1]
                    w += shifts[high, 2] - shifts[low, 2]
                    rx += u * matrix[0, 0] + v * matrix[1, 0] + w * matrix[2, 0]
                    ry += u * matrix[0, 1] + v * matrix[1, 1] + w * matrix[2, 1]
                    rz += u * matrix[0, 2] + v * matrix[1, 2] + w * matrix[2, 2]
                contact = among[kind[i], kind[j]]
                worst, pull, overlapping = add_overlap(rx, ry, rz, contact, margin, worst, 0.0, overlapping)
                if pull < 0.0:
                    if is_lower:
                        bx += pull * rx
                        by += pull * ry
                        bz += pull * rz
                    else:
                        ax += pull * rx
                        ay += pull * ry
                        az += pull * rz
            for m in range(first_obstacle[i], first_obstacle[i + 1]):
                o = obstacles[m]
                rx = obstacle_points[o, 0] + lift[i, 0] - xi
                ry = obstacle_points[o, 1] + lift[i, 1] - yi
                rz = obstacle_points[o, 2] + lift[i, 2] - zi
                contact = against[kind[i], obstacle_kind[o]]
                worst, pull, overlapping = add_overlap(rx, ry, rz, contact, margin, worst, 0.0, overlapping)
                if pull < 0.0:
                    cx += pull * rx
                    cy += pull * ry
                    cz += pull * rz
            out_forces[i, 0], out_forces[i, 1], out_forces[i, 2] = ax - bx + cx, ay - by + cy, az - bz + cz
            out_overlapping[i] = overlapping
        out_worst[chunk] = worst


@parallel_kernel
def list_obstacles(
    points, obstacle_points, order, start, low, scale, shape, cutoff, first, is_filling, out_counts, out_found
):
    """Count the obstacles within a cutoff of each point, or write them.

    Parameters
    ----------
    points : (n, 3) float64 [Å]
    obstacle_points : (m, 3) float64 [Å]
        With all images; no further ones are sought.
    order : (m,) int32
        Obstacles by bin, the bins no smaller than the cutoff (`close_pairs.fill_places`).
    start : (n_bins + 1,) int32
    low, scale, shape
        The bins, as in `close_pairs.fill_places`.
    cutoff : float [Å]
        Distances below it are meant.
    first : (n + 1,) int64
        Where the obstacles of each point are written; read if ``is_filling``.
    is_filling : bool
    out_counts : (n,) int64
    out_found : (n_found,) int32
        In ascending order for each point.
    """
    n = points.shape[0]
    square = cutoff * cutoff
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            x, y, z = points[i, 0], points[i, 1], points[i, 2]
            begin = first[i] if is_filling else 0
            count = 0
            inside = True
            for c in range(3):
                edge = (points[i, c] - low[c]) * scale[c]
                inside = inside and -1.0 <= edge <= shape[c] + 1.0
            if inside:
                u0 = place(x, low[0], scale[0], shape[0])
                v0 = place(y, low[1], scale[1], shape[1])
                w0 = place(z, low[2], scale[2], shape[2])
                for u in range(max(0, u0 - 1), min(shape[0], u0 + 2)):
                    for v in range(max(0, v0 - 1), min(shape[1], v0 + 2)):
                        run = (u * shape[1] + v) * shape[2]
                        for k in range(start[run + max(0, w0 - 1)], start[run + min(shape[2], w0 + 2)]):
                            o = order[k]
                            dx = obstacle_points[o, 0] - x
                            dy = obstacle_points[o, 1] - y
                            dz = obstacle_points[o, 2] - z
                            apart = dx * dx + dy * dy + dz * dz
                            if apart < square and math.sqrt(apart) < cutoff:
                                if is_filling:
                                    at = begin + count
                                    while at > begin and out_found[at - 1] > o:
                                        out_found[at] = out_found[at - 1]
                                        at -= 1
                                    out_found[at] = o
                                count += 1
            out_counts[i] = count
