"""Reference surfaces for distances in one frame: sheets, a tube, or the faces of the cell."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.cell import Cell

AXES = ("x", "y", "z")

#: Number of directions that sample the boundary of the cell around a tube.
DIRECTIONS = 1440


class Placed(Protocol):
    """Position of the wall in one frame, the reference for distances."""

    @property
    def sides(self) -> tuple[str, ...]:
        """Names of its sides."""
        ...

    @property
    def areas(self) -> FloatArray:
        """Area [Å²] of the surface at distance zero, (n_sides,)."""
        ...

    @property
    def reach(self) -> FloatArray:
        """Largest distance [Å] within the cell on each side, infinite along open directions, (n_sides,)."""
        ...

    def locate(self, points: FloatArray) -> tuple[IntArray, FloatArray]:
        """Return the side (0, 1, ...; -1 inside the wall) and the distance [Å] of each point."""
        ...

    def volumes(self, edges: FloatArray) -> FloatArray:
        """Return the volume [Å³] inside the cell between successive distances, (n_sides, n_bins)."""
        ...


@dataclass(frozen=True)
class Plane:
    """Sheets parallel to a face of the cell.

    Attributes
    ----------
    normal : (3,) float64
        Unit normal of the face, in the direction of increasing height.
    bottom, top : float [Å]
        Heights of the outermost sheets.
    period : float [Å]
        Distance to the next image, infinite along an open direction.
    area : float [Å²]
    sides : (str, str)
        Above is at larger heights.
    """

    sides: ClassVar[tuple[str, str]] = ("above", "below")
    normal: FloatArray
    bottom: float
    top: float
    period: float
    area: float

    @property
    def areas(self) -> FloatArray:
        """Area of the cell face, for both sides."""
        return np.array([self.area, self.area])

    @property
    def reach(self) -> FloatArray:
        """Half the free distance between the sheets and their periodic image."""
        return np.full(2, 0.5 * (self.period - self.top + self.bottom))

    def heights(self, points: FloatArray) -> FloatArray:
        """Return the height [Å] of the nearest image of each point above the midplane of the sheets."""
        height = points @ self.normal - 0.5 * (self.bottom + self.top)
        if math.isfinite(self.period):
            height -= self.period * np.rint(height / self.period)
        return np.asarray(height)

    def locate(self, points: FloatArray) -> tuple[IntArray, FloatArray]:
        """Return the side and the distance from the nearest outer sheet; points between sheets are inside the wall."""
        height = self.heights(points)
        distance = np.abs(height) - 0.5 * (self.top - self.bottom)
        side = np.where(distance < 0.0, -1, np.where(height >= 0.0, 0, 1))
        return side.astype(np.int64), distance

    def volumes(self, edges: FloatArray) -> FloatArray:
        """Return area times thickness, up to half the distance to the periodic image."""
        within = np.clip(edges, 0.0, self.reach[0])
        return np.tile(self.area * np.diff(within), (2, 1))


@dataclass(frozen=True)
class Tube:
    """One or more coaxial shells along a cell vector.

    Attributes
    ----------
    axis : (3,) float64
        Unit vector.
    center : (3,) float64 [Å]
        A point on the axis.
    inner, outer : float [Å]
        Mean radii of the innermost and the outermost shell.
    length : float [Å]
        Length of the cell along the axis.
    basis : (k, 3) float64 [Å]
        Components of the other periodic cell vectors perpendicular to the axis.
    sides : (str, str)
    """

    sides: ClassVar[tuple[str, str]] = ("outside", "inside")
    axis: FloatArray
    center: FloatArray
    inner: float
    outer: float
    length: float
    basis: FloatArray

    @property
    def areas(self) -> FloatArray:
        """Areas of the cylinders through the nuclei of the outer and the inner shell."""
        return 2.0 * math.pi * self.length * np.array([self.outer, self.inner])

    @property
    def reach(self) -> FloatArray:
        """From the outer shell to the farthest corner of the cell, and from the inner shell to the axis."""
        return np.array([float(self.boundary()[0].max()) - self.outer, self.inner])

    def across(self, points: FloatArray) -> FloatArray:
        """Return the perpendicular vectors [Å] from the axis to the nearest image of each point, (n, 3)."""
        return np.asarray(self._flat(points) @ self._frame)

    @property
    def _frame(self) -> FloatArray:
        """Two unit vectors perpendicular to the axis, (2, 3)."""
        return np.stack(perpendicular_frame(self.axis))

    def _flat(self, points: FloatArray) -> FloatArray:
        """Return the coordinates of the vectors of `across` in `_frame`, (n, 2) [Å]."""
        frame = self._frame
        flat = (points - self.center) @ frame.T
        basis = self.basis @ frame.T
        if len(basis):
            # the pseudo-inverse gives lattice coordinates for one basis vector as well as for two
            flat -= np.rint(flat @ np.linalg.pinv(basis)) @ basis
        if len(basis) == 2 and abs(float(basis[0] @ basis[1])) > 1e-9:
            for shift in self.lattice @ frame.T:
                nearer = flat @ shift > 0.5 * float(shift @ shift)
                flat[nearer] -= shift
        return np.asarray(flat)

    @property
    def lattice(self) -> FloatArray:
        """The shortest lattice translations perpendicular to the axis, both signs, (k, 3) [Å]."""
        counts = np.array(list(itertools.product(*([(-2, -1, 0, 1, 2)] * len(self.basis)))))
        if not len(self.basis):
            return np.zeros((0, 3))
        return np.asarray(counts[np.any(counts != 0, axis=1)] @ self.basis)

    def locate(self, points: FloatArray) -> tuple[IntArray, FloatArray]:
        """Return the side and the distance from the nearest shell; points between shells are inside the wall."""
        flat = self._flat(points)
        radius = np.hypot(flat[:, 0], flat[:, 1])
        outside = radius >= 0.5 * (self.inner + self.outer)
        distance = np.where(outside, radius - self.outer, self.inner - radius)
        side = np.where(distance < 0.0, -1, np.where(outside, 0, 1))
        return side.astype(np.int64), distance

    def boundary(self) -> tuple[FloatArray, FloatArray]:
        """Return the distance [Å] from the axis to the boundary of the cell, (n,), in `DIRECTIONS`, (n, 3).

        The cell around the tube is the region nearer to its axis than to that of any image.
        """
        angle = (np.arange(DIRECTIONS) + 0.5) * 2.0 * math.pi / DIRECTIONS
        directions = np.stack([np.cos(angle), np.sin(angle)], axis=1) @ self._frame
        lattice = self.lattice
        if not len(lattice):
            return np.full(DIRECTIONS, math.inf), directions
        along = directions @ lattice.T
        squares = np.sum(lattice**2, axis=1)
        with np.errstate(divide="ignore"):
            end = np.min(np.where(along > 1e-9, 0.5 * squares / along, math.inf), axis=1)
        return np.asarray(end), directions

    def volumes(self, edges: FloatArray, boundary: FloatArray | None = None) -> FloatArray:
        """Return the volumes of the parts of the shells inside the cell.

        The cross-section of a shell is ∫ ½ (min(r₂, b)² - min(r₁, b)²) dφ, where b(φ) is the distance to the boundary
        of the cell, or to that of a smaller region, (n,) in `DIRECTIONS`.
        """
        boundary = self.boundary()[0] if boundary is None else boundary
        radii = np.asarray(edges + self.outer)
        squares = radii**2
        cut = radii > boundary.min()
        squares[cut] = np.mean(np.minimum(radii[cut, None], boundary) ** 2, axis=1)
        outside = self.length * math.pi * np.diff(squares)
        within = np.clip(self.inner - edges, 0.0, None)
        inside = -self.length * math.pi * np.diff(within**2)
        return np.stack([outside, inside])


@dataclass(frozen=True)
class Box:
    """The cell without a wall: heights along a cell vector, on one side.

    Attributes
    ----------
    normal : (3,) float64
    name : str
    start : float [Å]
        Height of position zero.
    low, high : float [Å]
        Positions of the lower and upper end of the cell; infinite along an open direction.
    area : float [Å²]
    """

    normal: FloatArray
    name: str
    start: float
    low: float
    high: float
    area: float

    @classmethod
    def of(cls, cell: Cell, axis: int) -> Box:
        """Return the cell of a frame, with positions measured from its origin."""
        normal, period = height_along(cell, axis)
        low = 0.0 if math.isfinite(period) else -math.inf
        return cls(normal, AXES[axis], 0.0, low, period, cell.volume / float(cell.heights[axis]))

    def around(self, points: FloatArray, masses: FloatArray) -> Box:
        """Return the same box with positions measured from the centre of mass of the points, (n, 3) [Å]."""
        heights = points @ self.normal
        if not math.isfinite(self.high):
            return replace(self, start=float(np.average(heights, weights=masses)))
        _, first = largest_gap(heights, self.high)
        # a film may cross the face of the cell: heights start at the end of the widest gap
        center = first + float(np.average((heights - first + 1e-9) % self.high, weights=masses))
        return replace(self, start=center, low=-0.5 * self.high, high=0.5 * self.high)

    @property
    def sides(self) -> tuple[str, ...]:
        """A single side, along the axis."""
        return (f"along {self.name}",)

    @property
    def areas(self) -> FloatArray:
        """Area of the cell face."""
        return np.array([self.area])

    @property
    def reach(self) -> FloatArray:
        """Position of the upper end of the cell."""
        return np.array([self.high])

    def locate(self, points: FloatArray) -> tuple[IntArray, FloatArray]:
        """Return side 0 and the position of each point within the cell."""
        height = points @ self.normal - self.start
        if math.isfinite(self.high):
            height = self.low + (height - self.low) % (self.high - self.low)
        return np.zeros(len(points), dtype=np.int64), np.asarray(height)

    def volumes(self, edges: FloatArray) -> FloatArray:
        """Return area times thickness inside the cell."""
        return (self.area * np.diff(np.clip(edges, self.low, self.high)))[None, :]


def perpendicular_frame(axis: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return two unit vectors that form a right-handed frame with the given unit vector as the third."""
    start = np.eye(3)[int(np.argmin(np.abs(axis)))]
    second = np.cross(axis, start)
    second /= np.linalg.norm(second)
    return np.asarray(np.cross(second, axis)), np.asarray(second)


def largest_gap(values: FloatArray, period: float) -> tuple[float, float]:
    """Return the widest gap of a coordinate and its end; the gap is infinite for a coordinate without period."""
    ordered = np.sort(values % period if math.isfinite(period) else values)
    if not math.isfinite(period):
        return math.inf, float(ordered[0])
    gaps = np.diff(ordered, append=ordered[0] + period)
    widest = int(np.argmax(gaps))
    return float(gaps[widest]), float(ordered[(widest + 1) % len(ordered)])


def height_along(cell: Cell, axis: int) -> tuple[FloatArray, float]:
    """Return the normal of the face spanned by the other two cell vectors, and the period along it."""
    normal = cell.inverse[:, axis] * cell.heights[axis]
    return np.asarray(normal), float(cell.heights[axis]) if cell.periodic[axis] else math.inf
