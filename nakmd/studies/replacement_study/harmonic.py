"""Free energy and entropy of harmonic vibrations, and the occupancy of a site that one atom may take."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import expit

from nakmd.arrays import FloatArray
from nakmd.units import K_B

#: ħ [eV ps].
HBAR = 6.582119569509066e-4


def free_energy(quanta: Sequence[float], temperature: float) -> float:
    r"""Return the free energy [eV] of vibrations with the quanta ħω [eV], zero-point energy included.

    .. math:: F = \sum_i \left[ \tfrac{1}{2} \hbar\omega_i + k_B T \ln (1 - e^{-\hbar\omega_i / k_B T}) \right]
    """
    thermal = K_B * temperature
    return sum(0.5 * quantum + thermal * math.log(-math.expm1(-quantum / thermal)) for quantum in quanta)


def entropy(quanta: Sequence[float], temperature: float) -> float:
    r"""Return the entropy [eV/K] of vibrations with the quanta ħω [eV].

    .. math:: S = k_B \sum_i \left[ \frac{x_i}{e^{x_i} - 1} - \ln (1 - e^{-x_i}) \right], \qquad
              x_i = \hbar\omega_i / k_B T
    """
    ratios = [quantum / (K_B * temperature) for quantum in quanta]
    return K_B * sum(x / math.expm1(x) - math.log(-math.expm1(-x)) for x in ratios)


def occupancy(change: FloatArray | float, temperature: float) -> FloatArray:
    """Return the share of time that a site is taken, θ = 1/(1 + exp(ΔG/kT)), with ΔG [eV] from the liquid to it."""
    return np.asarray(expit(-np.asarray(change) / (K_B * temperature)))
