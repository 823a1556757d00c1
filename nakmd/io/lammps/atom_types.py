"""What the atom types of LAMMPS are: elements and site labels, from what a file says, never from the type number.

A name comes from, in this order, the user (``--types``), a type label, the ``element`` column or the comment behind a
mass, and the mass itself. Names follow nakmd: an element with an optional site label, ``K`` or ``N:graphitic``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.elements import SYMBOLS, element_of, standard_mass
from nakmd.errors import InputError


def naming_types(names: str) -> str:
    """Return how the user names the types of a LAMMPS file, for messages.

    Parameters
    ----------
    names : str
        ``"Na,K"``.
    """
    words = ", ".join(f'"{name}"' for name in names.split(","))
    return f"nakmd convert --types {names}, or types = [{words}] where a deck names the file"


#: What to do about a file without elements.
TYPES_REMEDY = f"Name the types in their order: {naming_types('Na,K,C')}."

#: Largest difference [amu] between a rounded mass and the standard atomic weight, and the factor by which the next
#: element must be further away: 39.1 is K, 23 is Na, 40 is neither Ar nor Ca.
_MASS_TOLERANCE = 0.06
_MASS_CONTRAST = 3.0

#: Elements without stable isotopes have no standard atomic weight (Th, Pa and U have one).
_UNSTABLE = {"X", "Tc", "Pm", "Po", "At", "Rn", "Fr", "Ra", "Ac"}


#: Largest relative difference between an isotope and its element, apart from hydrogen; C and N differ by 0.17.
_ISOTOPES = 0.1

#: Largest mass [amu] of hydrogen, to which masses of its neighbours are shifted for longer time steps.
_HEAVIEST_HYDROGEN = 4.1


def is_species(name: str) -> bool:
    """Return whether a word is a species: a chemical symbol with an optional site label.

    Parameters
    ----------
    name : str
    """
    element, colon, label = name.partition(":")
    return element in SYMBOLS[1:] and bool(label) == bool(colon)


@cache
def element_of_mass(mass: float) -> str | None:
    """Return the element of an atomic mass, None if no element or several have it.

    Parameters
    ----------
    mass : float [amu]
        Exactly 1 is no element: it is the unit of mass of reduced units.
    """
    if mass == 1.0:
        return None
    known = [symbol for symbol in SYMBOLS[:93] if symbol not in _UNSTABLE]
    (nearest, symbol), (second, _) = sorted((abs(standard_mass(symbol) - mass), symbol) for symbol in known)[:2]
    return symbol if nearest <= _MASS_TOLERANCE and second >= _MASS_CONTRAST * nearest else None


def check_mass(name: str, mass: float, what: str) -> None:
    """Raise `InputError` if a mass is that of another element.

    Parameters
    ----------
    name : str
        Species.
    mass : float [amu]
    what : str
        What has this name and mass, for the message.
    """
    element, usual = element_of_mass(mass), standard_mass(element_of(name))
    if element in (None, element_of(name)) or abs(mass - usual) < _ISOTOPES * usual:
        return  # potassium-40 has the mass of argon
    if element_of(name) != "H" or mass > _HEAVIEST_HYDROGEN:
        raise InputError(f"{what} is called {name} ({usual:.6g} amu), but its mass {mass:.6g} is that of {element}.")


def check_atom_masses(names: Sequence[str], species: IntArray, masses: FloatArray) -> None:
    """Raise `InputError` if the mass of an atom is that of another element.

    Parameters
    ----------
    names : sequence of str
        Species.
    species : (n,) int64
        Index in ``names`` of each atom.
    masses : (n,) float64 [amu]
    """
    kinds, first = np.unique(np.column_stack([species, masses]), axis=0, return_index=True)
    for (a, mass), k in zip(kinds.tolist(), first.tolist()):
        check_mass(names[int(a)], mass, f"atom {k}")


def type_names(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of the types that the user gives.

    Parameters
    ----------
    given : str or sequence of str, optional
        ``"Na,K,C"``; the first is type 1.

    Raises
    ------
    InputError
        If one is not a species.
    """
    if given is None:
        return ()
    names = tuple(word.strip() for word in (given.split(",") if isinstance(given, str) else given))
    for k, name in enumerate(names):
        if not is_species(name):
            raise InputError(
                f"types: type {k + 1} is {name!r}; it must be a chemical symbol, with a site label if needed, "
                "e.g. Na,K,N:graphitic."
            )
    return names


def given_name(names: Sequence[str], number: int) -> str:
    """Return the name that the user gives to a type.

    Parameters
    ----------
    names : sequence of str
        As `type_names` returns them.
    number : int
        The type, from 1.

    Raises
    ------
    InputError
        If there are fewer names.
    """
    if not 1 <= number <= len(names):
        raise InputError(f"there are atoms of type {number}, types names {len(names)}: {','.join(names)}.")
    return names[number - 1]
