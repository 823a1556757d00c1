"""What the atom types of a LAMMPS data file are: species and masses, from labels, comments and masses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nakmd.arrays import BoolArray, IntArray
from nakmd.elements import element_of, standard_mass
from nakmd.errors import FileFormatError, InputError
from nakmd.io.lammps.atom_types import TYPES_REMEDY, check_mass, element_of_mass, given_name, is_species
from nakmd.io.lammps.data_sections import DataLine, DataSections
from nakmd.system import Topology


def labels_of(data: DataSections) -> dict[str, int]:
    """Return the types by label; empty if the file has no section Atom Type Labels.

    Parameters
    ----------
    data : DataSections

    Raises
    ------
    FileFormatError
        If a line is not a type and its label.
    """
    return {line.words[1]: number for number, line in _by_type(data, "Atom Type Labels", {}).items()}


def topology_of(data: DataSections, atom_types: IntArray, given: Sequence[str], periodic: BoolArray) -> Topology:
    """Return species and masses of the atoms.

    Parameters
    ----------
    data : DataSections
    atom_types : (n,) int64
    given : sequence of str
        Species of type 1, 2, ... that the user gives; empty if none.
    periodic : (3,) bool

    Returns
    -------
    Topology
        Species in the order of their first appearance. Masses from the file where it has them, else standard atomic
        weights.

    Raises
    ------
    FileFormatError
        If the file does not say what a type is, or contradicts itself.
    """
    labels = labels_of(data)
    lines = _by_type(data, "Masses", labels)
    label_of = {number: label for label, number in labels.items()}
    present, first, kinds = np.unique(atom_types, return_index=True, return_inverse=True)
    names, masses = [], []
    for number in present.tolist():
        line = lines.get(number)
        try:
            mass = None if line is None else _mass(line)
            words = [label_of.get(number, ""), *(line.comment.split()[:1] if line is not None else [])]
            name = given_name(given, number) if given else _name(number, words, mass)
            if mass is not None:
                check_mass(name, mass, f"type {number}")
        except InputError as error:
            raise FileFormatError(data.path, str(error), line=None if line is None else line.number) from None
        names.append(name)
        masses.append(standard_mass(element_of(name)) if mass is None else mass)
    species_names = tuple(dict.fromkeys(names[k] for k in np.argsort(first)))
    species = np.array([species_names.index(name) for name in names], dtype=np.int64)
    return Topology(species_names, species[kinds], np.array(masses)[kinds], periodic)


def _by_type(data: DataSections, section: str, labels: dict[str, int]) -> dict[int, DataLine]:
    """Return the lines of a section that has one line for each type, by type."""
    lines: dict[int, DataLine] = {}
    for line in data.sections.get(section, []):
        word = str(labels.get(line.words[0], line.words[0]))
        if not (word.isascii() and word.isdigit()) or len(line.words) < 2:
            what = f"section {section} expects a type and its value, not {' '.join(line.words)[:60]!r}."
            raise FileFormatError(data.path, what, line=line.number)
        lines[int(word)] = line
    return lines


def _mass(line: DataLine) -> float:
    try:
        mass = float(line.words[1])
    except ValueError:
        mass = np.nan
    if not (np.isfinite(mass) and mass > 0.0):
        raise InputError(f"the mass is {line.words[1]!r}; it must be a positive number.")
    return mass


def _name(number: int, words: Sequence[str], mass: float | None) -> str:
    """Return the species of a type: its label or the comment behind its mass, else the element of its mass."""
    stated = next((word for word in words if is_species(word)), None)
    if stated is not None:
        return stated
    if mass is None:
        raise InputError(f"type {number} has no mass and no type label: its element is unknown. {TYPES_REMEDY}")
    element = element_of_mass(mass)
    if element is None:
        raise InputError(f"type {number} has the mass {mass:.6g}, which is that of no single element. {TYPES_REMEDY}")
    return element
