"""Limits on the size of a structure and of its output, checked before anything is built."""

from __future__ import annotations

from collections.abc import Iterator
from math import pi

import numpy as np

from nakmd.deck.carbon_sections import Bundle, Graphene, Tubes
from nakmd.deck.draft import Draft
from nakmd.deck.matter import Structure
from nakmd.deck.messages import Problem
from nakmd.errors import StructureError
from nakmd.runs.planned_size import PlannedSize, needs_density, plan_size
from nakmd.runs.table_error import problem_of
from nakmd.runs.wall_bond import LONGEST_BOND, SHORTEST_BOND
from nakmd.system import System
from nakmd.toml_lines import KeyPath

#: Largest number of atoms: rows are numbered in 32 bits, and 50 million atoms have up to 2 billion neighbours.
MOST_ATOMS = 50_000_000

#: Largest length [Å] of a deck and of a cell vector, 10 µm.
LONGEST = 1e5

#: Smallest volume [Å³] for each atom. Diamond, the densest crystal, has 5.7 Å³.
LEAST_VOLUME = 1.0

#: Shortest height [Å] of a periodic cell: every atom in it has thousands of images within 10 Å.
SHORTEST = 1.0

#: Largest number of pairs of wall atoms closer than the distance of doping sites.
MOST_SITE_PAIRS = 5e7

#: Atoms of graphene on 1 Å².
GRAPHENE_DENSITY = 0.38


def check_size(
    draft: Draft, bond: float, path: KeyPath, wall: System | None = None
) -> tuple[PlannedSize | None, list[Problem]]:
    """Return the planned size of the structure of a deck, and the values that are too large or too small to build.

    Parameters
    ----------
    draft : Draft
    bond : float [Å]
        C-C bond of a wall whose table gives none.
    path : KeyPath
        Of the table that faults of the structure are reported for.
    wall : System, optional
        The wall, if it is read from a file.
    """
    structure = draft.structure
    if structure is None or not draft.is_whole("structure"):
        return None, []
    problems = [*_check_lengths(structure), *_check_temperature(structure)]
    if problems:
        return None, problems
    try:
        planned = plan_size(structure, bond, wall)
    except StructureError as error:
        return None, [problem_of(error, path)]
    return planned, [] if planned is None else list(_check_planned(structure, planned))


def check_built(system: System, path: KeyPath) -> Iterator[Problem]:
    """Yield faults of the size of a system, such as one from a file, before its distances are measured."""
    cell = system.cell
    lengths = tuple(float(length) for length in cell.lengths)
    # the volume of a cell says nothing about the density of a cluster
    volume = cell.volume if cell.periodic.all() else np.inf
    yield from _check_cell(path, float(system.n_atoms), (lengths[0], lengths[1], lengths[2]), volume)
    short = [axis for axis in range(3) if cell.periodic[axis] and cell.heights[axis] < SHORTEST]
    if short:
        yield Problem(
            path,
            f"the cell is {cell.heights[short[0]]:.3g} Å high along {'abc'[short[0]]}; the minimum is {SHORTEST:g} Å. "
            "Correct the cell; its unit is Å.",
        )


def check_repeat(n_atoms: int, copies: int) -> str:
    """Return what is wrong with this number of copies of a system, empty if nothing is."""
    if n_atoms * copies <= MOST_ATOMS:
        return ""
    return f"{copies:.3g} copies of {n_atoms} atoms are {n_atoms * copies:.3g} atoms; the limit is {MOST_ATOMS:,}."


def _check_lengths(structure: Structure) -> Iterator[Problem]:
    """Yield single lengths beyond the limits, so that the arithmetic of sizes cannot overflow."""
    for path, length in _lengths_of(structure):
        if length > LONGEST:
            *tables, key = (step for step in path if isinstance(step, str))
            yield Problem(
                path,
                f"[{'.'.join(tables)}] {key} of {length:.3g} Å is too long: the limit is {LONGEST:g} Å (10 µm). "
                "Write a shorter length.",
            )
    carbon, crystal = structure.carbon, structure.crystal
    if (
        isinstance(carbon, Tubes | Graphene)
        and carbon.bond is not None
        and not SHORTEST_BOND <= carbon.bond <= LONGEST_BOND
    ):
        yield Problem(
            ("structure", "carbon", "bond"),
            f"[structure.carbon] bond of {carbon.bond:.3g} Å is not that of a carbon wall: it must be from "
            f"{SHORTEST_BOND:g} to {LONGEST_BOND:g} Å. Remove the key to take the bond of the model.",
        )
    if crystal is not None and crystal.lattice is not None and 0.5 * crystal.lattice**3 < LEAST_VOLUME:
        yield Problem(
            ("structure", "crystal", "lattice"),
            f"[structure.crystal] lattice of {crystal.lattice:.3g} Å gives each atom {0.5 * crystal.lattice**3:.2g} "
            f"Å³; the minimum is {LEAST_VOLUME:g} Å³. Write the lattice constant of the cubic cell.",
        )


