"""Morse pair potential."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from nakmd.kernels.elementary import exp
from nakmd.kernels.jit import term
from nakmd.kernels.pair import build_pair_kernels
from nakmd.kernels.simd import Lanes
from nakmd.potentials.forms.pair import PairPotential
from nakmd.potentials.forms.pair_set import Parameter


class MorseParameters(NamedTuple):
    """depth [eV], alpha [1/Å], r_0 [Å]: tables, (n_species, n_species) float64, or the numbers of one pair."""

    depth: Any
    alpha: Any
    r_0: Any


@term
def of_pair(tables: MorseParameters, a: int, b: int) -> MorseParameters:
    """Return the numbers of one pair of species."""
    return MorseParameters(tables.depth[a, b], tables.alpha[a, b], tables.r_0[a, b])


@term
def morse(r: Lanes, p: MorseParameters) -> tuple[Lanes, Lanes]:
    """V = D [e^{-2α(r - r0)} - 2 e^{-α(r - r0)}]; return V and dV/dr."""
    x = exp(-p.alpha * (r - p.r_0))
    v = p.depth * x * (x - 2.0)
    dv_dr = -2.0 * p.depth * p.alpha * x * (x - 1.0)
    return v, dv_dr


@term
def attraction(r: Lanes, p: MorseParameters) -> tuple[Lanes, Lanes]:
    """-2 D e^{-α(r - r0)}; return it and its derivative."""
    x = exp(-p.alpha * (r - p.r_0))
    return -2.0 * p.depth * x, 2.0 * p.depth * p.alpha * x


class Morse(PairPotential):
    r"""Morse pair potential.

    .. math:: V(r) = D \left[ e^{-2\alpha(r - r_0)} - 2 e^{-\alpha(r - r_0)} \right]

    Parameters
    ----------
    pairs : mapping of (str, str) to mapping
        ``depth`` D [eV], ``alpha`` α [1/Å], ``r_0`` [Å], ``cutoff`` [Å], ``cut`` and ``smooth_from``
        (see `PairPotential`).
    none, scale, label, replace, between_layers
        See `PairPotential`.

    References
    ----------
    P. M. Morse, Phys. Rev. 34, 57 (1929). doi:10.1103/PhysRev.34.57

    Examples
    --------
    >>> Morse({("K", "C"): {"depth": 0.0258, "alpha": 1.8139, "r_0": 3.4335, "cutoff": 10.0}}).label
    'morse'
    """

    form = "morse"
    equation = "V = D [exp(-2α (r - r_0)) - 2 exp(-α (r - r_0))]"
    parameters: ClassVar = {
        # the examples are those of K and C in morse-dilute
        "depth": Parameter("eV", "Depth D of the well", 0.0258),
        "alpha": Parameter("1/Å", "Steepness α of the well", 1.8139),
        "r_0": Parameter("Å", "Distance r_0 of the minimum", 3.4335),
    }
    lammps_formulas = (("morse", lambda p, scale: (scale * p["depth"], p["alpha"], p["r_0"])),)

    formula = staticmethod(morse)
    attraction = staticmethod(attraction)
    kernels = build_pair_kernels(morse, of_pair)
    of_pair = staticmethod(of_pair)
    Parameters = MorseParameters
