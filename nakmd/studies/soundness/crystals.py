"""Perfect crystals of a potential: where their energy is lowest, and how stiff they are there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase.data import atomic_masses, atomic_numbers, reference_states
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from nakmd.cell import Cell
from nakmd.potentials import Potential, evaluate
from nakmd.structures.crystal import CUBIC
from nakmd.studies.soundness.measured import MEASURED
from nakmd.system import System, element_of
from nakmd.units import GPA_PER_EV_A3

FloatArray = NDArray[np.float64]

#: Lattice constant over the distance of nearest neighbours.
EDGE = {"sc": 1.0, "bcc": 2.0 / math.sqrt(3.0), "fcc": math.sqrt(2.0), "diamond": 4.0 / math.sqrt(3.0)}
EDGE |= {"b2": EDGE["bcc"], "b1": 2.0}

#: Cells of structures that are not cubic: edges over that distance, fractions. hcp has the ideal c/a.
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

#: Distances searched, in units of the guess, and their number.
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
        Of nearest neighbours.
    length : float [Å]
        Lattice constant; for hcp and graphene the distance of neighbours.
    energy : float [eV]
        Of an atom.
    elastic : (float, float, float) [GPa] or None
        C11, C12, C44 of cubic structures in which every atom is a centre of inversion: nothing relaxes under strain.
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
        """Return the crystal, so many cells along each direction."""
        return build_crystal(self.elements, self.structure, self.distance, repeats)


def build_crystal(
    elements: tuple[str, ...], structure: str, distance: float, repeats: int | tuple[int, int, int] = 1
) -> System:
    """Return a crystal with this distance [Å] of nearest neighbours."""
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
    masses = np.array([mass_of(element) for element in elements])[species]
    return System(positions, species, elements, Cell(lengths * counts, periodic.tolist()), masses=masses)


def mass_of(species: str) -> float:
    """Return the mass [amu] of a species; 1 where the name is no element's."""
    number = atomic_numbers.get(element_of(species), 0)
    return float(atomic_masses[number]) if number else 1.0


def structure_in_nature(element: str) -> tuple[str, float] | None:
    """Return the structure and the distance of nearest neighbours [Å] of an element, None if it is no such crystal.

    Carbon is graphene; the others are those of `ase.data.reference_states`.
    """
    if element in MEASURED:
        known = MEASURED[element]
        return known.structure, known.length / EDGE.get(known.structure, 1.0)
    number = atomic_numbers.get(element, 0)
    state: dict[str, Any] = dict((reference_states[number] if number else None) or {})
    if state.get("symmetry") not in ("bcc", "fcc", "hcp", "diamond", "sc") or "a" not in state:
        return None
    return str(state["symmetry"]), float(state["a"]) / EDGE.get(str(state["symmetry"]), 1.0)


def find_crystal(
    potential: Potential, elements: tuple[str, ...], structure: str, guess: float, elastic: bool = True
) -> PerfectCrystal | None:
    """Return the crystal of lowest energy near a guess, None if there is no minimum between 0.78 and 1.28 of it.

    Parameters
    ----------
    potential : Potential
    elements : tuple of str
    structure : {"sc", "bcc", "fcc", "hcp", "diamond", "graphene", "b2", "b1"}
    guess : float [Å]
        Distance of nearest neighbours.
    elastic : bool
        Whether C_ij are wanted.
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
    found = minimize_scalar(
        energy, bounds=(distances[k - 1], distances[k + 1]), method="bounded", options={"xatol": 1e-7 * guess}
    )
    distance = float(found.x)
    stiff = elastic and structure in ("sc", "bcc", "fcc", "b2", "b1")
    return PerfectCrystal(
        elements, structure, distance, EDGE.get(structure, 1.0) * distance, float(found.fun),
        elastic_constants(potential, elements, structure, distance) if stiff else None,
    )  # fmt: skip


def elastic_constants(
    potential: Potential, elements: tuple[str, ...], structure: str, distance: float
) -> tuple[float, float, float]:
    """Return C11, C12, C44 [GPa] of a cubic crystal without inner relaxation: changes of stress, -W/V, with strain."""
    system, evaluator = build_crystal(elements, structure, distance), potential.bind(elements)

    def stress(strain: FloatArray) -> FloatArray:
        stretch = np.eye(3) + strain
        cell = Cell(system.cell.matrix @ stretch, system.cell.periodic.tolist())
        moved = System(system.positions @ stretch, system.species, elements, cell, masses=system.masses)
        return np.asarray(-evaluator.evaluate(moved).virial / cell.volume * GPA_PER_EV_A3)

    along, shear = np.zeros((3, 3)), np.zeros((3, 3))
    along[0, 0] = STRAIN
    shear[1, 2] = shear[2, 1] = 0.5 * STRAIN  # ε_4 = 2 ε_yz
    c = (stress(along) - stress(-along)) / (2.0 * STRAIN)
    d = (stress(shear) - stress(-shear)) / (2.0 * STRAIN)
    return float(c[0]), float(c[1]), float(d[3])


def vacancy_energy(potential: Potential, crystal: PerfectCrystal, repeats: int | tuple[int, int, int] = 4) -> float:
    """Return the energy [eV] of taking an atom out of a crystal, nothing relaxed.

    Relaxed, bcc of the alkalis collapses to close packing in Finnis-Sinclair models: only this figure means something.
    """
    full = crystal.system(repeats)
    keep = np.arange(full.n_atoms) > 0
    missing = System(full.positions[keep], full.species[keep], full.species_names, full.cell, masses=full.masses[keep])
    return float(evaluate(potential, missing).energy - missing.n_atoms * crystal.energy)
