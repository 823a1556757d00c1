"""Solve for the functions of the Johnson-Oh model that reproduce six properties of a bcc crystal."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.potentials.base import positive
from nakmd.units import GPA_PER_EV_A3

#: Exponent β of the density f = f_e (r₁/r)^β.
BETA = 6


class BccFigures(NamedTuple):
    """Properties of a bcc crystal that the functions of an element reproduce.

    Attributes
    ----------
    a : [Å]
        Lattice constant.
    cohesive_energy, vacancy_energy : [eV]
        Both positive; the vacancy is unrelaxed.
    C11, C12, C44 : [GPa]
    """

    a: float
    cohesive_energy: float
    vacancy_energy: float
    C11: float
    C12: float
    C44: float


class BccFunctions(NamedTuple):
    """Coefficients of the three functions of an element (see `solve_bcc`).

    Attributes
    ----------
    k : (4,) float64 [eV]
        Coefficients of V in powers of r/r₁ - 1, the constant first.
    n : float
        Exponent of F.
    r_1 : float [Å]
        Nearest-neighbour distance.
    f_e : float [eV/Å³]
        Density that a nearest neighbour contributes at an atom, E_c/Ω.
    rho_e : float [eV/Å³]
        Density in the crystal.
    depth : float [eV]
        E_c - E_1v.
    """

    k: FloatArray
    n: float
    r_1: float
    f_e: float
    rho_e: float
    depth: float


def solve_bcc(figures: BccFigures) -> BccFunctions:
    r"""Solve for the functions of an element whose crystal has these properties.

    The embedding energy is normalised, F'(ρ_e) = 0, so the pair energy alone determines the vacancy and the shear
    constants. With
    r₁ = √3 a/2, r₂ = a, Ω = a³/2 and C' = (C₁₁ - C₁₂)/2:

    .. math::

        8 V_1 + 6 V_2 = -2 E_{1v}, \quad 8 r_1 V_1' + 6 r_2 V_2' = 0, \quad
        r_1^2 V_1'' - r_1 V_1' = \tfrac94 \Omega C_{44}, \quad r_2^2 V_2'' - r_2 V_2' = 2 \Omega C'

        n^2 = \frac{9 \Omega B - \tfrac12 (8 r_1^2 V_1'' + 6 r_2^2 V_2'')}{\beta^2 (E_c - E_{1v})}

    Raises
    ------
    InputError
        If no such functions exist.
    """
    a = positive(figures.a, "a")
    depth = positive(figures.cohesive_energy - figures.vacancy_energy, "cohesive_energy - vacancy_energy")
    c11, c12, c44 = (c / GPA_PER_EV_A3 for c in (figures.C11, figures.C12, figures.C44))
    r_1, r_2, volume = 0.5 * math.sqrt(3.0) * a, a, 0.5 * a**3
    power = np.arange(4.0)

    def derivatives(r: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the rows of V, V' and V'' at r: their derivatives with respect to k."""
        y = r / r_1 - 1.0
        first, second = np.zeros(4), np.zeros(4)
        first[1:] = power[1:] * y ** (power[1:] - 1.0) / r_1
        second[2:] = power[2:] * (power[2:] - 1.0) * y ** (power[2:] - 2.0) / r_1**2
        return y**power, first, second

    v1, d1, q1 = derivatives(r_1)
    v2, d2, q2 = derivatives(r_2)
    rows = [8 * v1 + 6 * v2, 8 * r_1 * d1 + 6 * r_2 * d2, r_1**2 * q1 - r_1 * d1, r_2**2 * q2 - r_2 * d2]
    shear = 0.5 * (c11 - c12)
    targets = [-2.0 * figures.vacancy_energy, 0.0, 2.25 * volume * c44, 2.0 * volume * shear]
    k = np.linalg.solve(np.array(rows), np.array(targets))
    curvature = float(0.5 * (8 * r_1**2 * q1 + 6 * r_2**2 * q2) @ k)
    square = (3.0 * volume * (c11 + 2.0 * c12) - curvature) / (BETA**2 * depth)
    if not square > 0.0:
        raise InputError(f"No n reproduces these properties: n² = {square:.4g}. The bulk modulus is too small.")
    f_e = figures.cohesive_energy / volume
    return BccFunctions(k, math.sqrt(square), r_1, f_e, f_e * (8.0 + 6.0 * (r_1 / r_2) ** BETA), depth)
