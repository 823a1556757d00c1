"""Lennard-Jones pair potential."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nakmd.kernels.jit import term
from nakmd.kernels.pair import build_pair_kernels
from nakmd.kernels.simd import Lanes
from nakmd.potentials.pair import PairPotential


class LennardJonesParameters(NamedTuple):
    """Tables (n_species, n_species) float64: epsilon [eV], sigma [Å]."""

    epsilon: np.ndarray
    sigma: np.ndarray


@term
def lennard_jones(r: Lanes, p: LennardJonesParameters, a: int, b: int) -> tuple[Lanes, Lanes]:
    """V = 4ε [(σ/r)^12 - (σ/r)^6]; return V and dV/dr."""
    ratio = p.sigma[a, b] / r
    cube = ratio * ratio * ratio
    s6 = cube * cube
    v = 4.0 * p.epsilon[a, b] * s6 * (s6 - 1.0)
    dv_dr = -24.0 * p.epsilon[a, b] * s6 * (2.0 * s6 - 1.0) / r
    return v, dv_dr


class LennardJones(PairPotential):
    r"""Lennard-Jones pair potential.

    .. math:: V(r) = 4\epsilon \left[ (\sigma/r)^{12} - (\sigma/r)^6 \right]

    Parameters
    ----------
    pairs : mapping of (str, str) to mapping
        ``epsilon`` [eV], ``sigma`` [Å], ``cutoff`` [Å], ``cut`` and ``smooth_from`` (see `PairPotential`).
    none, scale, label
        See `PairPotential`.

    References
    ----------
    J. E. Jones, Proc. R. Soc. Lond. A 106, 463 (1924). doi:10.1098/rspa.1924.0082

    Examples
    --------
    >>> LennardJones({("C", "K"): {"epsilon": 0.01, "sigma": 3.3, "cutoff": 10.0, "cut": "smooth"}}).scale
    1.0
    """

    formula = staticmethod(lennard_jones)
    kernels = build_pair_kernels(lennard_jones)
    Parameters = LennardJonesParameters
    names = ("epsilon", "sigma")
