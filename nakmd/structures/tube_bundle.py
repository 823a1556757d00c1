"""Several walls: tubes inside tubes, and bundles of parallel tubes."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.elements import CC_BOND
from nakmd.errors import StructureError
from nakmd.structures.assembly import turned
from nakmd.structures.common_length import LARGEST_STRAIN, CommonLength, common_length
from nakmd.structures.nanotube import TubeGeometry
from nakmd.system import System

#: Distance [Å] of the walls of neighbouring tubes, as of the sheets of graphite.
GAP = 3.4

#: Largest number of tubes in a bundle.
MOST_TUBES = 100


def multiwall(
    walls: Sequence[tuple[int, int]],
    *,
    length: float,
    strain: float = LARGEST_STRAIN,
    bond: float = CC_BOND,
    box: tuple[float, float] | None = None,
    vacuum: float = 15.0,
    periodic: Sequence[bool] = (True, True, True),
    axis: str = "z",
) -> System:
    """Build a tube of several concentric walls in the centre of its cell.

    Parameters
    ----------
    walls : sequence of (int, int)
        Chirality (n,m) of each wall, from the inside outwards.
    length : float [Å]
        Changed to the nearest common length of the walls (`common_length`).
    strain : float
        Largest strain of a wall along the axis; walls of one period have none.
    bond : float [Å]
    box : (float, float) [Å], optional
        Lengths of the cell across the axis. Default: the tube plus ``vacuum`` on every side.
    vacuum : float [Å]
    periodic : sequence of three bool
    axis : {"x", "y", "z"}

    Returns
    -------
    System
        One species "C"; groups "carbon", "tube" and, from the inside outwards, "wall1", "wall2", ...

    Raises
    ------
    StructureError
        If the walls do not fit into each other, or have no common length; the message gives alternatives.

    Examples
    --------
    >>> tube = multiwall([(5, 5), (10, 10)], length=20.0)
    >>> tube.n_atoms, int(tube.groups["wall2"].sum())
    (480, 320)
    """
    return bundle(
        walls, 1, length=length, strain=strain, bond=bond, box=box, vacuum=vacuum, periodic=periodic, axis=axis
    )


def bundle(
    walls: Sequence[tuple[int, int]],
    tubes: int,
    *,
    length: float,
    gap: float = GAP,
    strain: float = LARGEST_STRAIN,
    bond: float = CC_BOND,
    box: tuple[float, float] | None = None,
    vacuum: float = 15.0,
    periodic: Sequence[bool] = (True, True, True),
    axis: str = "z",
) -> System:
    """Build a bundle of equal parallel tubes on a hexagonal lattice, in the centre of its cell.

    Parameters
    ----------
    walls : sequence of (int, int)
        Chirality of the walls of each tube, from the inside outwards.
    tubes : int
        Three are a triangle, seven a hexagon with its centre.
    gap : float [Å]
        Distance between the outer walls of neighbouring tubes.
    length, strain, bond, box, vacuum, periodic, axis
        As in `multiwall`; ``vacuum`` is beyond the outermost atoms.

    Returns
    -------
    System
        Groups as in `multiwall`; "wall1" is the innermost wall of every tube. With several tubes also "tube1", "tube2",
        ...

    Raises
    ------
    StructureError
        As in `multiwall`, or if the bundle does not fit into the box.

    Examples
    --------
    >>> rope = bundle([(6, 6)], 3, length=12.0)
    >>> rope.n_atoms, int(rope.groups["tube3"].sum())
    (360, 120)
    """
    if not 1 <= tubes <= MOST_TUBES:
        raise StructureError(f"A bundle has 1 to {MOST_TUBES} tubes, got {tubes}.")
    if not gap > 0.0:
        raise StructureError(f"The gap between tubes must be positive, got {gap} Å.")
    match = common_length([TubeGeometry(n, m, bond) for n, m in walls], length, strain)
    outer = match.walls[-1].radius
    centers = hexagonal_places(tubes) * (2.0 * outer + gap)
    extent = np.ptp(centers, axis=0) + 2.0 * outer
    width = np.array(box, dtype=np.float64) if box is not None else extent + 2.0 * vacuum
    if np.any(width <= extent):
        raise StructureError(
            f"A box of {width[0]:.2f} x {width[1]:.2f} Å is too small for tubes that extend over {extent[0]:.2f} x "
            f"{extent[1]:.2f} Å."
        )
    centers += 0.5 * width - 0.5 * (centers.min(axis=0) + centers.max(axis=0))
    shells = wall_positions(match)
    positions = np.concatenate([shell + np.append(center, 0.0) for center in centers for shell in shells])
    sizes = [len(shell) for shell in shells]
    wall = np.tile(np.repeat(np.arange(len(sizes)), sizes), tubes)
    tube = np.repeat(np.arange(tubes), sum(sizes))
    whole = np.ones(len(positions), dtype=np.bool_)
    groups = {"carbon": whole, "tube": whole}
    groups |= {f"wall{k + 1}": wall == k for k in range(len(sizes))}
    if tubes > 1:
        groups |= {f"tube{k + 1}": tube == k for k in range(tubes)}
    cell = Cell([width[0], width[1], match.length])
    system = turned(System(positions, np.zeros(len(positions), dtype=np.int64), ("C",), cell, groups=groups), axis)
    system.cell = Cell(system.cell.matrix, periodic)
    return system


def wall_positions(match: CommonLength) -> list[FloatArray]:
    """Return the positions of each wall around the z axis, strained to the common length, (n, 3) [Å]."""
    shells = []
    for wall, count, strain in zip(match.walls, match.repeats, match.strains, strict=True):
        unit = wall.unit()
        positions = np.tile(unit, (count, 1))
        positions[:, 2] += np.repeat(np.arange(count) * wall.period, len(unit))
        positions[:, 2] *= 1.0 + strain
        shells.append(positions)
    return shells


def hexagonal_places(number: int) -> FloatArray:
    """Return the most compact places on a hexagonal lattice of unit spacing, (number, 2), from the middle outwards.

    The lattice is centred on a place, on the middle of two or of three, whichever gives the least sum of squares.
    """
    steps = np.arange(-2 - int(sqrt(number)), 3 + int(sqrt(number)))
    i, j = (index.ravel() for index in np.meshgrid(steps, steps, indexing="ij"))
    lattice = np.stack([i + 0.5 * j, 0.5 * sqrt(3.0) * j], axis=1)
    found: list[tuple[float, FloatArray]] = []
    for origin in ([0.0, 0.0], [0.5, 0.0], [0.5, sqrt(3.0) / 6.0]):
        places = lattice - np.array(origin)
        squares = np.sum(places**2, axis=1)
        # rounded: places at one distance are taken in the order of their angles
        angle = np.round(np.mod(np.arctan2(places[:, 1], places[:, 0]), 2.0 * np.pi), 9)
        chosen = places[np.lexsort((angle, np.round(squares, 9)))[:number]]
        found.append((round(float(np.sum((chosen - chosen.mean(axis=0)) ** 2)), 9), chosen))
    return min(found, key=lambda entry: entry[0])[1]
