"""Peak arithmetic of the processor: independent chains of fused multiply-adds.

A multiply-add has a latency of about four cycles, and one or two start in each cycle, so several independent chains
must run at once. Twelve are enough where lanes fill one register. Where they take two or more registers, twelve chains
no longer fit and six are faster.
"""

from __future__ import annotations

from nakmd.kernels.jit import fast_parallel_kernel, prange, term
from nakmd.kernels.simd import fma
from nakmd.kernels.simd_arrays import load, store


@term
def _start(numbers):
    """Return factor, summand and the first values of six chains."""
    m, c, a = load(numbers, 0), load(numbers, 8), load(numbers, 16)
    return m, c, a, a + m, a + c, a - m, a - c, a * m


@fast_parallel_kernel
def run_six_chains(numbers, n_steps, out_sums):
    """Do 6 n_steps multiply-adds on 8 lanes in every row of ``out_sums``, (n_tasks, 8), from (24,) ``numbers``."""
    for task in prange(out_sums.shape[0]):
        m, c, a0, a1, a2, a3, a4, a5 = _start(numbers)
        for _ in range(n_steps):
            a0, a1, a2 = fma(a0, m, c), fma(a1, m, c), fma(a2, m, c)
            a3, a4, a5 = fma(a3, m, c), fma(a4, m, c), fma(a5, m, c)
        store(out_sums[task], 0, a0 + a1 + a2 + a3 + a4 + a5)


@fast_parallel_kernel
def run_twelve_chains(numbers, n_steps, out_sums):
    """Do 12 n_steps multiply-adds on 8 lanes in every row of ``out_sums``; arguments as in `run_six_chains`."""
    for task in prange(out_sums.shape[0]):
        m, c, a0, a1, a2, a3, a4, a5 = _start(numbers)
        b0, b1, b2, b3, b4, b5 = a0 * c, a1 * m, a1 * c, a2 * m, a2 * c, a3 * m
        for _ in range(n_steps):
            a0, a1, a2 = fma(a0, m, c), fma(a1, m, c), fma(a2, m, c)
            a3, a4, a5 = fma(a3, m, c), fma(a4, m, c), fma(a5, m, c)
            b0, b1, b2 = fma(b0, m, c), fma(b1, m, c), fma(b2, m, c)
            b3, b4, b5 = fma(b3, m, c), fma(b4, m, c), fma(b5, m, c)
        store(out_sums[task], 0, a0 + a1 + a2 + a3 + a4 + a5 + b0 + b1 + b2 + b3 + b4 + b5)
