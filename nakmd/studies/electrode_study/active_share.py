"""Formulas of an electrode of NaK and tubes: capacity, film, percolation, capillary hold, bound metal, active share.

Arguments are numbers or arrays of one shape.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import constants

from nakmd.arrays import FloatArray
from nakmd.elements import MASSES
from nakmd.studies.heat_study.routes import wall_mass

Number = TypeVar("Number", float, FloatArray)

#: Charge of a mole of electrons [mAh], the unit of capacities per gram: 1 mAh is 3.6 C.
MAH_PER_MOL = constants.physical_constants["Faraday constant"][0] / 3.6

#: m²/g × nm × g/cm³ as a pure number, and 1/Å² × m²/g in mol/g.
FILM_UNIT, MOL_PER_GRAM = 1e-3, 1e20 / constants.N_A

#: Steps of bisection: to 1e-12.
STEPS = 40


def mean_mass(potassium: Number) -> Number:
    """Return the mass of a mole of NaK [g/mol] of atomic fraction x_K."""
    return potassium * MASSES["K"] + (1.0 - potassium) * MASSES["Na"]


def mass_share(potassium: Number) -> Number:
    """Return the share of K by mass."""
    return potassium * MASSES["K"] / mean_mass(potassium)


def capacity(potassium: Number) -> Number:
    """Return the capacity of NaK [mAh/g], F/3.6 M."""
    return MAH_PER_MOL / mean_mass(potassium)


def potassium_capacity(potassium: Number) -> Number:
    """Return the capacity of the K of NaK per gram of NaK [mAh/g]: Na is idle."""
    return potassium * capacity(potassium)


def film_fraction(surface: Number, film: Number, density: Number) -> Number:
    """Return the carbon by mass, w = 1/(1 + S δ ρ), if each wetted face holds a film of metal.

    Parameters
    ----------
    surface : S [m²/g]
    film : δ [nm]
    density : ρ of the metal [g/cm³]
    """
    return 1.0 / (1.0 + surface * film * density * FILM_UNIT)


def film_thickness(fraction: Number, surface: Number, density: Number) -> Number:
    """Return the film [nm] for a carbon fraction by mass: inverse of `film_fraction`."""
    return (1.0 / fraction - 1.0) / (surface * density * FILM_UNIT)


def percolation_fraction(aspect: Number, factor: Number, wall_density: Number, metal_density: Number) -> Number:
    """Return the carbon by mass from which tubes form a network, φ = factor × diameter/length by volume."""
    volume = factor / aspect
    return volume * wall_density / (volume * wall_density + (1.0 - volume) * metal_density)


def cosine(work: ArrayLike, tension: ArrayLike) -> FloatArray:
    """Return cos θ = W/γ - 1 by Young and Dupré, at most 1: beyond W = 2γ the liquid spreads."""
    found: FloatArray = np.minimum(np.asarray(work, float) / np.asarray(tension, float) - 1.0, 1.0)
    return found


def capillary_pressure(work: ArrayLike, tension: ArrayLike, radius: ArrayLike) -> FloatArray:
    """Return 2 γ cos θ/r [Pa], the pressure that a pore of radius r [m] withstands; negative if it is not wetted."""
    found: FloatArray = 2.0 * np.asarray(tension, float) * cosine(work, tension) / np.asarray(radius, float)
    return found


def weight(height: Number, density: Number) -> Number:
    """Return ρ g H [Pa] for a height [m] and a density [kg/m³]."""
    return density * constants.g * height


class TiedUp(NamedTuple):
    """Metal that carbon ties up [g per g of carbon]."""

    layer: FloatArray
    nitrogen: FloatArray
    oxygen: FloatArray
    water: FloatArray

    @property
    def total(self) -> FloatArray:
        """Sum of all."""
        return self.layer + self.nitrogen + self.oxygen + self.water


def tied_up(
    surface: ArrayLike,
    layer: ArrayLike,
    layer_potassium: ArrayLike,
    nitrogen: ArrayLike,
    graphitic: ArrayLike,
    oxygen: ArrayLike,
    water: ArrayLike,
    per_nitrogen: ArrayLike = 1.0,
    per_oxygen: ArrayLike = 2.0,
    per_water: ArrayLike = 1.0,
) -> TiedUp:
    """Return the metal that carbon ties up [g per g of carbon].

    Parameters
    ----------
    surface : array_like [m²/g]
    layer : array_like [1/Å²]
        Atoms of the first layer that count as tied up.
    layer_potassium : array_like
        x_K of this layer.
    nitrogen, graphitic, oxygen : array_like
        Nitrogen and oxygen over the atoms of the wall, and the share of the nitrogen that is graphitic.
    water : array_like
        Mass of water over that of the carbon.
    per_nitrogen, per_oxygen, per_water : array_like
        K at each graphitic N, O and water.
    """
    potassium, mass = MASSES["K"], wall_mass(np.asarray(nitrogen, float), np.asarray(oxygen, float))
    of_layer = mean_mass(np.asarray(layer_potassium, float))
    return TiedUp(
        layer=np.asarray(surface) * np.asarray(layer) * MOL_PER_GRAM * of_layer,
        nitrogen=np.asarray(nitrogen) * graphitic * np.asarray(per_nitrogen) * potassium / mass,
        oxygen=np.asarray(oxygen) * np.asarray(per_oxygen) * potassium / mass,
        water=np.asarray(water) * np.asarray(per_water) * potassium / (2.0 * MASSES["H"] + MASSES["O"]),
    )


def by_mass(fraction: Number, tied: Number) -> Number:
    """Return reading A: the mass of free metal over that of the electrode, (1 - w) - ℓ w.

    Parameters
    ----------
    fraction : w
        Carbon by mass.
    tied : ℓ [g/g]
        Metal that a gram of carbon ties up.
    """
    return 1.0 - fraction - tied * fraction


def by_capacity(fraction: Number, tied: Number) -> Number:
    """Return reading B: usable over theoretical capacity, 1 - ℓ w/(1 - w), if only bound metal is lost."""
    return 1.0 - tied * fraction / (1.0 - fraction)


def by_potassium(fraction: Number, tied: Number, potassium: Number) -> Number:
    """Return reading C: the mass of free K over that of the electrode, or its capacity over that of pure K.

    All bound metal is taken for K.
    """
    return (1.0 - fraction) * mass_share(potassium) - tied * fraction


def fraction_by_mass(active: Number, tied: Number) -> Number:
    """Return the carbon by mass at which reading A has a value."""
    return (1.0 - active) / (1.0 + tied)


def fraction_by_capacity(active: Number, tied: Number) -> Number:
    """Return the carbon by mass at which reading B has a value."""
    return (1.0 - active) / (tied + 1.0 - active)


def potassium_share_for(active: Number, fraction: Number, tied: Number) -> Number:
    """Return the share of K by mass of the metal at which reading C has a value; above 1 it cannot have it."""
    return (active + tied * fraction) / (1.0 - fraction)


def regular_activity(potassium: ArrayLike, mixing: ArrayLike, temperature: ArrayLike) -> FloatArray:
    """Return reading D for a regular solution: a_K = x exp(Ω (1 - x)²/RT), Ω four times the heat of mixing at ½.

    Parameters
    ----------
    potassium : array_like
    mixing : array_like [kJ/mol]
    temperature : array_like [K]
    """
    x = np.asarray(potassium, float)
    strength = 4e3 * np.asarray(mixing) / (constants.R * np.asarray(temperature))
    return x * np.exp(strength * (1.0 - x) ** 2)


def potassium_for_activity(activity: ArrayLike, mixing: ArrayLike, temperature: ArrayLike) -> FloatArray:
    """Return x_K at which a regular solution has an activity of K: the largest one, by bisection from x = ½."""
    shape = np.broadcast_shapes(np.shape(activity), np.shape(mixing), np.shape(temperature))
    low, high = np.full(shape, 0.5), np.ones(shape)
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        below = regular_activity(middle, mixing, temperature) < np.asarray(activity)
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)
