"""Liquid sodium-potassium of given composition and density: bulk, film, or fill of a region around carbon."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.elements import MASSES, element_of, potassium_density, sodium_density
from nakmd.errors import StructureError
from nakmd.structures.assembly import combine
from nakmd.structures.packing import pack
from nakmd.structures.regions import Inside, Region, Slab
from nakmd.structures.volume import accessible_volume
from nakmd.system import System
from nakmd.units import G_PER_CM3_PER_AMU_A3

#: Minimum distances [Å] in the initial liquid: where g(r) of the liquids begins to rise.
MIN_DISTANCES = {("Na", "Na"): 3.0, ("K", "Na"): 3.3, ("K", "K"): 3.6}

#: Minimum distance of metal to carbon and nitrogen, centre to centre [Å].
WALL_DISTANCE = 3.0

#: Radius [Å] of the volume that a wall atom excludes from the liquid: van der Waals radius of carbon.
WALL_EXCLUSION = 1.7

#: Width [Å] of the pencils along x that order the atoms of a liquid in memory, and their number per strip.
PENCIL, STRIP = 6.0, 12

#: Valid temperatures [K] of the density fit.
LIQUID_RANGE = (250.0, 1500.0)


def nak_density(x_K: float, temperature: float) -> float:
    r"""Return the density [g/cm³] of liquid Na-K at zero pressure.

    .. math:: 1/\rho = x_K/\rho_K + (1 - x_K)/\rho_{Na}

    with ρ_K and ρ_Na of `nakmd.elements`.

    Parameters
    ----------
    x_K : float
        Mole fraction of potassium.
    temperature : float [K]
        250 to 1500; below the melting points the fits are extrapolated.

    Returns
    -------
    float [g/cm³]

    Notes
    -----
    The handbook's rule with mole fractions, as in widely used fluid-property codes; mass fractions would give 1.2 %
    less. For the eutectic the IAEA line, 0.93368 - 2.424e-4 T, is 1 % lower.

    References
    ----------
    O. J. Foust (ed.), Sodium-NaK Engineering Handbook, vol. 1, Gordon & Breach (1972), eqs 1.5, 1.8 and 1.9.

    Examples
    --------
    >>> from nakmd.structures import nak_density
    >>> round(nak_density(x_K=0.67, temperature=450.0), 3)
    0.834
    """
    if not 0.0 <= x_K <= 1.0:
        raise StructureError(f"The mole fraction of potassium must be within 0 and 1, got x_K = {x_K}.")
    if not LIQUID_RANGE[0] <= temperature <= LIQUID_RANGE[1]:
        raise StructureError(
            f"The density fit of liquid NaK covers {LIQUID_RANGE[0]:g} to {LIQUID_RANGE[1]:g} K, got {temperature:g} "
            "K. Choose a temperature in this range, or give the density (in a deck: density, without temperature)."
        )
    return 1.0 / (x_K / potassium_density(temperature) + (1.0 - x_K) / sodium_density(temperature))


def number_density(x_K: float, density: float) -> float:
    """Return atoms per Å³ of Na-K with mole fraction ``x_K`` at a density [g/cm³].

    Examples
    --------
    >>> from nakmd.structures import nak_density, number_density
    >>> round(number_density(1.0, nak_density(1.0, 450.0)), 5)  # liquid potassium
    0.01236
    """
    if not density > 0.0:
        raise StructureError(f"The density must be positive, got {density} g/cm³.")
    mean_mass = x_K * MASSES["K"] + (1.0 - x_K) * MASSES["Na"]
    return density / (G_PER_CM3_PER_AMU_A3 * mean_mass)


def composition(n_atoms: int, x_K: float) -> list[str]:
    """Return the elements of n atoms, Na first; the number of K is rounded from ``x_K``.

    Examples
    --------
    >>> from nakmd.structures import composition
    >>> composition(5, x_K=0.6)
    ['Na', 'Na', 'K', 'K', 'K']
    """
    n_potassium = round(n_atoms * x_K)
    return ["Na"] * (n_atoms - n_potassium) + ["K"] * n_potassium


def fill(
    system: System,
    x_K: float,
    temperature: float | None = None,
    *,
    region: Region | None = None,
    density: float | None = None,
    n_atoms: int | None = None,
    min_distances: Mapping[tuple[str, str], float] | None = None,
    wall_distance: float = WALL_DISTANCE,
    wall_exclusion: float = WALL_EXCLUSION,
    seed: int = 0,
) -> System:
    """Fill liquid NaK into a region of a system, without overlaps.

    Parameters
    ----------
    system : System
        Not changed; its atoms keep their positions.
    x_K : float
        Mole fraction of potassium; rounded to whole atoms.
    temperature : float [K], optional
        For the density of `nak_density`; needed unless ``density`` or ``n_atoms`` is given.
    region : Region, optional
        Default: the whole cell (inside and outside a tube).
    density : float [g/cm³], optional
    n_atoms : int, optional
        Default: density times accessible volume.
    min_distances : mapping of (str, str) to float [Å], optional
        Replaces entries of `MIN_DISTANCES`; may include pairs with carbon.
    wall_distance : float [Å]
        Minimum distance between metal and any other atom.
    wall_exclusion : float [Å]
        Radius around every wall atom that is excluded from the liquid volume.
    seed : int
        The same seed gives bit-equal structures.

    Returns
    -------
    System
        The atoms of ``system`` first, then Na, then K; the metal is group "liquid", each element in spatial order.

    Raises
    ------
    StructureError
        If the region is empty or the atoms do not fit.

    Examples
    --------
    >>> from nakmd.structures import fill, graphene
    >>> wet = fill(graphene(repeats=(6, 4)), x_K=0.67, temperature=450.0)
    >>> wet.species_names, int(wet.groups["liquid"].sum())
    (('C', 'Na', 'K'), 101)
    """
    space = Inside(system.cell) if region is None else region & Inside(system.cell)
    count = n_atoms
    if count is None:
        if density is None and temperature is None:
            raise StructureError("The amount of liquid needs a temperature, a density or a number of atoms.")
        rho = density if density is not None else nak_density(x_K, temperature or 0.0)
        volume = accessible_volume(system, space, wall_exclusion)
        count = round(number_density(x_K, rho) * volume)
        if count < 1:
            raise StructureError(f"The region has {volume:.1f} Å³, less than one atom at {rho:.4f} g/cm³. Enlarge it.")
    if count < 1 or not 0.0 <= x_K <= 1.0:
        raise StructureError(
            f"A liquid needs at least 1 atom and x_K within 0 and 1, got {count} atoms and x_K = {x_K}."
        )
    elements = composition(count, x_K)
    present = [element_of(name) for name in system.species_names]
    present = [present[a] for a in system.species.tolist()]
    distances = _distances(present, wall_distance, min_distances or {})
    # 37 separates this stream from those of doping and substitution with the same seed
    random = np.random.default_rng([seed, 37])
    positions = pack(elements, space, system.cell, system.positions, present, distances, random)
    positions, _ = system.cell.wrap(positions)
    n_potassium = elements.count("K")
    species = (np.arange(count) >= count - n_potassium).astype(np.int64)  # Na first
    names = ["Na", "K"]
    if n_potassium in (0, count):
        names = ["K"] if n_potassium else ["Na"]
        species = np.zeros(count, dtype=np.int64)
    positions = positions[_along_strips(positions, species)]
    liquid = System(positions, species, names, system.cell.copy(), groups={"liquid": np.ones(count, dtype=np.bool_)})
    return combine([system, liquid], system.cell)


def _along_strips(positions: FloatArray, species: IntArray) -> IntArray:
    """Return an atom order, species by species, in which spatial neighbours are close in memory.

    Strips of pencils along x, alternating in z, in the traversal order of neighbour lists: a step of 1,000,000 atoms
    takes 0.03 µs per atom less than in packing order. Nothing else depends on it.
    """
    y, z = np.floor(positions[:, 1:] / PENCIL).T
    strip = y // STRIP
    # one number for all but x, which is sorted faster than five
    pencil = np.zeros(len(positions))
    for key in (species, strip, np.where(strip % 2 == 0, z, -z), y):
        from_zero = key - key.min(initial=0.0)
        pencil = pencil * (from_zero.max(initial=0.0) + 1.0) + from_zero
    return np.lexsort((positions[:, 0], pencil))


def _distances(
    present: list[str], wall_distance: float, given: Mapping[tuple[str, str], float]
) -> dict[tuple[str, str], float]:
    """Return the minimum distances by alphabetical pair of elements; ``given`` takes precedence."""
    walls = {(metal, element) for metal in ("Na", "K") for element in set(present) - {"Na", "K"}}
    table = {**MIN_DISTANCES, **dict.fromkeys(sorted(walls), wall_distance), **given}
    return {(min(pair), max(pair)): distance for pair, distance in table.items()}


def liquid(
    x_K: float,
    temperature: float | None = None,
    *,
    lengths: tuple[float, float, float] | None = None,
    n_atoms: int | None = None,
    density: float | None = None,
    thickness: float | None = None,
    vacuum: float = 0.0,
    min_distances: Mapping[tuple[str, str], float] | None = None,
    seed: int = 0,
) -> System:
    """Build bulk liquid NaK in a periodic box, or a film between vacuum.

    Parameters
    ----------
    x_K : float
    temperature : float [K], optional
        For the density; needed unless ``density``, or both ``lengths`` and ``n_atoms``, are given.
    lengths : (float, float, float) [Å], optional
        Box of the liquid. Default: the volume of ``n_atoms``, a cube, or square in xy if ``thickness`` is given.
    n_atoms : int, optional
        Default: density times volume.
    density : float [g/cm³], optional
    thickness : float [Å], optional
        Thickness along z, instead of ``lengths``.
    vacuum : float [Å]
        Empty space along z on each side of the liquid; the cell is periodic in all directions.
    min_distances : mapping of (str, str) to float [Å], optional
    seed : int

    Returns
    -------
    System
        Group "liquid".

    Raises
    ------
    StructureError
        If the arguments do not determine the size, or give it twice.

    Examples
    --------
    >>> from nakmd.structures import liquid
    >>> melt = liquid(x_K=0.67, temperature=450.0, n_atoms=100)
    >>> melt.species_names, int(melt.topology.select("K").sum()), melt.cell.lengths.round(2).tolist()
    (('Na', 'K'), 67, [18.88, 18.88, 18.88])
    >>> film = liquid(x_K=0.67, temperature=450.0, n_atoms=100, thickness=20.0, vacuum=15.0)
    >>> film.cell.lengths.round(2).tolist()
    [18.34, 18.34, 50.0]
    """
    if lengths is None:
        if n_atoms is None or n_atoms < 1:
            raise StructureError("A liquid needs a box or a number of atoms.")
        if density is None and temperature is None:
            raise StructureError("The box of a liquid needs a temperature or a density.")
        rho = density if density is not None else nak_density(x_K, temperature or 0.0)
        volume = n_atoms / number_density(x_K, rho)
        depth = volume ** (1.0 / 3.0) if thickness is None else thickness
        side = math.sqrt(volume / depth)
        lengths = (side, side, depth)
    elif thickness is not None:
        raise StructureError("lengths and thickness both set the size of a liquid along z. Give one of the two.")
    if vacuum < 0.0:
        raise StructureError(f"The vacuum around a liquid must not be negative, got {vacuum} Å.")
    cell = Cell((lengths[0], lengths[1], lengths[2] + 2.0 * vacuum))
    film = Slab(cell, vacuum, vacuum + lengths[2]) if vacuum else None
    return fill(
        System(np.zeros((0, 3)), [], (), cell),
        x_K,
        temperature,
        region=film,
        density=density,
        n_atoms=n_atoms,
        min_distances=min_distances,
        seed=seed,
    )
