"""Lennard-Jones pair potential."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from nakmd.kernels.jit import term
from nakmd.kernels.pair import InSquares, build_pair_kernels
from nakmd.kernels.simd import Lanes
from nakmd.potentials.forms.pair import PairPotential
from nakmd.potentials.forms.pair_set import Parameter


class LennardJonesParameters(NamedTuple):
    """epsilon [eV], sigma [Å]: tables, (n_species, n_species) float64, or the numbers of one pair."""

    epsilon: Any
    sigma: Any


@term
def of_pair(tables: LennardJonesParameters, a: int, b: int) -> LennardJonesParameters:
    """Return the numbers of one pair of species."""
    return LennardJonesParameters(tables.epsilon[a, b], tables.sigma[a, b])


@InSquares
@term
def lennard_jones(q: Lanes, p: LennardJonesParameters) -> tuple[Lanes, Lanes]:
    """V = 4ε [(σ²/q)⁶ - (σ²/q)³] with q = r²; return V and dV/dq."""
    inverse = 1.0 / q
    ratio = p.sigma * p.sigma * inverse
    s6 = ratio * ratio * ratio
    v = 4.0 * p.epsilon * s6 * (s6 - 1.0)
    return v, -12.0 * p.epsilon * s6 * (2.0 * s6 - 1.0) * inverse


class LennardJones(PairPotential):
    r"""Lennard-Jones pair potential.

    .. math:: V(r) = 4\epsilon \left[ (\sigma/r)^{12} - (\sigma/r)^6 \right]

    Parameters
    ----------
    pairs : mapping of (str, str) to mapping
        ``epsilon`` [eV], ``sigma`` [Å], ``cutoff`` [Å], ``cut`` and ``smooth_from`` (see `PairPotential`).
    none, scale, label, replace, between_layers
        See `PairPotential`.

    References
    ----------
    J. E. Jones, Proc. R. Soc. Lond. A 106, 463 (1924). doi:10.1098/rspa.1924.0082

    Examples
    --------
    >>> LennardJones({("C", "K"): {"epsilon": 0.01, "sigma": 3.3, "cutoff": 10.0, "cut": "smooth"}}).scale
    1.0
    """

    form = "lennard_jones"
    equation = "V = 4ε [(σ/r)¹² - (σ/r)⁶]"
    parameters: ClassVar = {
        "epsilon": Parameter("eV", "Depth ε of the well", 0.01),
        "sigma": Parameter("Å", "Distance σ where V is zero", 3.3),
    }
    lammps_formulas = (("lj/cut", lambda p, scale: (scale * p["epsilon"], p["sigma"])),)

    formula = lennard_jones
    kernels = build_pair_kernels(lennard_jones, of_pair)
    of_pair = staticmethod(of_pair)
    Parameters = LennardJonesParameters
