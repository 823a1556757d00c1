"""Tersoff's bond order over eight central atoms at a time.

E = Σ_i E_i with E_i = ½ Σ_j f_C(r_ij) [A e^{-λ1 r_ij} - b_ij B e^{-λ2 r_ij}] a function of the vectors r_ij from i
alone. The first pass stores p_ij = ∂E_i/∂r_ij for every entry of the list; the second sums
F_i = Σ_j (p_ij - p_ji) through the index from each entry to its reverse, so that every row is written by its owner
(Z. Fan et al., Phys. Rev. B 92, 094301 (2015), doi:10.1103/PhysRevB.92.094301).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nakmd.kernels.accumulate import add_numbers, add_vectors, separations, write_virial
from nakmd.kernels.elementary import exp, log, sin_cos
from nakmd.kernels.jit import fast_parallel_kernel, prange, term
from nakmd.kernels.simd import LANES, any_of, maximum, minimum, splat, sqrt, where
from nakmd.kernels.simd_arrays import load, load_index, store, take, take_rows

#: Numbers stored for each neighbour within reach: unit vector, distance, partial derivatives.
N_FIELDS = 7

#: LAMMPS bounds the exponent of the distance difference here: e^69.0776 = 1e30.
LARGEST_EXPONENT = 69.0776


class TersoffTables(NamedTuple):
    """Parameters [i, j, k] over species, float64, in LAMMPS's convention (`nakmd.potentials.forms.tersoff`).

    Attributes
    ----------
    m, gamma, lambda3, c, d, h, n, beta, lambda2, B, R, D, lambda1, A : (s, s, s)
    reach : (s, s) [Å]
        Largest R + D of a pair of species; 0 where they do not interact.
    """

    m: np.ndarray
    gamma: np.ndarray
    lambda3: np.ndarray
    c: np.ndarray
    d: np.ndarray
    h: np.ndarray
    n: np.ndarray
    beta: np.ndarray
    lambda2: np.ndarray
    B: np.ndarray
    R: np.ndarray
    D: np.ndarray
    lambda1: np.ndarray
    A: np.ndarray
    reach: np.ndarray


@term
def cutoff_function(r, R, D):
    """f_C = ½ - ½ sin(π (r - R)/2D) between R - D and R + D, 1 before, 0 beyond; return f_C and its derivative."""
    f = where(r < R, 1.0, 0.0)
    df_dr = 0.0 * f
    # few neighbours in a carbon wall are on the slope: the branch saves sine and cosine
    if any_of((r >= R - D) & (r <= R + D)):
        quarter = 0.5 * math.pi / D
        sine, cosine = sin_cos(minimum(maximum(quarter * (r - R), -0.5 * math.pi), 0.5 * math.pi))
        sloped = (r >= R - D) & (r <= R + D)
        f = where(sloped, 0.5 - 0.5 * sine, f)
        df_dr = where(sloped, -0.5 * quarter * cosine, 0.0)
    return f, df_dr


@term
def angular(cosine, t, a, b, c):
    """Return g = γ (1 + c²/d² - c²/(d² + (cos θ - h)²)) and dg/dcos θ."""
    cc = t.c[a, b, c] * t.c[a, b, c]
    dd = t.d[a, b, c] * t.d[a, b, c]
    x = cosine - t.h[a, b, c]
    below = 1.0 / (dd + x * x)
    g = t.gamma[a, b, c] * (1.0 + cc / dd - cc * below)
    return g, 2.0 * t.gamma[a, b, c] * cc * x * below * below


@term
def distance_weight(r_ij, r_ik, t, a, b, c):
    """Return w = exp{[λ3 (r_ij - r_ik)]^m} and dw/dr_ij = -dw/dr_ik, for m = 1 or 3."""
    x = t.lambda3[a, b, c] * (r_ij - r_ik)
    power = x
    slope = t.lambda3[a, b, c] + 0.0 * x
    if t.m[a, b, c] == 3.0:
        power = x * x * x
        slope = 3.0 * t.lambda3[a, b, c] * x * x
    w = exp(minimum(maximum(power, -LARGEST_EXPONENT), LARGEST_EXPONENT))
    return w, w * where((power < LARGEST_EXPONENT) & (power > -LARGEST_EXPONENT), slope, 0.0)


@term
def bond_order(zeta, t, a, b):
    """Return b = (1 + (βζ)^n)^(-1/2n) and db/dζ (0 at ζ = 0)."""
    n = t.n[a, b, b]
    base = t.beta[a, b, b] * zeta
    present = base > 1.0e-300
    power = where(present, exp(n * log(maximum(base, 1.0e-300))), 0.0)
    order = exp(-0.5 / n * log(1.0 + power))
    slope = -0.5 * order * power / ((1.0 + power) * maximum(zeta, 1.0e-300))
    return order, where(present, slope, 0.0)


@fast_parallel_kernel
def fill_partials(
    rows, atoms, centers, species, begin, end, entries, t, virial, scratch, scratch_columns,
    add_energies, out_px, out_py, out_pz, out_virial,
):  # fmt: skip
    """Add E_i, write p_ij = ∂E_i/∂r_ij of every entry [eV/Å] and the virial of every slice [eV].

    Parameters
    ----------
    rows, atoms, centers, species, begin, end, entries
        See `nakmd.neighbors`.
    t : TersoffTables
    virial : bool
    scratch : (n_chunks, N_FIELDS * 8 * max_columns) float64
        Scratch for the neighbours of one slice; the number of chunks is fixed and independent of the threads.
    scratch_columns : (n_chunks, 2 max_columns) int64
    add_energies : (n_atoms,) float64 [eV]
    out_px, out_py, out_pz : (8 n_columns + 8,) float64 [eV/Å]
    out_virial : (n_slices, 6) float64 [eV]
    """
    n_slices = species.shape[0]
    n_chunks = scratch.shape[0]
    room = scratch_columns.shape[1] // 2
    n_species = begin.shape[1]
    # offsets of the fields in the scratch row
    o_y = LANES * room
    o_z = 2 * o_y
    o_r = 3 * o_y
    o_px = 4 * o_y
    o_py = 5 * o_y
    o_pz = 6 * o_y
    for chunk in prange(n_chunks):
        work = scratch[chunk]
        columns = scratch_columns[chunk]
        for s in range(chunk * n_slices // n_chunks, (chunk + 1) * n_slices // n_chunks):
            a = species[s]
            x, y, z, _ = take_rows(rows, load_index(centers, s * LANES))
            energy = splat(0.0)
            active = 0
            for b in range(n_species):
                square = t.reach[a, b] * t.reach[a, b]
                for column in range(begin[s, b], end[s, b]):
                    dx, dy, dz, r2, _ = separations(rows, entries, column, x, y, z)
                    if any_of(r2 < square):
                        r = sqrt(r2)
                        inverse = 1.0 / r
                        k = active * LANES
                        store(work, k, dx * inverse)
                        store(work, o_y + k, dy * inverse)
                        store(work, o_z + k, dz * inverse)
                        store(work, o_r + k, r)
                        store(work, o_px + k, splat(0.0))
                        store(work, o_py + k, splat(0.0))
                        store(work, o_pz + k, splat(0.0))
                        columns[active] = column
                        columns[room + active] = b
                        active += 1
                    else:
                        store(out_px, column * LANES, splat(0.0))
                        store(out_py, column * LANES, splat(0.0))
                        store(out_pz, column * LANES, splat(0.0))
            for j in range(active):
                b = columns[room + j]
                r_ij = load(work, o_r + j * LANES)
                f_ij, df_ij = cutoff_function(r_ij, t.R[a, b, b], t.D[a, b, b])
                if not any_of(f_ij > 0.0):
                    continue
                xj = load(work, j * LANES)
                yj = load(work, o_y + j * LANES)
                zj = load(work, o_z + j * LANES)
                zeta = splat(0.0)
                for k in range(active):
                    if k == j:
                        continue
                    c = columns[room + k]
                    r_ik = load(work, o_r + k * LANES)
                    f_ik, _ = cutoff_function(r_ik, t.R[a, b, c], t.D[a, b, c])
                    cosine = (
                        xj * load(work, k * LANES) + yj * load(work, o_y + k * LANES) + zj * load(work, o_z + k * LANES)
                    )
                    g, _ = angular(cosine, t, a, b, c)
                    if t.lambda3[a, b, c] != 0.0:
                        w, _ = distance_weight(r_ij, r_ik, t, a, b, c)
                        g = g * w
                    zeta = zeta + f_ik * g
                order, order_slope = bond_order(zeta, t, a, b)
                repulsive = t.A[a, b, b] * exp(-t.lambda1[a, b, b] * r_ij)
                attractive = -t.B[a, b, b] * exp(-t.lambda2[a, b, b] * r_ij)
                bond = repulsive + order * attractive
                energy = energy + 0.5 * f_ij * bond
                radial = 0.5 * (
                    df_ij * bond - f_ij * (t.lambda1[a, b, b] * repulsive + t.lambda2[a, b, b] * order * attractive)
                )
                de_dzeta = 0.5 * f_ij * attractive * order_slope
                inverse_ij = 1.0 / r_ij
                px = radial * xj
                py = radial * yj
                pz = radial * zj
                for k in range(active):
                    if k == j:
                        continue
                    c = columns[room + k]
                    r_ik = load(work, o_r + k * LANES)
                    xk = load(work, k * LANES)
                    yk = load(work, o_y + k * LANES)
                    zk = load(work, o_z + k * LANES)
                    f_ik, df_ik = cutoff_function(r_ik, t.R[a, b, c], t.D[a, b, c])
                    cosine = xj * xk + yj * yk + zj * zk
                    g, dg_dcos = angular(cosine, t, a, b, c)
                    along_ik = df_ik * g  # ∂ζ/∂r_ik at fixed angle
                    along_ij = splat(0.0)
                    turning = f_ik * dg_dcos  # ∂ζ/∂cos θ
                    if t.lambda3[a, b, c] != 0.0:
                        w, dw_dr = distance_weight(r_ij, r_ik, t, a, b, c)
                        along_ij = f_ik * g * dw_dr
                        along_ik = along_ik * w - along_ij
                        turning = turning * w
                    # ∂cos θ/∂r_ij = (e_ik - cos θ e_ij)/r_ij, and the same with j and k exchanged
                    on_ij = de_dzeta * turning * inverse_ij
                    on_ik = de_dzeta * turning / r_ik
                    radial_ij = de_dzeta * along_ij - on_ij * cosine
                    radial_ik = de_dzeta * along_ik - on_ik * cosine
                    px = px + on_ij * xk + radial_ij * xj
                    py = py + on_ij * yk + radial_ij * yj
                    pz = pz + on_ij * zk + radial_ij * zj
                    m = k * LANES
                    store(work, o_px + m, load(work, o_px + m) + on_ik * xj + radial_ik * xk)
                    store(work, o_py + m, load(work, o_py + m) + on_ik * yj + radial_ik * yk)
                    store(work, o_pz + m, load(work, o_pz + m) + on_ik * zj + radial_ik * zk)
                m = j * LANES
                store(work, o_px + m, load(work, o_px + m) + px)
                store(work, o_py + m, load(work, o_py + m) + py)
                store(work, o_pz + m, load(work, o_pz + m) + pz)
            wxx = splat(0.0)
            wyy = splat(0.0)
            wzz = splat(0.0)
            wyz = splat(0.0)
            wxz = splat(0.0)
            wxy = splat(0.0)
            for j in range(active):
                m = j * LANES
                px = load(work, o_px + m)
                py = load(work, o_py + m)
                pz = load(work, o_pz + m)
                store(out_px, columns[j] * LANES, px)
                store(out_py, columns[j] * LANES, py)
                store(out_pz, columns[j] * LANES, pz)
                if virial:
                    r = load(work, o_r + m)
                    dx = r * load(work, m)
                    dy = r * load(work, o_y + m)
                    dz = r * load(work, o_z + m)
                    wxx = wxx - px * dx
                    wyy = wyy - py * dy
                    wzz = wzz - pz * dz
                    wyz = wyz - 0.5 * (py * dz + pz * dy)
                    wxz = wxz - 0.5 * (px * dz + pz * dx)
                    wxy = wxy - 0.5 * (px * dy + py * dx)
            add_numbers(atoms, s, energy, add_energies)
            if virial:
                write_virial(s, 1.0, (wxx, wyy, wzz, wyz, wxz, wxy), out_virial)


@fast_parallel_kernel
def add_bond_forces(atoms, begin, end, reverse, px, py, pz, add_forces):
    """Add F_i = Σ_j (p_ij - p_ji) to the forces [eV/Å] of the central atoms.

    Parameters
    ----------
    atoms : (8 n_slices,) int32
    begin, end : (n_slices, n_species) int64
    reverse : (8 n_columns,) int32
    px, py, pz : (8 n_columns + 8,) float64 [eV/Å]
        The last eight are zero: padding entries point there.
    """
    for s in prange(begin.shape[0]):
        fx = splat(0.0)
        fy = splat(0.0)
        fz = splat(0.0)
        for b in range(begin.shape[1]):
            for column in range(begin[s, b], end[s, b]):
                back = load_index(reverse, column * LANES)
                fx = fx + load(px, column * LANES) - take(px, back)
                fy = fy + load(py, column * LANES) - take(py, back)
                fz = fz + load(pz, column * LANES) - take(pz, back)
        add_vectors(atoms, s, fx, fy, fz, add_forces)
