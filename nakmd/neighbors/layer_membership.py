"""Layers of the wall in neighbour lists: the sheet or tube wall of each atom, and the directions it repeats along.

A layer is a set of atoms that bonds hold together. Terms between layers (`ListRequest.between_layers`) need to know
which pairs are inside one. The groups ``layer1``, ``layer2``, ... say it (`nakmd.structures.with_layers` makes them):
they are constant, and stored with the system, so that a resumed run builds the same lists.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, Int32Array
from nakmd.errors import InputError
from nakmd.system import System

#: Groups ``layer1``, ``layer2``, ... hold the atoms of each layer.
LAYER = "layer"

#: A layer that is bonded to its own image leaves at most a bond (1.85 Å) of the cell free along that direction; one
#: that is not keeps the distance of layers, 2.6 Å and more under any load.
SEAM = 2.2


class Layers(NamedTuple):
    """The layers of one configuration.

    Attributes
    ----------
    of_atom : (n,) int32
        Layer of each atom, -1 for none.
    repeats : (n_layers, 3) bool
        Whether a layer is bonded to its image along each cell vector. Its images along the others are other layers.
    """

    of_atom: Int32Array
    repeats: BoolArray

    def require(self, atoms: Int32Array, term: str, system: System) -> None:
        """Raise `InputError` if one of the atoms, those of a term, is in no layer."""
        alone = atoms[self.of_atom[atoms] < 0]
        if len(alone):
            first = int(alone.min())
            raise InputError(
                f"The term {term!r} acts between layers, and {len(alone)} of its atoms are in none of the groups "
                f"{LAYER}1, {LAYER}2, ..., such as atom {first} ({system.species_names[system.species[first]]}). "
                "nakmd.structures.with_layers finds the layers from the bonds."
            )


def layer_of_atoms(system: System) -> Int32Array:
    """Return the layer of each atom from the groups of the system, (n,) int32, -1 for none.

    Raises
    ------
    InputError
        If an atom is in two layers.
    """
    layers = np.full(system.n_atoms, -1, np.int32)
    number = 1
    while (mask := system.groups.get(f"{LAYER}{number}")) is not None:
        twice = np.flatnonzero(mask & (layers >= 0))
        if len(twice):
            raise InputError(
                f"Atom {twice[0]} is in the groups {LAYER}{layers[twice[0]] + 1} and {LAYER}{number}: an atom belongs "
                "to one layer."
            )
        layers[mask] = number - 1
        number += 1
    return layers


def find_layers(system: System, positions: FloatArray, matrix: FloatArray) -> Layers:
    """Return the layers of a configuration.

    Parameters
    ----------
    system : System
        Groups and periodicity are read from it.
    positions : (n, 3) float64 [Å]
        Not wrapped: every layer is whole along the directions in which it is not bonded to its image.
    matrix : (3, 3) float64 [Å]
    """
    layers = layer_of_atoms(system)
    members = np.flatnonzero(layers >= 0)
    n_layers = int(layers.max(initial=-1)) + 1
    inverse = np.linalg.inv(matrix)
    heights = 1.0 / np.linalg.norm(inverse, axis=0)
    fractional = positions[members] @ inverse
    low, high = np.full((n_layers, 3), np.inf), np.full((n_layers, 3), -np.inf)
    np.minimum.at(low, layers[members], fractional)
    np.maximum.at(high, layers[members], fractional)
    return Layers(layers, (1.0 - (high - low)) * heights < SEAM)
