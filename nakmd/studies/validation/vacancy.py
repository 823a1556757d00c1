"""The vacancy of bcc, relaxed without any constraint, and the energy of its hop along a guarded path."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline

from nakmd.arrays import BoolArray, FloatArray
from nakmd.errors import NakmdError
from nakmd.potentials import Potential
from nakmd.structures.crystal import crystal
from nakmd.studies.relaxation import relaxed
from nakmd.studies.static_crystals import energy_per_atom
from nakmd.studies.validation.cold import lattice_constant
from nakmd.studies.validation.findings import Finding, number
from nakmd.studies.validation.references import reference_for
from nakmd.system import System

#: Cubic cells along each direction (431 atoms), and of a smaller crystal for the size error.
CELLS, FEWER_CELLS = 6, 5

#: rms displacement [Å] from the sites at the start of the free relaxation: it breaks the symmetry that would hold an
#: unstable crystal.
RATTLE = 0.1

#: Distance from its site, in nearest-neighbour distances, from which an atom has left it. Atoms beside a vacancy move
#: by 0.05; half is the middle between two sites.
OFF_SITE = 0.25

#: Strain of the cell from which the crystal as a whole has left bcc: the Bain path to fcc ends at 0.26, and one vacancy
#: strains 250 atoms by less than 0.001.
LARGEST_STRAIN = 0.05

#: Iterations of a relaxation: a crystal that collapses takes many.
STEPS = 1500

#: Places of the hopping atom along its path, in units of its length; the other half follows by symmetry.
PATH = (0.125, 0.25, 0.375, 0.5)


def measure(potential: Potential, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return energy and volume of formation, the number of atoms that left their sites, and the energy of migration.

    ``params`` has ``"element"`` and optionally ``"cells"``; ``seed`` of the random displacements.

    Notes
    -----
    Formation: all atoms and the whole cell are free, from sites displaced at random by 0.1 Å. The energy is
    E(N - 1) - (N - 1) E_bcc. Where the crystal is not a minimum, atoms leave their sites: then there is no vacancy and
    no energy.

    Migration: see `hop`.
    """
    element, cells = str(params["element"]), int(params.get("cells", CELLS))
    a = lattice_constant(potential, element)
    bcc = energy_per_atom(potential, crystal(element, 1, "bcc", a))
    record: dict[str, Any] = {"atoms": 2 * cells**3 - 1}
    for name, count in (("energy", cells), ("energy in fewer cells", FEWER_CELLS)):
        sites = _without_first(crystal(element, count, "bcc", a))
        start = sites.copy()
        rng = np.random.default_rng(seed)
        start.positions += RATTLE / math.sqrt(3.0) * rng.standard_normal(start.positions.shape)
        try:
            free, energy = relaxed(potential, start, free_cell=True, steps=STEPS)
        except NakmdError as error:
            record[name], record["why"] = None, str(error)
            continue
        off = int(np.sum(off_site(sites, free, a)))
        record[name] = None if off else energy - sites.n_atoms * bcc
        if count == cells:
            record["off site"] = off
            record["volume"] = None if off else (free.cell.volume - sites.cell.volume) / (0.5 * a**3) + 1.0
    return record | hop(potential, crystal(element, cells, "bcc", a), a)


def _without_first(full: System) -> System:
    keep = np.arange(full.n_atoms) > 0
    return System(full.positions[keep], full.species[keep], full.species_names, full.cell, masses=full.masses[keep])


def displacements(sites: System, moved: System) -> FloatArray:
    """Return the displacement of each atom [Å], (n, 3), without those of the cell and of the crystal as a whole."""
    fractions = moved.positions @ np.linalg.inv(moved.cell.matrix) - sites.positions @ np.linalg.inv(sites.cell.matrix)
    away = moved.cell.minimum_image(fractions @ moved.cell.matrix)
    return np.asarray(away - np.median(away, axis=0))


