"""Single-walled carbon nanotubes of any chirality, periodic along their axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, degrees, gcd, pi, sqrt

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.elements import CC_BOND
from nakmd.errors import StructureError
from nakmd.structures.assembly import turned
from nakmd.system import System

#: Below this radius [Å] second neighbours around the circumference are within bonding distance.
SMALLEST_RADIUS = 1.5


@dataclass(frozen=True)
class TubeGeometry:
    r"""The ideal (n,m) tube: a strip of graphene rolled along :math:`C_h = n a_1 + m a_2`.

    Attributes
    ----------
    n, m : int
    bond : float [Å]
        Along the rolled sheet; chords between neighbours are slightly shorter.

    Raises
    ------
    StructureError
        If n or m is negative, or the radius is below `SMALLEST_RADIUS`.

    References
    ----------
    Saito, Dresselhaus & Dresselhaus, Physical Properties of Carbon Nanotubes, Imperial College Press (1998), ch. 3.

    Examples
    --------
    >>> tube = TubeGeometry(10, 10)
    >>> round(tube.radius, 3), tube.atoms_per_period, round(tube.period, 4)
    (6.78, 40, 2.4595)
    """

    n: int
    m: int
    bond: float = CC_BOND

    def __post_init__(self) -> None:
        if self.n < 0 or self.m < 0:
            raise StructureError(f"The (n,m) of a tube must not be negative, got ({self.n},{self.m}).")
        if not self.bond > 0.0:
            raise StructureError(f"The bond length must be positive, got {self.bond} Å.")
        if self.radius < SMALLEST_RADIUS * self.bond / CC_BOND:
            raise StructureError(
                f"A ({self.n},{self.m}) tube has a radius of {self.radius:.2f} Å; the minimum is "
                f"{SMALLEST_RADIUS * self.bond / CC_BOND:.2f} Å. Choose (4,0), (3,2) or a wider tube."
            )

    @property
    def _divisor(self) -> int:
        return gcd(2 * self.n + self.m, 2 * self.m + self.n)

    @property
    def translation(self) -> tuple[int, int]:
        """Coefficients (t1, t2) of the translation vector T = t1 a1 + t2 a2."""
        return (2 * self.m + self.n) // self._divisor, -(2 * self.n + self.m) // self._divisor

    @property
    def radius(self) -> float:
        """Radius [Å]: a sqrt(n² + nm + m²) / 2π with a = sqrt(3) bond."""
        return sqrt(3.0) * self.bond * sqrt(self.n**2 + self.n * self.m + self.m**2) / (2.0 * pi)

    @property
    def period(self) -> float:
        """Length [Å] of one translational unit: sqrt(3) |C_h| / d_R."""
        return sqrt(3.0) * 2.0 * pi * self.radius / self._divisor

    @property
    def atoms_per_period(self) -> int:
        """Atoms of one translational unit: 4 (n² + nm + m²) / d_R."""
        return 4 * (self.n**2 + self.n * self.m + self.m**2) // self._divisor

    @property
    def chiral_angle(self) -> float:
        """Angle [degree] between C_h and a1: 0 zigzag, 30 armchair."""
        return degrees(atan2(sqrt(3.0) * self.m, 2 * self.n + self.m))

    def repeats_for(self, length: float) -> int:
        """Return the whole number of periods nearest to a length [Å], at least 1."""
        if not length > 0.0:
            raise StructureError(f"The length of a tube must be positive, got {length} Å.")
        return max(1, round(length / self.period))

    def describe(self, repeats: int) -> str:
        """Return a one-line summary of the tube with this number of periods."""
        return (
            f"({self.n},{self.m}) nanotube, radius {self.radius:.3f} Å, {repeats} x {self.period:.4f} Å = "
            f"{repeats * self.period:.3f} Å long, {repeats * self.atoms_per_period} atoms"
        )

    def unit(self) -> FloatArray:
        """Return one period with its axis on z through the origin, (atoms_per_period, 3) [Å].

        Integer arithmetic assigns lattice points to the rolled strip, so rounding cannot lose or duplicate an atom.
        """
        n, m = self.n, self.m
        t1, t2 = self.translation
        corners_i, corners_j = (0, n, t1, n + t1), (0, m, t2, m + t2)
        i, j, basis = np.meshgrid(
            np.arange(min(corners_i) - 1, max(corners_i) + 1),
            np.arange(min(corners_j) - 1, max(corners_j) + 1),
            np.arange(2),
            indexing="ij",
        )
        # in thirds of a1 and a2; the second atom of the graphene cell is at (a1 + a2)/3
        p, q = (3 * i + basis).ravel(), (3 * j + basis).ravel()
        around = p * (2 * n + m) + q * (n + 2 * m)
        along = p * (2 * t1 + t2) + q * (t1 + 2 * t2)
        full_turn = 6 * (n * n + n * m + m * m)
        full_period = 6 * (t1 * t1 + t1 * t2 + t2 * t2)
        inside = (around >= 0) & (around < full_turn) & (along >= 0) & (along < full_period)
        around, along = around[inside], along[inside]
        order = np.lexsort((around, along))
        angle = 2.0 * pi * around[order] / full_turn
        height = self.period * along[order] / full_period
        return np.stack([self.radius * np.cos(angle), self.radius * np.sin(angle), height], axis=1)


def nanotube(
    n: int,
    m: int,
    *,
    length: float | None = None,
    repeats: int | None = None,
    bond: float = CC_BOND,
    box: tuple[float, float] | None = None,
    vacuum: float = 15.0,
    periodic: Sequence[bool] = (True, True, True),
    axis: str = "z",
) -> System:
    """Build an (n,m) nanotube in the centre of its cell.

    Parameters
    ----------
    n, m : int
        Chirality.
    length : float [Å], optional
        Rounded to the nearest whole number of periods (see `TubeGeometry.describe`).
    repeats : int, optional
        Number of periods. Give exactly one of this and ``length``.
    bond : float [Å]
    box : (float, float) [Å], optional
        Lengths of the cell across the axis: along x and y for one along z, along y and z for x, z and x for y.
        Default: the tube plus ``vacuum`` on every side.
    vacuum : float [Å]
    periodic : sequence of three bool
    axis : {"x", "y", "z"}

    Returns
    -------
    System
        One species "C"; groups "carbon" and "tube".

    Raises
    ------
    StructureError
        If the chirality, length or box cannot be built.

    Examples
    --------
    >>> from nakmd.structures import nanotube, tube_axis
    >>> tube = nanotube(10, 10, length=50.0)
    >>> tube.n_atoms, tube.cell.lengths.round(2).tolist(), round(tube_axis(tube).radius, 2)
    (800, [43.56, 43.56, 49.19], 6.78)
    """
    geometry = TubeGeometry(n, m, bond)
    if (length is None) == (repeats is None):
        raise StructureError("A nanotube needs exactly one of length and repeats.")
    count = geometry.repeats_for(length) if length is not None else int(repeats or 0)
    if count < 1:
        raise StructureError(f"A nanotube needs at least 1 period, got {count}.")
    side = 2.0 * (geometry.radius + vacuum)
    width = np.array(box if box is not None else (side, side), dtype=np.float64)
    if np.any(width <= 2.0 * geometry.radius):
        raise StructureError(
            f"A box of {width[0]:.2f} x {width[1]:.2f} Å is too small for a tube of diameter "
            f"{2.0 * geometry.radius:.2f} Å."
        )
    unit = geometry.unit()
    positions = np.tile(unit, (count, 1))
    positions[:, 2] += np.repeat(np.arange(count) * geometry.period, len(unit))
    positions[:, :2] += 0.5 * width
    atoms = np.ones(len(positions), dtype=np.bool_)
    cell = Cell([width[0], width[1], count * geometry.period])
    groups = {"carbon": atoms, "tube": atoms}
    system = turned(System(positions, np.zeros(len(positions), dtype=np.int64), ("C",), cell, groups=groups), axis)
    system.cell = Cell(system.cell.matrix, periodic)
    return system
