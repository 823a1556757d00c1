"""Buckingham pair potential."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from nakmd.errors import InputError
from nakmd.kernels.elementary import exp
from nakmd.kernels.jit import term
from nakmd.kernels.pair import build_pair_kernels
from nakmd.kernels.simd import Lanes
from nakmd.potentials.forms.pair import PairPotential
from nakmd.potentials.forms.pair_set import Parameter


class BuckinghamParameters(NamedTuple):
    """A [eV], rho [Å], C [eV Å⁶]: tables, (n_species, n_species) float64, or the numbers of one pair."""

    A: Any
    rho: Any
    C: Any


@term
def of_pair(tables: BuckinghamParameters, a: int, b: int) -> BuckinghamParameters:
    """Return the numbers of one pair of species."""
    return BuckinghamParameters(tables.A[a, b], tables.rho[a, b], tables.C[a, b])


@term
def buckingham(r: Lanes, p: BuckinghamParameters) -> tuple[Lanes, Lanes]:
    """V = A e^{-r/ρ} - C/r⁶; return V and dV/dr."""
    repulsion = p.A * exp(-r / p.rho)
    r2 = r * r
    dispersion = p.C / (r2 * r2 * r2)
    return repulsion - dispersion, -repulsion / p.rho + 6.0 * dispersion / r


@term
def attraction(r: Lanes, p: BuckinghamParameters) -> tuple[Lanes, Lanes]:
    """-C/r⁶; return it and its derivative."""
    r2 = r * r
    dispersion = p.C / (r2 * r2 * r2)
    return -dispersion, 6.0 * dispersion / r


class Buckingham(PairPotential):
    r"""Buckingham pair potential: exponential repulsion and dispersion.

    .. math:: V(r) = A e^{-r/\rho} - C r^{-6}

    Parameters
    ----------
    pairs : mapping of (str, str) to mapping
        ``A`` [eV], ``rho`` ρ [Å], ``C`` [eV Å⁶] (0 for a Born-Mayer repulsion), ``cutoff`` [Å], ``cut`` and
        ``smooth_from`` (see `PairPotential`).
    none, scale, label, replace, between_layers
        See `PairPotential`.

    Raises
    ------
    InputError
        If a parameter is out of range, or the pair has no repulsive wall: A (7ρ)⁷ e⁻⁷ ≤ 6 C ρ.

    Notes
    -----
    V diverges to minus infinity at r → 0. A barrier separates this from the well; its top is the largest root of
    A r⁷ e^{-r/ρ} = 6 C ρ below 7ρ (`top_of_wall`). Inside the barrier the formula is evaluated unchanged, like
    ``buck`` of LAMMPS: two atoms that cross the top collapse onto each other, and the run ends with an error. Add a
    `ZBL` term if atoms may reach energies as high as the barrier.

    References
    ----------
    R. A. Buckingham, Proc. R. Soc. Lond. A 168, 264 (1938). doi:10.1098/rspa.1938.0173

    Examples
    --------
    >>> neon = Buckingham({("Ne", "Ne"): {"A": 3800.0, "rho": 0.22, "C": 4.0, "cutoff": 8.0}})
    >>> top, height = neon.top_of_wall("Ne", "Ne")
    >>> 0.5 < top < 0.8 and height > 50.0
    True
    """

    form = "buckingham"
    equation = "V = A exp(-r/ρ) - C/r⁶"
    parameters: ClassVar = {
        # the examples are those of williams-1967-c
        "A": Parameter("eV", "Strength A of the repulsion", 3626.54),
        "rho": Parameter("Å", "Range ρ of the repulsion", 0.2777778),
        "C": Parameter("eV Å⁶", "Strength C of the dispersion, 0 for a Born-Mayer repulsion", 24.6308, "not negative"),
    }
    lammps_formulas = (("buck", lambda p, scale: (scale * p["A"], p["rho"], scale * p["C"])),)

    formula = staticmethod(buckingham)
    attraction = staticmethod(attraction)
    kernels = build_pair_kernels(buckingham, of_pair)
    of_pair = staticmethod(of_pair)
    Parameters = BuckinghamParameters

    @classmethod
    def derived_numbers(cls, pair: tuple[str, str], numbers: Mapping[str, float], what: str) -> dict[str, float]:
        """Return no numbers; raise `InputError` for a pair without a repulsive wall."""
        rho = numbers["rho"]
        least = 6.0 * numbers["C"] * rho * math.exp(7.0) / (7.0 * rho) ** 7
        if numbers["A"] <= least:
            raise InputError(
                f"{what}: with rho = {rho:g} Å and C = {numbers['C']:g} eV Å⁶ there is no repulsive wall unless A is "
                f"above {least:.6g} eV, got {numbers['A']:g}. Check the units (eV, Å), or lower C."
            )
        return {}

    def top_of_wall(self, a: str, b: str) -> tuple[float, float]:
        """Return position [Å] and height [eV] of the top of the wall of a pair; (0, A) without dispersion."""
        numbers = self.pairs[self.key(a, b)]
        if numbers["C"] == 0.0:
            return 0.0, float(self.scale * numbers["A"])
        rho = numbers["rho"]
        # ln(A r⁷ e^{-r/ρ} / 6Cρ) increases up to 7ρ, so it has one root below
        low, high = 0.0, 7.0 * rho
        while high - low > 1e-12 * rho:
            r = 0.5 * (low + high)
            rises = math.log(numbers["A"] / (6.0 * numbers["C"] * rho)) + 7.0 * math.log(r) - r / rho
            low, high = (low, r) if rises > 0.0 else (r, high)
        v, _ = buckingham(high, BuckinghamParameters(numbers["A"], rho, numbers["C"]))
        return high, float(self.scale * v)
