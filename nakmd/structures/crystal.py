"""Cubic crystals: pure, ordered and randomly substituted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nakmd.arrays import BoolArray, IntArray
from nakmd.cell import Cell
from nakmd.elements import METALS, ROOM_TEMPERATURE_BCC, WALL, element_of
from nakmd.errors import StructureError
from nakmd.system import System

#: Lattice constants [Å] measured at room temperature, which are also those of `nichol-ackland-2016` at zero pressure;
#: crystals of `nak-2026` are 1 to 2 % smaller at 0 K, as in nature. The ordered alloy has the mean.
LATTICE_CONSTANTS: dict[tuple[str, tuple[str, ...]], float] = {
    ("bcc", ("Na",)): ROOM_TEMPERATURE_BCC["Na"],
    ("bcc", ("K",)): ROOM_TEMPERATURE_BCC["K"],
    ("b2", ("Na", "K")): 4.8093,
    ("b2", ("K", "Na")): 4.8093,
}

#: Cubic cells: fractional positions, and the index of the element on each.
CUBIC: dict[str, tuple[list[tuple[float, float, float]], list[int]]] = {
    "sc": ([(0, 0, 0)], [0]),
    "bcc": ([(0, 0, 0), (0.5, 0.5, 0.5)], [0, 0]),
    "fcc": ([(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)], [0, 0, 0, 0]),
    "diamond": (
        [
            (0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0),
            (0.25, 0.25, 0.25), (0.25, 0.75, 0.75), (0.75, 0.25, 0.75), (0.75, 0.75, 0.25),
        ],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ),
    "b2": ([(0, 0, 0), (0.5, 0.5, 0.5)], [0, 1]),
    "b1": (
        [
            (0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0),
            (0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5), (0.5, 0.5, 0.5),
        ],
        [0, 0, 0, 0, 1, 1, 1, 1],
    ),
}  # fmt: skip


def crystal(
    elements: str | Sequence[str],
    repeats: int | tuple[int, int, int],
    structure: str = "bcc",
    lattice_constant: float | None = None,
) -> System:
    """Build a cubic crystal, periodic in all directions.

    Parameters
    ----------
    elements : str or sequence of str
        One element, or two for the ordered structures "b2" (CsCl) and "b1" (NaCl).
    repeats : int or (int, int, int)
        Cubic cells along x, y, z.
    structure : {"sc", "bcc", "fcc", "diamond", "b2", "b1"}
    lattice_constant : float [Å], optional
        Known for bcc Na (4.2906), bcc K (5.3280) and B2 NaK (4.8093).

    Returns
    -------
    System
        Group "crystal"; group "liquid" for metal atoms, "carbon" for wall atoms.

    Examples
    --------
    >>> from nakmd.structures import crystal
    >>> crystal("Na", 4).n_atoms
    128
    >>> alloy = crystal(["Na", "K"], 2, "b2")
    >>> alloy.species_names, alloy.n_atoms, round(alloy.cell.volume ** (1 / 3) / 2, 4)
    (('Na', 'K'), 16, 4.8093)
    """
    names = (elements,) if isinstance(elements, str) else tuple(elements)
    if structure not in CUBIC:
        raise StructureError(f"Unknown crystal structure {structure!r}. Choose one of {', '.join(CUBIC)}.")
    basis, occupied = CUBIC[structure]
    if len(names) != max(occupied) + 1:
        raise StructureError(f"Structure {structure} needs {max(occupied) + 1} element(s), got {', '.join(names)}.")
    a = LATTICE_CONSTANTS.get((structure, names)) if lattice_constant is None else lattice_constant
    if a is None:
        raise StructureError(
            f"No lattice constant is known for {structure} {'-'.join(names)}. Give it: lattice_constant, in a deck "
            'lattice = "4.29 Å".'
        )
    counts = np.array((repeats,) * 3 if isinstance(repeats, int) else repeats)
    if counts.shape != (3,) or np.any(counts < 1) or not a > 0.0:
        raise StructureError(f"A crystal needs 3 repeats >= 1 and a > 0, got {counts.tolist()} and {a} Å.")
    index = np.stack([g.ravel() for g in np.meshgrid(*(np.arange(c) for c in counts), indexing="ij")], axis=1)
    positions = a * (index[:, None, :] + np.array(basis)[None, :, :]).reshape(-1, 3)
    species = np.tile(np.array(occupied), len(index))
    return System(positions, species, names, Cell(a * counts), groups=material_groups(names, species))


def material_groups(names: Sequence[str], species: IntArray) -> dict[str, BoolArray]:
    """Return the groups of a crystal: all atoms, "liquid" for metal and "carbon" for wall atoms, if there are any."""
    groups = {"crystal": np.ones(len(species), dtype=np.bool_)}
    for group, members in (("liquid", METALS), ("carbon", WALL)):
        mask = np.isin(species, [a for a, name in enumerate(names) if element_of(name) in members])
        if np.any(mask):
            groups[group] = mask
    return groups


def substitute(
    system: System,
    host: str,
    guest: str,
    *,
    number: int | None = None,
    fraction: float | None = None,
    sites: Sequence[int] | None = None,
    seed: int = 0,
) -> System:
    """Replace some atoms of one species by another.

    Parameters
    ----------
    system : System
        Not changed.
    host, guest : str
        Species names.
    number : int, optional
        Number of host atoms to replace, drawn with ``seed``.
    fraction : float, optional
        Fraction of the host atoms to replace, rounded to the nearest whole number.
    sites : sequence of int, optional
        Indices of the atoms to replace. Give exactly one of the three.
    seed : int

    Returns
    -------
    System
        The guests form group "substituted" and have the standard mass; velocities are unchanged.

    Examples
    --------
    >>> from nakmd.structures import crystal, substitute
    >>> dilute = substitute(crystal("Na", 4), "Na", "K", fraction=0.05, seed=1)
    >>> dilute.species_names, int(dilute.groups["substituted"].sum()), dilute.n_atoms
    (('Na', 'K'), 6, 128)
    """
    if sum(choice is not None for choice in (number, fraction, sites)) != 1:
        raise StructureError("substitute needs exactly one of number, fraction and sites.")
    if host == guest:
        raise StructureError(f"{guest} cannot replace {host}: they are the same species. Name another element.")
    if host not in system.species_names:
        raise StructureError(f"No species {host!r} to replace. The system has {', '.join(system.species_names)}.")
    candidates = np.flatnonzero(system.species == system.species_names.index(host))
    if sites is not None:
        chosen = np.array(sorted(set(sites)), dtype=np.int64)
        invalid = sorted(set(chosen.tolist()) - set(candidates.tolist()))
        if invalid or len(chosen) != len(sites):
            raise StructureError(f"Sites must be different {host} atoms; invalid: {invalid or 'repeated sites'}.")
    else:
        count = number if number is not None else round((fraction or 0.0) * len(candidates))
        if fraction and not count:
            raise StructureError(
                f"A fraction of {fraction:g} of {len(candidates)} {host} atoms is less than half an atom. Use a larger "
                "crystal or fraction, or give a number of atoms."
            )
        if not 0 <= count <= len(candidates):
            raise StructureError(f"Cannot replace {count} {host} atoms: the system has {len(candidates)}.")
        # argsort of plain uniform numbers: NumPy keeps that stream fixed between versions
        drawn = np.argsort(np.random.default_rng([seed, 11]).random(len(candidates)), kind="stable")
        chosen = np.sort(candidates[drawn[:count]])
    names = system.species_names if guest in system.species_names else (*system.species_names, guest)
    species = system.species.copy()
    species[chosen] = names.index(guest)
    mask = np.zeros(system.n_atoms, dtype=np.bool_)
    mask[chosen] = True
    guests = System(np.zeros((1, 3)), [0], (guest,), system.cell)
    masses = system.masses.copy()
    masses[chosen] = guests.masses[0]
    groups = {**system.groups, **material_groups(names, species), "substituted": mask}
    if "crystal" not in system.groups:
        del groups["crystal"]
    return System(system.positions, species, names, system.cell.copy(), system.velocities, masses, groups)
