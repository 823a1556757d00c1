r"""Fluctuations of concentration in the limit of long waves, from those of a finite cell.

Ornstein and Zernike's form is the first term of an expansion in q²,

.. math:: \frac{1}{S(q)} = \frac{1 + \xi^2 q^2}{S(0)} + d \, q^4 + \dots

Up to where the next term is small, S(0) and ξ follow from a line; with that term they follow from larger wave vectors.
The difference between both tells whether the waves are long enough.

The square of each density wave is distributed exponentially about S(q) (it is a sum of many atoms), so that the mean of
n of them has the likelihood of a gamma distribution. Its maximum over the coefficients of p(q²) = 1/S,

.. math:: \max \sum_i n_i \left[ \ln p(q_i^2) - \bar S_i \, p(q_i^2) \right] ,

needs no errors of the points as weights, which would favour those that happen to be small.

References
----------
L. S. Ornstein and F. Zernike, Proc. Akad. Sci. (Amsterdam) 17, 793 (1914).
S_CC(0) and the activities of an alloy: A. B. Bhatia and D. E. Thornton, Phys. Rev. B 2, 3004 (1970).
doi:10.1103/PhysRevB.2.3004
Likelihood of a spectrum: P. Whittle, Ark. Mat. 2, 423 (1953), recalled. doi:10.1007/BF02590998
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nakmd.analysis.numerics.jackknife import jackknife
from nakmd.analysis.numerics.statistics import Measure
from nakmd.arrays import FloatArray, IntArray

#: Largest wave vector [1/Å] of a line, and of a parabola in q². The main peak of NaK is at 1.6 to 2. S_CC of liquid
#: NaK at 400 K is flat up to 0.45 and a third lower at 0.6 in `nak-2026`, where a line would give 2.4 instead of 2.0.
OF_LINE, OF_PARABOLA = 0.45, 0.65

#: Fewest bins of a line, and blocks of frames of an error.
LEAST_BINS, LEAST_BLOCKS = 3, 4

#: Newton steps at most, and the relative change of the parameters at which they end.
STEPS, CONVERGED = 50, 1e-10


@dataclass(frozen=True)
class LongWaves:
    """S_CC in the limit q → 0.

    Attributes
    ----------
    relative : Measure
        S_CC(0)/(c₁ c₂): 1 for random mixing, infinite where an alloy demixes.
    change : float
        By how much ``relative`` changes with a term in q⁴ and wave vectors up to `OF_PARABOLA`; NaN if it has no limit.
    length : Measure [Å]
        Correlation length ξ; NaN where 1/S falls with q.
    q_max : float [1/Å]
        Largest wave vector used.
    n_vectors : int
    """

    relative: Measure
    change: float
    length: Measure
    q_max: float
    n_vectors: int

    @property
    def note(self) -> str:
        """Return how it was found."""
        return f"1/S linear in q² below {self.q_max:.2f} 1/Å, {self.n_vectors} wave vectors"


def long_waves(q: FloatArray, counts: IntArray, spectra: FloatArray) -> LongWaves | None:
    """Return the limit of a spectrum; None if the cell has too few wave vectors below `OF_LINE`.

    Parameters
    ----------
    q : (n_q,) float64 [1/Å]
        Mean modulus of the wave vectors of each bin.
    counts : (n_q,) int64
        Number of wave vectors of each bin.
    spectra : (n_blocks, n_q) float64
        S(q) of each block of frames, over that of random mixing.
    """
    near = q <= OF_LINE
    if int(near.sum()) < LEAST_BINS or not len(spectra):
        return None
    mean = spectra.mean(axis=0)

    def parameters(spectrum: FloatArray) -> FloatArray:
        return _of_fit(q[near], counts[near], spectrum[near])

    value, length = parameters(mean)
    errors, n_effective = jackknife(spectra, parameters)
    if len(spectra) < LEAST_BLOCKS:
        errors = np.full(2, math.nan)
    wider = q <= OF_PARABOLA
    curved = _of_fit(q[wider], counts[wider], mean[wider], terms=3)[0] if wider.sum() > near.sum() else math.nan
    return LongWaves(
        Measure(float(value), float(errors[0]), "", n_effective), abs(float(curved - value)),
        Measure(float(length), float(errors[1]), "Å", n_effective), float(q[near].max()), int(counts[near].sum()),
    )  # fmt: skip


def _of_fit(q: FloatArray, counts: IntArray, spectrum: FloatArray, terms: int = 2) -> FloatArray:
    """Return S(0) and the correlation length [Å] of the most likely polynomial 1/S = a + b q² + ..., of some terms."""
    powers = np.column_stack([q ** (2 * k) for k in range(terms)])
    # a constant S: inside the range in which 1/S is positive everywhere
    line = np.zeros(terms)
    line[0] = float(counts.sum() / (counts @ spectrum))
    for _ in range(STEPS):
        inverse = powers @ line
        slope = powers.T @ (counts * (1.0 / inverse - spectrum))
        curvature = (powers * (counts / inverse**2)[:, None]).T @ powers
        step = np.linalg.solve(curvature, slope)
        # the likelihood is concave: a step that would leave the range is shortened
        while np.any(powers @ (line + step) <= 0.0):
            step *= 0.5
        line = line + step
        if np.all(np.abs(step) <= CONVERGED * np.abs(line).max()):
            break
    a, b = line[:2]
    # beyond the range of the data, such as an unstable mixture: no limit
    value = 1.0 / a if a > 0.0 else math.nan
    return np.array([value, math.sqrt(b / a) if a > 0.0 and b >= 0.0 else math.nan])
