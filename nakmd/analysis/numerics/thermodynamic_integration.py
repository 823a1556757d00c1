"""Thermodynamic integration over a scale that enters the energy linearly, and the overlap of its runs."""

from __future__ import annotations

import math

import numpy as np
import scipy  # its modules load on first use: a deck checks its quantities before the first step

from nakmd.analysis.numerics.statistics import Measure, mean_with_error
from nakmd.arrays import FloatArray


class Integration:
    r"""The integral of a mean energy over its scale, from runs at several scales.

    .. math:: F_{i+1} - F_i = \frac{h}{2} (m_i + m_{i+1}) - \frac{h^2}{12} (m'_{i+1} - m'_i), \qquad
              m = \langle U \rangle, \quad m' = -\beta \, \mathrm{var} \, U

    Parameters
    ----------
    lambdas : (k,) float64
        Scales in ascending order.
    samples : list of (n,) float64 [eV]
        U in each run.
    beta : float [1/eV]

    Attributes
    ----------
    means : list of Measure [eV]
    steps : (k - 1,) float64 [eV]
        Free energy difference from each scale to the next.
    profile, profile_errors : (k,) float64 [eV]
        Free energy relative to the first scale.
    total : Measure [eV]
    curvature : float [eV]
        Contribution of the slopes to the total.

    Notes
    -----
    The rule is exact for a cubic integrand. Each run contributes the mean of one series, linear in its mean and its
    variance, so that the error includes their correlation and correlations in time.
    """

    def __init__(self, lambdas: FloatArray, samples: list[FloatArray], beta: float) -> None:
        self.means = [mean_with_error(x, "eV") for x in samples]
        # corrects the variance of correlated samples, which is too small by 1/n_effective
        self._growth = [m.n_effective / max(m.n_effective - 1.0, 1.0) for m in self.means]
        self._samples, self._beta = samples, beta
        h = np.diff(lambdas)
        k = len(lambdas)
        trapezoid, slope = np.zeros((k - 1, k)), np.zeros((k - 1, k))
        for i in range(k - 1):
            trapezoid[i, i] = trapezoid[i, i + 1] = 0.5 * h[i]
            slope[i, i], slope[i, i + 1] = h[i] ** 2 / 12.0, -(h[i] ** 2) / 12.0
        variances = np.array([float(np.var(x)) * g for x, g in zip(samples, self._growth)])
        values = np.array([m.value for m in self.means])
        corrections = slope @ (-beta * variances)
        self.steps: FloatArray = trapezoid @ values + corrections
        self.curvature = float(corrections.sum())
        self.profile: FloatArray = np.concatenate([[0.0], np.cumsum(self.steps)])
        cumulated = np.cumsum(trapezoid, axis=0), np.cumsum(slope, axis=0)
        errors = [self._error(w, c) for w, c in zip(*cumulated)]
        self.profile_errors: FloatArray = np.array([0.0, *errors])
        self.total = Measure(float(self.profile[-1]), errors[-1], "eV", min(m.n_effective for m in self.means))

    def _error(self, weights: FloatArray, slopes: FloatArray) -> float:
        """Return the error of Σ weights·mean - β Σ slopes·variance; the runs are independent."""
        squares = 0.0
        for x, growth, w, c in zip(self._samples, self._growth, weights, slopes):
            joint = w * x - c * self._beta * growth * (x - x.mean()) ** 2
            squares += mean_with_error(joint).error ** 2
        return math.sqrt(squares)


def neighbor_overlaps(lambdas: FloatArray, samples: list[FloatArray], steps: FloatArray, beta: float) -> FloatArray:
    """Return ∫ p_1 p_2/(p_1 + p_2) of each pair of adjacent runs, the mean of the estimates from both runs.

    Parameters
    ----------
    lambdas, samples, beta
        As in `Integration`.
    steps : (k - 1,) float64 [eV]
        Free energy difference from each scale to the next.

    Returns
    -------
    (k - 1,) float64
        Between 0 and 0.5; 0.5 for two equal distributions.
    """
    overlaps = []
    for k, step in enumerate(steps):
        h = lambdas[k + 1] - lambdas[k]
        # ln(p_2/p_1) of each sample
        ratios = [beta * (step - h * samples[k]), beta * (step - h * samples[k + 1])]
        overlaps.append(0.5 * (scipy.special.expit(ratios[0]).mean() + scipy.special.expit(-ratios[1]).mean()))
    return np.array(overlaps)
