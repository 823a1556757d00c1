"""Tests of a potential on a small perturbed crystal: does it load, and are the forces the gradient of the energy?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nakmd.cell import Cell
from nakmd.errors import InputError
from nakmd.potentials import Hybrid, Potential, Tersoff
from nakmd.potentials.forms.pair import PairPotential
from nakmd.runs.potential_builder import load_named_or_file
from nakmd.system import System

#: Step h [Å] of the central difference; its error on these potentials is about h² F'''.
STEP = 1e-4

#: Neighbour distances [Å] in the test crystal: bonded, and metal or mixed.
_BOND = 1.44
_SPACING = 3.4


def load_any(
    name: str,
    affinity: float = 1.0,
    member: int | None = None,
    doping: float | None = None,
    screening: float = 1.0,
) -> Potential:
    """Return a named set, or the potential in a file, whose format is that of its content.

    The options are those of `nakmd.runs.potential_builder.load_named_or_file`; a doping that the set does not use is
    an error.

    A set that acts between layers acts between all atoms here: crystals of a test have no layers.
    """
    loaded = load_named_or_file(name, Path(), affinity, doping, doping is not None, screening, member)
    return loaded.between_all() if isinstance(loaded, PairPotential) else loaded


def species_known_to(potential: Potential) -> list[str]:
    """Return the species that a potential has parameters for and whose pairs it covers."""
    names = list(dict.fromkeys(name for term in potential.terms for name in term.known_species))
    while True:
        # remove the species with the most uncovered pairs: N without a site has no metal term, Rb no alloy term
        uncoupled = {a: sum(not potential.covers(a, b) for b in names) for a in names}
        worst = max(names, key=lambda name: uncoupled[name])
        if not uncoupled[worst] or isinstance(potential, PairPotential):
            return names
        names.remove(worst)


def try_potential(name: str) -> dict[str, Any]:
    """Load a potential and compare its forces with central differences of its energy.

    Returns
    -------
    dict
        ``species``, ``cutoff`` [Å], ``force_error``: the largest deviation relative to the largest force.

    Raises
    ------
    InputError
        If the potential cannot be loaded or does not cover all pairs of its species.
    """
    potential = load_any(name)
    species = species_known_to(potential)
    uncovered = [(a, b) for a, b, how in potential.coverage(species) if not how]
    if uncovered:
        # a pair term alone does not cover the other pairs: for the test they are declared as not interacting
        if not isinstance(potential, PairPotential | Hybrid):
            raise InputError(f"{name} does not cover the pairs {', '.join('-'.join(pair) for pair in uncovered)}.")
        potential = Hybrid(potential.terms, none=uncovered, name=name)
    system = _perturbed_crystal(species, _BOND if isinstance(potential, Tersoff) else _SPACING)
    evaluator = potential.bind(system.species_names)
    result = evaluator.evaluate(system)
    scale = max(float(np.abs(result.forces).max()), 1e-3)
    worst = 0.0
    for atom, axis in [(0, 0), (3, 1), (5, 2)]:
        energies = []
        for sign in (1.0, -1.0):
            moved = system.copy()
            moved.positions[atom, axis] += sign * STEP
            energies.append(evaluator.evaluate(moved).energy)
        slope = (energies[0] - energies[1]) / (2.0 * STEP)
        worst = max(worst, abs(slope + result.forces[atom, axis]) / scale)
    return {"species": species, "cutoff": evaluator.cutoff, "force_error": worst}


def _perturbed_crystal(species: list[str], spacing: float) -> System:
    """Return a simple cubic crystal of all species in turn, with random displacements."""
    random = np.random.default_rng(1)
    edge = 4
    grid = np.stack(np.meshgrid(*[np.arange(edge)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    positions = spacing * (grid + random.uniform(-0.08, 0.08, grid.shape))
    kinds = np.arange(len(grid)) % len(species)
    return System(positions, kinds, species, Cell([edge * spacing] * 3), masses=np.ones(len(grid)))