def _check_temperature(structure: Structure) -> Iterator[Problem]:
    """Yield a temperature for which the density that the liquid needs is not known."""
    from nakmd.structures.liquid import LIQUID_RANGE  # noqa: PLC0415  (scipy is slow to import)

    section = structure.liquid
    if section is None or section.temperature is None or not needs_density(structure):
        return
    low, high = LIQUID_RANGE
    if not low <= section.temperature <= high:
        instead = "" if section.region == "droplet" else ", or a density instead"
        yield Problem(
            ("structure", "liquid", "temperature"),
            f"[structure.liquid] temperature of {section.temperature:g} K: the density of liquid NaK is known from "
            f"{low:g} to {high:g} K. Write a temperature in this range{instead}.",
        )


def _lengths_of(structure: Structure) -> Iterator[tuple[KeyPath, float]]:
    """Yield every length of a structure with its path."""
    carbon, box = structure.carbon, structure.box
    named: list[tuple[KeyPath, float | None]] = []
    if isinstance(carbon, Tubes):
        named += [(("structure", "carbon", "length"), carbon.length)]
        named += [(("structure", "carbon", "gap"), carbon.gap)] if isinstance(carbon, Bundle) else []
    elif isinstance(carbon, Graphene):
        named += [(("structure", "carbon", "size", k), length) for k, length in enumerate(carbon.size)]
        named += [(("structure", "carbon", "gap"), carbon.gap)]
    if carbon is not None and carbon.doping is not None:
        named += [(("structure", "carbon", "doping", "distance"), carbon.doping.distance)]
    if structure.liquid is not None:
        named += [(("structure", "liquid", "thickness"), structure.liquid.thickness)]
        named += [(("structure", "liquid", "radius"), structure.liquid.radius)]
    if structure.crystal is not None:
        named += [(("structure", "crystal", "lattice"), structure.crystal.lattice)]
    if box is not None:
        named += [(("structure", "box", "vacuum"), box.vacuum)]
        named += [(("structure", "box", "lengths", k), length) for k, length in enumerate(box.lengths or ())]
    yield from ((path, length) for path, length in named if length is not None)


def _check_planned(structure: Structure, planned: PlannedSize) -> Iterator[Problem]:
    """Yield what makes the planned size absurd, at the table that it follows from."""
    metal_first = structure.liquid is not None and planned.metal > planned.wall
    name = "crystal" if structure.crystal is not None else "liquid" if metal_first else "carbon"
    yield from _check_cell(("structure", name), planned.n_atoms, planned.lengths, planned.volume)
    carbon = structure.carbon
    if carbon is None or carbon.doping is None or not carbon.doping.fractions:
        return
    distance = carbon.doping.distance
    near = min(GRAPHENE_DENSITY * pi * distance**2, planned.wall)
    if 0.5 * planned.wall * near > MOST_SITE_PAIRS:
        yield Problem(
            ("structure", "carbon", "doping", "distance"),
            f"[structure.carbon] doping distance of {distance:g} Å on a wall of {planned.wall:.3g} atoms means "
            f"{0.5 * planned.wall * near:.2g} pairs within it; the limit is {MOST_SITE_PAIRS:g}. Write a shorter "
            "distance.",
        )


def _check_cell(path: KeyPath, n_atoms: float, lengths: tuple[float, float, float], volume: float) -> Iterator[Problem]:
    longest = max(range(3), key=lambda axis: lengths[axis])
    if n_atoms > MOST_ATOMS:
        yield Problem(
            path, f"the structure has about {n_atoms:.3g} atoms; the limit is {MOST_ATOMS:,}. Make it smaller."
        )
    if lengths[longest] > LONGEST:
        yield Problem(
            path,
            f"the cell is {lengths[longest]:.3g} Å long along {'abc'[longest]}; the limit is {LONGEST:g} Å (10 µm). "
            "Make it smaller.",
        )
    if n_atoms * LEAST_VOLUME > volume:
        yield Problem(
            path,
            f"{n_atoms:.4g} atoms in a cell of {volume:.3g} Å³ are denser than any matter: the minimum is "
            f"{LEAST_VOLUME:g} Å³ for each. Enlarge the cell, or use fewer atoms.",
        )
