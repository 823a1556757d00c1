"""The layers of a wall: sheets and tube walls that bonds hold together, each with a group of its own."""

from __future__ import annotations

from collections import deque

import numpy as np

from nakmd.arrays import BoolArray, IntArray
from nakmd.elements import WALL
from nakmd.errors import StructureError
from nakmd.neighbors import LAYER
from nakmd.structures.bond_network import Partners, find_bonds
from nakmd.structures.distances import to_cartesian
from nakmd.system import System

#: Largest number of layers: each is a group of the system, stored in every file.
MOST_LAYERS = 100


def with_layers(system: System) -> System:
    """Return the system with a group ``layer1``, ``layer2``, ... for each layer of its wall.

    A layer is a set of C and N atoms that bonds (up to 1.85 Å) connect: a sheet, a wall of a tube. Terms with
    ``between_layers`` act between atoms of different layers. Layers are numbered by their first atoms.

    Parameters
    ----------
    system : System
        Groups of these names are replaced.

    Returns
    -------
    System
        Every layer is whole: where the faces of the cell cut it, atoms are moved by cell vectors. Along a direction
        in which a layer is bonded to its own image, nothing is moved.

    Raises
    ------
    StructureError
        If there is no wall, or if it has more than `MOST_LAYERS` layers.

    Examples
    --------
    >>> from nakmd.structures import graphene, with_layers
    >>> sorted(name for name in with_layers(graphene(repeats=(4, 3), layers=2)).groups if name.startswith("layer"))
    ['layer1', 'layer2']
    """
    rows = np.array([element in WALL for element in system.topology.elements], dtype=np.bool_)
    wall = np.flatnonzero(rows[system.species])
    if not len(wall):
        raise StructureError(f"There are no layers: the system has no {' or '.join(WALL)}.")
    layers, shifts = _connected(system, wall)
    number = int(layers.max()) + 1
    if number > MOST_LAYERS:
        raise StructureError(
            f"The bonds connect the {len(wall)} wall atoms to {number} separate pieces; at most {MOST_LAYERS} layers "
            "are possible. Is the wall damaged, or the bond length beyond 1.85 Å?"
        )
    made = system.copy()
    made.positions[wall] += to_cartesian(shifts.astype(np.float64), system.cell.matrix)
    made.groups = {name: mask for name, mask in made.groups.items() if not _is_layer(name)}
    for layer in range(number):
        mask = np.zeros(system.n_atoms, dtype=np.bool_)
        mask[wall[layers == layer]] = True
        made.groups[f"{LAYER}{layer + 1}"] = mask
    return made


def _is_layer(group: str) -> bool:
    """Return whether a group is called ``layer1``, ``layer2``, ..."""
    return group.startswith(LAYER) and group[len(LAYER) :].isdecimal()


def _connected(system: System, wall: IntArray) -> tuple[IntArray, IntArray]:
    """Return the layer of each wall atom, (m,), and the lattice shifts that make every layer whole, (m, 3)."""
    cell = system.cell
    partners = Partners(find_bonds(system.positions[wall], cell), len(wall))
    layers = np.full(len(wall), -1, dtype=np.int64)
    shifts = np.zeros((len(wall), 3), dtype=np.int64)
    layer = 0
    for first in range(len(wall)):
        if layers[first] >= 0:
            continue
        layers[first] = layer
        members, waiting, repeats = [first], deque([first]), np.zeros(3, dtype=np.bool_)
        while waiting:
            atom = waiting.popleft()
            for other, step in partners[atom]:
                there = shifts[atom] + step
                if layers[other] < 0:
                    layers[other], shifts[other] = layer, there
                    members.append(other)
                    waiting.append(other)
                else:
                    repeats |= shifts[other] != there
        _keep_where(shifts, np.array(members), repeats)
        layer += 1
    return layers, shifts


def _keep_where(shifts: IntArray, members: IntArray, repeats: BoolArray) -> None:
    """Set the shifts of a layer to zero along the directions in which it is bonded to its image."""
    chosen = shifts[members]
    chosen[:, repeats] = 0
    shifts[members] = chosen
