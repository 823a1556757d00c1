"""Fourier components of the density of atoms at the wave vectors that a periodic cell allows."""

from __future__ import annotations

import math

import numpy as np

from nakmd.kernels.jit import fast_parallel_kernel, parallel_kernel, prange, term

#: Wave vectors per block of work; fixed, so that results do not depend on the number of threads.
BLOCK = 64

#: Atoms per call: their tables of phases fit the cache of a core.
CHUNK = 512


@parallel_kernel
def fill_phases(fractional, out_cos, out_sin) -> None:
    """Write cos and sin of 2π h x for every whole h from 0 up, by powers of e^(2πix): a sine costs ten products.

    Parameters
    ----------
    fractional : (n, 3) float64
        Positions in units of the cell vectors.
    out_cos, out_sin : (3, h, at least n) float64
        Overwritten. The rounding of the h-th power is h times that of one product, 1e-14 at h = 100.
    """
    for axis in prange(3):
        for j in range(len(fractional)):
            phase = 2.0 * math.pi * fractional[j, axis]
            out_cos[axis, 0, j], out_sin[axis, 0, j] = 1.0, 0.0
            if out_cos.shape[1] > 1:
                out_cos[axis, 1, j], out_sin[axis, 1, j] = math.cos(phase), math.sin(phase)
        for h in range(2, out_cos.shape[1]):
            for j in range(len(fractional)):
                c, s = out_cos[axis, 1, j], out_sin[axis, 1, j]
                x, y = out_cos[axis, h - 1, j], out_sin[axis, h - 1, j]
                out_cos[axis, h, j] = x * c - y * s
                out_sin[axis, h, j] = x * s + y * c


@term
def sum_of_waves(cosines, sines, h, k, m, first, second, third, n):
    """Return real and imaginary part of Σ_j e^(2πi (h x_j + k y_j + m z_j)); the signs of h, k, m are separate."""
    real = 0.0
    imaginary = 0.0
    for j in range(n):
        a, b = cosines[0, h, j], first * sines[0, h, j]
        c, d = cosines[1, k, j], second * sines[1, k, j]
        e, f = cosines[2, m, j], third * sines[2, m, j]
        x = a * c - b * d
        y = a * d + b * c
        real += x * e - y * f
        imaginary += x * f + y * e
    return real, imaginary


@fast_parallel_kernel
def add_density_waves(indices, cosines, sines, n, add_real, add_imaginary) -> None:
    r"""Add :math:`\sum_j e^{2\pi\mathrm{i}(h x_j + k y_j + l z_j)}` of some atoms at every wave vector.

    Parameters
    ----------
    indices : (v, 3) int64
        h, k, l.
    cosines, sines : (3, h, at least n) float64
        As written by `fill_phases`.
    n : int
        Number of atoms.
    add_real, add_imaginary : (v,) float64
    """
    for block in prange((len(indices) + BLOCK - 1) // BLOCK):
        for v in range(block * BLOCK, min(len(indices), (block + 1) * BLOCK)):
            h, k, m = indices[v, 0], indices[v, 1], indices[v, 2]
            first = 1.0 if h >= 0 else -1.0
            second = 1.0 if k >= 0 else -1.0
            third = 1.0 if m >= 0 else -1.0
            real, imaginary = sum_of_waves(cosines, sines, np.abs(h), np.abs(k), np.abs(m), first, second, third, n)
            add_real[v] += real
            add_imaginary[v] += imaginary
