"""Universal screened repulsion of nuclei: Ziegler, Biersack and Littmark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from nakmd.elements import ATOMIC_NUMBERS, element_of
from nakmd.errors import InputError
from nakmd.kernels.elementary import exp
from nakmd.kernels.jit import term
from nakmd.kernels.pair import build_pair_kernels
from nakmd.kernels.simd import Lanes
from nakmd.potentials.forms.pair import PairPotential
from nakmd.units import COULOMB

#: Screening function, with the digits of ``zbl`` in LAMMPS.
WEIGHTS = (0.18175, 0.50986, 0.28022, 0.02817)
RATES = (3.19980, 0.94229, 0.40290, 0.20162)
#: Prefactor [Å] and exponent of the nuclear charges in the screening length.
LENGTH = 0.46850
POWER = 0.23


class ZBLParameters(NamedTuple):
    """coulomb [eV Å], length [Å]: tables, (n_species, n_species) float64, or the numbers of one pair."""

    coulomb: Any
    length: Any


@term
def of_pair(tables: ZBLParameters, a: int, b: int) -> ZBLParameters:
    """Return the numbers of one pair of species."""
    return ZBLParameters(tables.coulomb[a, b], tables.length[a, b])


@term
def zbl(r: Lanes, p: ZBLParameters) -> tuple[Lanes, Lanes]:
    """V = (e²/4πε0 Z1 Z2 / r) Σ w_k e^{-m_k r/a}; return V and dV/dr."""
    u = r / p.length
    e0 = WEIGHTS[0] * exp(-RATES[0] * u)
    e1 = WEIGHTS[1] * exp(-RATES[1] * u)
    e2 = WEIGHTS[2] * exp(-RATES[2] * u)
    e3 = WEIGHTS[3] * exp(-RATES[3] * u)
    v = p.coulomb / r * (e0 + e1 + e2 + e3)
    slope = RATES[0] * e0 + RATES[1] * e1 + RATES[2] * e2 + RATES[3] * e3
    return v, -v / r - p.coulomb / r * slope / p.length


@term
def attraction(r: Lanes, p: ZBLParameters) -> tuple[Lanes, Lanes]:
    """Return zeros: there is no attractive part."""
    return 0.0 * r, 0.0 * r


class ZBL(PairPotential):
    r"""Universal repulsion of screened nuclei, for atoms much closer than in a crystal.

    .. math::

        V(r) = \frac{e^2}{4\pi\varepsilon_0} \frac{Z_1 Z_2}{r}\, \phi(r/a), \quad
        \phi(x) = \sum_k w_k e^{-m_k x}, \quad a = \frac{0.4685\,\mathrm{Å}}{Z_1^{0.23} + Z_2^{0.23}}

    Parameters
    ----------
    pairs : mapping of (str, str) to mapping
        ``cutoff`` [Å], ``cut`` and ``smooth_from`` (see `PairPotential`). The nuclear charges follow from the elements
        of the pair; there are no other parameters.
    none, scale, label, replace, between_layers
        See `PairPotential`.

    Raises
    ------
    InputError
        If the element of a species is unknown.

    Notes
    -----
    ``zbl`` of LAMMPS has the same V but another cut mode: inside its inner cutoff the forces are equal and the
    energies differ by a constant. It is therefore exported as a table.

    References
    ----------
    J. F. Ziegler and J. P. Biersack, in Treatise on Heavy-Ion Science, vol. 6, 93 (1985).
    doi:10.1007/978-1-4615-8103-1_3

    Examples
    --------
    >>> core = ZBL({("K", "C"): {"cutoff": 2.0, "cut": "smooth", "smooth_from": 1.0}})
    >>> round(core.pairs["C", "K"]["length"], 5)
    0.13469
    """

    form = "zbl"
    equation = "V = e²/4πε0 Z1 Z2/r Σ w exp(-m r/a), a = 0.4685 Å/(Z1^0.23 + Z2^0.23), universal w and m"
    parameters: ClassVar = {}
    derived = ("coulomb", "length")

    formula = staticmethod(zbl)
    attraction = staticmethod(attraction)
    kernels = build_pair_kernels(zbl, of_pair)
    of_pair = staticmethod(of_pair)
    Parameters = ZBLParameters

    @classmethod
    def derived_numbers(cls, pair: tuple[str, str], numbers: Mapping[str, float], what: str) -> dict[str, float]:
        """Return e²/4πε0 Z1 Z2 [eV Å] and the screening length [Å] of two elements."""
        charges = [ATOMIC_NUMBERS.get(element_of(name), 0) for name in pair]
        for name, charge in zip(pair, charges, strict=True):
            if charge < 1:
                raise InputError(f"{what}: {element_of(name)} is not a known element, so it has no nuclear charge.")
        first, second = charges
        return {"coulomb": COULOMB * first * second, "length": LENGTH / (first**POWER + second**POWER)}
