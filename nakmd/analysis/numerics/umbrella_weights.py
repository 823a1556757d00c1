"""Unbiased probabilities from samples of harmonic windows, by MBAR, with bootstrapped errors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from nakmd.analysis.numerics.autocorrelation import statistical_inefficiency
from nakmd.analysis.numerics.pymbar_loading import SOLVER, load_pymbar
from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError

#: Bins of the histograms of two neighbouring windows.
OVERLAP_BINS = 40

#: Newton steps from the free energies of all samples to those of a bootstrap sample, which are near.
NEWTON_STEPS = 3


def independent(series: FloatArray) -> FloatArray:
    """Return every g-th sample, g the statistical inefficiency, not necessarily an integer."""
    return series[np.arange(0.0, len(series), statistical_inefficiency(series)).astype(np.int64)]


def window_overlap(first: FloatArray, second: FloatArray) -> float:
    r"""Return the overlap of two series, :math:`\int p_1 p_2 / (p_1 + p_2) \, d\xi`: 0.5 for equal distributions.

    References
    ----------
    Klimovich, Shirts & Mobley, J. Comput. Aided Mol. Des. 29, 397 (2015). doi:10.1007/s10822-015-9840-9
    """
    edges = np.linspace(min(first.min(), second.min()), max(first.max(), second.max()), OVERLAP_BINS + 1)
    p, q = (np.histogram(series, edges)[0] / len(series) for series in (first, second))
    total = p + q
    return float(np.sum(np.divide(p * q, total, out=np.zeros_like(total), where=total > 0.0)))


class UmbrellaWeights:
    r"""Probabilities of the unbiased ensemble in bins of the coordinate.

    .. math:: w_n \propto \Big[ \sum_k N_k \exp\big( f_k - \tfrac{\beta k_k}{2} (\xi_n - \xi_k)^2 \big) \Big]^{-1}

    Parameters
    ----------
    centres : (k,) float64 [Å]
    springs : (k,) float64 [eV/Å²]
    samples : sequence of (n,) float64 [Å]
        Independent samples of each window.
    beta : float [1/eV]
    edges : (n_bins + 1,) float64 [Å]
    resamples : int
        Number of bootstrap samples, drawn with replacement from each window.

    Attributes
    ----------
    probabilities : (n_bins,) float64
    resampled : (resamples, n_bins) float64

    Raises
    ------
    AnalysisError
        If MBAR does not converge.

    References
    ----------
    Shirts & Chodera, J. Chem. Phys. 129, 124105 (2008). doi:10.1063/1.2978177
    """

    def __init__(
        self,
        centres: FloatArray,
        springs: FloatArray,
        samples: Sequence[FloatArray],
        beta: float,
        edges: FloatArray,
        resamples: int,
    ) -> None:
        self._edges = edges
        self._counts = np.array([len(x) for x in samples], dtype=np.float64)
        self._values = np.concatenate(samples)
        self._reduced = 0.5 * beta * springs[:, None] * (self._values[None] - centres[:, None]) ** 2
        pymbar = load_pymbar()
        try:
            solved = pymbar.MBAR(self._reduced, self._counts.astype(np.int64), solver_protocol=SOLVER)
        except pymbar.utils.ParameterError as error:
            raise AnalysisError(f"MBAR does not converge for these windows ({error}). Run them longer.") from None
        shifts = np.asarray(solved.f_k)
        once = np.ones(len(self._values))
        self.probabilities = self._probabilities(shifts, once)
        self.resampled: FloatArray = np.zeros((resamples, len(edges) - 1))
        random = np.random.default_rng(0)  # the same samples give the same errors
        starts = np.cumsum([0, *(len(x) for x in samples)])
        for row in range(resamples):
            drawn = np.concatenate([random.integers(low, high, high - low) for low, high in pairwise(starts)])
            times = np.bincount(drawn, minlength=len(self._values)).astype(np.float64)
            self.resampled[row] = self._probabilities(self._refined(shifts, times), times)

    def _shares(self, shifts: FloatArray) -> FloatArray:
        """Return how much of each sample each window accounts for, (k, n), from the free energies f of the windows."""
        exponents = np.log(self._counts)[:, None] + shifts[:, None] - self._reduced
        exponents -= exponents.max(axis=0)
        shares = np.exp(exponents)
        return np.asarray(shares / shares.sum(axis=0))

    def _refined(self, shifts: FloatArray, times: FloatArray) -> FloatArray:
        """Return the free energies for samples drawn so many times, by Newton's method from those of all samples.

        MBAR's equations are N_k = Σ_n t_n s_kn with the shares s; f of the first window stays.
        """
        for _ in range(NEWTON_STEPS):
            shares = self._shares(shifts)
            weighted = shares * times
            slope = np.diag(weighted.sum(axis=1)) - weighted @ shares.T
            step = np.linalg.solve(slope[1:, 1:], (self._counts - weighted.sum(axis=1))[1:])
            shifts = shifts + np.concatenate([[0.0], step])
        return shifts

    def _probabilities(self, shifts: FloatArray, times: FloatArray) -> FloatArray:
        """Return the probabilities of the bins from samples drawn so many times."""
        exponents = shifts[:, None] - self._reduced
        highest = exponents.max(axis=0)
        weights = times * np.exp(-highest) / (self._counts @ np.exp(exponents - highest))
        found, _ = np.histogram(self._values, self._edges, weights=weights / weights.sum())
        return np.asarray(found)
