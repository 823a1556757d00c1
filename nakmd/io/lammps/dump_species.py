"""Which atoms a frame of a LAMMPS dump has: species with site labels, and masses.

nakmd's own dumps store site labels as columns ``i_site:<label>``, 1 for the atoms with that label: integer columns are
ignored by all readers that do not know them, text columns are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from nakmd.arrays import FloatArray, IntArray
from nakmd.elements import element_of, standard_mass
from nakmd.errors import InputError
from nakmd.io.lammps.atom_types import TYPES_REMEDY, check_mass, element_of_mass, given_name, is_species, naming_types
from nakmd.io.lammps.dump_rows import DumpRows

#: Prefix of the columns of site labels.
SITE_PREFIX = "i_site:"

#: Columns that say what an atom is.
_KIND = ("type", "typelabel", "element", "mass")


class DumpSpecies(NamedTuple):
    """The atoms of a frame.

    Attributes
    ----------
    names : tuple of str
        Species in the order of their first appearance.
    species : (n,) int64
        Index in ``names`` of each atom.
    masses : (n,) float64 [amu]
        From the column ``mass``, else standard atomic weights.
    """

    names: tuple[str, ...]
    species: IntArray
    masses: FloatArray

    @property
    def by_atom(self) -> NDArray[np.str_]:
        """Species of each atom, (n,)."""
        return np.array(self.names, dtype=np.str_)[self.species]

    @classmethod
    def of(cls, rows: DumpRows, types: Sequence[str]) -> Self:
        """Return the species of a frame.

        Parameters
        ----------
        rows : DumpRows
        types : sequence of str
            Species of type 1, 2, ... that the user gives; empty if none.

        Raises
        ------
        FileFormatError
            If the dump does not say what the atoms are, or contradicts itself.
        """
        columns = [name for name in rows.names if name in _KIND or name.startswith(SITE_PREFIX)]
        kinds = list(zip(*(rows.text(name) for name in columns))) if columns else [()] * len(rows)
        meaning: dict[tuple[str, ...], str] = {}
        for kind in dict.fromkeys(kinds):
            try:
                meaning[kind] = _species(dict(zip(columns, kind)), types)
            except InputError as error:
                raise rows.error(f"does not tell its elements: {error}") from None
        if not types:
            _refuse_default_elements(rows, columns, list(meaning))
        names = tuple(dict.fromkeys(meaning.values()))
        index = {name: a for a, name in enumerate(names)}
        species = np.array([index[meaning[kind]] for kind in kinds], dtype=np.int64)
        if "mass" in columns:
            masses = rows.numbers(("mass",))[:, 0]
        else:
            masses = np.array([standard_mass(element_of(name)) for name in names])[species]
        return cls(names, species, masses)


def _species(kind: dict[str, str], types: Sequence[str]) -> str:
    """Return the species of one kind of atoms, given by its words in the columns that matter."""
    mass = float(kind["mass"]) if _is_number(kind.get("mass", "")) else None
    element = kind.get("element", "")
    if types:
        number = kind.get("type", "")
        if not number.isdigit():
            raise InputError("types was given, but the dump has no type numbers: leave types out.")
        name = given_name(types, int(number))
        if is_species(element) and element != "C" and element_of(element) != element_of(name):
            raise InputError(f"types calls type {number} {name}, the column element {element}: correct types.")
    else:
        name = _stated(kind, mass)
    if mass is not None:
        check_mass(name, mass, f"type {kind['type']}" if "type" in kind else "an atom")
    return name


def _stated(kind: dict[str, str], mass: float | None) -> str:
    """Return the species that the dump states."""
    for word in (kind.get("typelabel", ""), kind.get("type", ""), kind.get("element", "")):
        if is_species(word):
            labels = [name.removeprefix(SITE_PREFIX) for name, flag in kind.items() if _is_site(name) and flag == "1"]
            return f"{word}:{labels[0]}" if labels and ":" not in word else word
    element = element_of_mass(mass) if mass is not None else None
    if element is None:
        if "type" not in kind:
            raise InputError(f"it has {_found(kind)}. Write the dump with the column element.")
        raise InputError(f"type {kind['type']} has {_found(kind)}. {TYPES_REMEDY}")
    return element


def _found(kind: dict[str, str]) -> str:
    """Return what a dump says about atoms without an element, for messages."""
    if "element" in kind:
        return f"the element {kind['element']!r}, which is none"
    if "mass" in kind:
        return f"the mass {kind['mass']}, which is that of no single element"
    return "no element"


def _refuse_default_elements(rows: DumpRows, columns: Sequence[str], kinds: Sequence[tuple[str, ...]]) -> None:
    """Refuse several types that are all C: this is what LAMMPS writes if ``dump_modify element`` was forgotten."""
    if "element" not in columns or "type" not in columns or any(_is_site(name) for name in columns):
        return
    elements = {kind[columns.index("element")] for kind in kinds}
    numbers = sorted({kind[columns.index("type")] for kind in kinds})
    if elements == {"C"} and len(numbers) > 1 and "typelabel" not in columns:
        raise rows.error(
            f"names the element C for all of its {len(numbers)} types, as LAMMPS does without `dump_modify element`.",
            f"If all types are carbon, say so: {naming_types(','.join('C' for _ in numbers))}; else name them.",
        )


def default_element(rows: DumpRows, atoms: DumpSpecies) -> list[str]:
    """Return the note that the only type of a dump may be C because nobody named it.

    Parameters
    ----------
    rows : DumpRows
    atoms : DumpSpecies
        Of these rows.
    """
    confirmed = {"mass", "typelabel"} & set(rows.names)
    if atoms.names != ("C",) or not {"element", "type"} <= set(rows.names) or confirmed:
        return []
    return [
        "The dump names the element C for its only type, as LAMMPS also does without `dump_modify element`. If the "
        f"atoms are not carbon, name them: {naming_types('Na')}."
    ]


def _is_site(column: str) -> bool:
    return column.startswith(SITE_PREFIX)


def _is_number(word: str) -> bool:
    try:
        return np.isfinite(float(word)) and float(word) > 0.0
    except ValueError:
        return False
