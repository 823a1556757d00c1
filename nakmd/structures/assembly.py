"""Operations on whole systems: combine, select, translate, rotate, turn, place, set the box."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from nakmd.arrays import BoolArray
from nakmd.cell import Cell
from nakmd.errors import StructureError
from nakmd.structures.distances import to_cartesian
from nakmd.system import System

#: Order of the coordinates when z becomes another axis.
_TURNS = {"x": [2, 0, 1], "y": [1, 2, 0], "z": [0, 1, 2]}


def combine(systems: Sequence[System], cell: Cell | None = None) -> System:
    """Put several systems into one cell, atoms in the order given.

    Parameters
    ----------
    systems : sequence of System
        Not changed. Species of the same name are merged; groups of the same name become their union.
    cell : Cell, optional
        Default: the cell of the first system.

    Returns
    -------
    System

    Examples
    --------
    >>> from nakmd.structures import combine, crystal, graphene, placed
    >>> sheet = graphene(repeats=(8, 5), vacuum=20.0)
    >>> cluster = placed(crystal("K", 2), sheet.cell.matrix.sum(axis=0) / 2 + [0.0, 0.0, 10.0])
    >>> both = combine([sheet, cluster])
    >>> both.species_names, both.n_atoms, sorted(both.groups)
    (('C', 'K'), 176, ['carbon', 'crystal', 'liquid', 'sheet'])
    """
    if not systems:
        raise StructureError("combine needs at least one system, got none.")
    names = list(dict.fromkeys(name for system in systems for name in system.species_names))
    species = [np.array([names.index(name) for name in s.species_names], dtype=np.int64)[s.species] for s in systems]
    groups: dict[str, BoolArray] = {}
    for group in dict.fromkeys(name for system in systems for name in system.groups):
        masks = [s.groups.get(group, np.zeros(s.n_atoms, dtype=np.bool_)) for s in systems]
        groups[group] = np.concatenate(masks)
    return System(
        np.concatenate([s.positions for s in systems]),
        np.concatenate(species),
        names,
        (cell or systems[0].cell).copy(),
        np.concatenate([s.velocities for s in systems]),
        np.concatenate([s.masses for s in systems]),
        groups,
    )


def select(system: System, mask: BoolArray) -> System:
    """Return the atoms selected by a mask, (n,) bool; unused species are dropped, groups restricted.

    Examples
    --------
    >>> from nakmd.structures import graphene, select
    >>> layers = graphene(repeats=(4, 3), layers=2)
    >>> lower = select(layers, layers.groups["sheet1"])
    >>> layers.n_atoms, lower.n_atoms
    (96, 48)
    """
    used = [a for a in range(len(system.species_names)) if np.any(system.species[mask] == a)]
    row = np.zeros(len(system.species_names), dtype=np.int64)
    row[used] = np.arange(len(used))
    return System(
        system.positions[mask],
        row[system.species[mask]],
        [system.species_names[a] for a in used],
        system.cell.copy(),
        system.velocities[mask],
        system.masses[mask],
        {name: group[mask] for name, group in system.groups.items()},
        None if system.present is None else system.present[mask],
    )


def translated(system: System, vector: ArrayLike) -> System:
    """Return the system translated by a vector, (3,) [Å]; the cell is unchanged.

    Examples
    --------
    >>> from nakmd.structures import crystal, translated
    >>> sodium = crystal("Na", 1)
    >>> translated(sodium, [0.0, 0.0, 5.0]).positions[0].tolist()
    [0.0, 0.0, 5.0]
    """
    moved = system.copy()
    moved.positions += np.asarray(vector, dtype=np.float64)
    return moved


def rotated(system: System, axis: ArrayLike, angle: float, center: ArrayLike | None = None) -> System:
    """Return the system rotated about an axis; the cell is unchanged.

    Parameters
    ----------
    system : System
    axis : (3,) array_like
        Right-handed; need not be normalised.
    angle : float [degree]
    center : (3,) array_like [Å], optional
        Default: the mean position.

    Returns
    -------
    System
        Velocities are rotated too.

    Notes
    -----
    Rodrigues: R = I + sin θ K + (1 - cos θ) K², K the cross-product matrix of the unit axis.

    Examples
    --------
    >>> from nakmd.structures import crystal, rotated
    >>> cube = crystal("Na", 1, "sc", lattice_constant=4.0)
    >>> rotated(cube, axis=[0, 0, 1], angle=90.0, center=[2.0, 0.0, 0.0]).positions.round(6).tolist()
    [[2.0, -2.0, 0.0]]
    """
    direction = np.asarray(axis, dtype=np.float64)
    norm = float(np.sqrt(np.sum(direction * direction)))
    if direction.shape != (3,) or not norm > 0.0:
        raise StructureError(f"A rotation axis needs three numbers, not all zero, got {direction.tolist()}.")
    x, y, z = direction / norm
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    theta = np.deg2rad(angle)
    rotation = np.eye(3) + np.sin(theta) * cross + (1.0 - np.cos(theta)) * (cross @ cross)
    rotated_system = system.copy()
    middle = system.positions.mean(axis=0) if center is None else np.asarray(center, dtype=np.float64)
    rotated_system.positions = to_cartesian(system.positions - middle, rotation.T) + middle
    rotated_system.velocities = to_cartesian(system.velocities, rotation.T)
    return rotated_system


def turned(system: System, axis: str) -> System:
    """Return a system built along z turned with its cell, so that its z axis becomes another.

    Parameters
    ----------
    system : System
    axis : {"x", "y", "z"}
        The coordinates (x, y, z) become (z, x, y) for x, (y, z, x) for y: a rotation, to the bit.

    Examples
    --------
    >>> from nakmd.structures import nanotube, tube_axis, turned
    >>> tube = turned(nanotube(10, 10, length=20.0), "x")
    >>> "xyz"[tube_axis(tube).direction], tube.cell.lengths.round(1).tolist()
    ('x', [19.7, 43.6, 43.6])
    """
    if axis not in _TURNS:
        raise StructureError(f"The axis must be x, y or z, got {axis!r}.")
    order = _TURNS[axis]
    result = system.copy()
    result.positions = np.ascontiguousarray(system.positions[:, order])
    result.velocities = np.ascontiguousarray(system.velocities[:, order])
    result.cell = Cell(system.cell.matrix[np.ix_(order, order)], system.cell.periodic[order].tolist())
    return result


def placed(system: System, center: ArrayLike) -> System:
    """Return the system translated so that the centre of its extent is at a point, (3,) [Å].

    Examples
    --------
    >>> from nakmd.structures import crystal, placed
    >>> cluster = placed(crystal("K", 2), [10.0, 10.0, 30.0])
    >>> (cluster.positions.min(axis=0) + cluster.positions.max(axis=0)).round(6).tolist()
    [20.0, 20.0, 60.0]
    """
    middle = 0.5 * (system.positions.min(axis=0) + system.positions.max(axis=0))
    return translated(system, np.asarray(center, dtype=np.float64) - middle)


def boxed(
    system: System,
    *,
    lengths: ArrayLike | None = None,
    margins: ArrayLike | None = None,
    keep: Sequence[bool] = (False, False, False),
    periodic: Sequence[bool] = (True, True, True),
) -> System:
    """Return the system centred in a new orthorhombic box.

    Parameters
    ----------
    system : System
    lengths : (3,) array_like [Å], optional
        Box lengths.
    margins : float or (3,) array_like [Å], optional
        Free space on either side of the outermost atoms; give this or ``lengths``.
    keep : sequence of three bool
        Axes along which box length and positions are unchanged, such as the axis of a periodic tube.
    periodic : sequence of three bool

    Returns
    -------
    System

    Examples
    --------
    >>> from nakmd.structures import boxed, crystal
    >>> cluster = boxed(crystal("Na", 3), margins=10.0, periodic=(False, False, False))
    >>> cluster.cell.lengths.round(2).tolist()
    [30.73, 30.73, 30.73]
    """
    if (lengths is None) == (margins is None):
        raise StructureError("A box needs exactly one of lengths and margins.")
    if not system.cell.is_orthorhombic and any(keep):
        raise StructureError("Only the axes of an orthorhombic box can be kept.")
    held = np.array([bool(k) for k in keep])
    low, high = system.positions.min(axis=0), system.positions.max(axis=0)
    if lengths is not None:
        size = np.array(np.broadcast_to(np.asarray(lengths, dtype=np.float64), 3))
    else:
        size = high - low + 2.0 * np.broadcast_to(np.asarray(margins, dtype=np.float64), 3)
    size[held] = system.cell.lengths[held]
    free = ~held
    if np.any(size[free] < (high - low)[free]):
        raise StructureError(
            f"A box of {' x '.join(f'{s:.2f}' for s in size)} Å does not hold atoms that extend over "
            f"{' x '.join(f'{e:.2f}' for e in high - low)} Å."
        )
    shift = np.where(held, 0.0, 0.5 * (size - (low + high)))
    moved = translated(system, shift)
    moved.cell = Cell(size, periodic)
    return moved
