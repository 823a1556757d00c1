"""Where tubes are: their axes, and the radii of their innermost and outermost walls."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import StructureError
from nakmd.system import System

#: Gap [Å] between the radii of two walls: half the spacing of graphite.
WALL_GAP = 1.7

#: Standard deviation of the radii, relative to the mean, below which a tube is along the first axis that is tried, and
#: beyond which the atoms are no tube.
ROUND, OVAL = 0.12, 0.2


@dataclass(frozen=True)
class TubeAxis:
    """Axis and radii of a tube along x, y or z.

    Attributes
    ----------
    center : (float, float) [Å]
        The axis in the plane across it: x and y of a tube along z, y and z along x, z and x along y.
    radius : float [Å]
        Of the outermost wall.
    inner : float [Å]
        Of the innermost wall; that of the only one of a single-walled tube.
    direction : int
        0, 1 or 2 for a tube along x, y or z.
    """

    center: tuple[float, float]
    radius: float
    inner: float
    direction: int = 2

    @property
    def across(self) -> tuple[int, int]:
        """The two other axes, in cyclic order."""
        return (self.direction + 1) % 3, (self.direction + 2) % 3


def tube_axis(system: System, group: str = "tube") -> TubeAxis:
    """Fit axis and radius of one tube along x, y or z (a circle through its cross-section, least squares).

    Parameters
    ----------
    system : System
    group : str
        Atoms of the tube, with all its walls, unwrapped across the axis.

    Returns
    -------
    TubeAxis

    Raises
    ------
    StructureError
        If there is no such group, it holds fewer than three atoms, or they are not round along any direction.

    Notes
    -----
    Kåsa's algebraic fit: x² + y² = 2 x_c x + 2 y_c y + (R² - x_c² - y_c²) is linear in its unknowns, and exact
    for atoms on a circle, with or without vacancies. Of several walls the radii are means about the common centre. The
    axis is the direction in which the cross-section is round, z if it is so along several.

    Examples
    --------
    >>> from nakmd.structures import multiwall, tube_axis
    >>> axis = tube_axis(multiwall([(5, 5), (10, 10)], length=20.0))
    >>> round(axis.radius, 2), round(axis.inner, 2), "xyz"[axis.direction]
    (6.78, 3.39, 'z')
    """
    if group not in system.groups or int(np.sum(system.groups[group])) < 3:
        raise StructureError(f"Group {group!r} does not hold a tube of at least 3 atoms.")
    points = system.positions[system.groups[group]]
    found = []
    for direction in (2, 0, 1):
        axis, spread = _circle(points, direction)
        if spread < ROUND:
            return axis
        found.append((spread, axis))
    spread, best = min(found, key=lambda entry: entry[0])
    if spread > OVAL:
        raise StructureError(
            f"Group {group!r} is not one tube along x, y or z: the radii about the best axis scatter by {spread:.0%}. "
            'Tubes of a bundle have groups of their own, "tube1", "tube2", ...'
        )
    return best


def tube_axes(system: System) -> list[TubeAxis]:
    """Return the axes of all tubes: the groups "tube1", "tube2", ... of a bundle, else the group "tube".

    Examples
    --------
    >>> from nakmd.structures import bundle, tube_axes
    >>> axes = tube_axes(bundle([(10, 10)], 3, length=10.0))
    >>> [round(axis.radius, 2) for axis in axes]
    [6.78, 6.78, 6.78]
    """
    numbered: list[str] = []
    while f"tube{len(numbered) + 1}" in system.groups:
        numbered.append(f"tube{len(numbered) + 1}")
    return [tube_axis(system, group) for group in numbered or ["tube"]]


def _circle(points: FloatArray, direction: int) -> tuple[TubeAxis, float]:
    """Return the circle through the cross-section, and the largest relative spread of the radii of a wall."""
    plane = points[:, [(direction + 1) % 3, (direction + 2) % 3]]
    middle = plane.mean(axis=0)
    x, y = (plane - middle).T
    square = x * x + y * y
    normal = np.array(
        [
            [np.sum(x * x), np.sum(x * y), np.sum(x)],
            [np.sum(x * y), np.sum(y * y), np.sum(y)],
            [np.sum(x), np.sum(y), float(len(x))],
        ]
    )
    right = np.array([np.sum(x * square), np.sum(y * square), np.sum(square)])
    try:
        solution = np.linalg.solve(normal, right)
    except np.linalg.LinAlgError:  # the atoms are on a line: no tube has this direction
        return TubeAxis((float(middle[0]), float(middle[1])), 0.0, 0.0, direction), np.inf
    offset = 0.5 * solution[:2]
    fitted = sqrt(max(0.0, float(solution[2] + offset[0] ** 2 + offset[1] ** 2)))
    radii = np.sort(np.hypot(x - offset[0], y - offset[1]))
    walls = np.split(radii, np.flatnonzero(np.diff(radii) > WALL_GAP) + 1)
    spread = max(float(np.std(wall) / max(wall.mean(), 1e-12)) for wall in walls)
    inner, outer = (fitted, fitted) if len(walls) == 1 else (float(walls[0].mean()), float(walls[-1].mean()))
    center = (float(middle[0] + offset[0]), float(middle[1] + offset[1]))
    return TubeAxis(center, outer, inner, direction), spread