def off_site(sites: System, moved: System, a: float) -> BoolArray:
    """Return which atoms are further than a quarter of the nearest-neighbour distance from their sites, (n,) bool.

    All are if the cell is strained by more than 0.05: then the crystal has another structure.
    """
    stretch = np.linalg.svd(np.linalg.solve(sites.cell.matrix, moved.cell.matrix), compute_uv=False)
    if np.abs(stretch - 1.0).max() > LARGEST_STRAIN:
        return np.ones(sites.n_atoms, dtype=np.bool_)
    away = np.linalg.norm(displacements(sites, moved), axis=1)
    return np.asarray(away > OFF_SITE * 0.5 * math.sqrt(3.0) * a)


def hop(potential: Potential, full: System, a: float) -> dict[str, Any]:
    """Return the energy [eV] along the hop of a neighbour into the vacancy at atom 0, and its maximum.

    Parameters
    ----------
    potential : Potential
    full : System
        The perfect bcc crystal.
    a : float [Å]
        Lattice constant.

    Returns
    -------
    dict
        ``"path"`` [eV] at `PATH`, and ``"migration"`` [eV], None with the reason in ``"why not"``.

    Notes
    -----
    The hop along ⟨111⟩ is symmetric about its middle. At each place the coordinate of the hopping atom relative to the
    mean of all others along ⟨111⟩ is held and everything else relaxes at constant volume; the largest energy of this
    constrained minimum is that of the saddle. An atom that leaves its site, or a hopping atom that leaves the line,
    ends the search, and so does an energy below that at rest: what an unstable crystal finds is no barrier.
    """
    sites = _without_first(full)
    target = full.positions[0] + 0.5 * a
    row = int(np.argmin(np.linalg.norm(sites.positions - target, axis=1)))
    along = -np.ones(3) / math.sqrt(3.0)
    length = 0.5 * math.sqrt(3.0) * a
    held = np.repeat(-along[None] / (sites.n_atoms - 1), sites.n_atoms, axis=0)
    held[row] = along
    try:
        at_rest, rest = relaxed(potential, sites, steps=STEPS)
        if np.any(off_site(sites, at_rest, a)):
            return {"path": [], "migration": None, "why not": "the cell with a vacancy leaves bcc"}
        path: list[float] = []
        for place in PATH:
            start = sites.copy()
            start.positions[row] += place * length * along
            moved, energy = relaxed(potential, start, held=held, steps=STEPS)
            if np.any(off_site(start, moved, a)):
                return {"path": path, "migration": None, "why not": f"atoms leave their sites at {place:g} of the hop"}
            path.append(energy - rest)
            if energy < rest:
                return {"path": path, "migration": None, "why not": f"lower than at rest at {place:g} of the hop"}
    except NakmdError as error:
        return {"path": [], "migration": None, "why not": str(error)}
    curve = CubicSpline([*PATH, *(1.0 - place for place in PATH[-2::-1])], [*path, *path[-2::-1]])
    return {"path": path, "migration": float(curve(np.linspace(PATH[0], 0.5, 200)).max())}


def findings(element: str, result: Mapping[str, Any]) -> list[Finding]:
    """Return formation, structure and migration with their references."""
    energy = number(result["energy"])
    failed = (str(result["why"]),) if "why" in result else ()
    start = f"{result['atoms']} atoms and their cell free, from sites displaced at random by {RATTLE:g} Å"
    rows = [
        (
            "vacancy, relaxed", energy, abs(energy - number(result["energy in fewer cells"])),
            f"difference to {2 * FEWER_CELLS**3 - 1} atoms", "eV", (start, *failed),
        ),
        (
            "atoms off their sites around a vacancy", number(result.get("off site")), 0.0, "", "",
            (f"further than {OFF_SITE:g} nearest-neighbour distances after that relaxation; 0: the cell stays bcc",),
        ),
        ("volume of a vacancy", number(result.get("volume")), 0.0, "", "atoms", ("of formation, at zero stress",)),
        (
            "vacancy migration", number(result["migration"]), 0.0, "", "eV",
            ("hop along ⟨111⟩ at constant volume, everything but its coordinate relaxed",)
            + ((str(result["why not"]),) if "why not" in result else ()),
        ),
    ]  # fmt: skip
    return [
        Finding(
            group="solid", quantity=quantity, of=element, value=value, error=0.0, size_error=size, size_note=size_note,
            unit=unit, reference=reference_for(quantity, element), notes=notes,
        )
        for quantity, value, size, size_note, unit, notes in rows
    ]  # fmt: skip
