r"""Fluctuations of concentration in the limit of long waves, from those of a finite cell.

Ornstein and Zernike's form is the first term of an expansion in q²,

.. math:: \frac{1}{S(q)} = \frac{1 + \xi^2 q^2}{S(0)} .

The square of each density wave is distributed exponentially about S(q) (it is a sum of many atoms), so that the mean of
n of them has the likelihood of a gamma distribution. Its maximum over a and b in 1/S = a + b q²,

.. math:: \max_{a, b} \sum_i n_i \left[ \ln(a + b q_i^2) - \bar S_i \, (a + b q_i^2) \right] ,

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

#: Largest wave vector [1/Å] of the fit, and of a second one that shows whether the form holds. The main peak of NaK is
#: at 1.6 to 2; 1/S_CC of `nak-2026` at 400 K is straight in q² up to 0.7.
LONGEST, LONGER = 0.6, 0.45

#: Fewest bins of the shorter fit, and blocks of frames of an error.
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
        By how much ``relative`` changes if only wave vectors below `LONGER` are used; NaN if those are too few.
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
    """Return the limit of a spectrum; None if the cell has too few wave vectors below `LONGEST`.

    Parameters
    ----------
    q : (n_q,) float64 [1/Å]
        Mean modulus of the wave vectors of each bin.
    counts : (n_q,) int64
        Number of wave vectors of each bin.
    spectra : (n_blocks, n_q) float64
        S(q) of each block of frames, over that of random mixing.
    """
    near = q <= LONGEST
    if int(near.sum()) < LEAST_BINS or not len(spectra):
        return None
    mean = spectra.mean(axis=0)

    def parameters(spectrum: FloatArray) -> FloatArray:
        return _of_fit(q[near], counts[near], spectrum[near])

    value, length = parameters(mean)
    errors, n_effective = jackknife(spectra, parameters)
    if len(spectra) < LEAST_BLOCKS:
        errors = np.full(2, math.nan)
    shorter = q <= LONGER
    change = math.nan
    if int(shorter.sum()) >= LEAST_BINS:
        change = abs(float(_of_fit(q[shorter], counts[shorter], mean[shorter])[0]) - float(value))
    return LongWaves(
        Measure(float(value), float(errors[0]), "", n_effective), change,
        Measure(float(length), float(errors[1]), "Å", n_effective), float(q[near].max()), int(counts[near].sum()),
    )  # fmt: skip


def _of_fit(q: FloatArray, counts: IntArray, spectrum: FloatArray) -> FloatArray:
    """Return S(0) and the correlation length [Å] of the most likely line 1/S = a + b q²."""
    terms = np.column_stack([np.ones_like(q), q**2])
    # a constant S: inside the range in which a + b q² is positive everywhere
    line = np.array([float(counts.sum() / (counts @ spectrum)), 0.0])
    for _ in range(STEPS):
        inverse = terms @ line
        slope = terms.T @ (counts * (1.0 / inverse - spectrum))
        curvature = (terms * (counts / inverse**2)[:, None]).T @ terms
        step = np.linalg.solve(curvature, slope)
        # the likelihood is concave: a step that would leave the range is shortened
        while np.any(terms @ (line + step) <= 0.0):
            step *= 0.5
        line = line + step
        if np.all(np.abs(step) <= CONVERGED * np.abs(line).max()):
            break
    a, b = line
    # beyond the range of the data, such as an unstable mixture: no limit
    value = 1.0 / a if a > 0.0 else math.nan
    return np.array([value, math.sqrt(b / a) if a > 0.0 and b >= 0.0 else math.nan])
