"""Perfect crystals of a potential: energy minimum, elastic constants, unrelaxed vacancy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.elements import element_of, natural_crystal, standard_mass
from nakmd.potentials import Potential, evaluate
from nakmd.structures.crystal import CUBIC
from nakmd.system import System
from nakmd.units import GPA_PER_EV_A3

#: Ratio of lattice constant to nearest-neighbour distance.
EDGE = {"sc": 1.0, "bcc": 2.0 / math.sqrt(3.0), "fcc": math.sqrt(2.0), "diamond": 4.0 / math.sqrt(3.0)}
EDGE |= {"b2": EDGE["bcc"], "b1": 2.0}

#: Cells of non-cubic structures: edges in units of that distance, fractional positions. hcp has the ideal c/a.
OTHERS: dict[str, tuple[tuple[float, float, float], list[tuple[float, float, float]]]] = {
    "hcp": (
        (1.0, math.sqrt(3.0), math.sqrt(8.0 / 3.0)),
        [(0, 0, 0), (0.5, 0.5, 0), (0.5, 5.0 / 6.0, 0.5), (0, 1.0 / 3.0, 0.5)],
    ),
    "graphene": (
        (math.sqrt(3.0), 3.0, 15.0),
        [(0, 0, 0), (0.5, 1.0 / 6.0, 0), (0.5, 0.5, 0), (0, 2.0 / 3.0, 0)],
    ),
}  # fmt: skip

#: Range of distances to search, in units of the guess, and number of points.
SEARCH, N_SEARCH = (0.78, 1.28), 51
#: Strain of central differences.
STRAIN = 1e-4


@dataclass(frozen=True)
class PerfectCrystal:
    """A crystal at the minimum of its energy.

    Attributes
    ----------
    elements : tuple of str
        One, or two for b2.
    structure : str
    distance : float [Å]
        Nearest-neighbour distance.
    length : float [Å]
        Lattice constant; for hcp and graphene the nearest-neighbour distance.
    energy : float [eV]
        Energy per atom.
    elastic : (float, float, float) [GPa] or None
        C11, C12, C44 of cubic structures in which every atom is an inversion centre: no internal relaxation.
    """

    elements: tuple[str, ...]
    structure: str
    distance: float
    length: float
    energy: float
    elastic: tuple[float, float, float] | None

    @property
    def bulk_modulus(self) -> float | None:
        """(C11 + 2 C12)/3 [GPa]."""
        return None if self.elastic is None else (self.elastic[0] + 2.0 * self.elastic[1]) / 3.0

    def system(self, repeats: int | tuple[int, int, int] = 1) -> System:
        """Return the crystal with this number of cells along each direction."""
        return build_crystal(self.elements, self.structure, self.distance, repeats)


def build_crystal(
    elements: tuple[str, ...], structure: str, distance: float, repeats: int | tuple[int, int, int] = 1
) -> System:
    """Return a crystal with this nearest-neighbour distance [Å]."""
    if structure in OTHERS:
        edges, fractions = OTHERS[structure]
        lengths, basis, occupied = distance * np.array(edges), np.array(fractions, dtype=float), [0] * len(fractions)
    else:
        corners, occupied = CUBIC[structure]
        lengths, basis = np.full(3, EDGE[structure] * distance), np.array(corners, dtype=float)
    counts = np.array((repeats,) * 3 if isinstance(repeats, int) else repeats)
    periodic = np.array([True, True, structure != "graphene"])
    counts = np.where(periodic, counts, 1)
    index = np.array(list(np.ndindex(*counts)), dtype=float)
    positions = ((index[:, None, :] + basis[None]) * lengths).reshape(-1, 3)
    species = np.tile(np.array(occupied), len(index))
    masses = np.array([standard_mass(element_of(element)) for element in elements])[species]
    return System(positions, species, elements, Cell(lengths * counts, periodic.tolist()), masses=masses)


def structure_in_nature(element: str) -> tuple[str, float] | None:
    """Return natural structure and nearest-neighbour distance [Å] of an element, None if the table has none."""
    known = natural_crystal(element)
    return None if known is None else (known[0], known[1] / EDGE.get(known[0], 1.0))


def energy_per_atom(potential: Potential, system: System) -> float:
    """Return the mean energy per atom [eV]."""
    return evaluate(potential, system).energy / system.n_atoms


def strained(system: System, strain: FloatArray) -> System:
    """Return a system with cell and positions deformed by 1 + ε, ε (3, 3) symmetric."""
    deformation = np.eye(3) + strain
    cell = Cell(system.cell.matrix @ deformation, system.cell.periodic.tolist())
    return System(system.positions @ deformation, system.species, system.species_names, cell, masses=system.masses)


def stress(potential: Potential, system: System) -> FloatArray:
    """Return the static stress [GPa], Voigt order, positive in tension."""
    return np.asarray(-evaluate(potential, system).virial / system.cell.volume * GPA_PER_EV_A3)


def length_of_least_energy(
    energy: Callable[[float], float], bounds: tuple[float, float], accuracy: float
) -> tuple[float, float]:
    """Return the length [Å] of minimum energy between two bounds, to an accuracy [Å], and that energy."""
    minimum = minimize_scalar(energy, bounds=bounds, method="bounded", options={"xatol": accuracy})
    return float(minimum.x), float(minimum.fun)


def find_crystal(
    potential: Potential, elements: tuple[str, ...], structure: str, guess: float, elastic: bool = True
) -> PerfectCrystal | None:
    """Return the crystal of minimum energy near a guess, None without a minimum between 0.78 and 1.28 of it.

    Parameters
    ----------
    potential : Potential
    elements : tuple of str
    structure : {"sc", "bcc", "fcc", "hcp", "diamond", "graphene", "b2", "b1"}
    guess : float [Å]
        Nearest-neighbour distance.
    elastic : bool
        Whether to compute C_ij.
    """
    evaluator = potential.bind(elements)

    def energy(distance: float) -> float:
        return float(evaluator.evaluate(build_crystal(elements, structure, float(distance))).energies.mean())

    distances = guess * np.linspace(*SEARCH, N_SEARCH)
    energies = np.array([energy(distance) for distance in distances])
    inner = np.flatnonzero((energies[1:-1] < energies[:-2]) & (energies[1:-1] <= energies[2:])) + 1
    if not len(inner):
        return None
    k = int(inner[np.argmin(energies[inner])])
    distance, least = length_of_least_energy(energy, (distances[k - 1], distances[k + 1]), 1e-7 * guess)
    with_moduli = elastic and structure in ("sc", "bcc", "fcc", "b2", "b1")
    return PerfectCrystal(
        elements, structure, distance, EDGE.get(structure, 1.0) * distance, least,
        elastic_constants(potential, build_crystal(elements, structure, distance)) if with_moduli else None,
    )  # fmt: skip


def elastic_constants(potential: Potential, crystal: System) -> tuple[float, float, float]:
    """Return C11, C12, C44 [GPa] of a cubic crystal without internal relaxation: dσ/dε with σ = -W/V."""

    def difference(strain: FloatArray) -> FloatArray:
        ahead, behind = (stress(potential, strained(crystal, sign * strain)) for sign in (1.0, -1.0))
        return (ahead - behind) / (2.0 * STRAIN)

    along, shear = np.zeros((3, 3)), np.zeros((3, 3))
    along[0, 0] = STRAIN
    shear[1, 2] = shear[2, 1] = 0.5 * STRAIN  # ε_4 = 2 ε_yz
    c, d = difference(along), difference(shear)
    return float(c[0]), float(c[1]), float(d[3])


def vacancy_energy(potential: Potential, full: System, energy: float) -> float:
    """Return the unrelaxed formation energy [eV] of a vacancy at atom 0.

    Parameters
    ----------
    potential : Potential
    full : System
        The perfect crystal, wider than twice the range of the forces.
    energy : float [eV]
        Per atom of the perfect crystal.

    Notes
    -----
    The vacancy is not relaxed. In Finnis-Sinclair models of the alkali metals bcc is not the ground state, and a cell
    with a vacancy relaxes to close packing: the apparent formation energy of -2 eV is not that of a vacancy.
    """
    keep = np.arange(full.n_atoms) > 0
    missing = System(full.positions[keep], full.species[keep], full.species_names, full.cell, masses=full.masses[keep])
    return float(evaluate(potential, missing).energy - missing.n_atoms * energy)
