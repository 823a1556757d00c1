"""A common length of several tubes: whole periods of each, stretched or compressed a little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from nakmd.errors import StructureError
from nakmd.structures.nanotube import TubeGeometry

#: Largest strain of a wall unless stated.
LARGEST_STRAIN = 0.01

#: Largest deviation from the length that is asked for, as a fraction; a single period may deviate more.
NEAR = 0.2

#: Distance [Å] of neighbouring walls in graphite, of which alternatives come close, and the smallest allowed distance.
SPACING, LEAST_SPACING = 3.4, 2.6


@dataclass(frozen=True)
class CommonLength:
    """Walls of one length.

    Attributes
    ----------
    walls : tuple of TubeGeometry
        From the inside outwards.
    repeats : tuple of int
        Number of periods of each.
    """

    walls: tuple[TubeGeometry, ...]
    repeats: tuple[int, ...]

    @property
    def lengths(self) -> tuple[float, ...]:
        """Lengths [Å] of the walls without strain."""
        return tuple(wall.period * count for wall, count in zip(self.walls, self.repeats, strict=True))

    @property
    def length(self) -> float:
        """The common length [Å]: without a net force along the axis if all sheets are equally stiff."""
        radii = [wall.radius for wall in self.walls]
        return sum(radii) / sum(radius / own for radius, own in zip(radii, self.lengths, strict=True))

    @property
    def strains(self) -> tuple[float, ...]:
        """Strain of each wall along the axis."""
        length = self.length
        return tuple(round(length / own - 1.0, 12) + 0.0 for own in self.lengths)  # no -0.0 from rounding

    @property
    def largest(self) -> float:
        """Magnitude of the largest strain."""
        return max(map(abs, self.strains))

    @property
    def n_atoms(self) -> int:
        """Atoms of all walls."""
        return sum(wall.atoms_per_period * count for wall, count in zip(self.walls, self.repeats, strict=True))

    def describe(self) -> str:
        """Return a one-line summary."""
        parts = (
            f"({wall.n},{wall.m}) radius {wall.radius:.3f} Å, {count} periods, strain {strain:+.2%}"
            for wall, count, strain in zip(self.walls, self.repeats, self.strains, strict=True)
        )
        return f"{self.length:.3f} Å long: {'; '.join(parts)}"


def common_length(walls: Sequence[TubeGeometry], length: float, strain: float = LARGEST_STRAIN) -> CommonLength:
    """Return the common length of walls that is nearest to a length.

    Parameters
    ----------
    walls : sequence of TubeGeometry
        From the inside outwards.
    length : float [Å]
        The result is within a fifth of it, or one period of the wall with the longest.
    strain : float
        Largest strain of a wall along the axis.

    Returns
    -------
    CommonLength

    Raises
    ------
    StructureError
        If walls touch or are out of order, or if none of the lengths has such small strains. The message gives the best
        lengths, and walls of equal period.

    Examples
    --------
    >>> found = common_length([TubeGeometry(10, 10), TubeGeometry(15, 15)], 20.0)
    >>> found.repeats, round(found.length, 3), found.largest
    ((8, 8), 19.676, 0.0)
    """
    if not walls:
        raise StructureError("A tube needs at least one wall.")
    if not length > 0.0:
        raise StructureError(f"The length of a tube must be positive, got {length} Å.")
    if not 0.0 <= strain <= 0.1:
        raise StructureError(f"The largest strain of a wall must be from 0 to 0.1, got {strain}.")
    _check_spacing(walls)
    near, best = [], []
    longest = max(wall.period for wall in walls)
    for count in range(1, ceil(8.0 * max(length, longest) / longest) + 1):
        base = count * longest
        repeats = tuple(max(1, round(base / wall.period)) for wall in walls)
        match = CommonLength(tuple(walls), repeats)
        if abs(match.length - length) <= NEAR * length or (count == 1 and match.length > length):
            near.append(match)
        best.append(match)
    allowed = [match for match in near if match.largest <= strain + 1e-12]
    if allowed:
        return min(allowed, key=lambda match: (abs(match.length - length), match.largest))
    raise StructureError(_refusal(walls, length, strain, near, best))


def _check_spacing(walls: Sequence[TubeGeometry]) -> None:
    """Raise `StructureError` if neighbouring walls touch or are not in order."""
    for inner, outer in pairwise(walls):
        gap = outer.radius - inner.radius
        if gap < LEAST_SPACING:
            raise StructureError(
                f"The wall ({outer.n},{outer.m}) of radius {outer.radius:.2f} Å follows ({inner.n},{inner.m}) of "
                f"{inner.radius:.2f} Å: walls are given from the inside outwards, at least {LEAST_SPACING} Å apart."
                f"{_suggestion(inner)}"
            )


def _refusal(
    walls: Sequence[TubeGeometry],
    length: float,
    strain: float,
    near: Sequence[CommonLength],
    candidates: Sequence[CommonLength],
) -> str:
    names = ", ".join(f"({wall.n},{wall.m})" for wall in walls)
    periods = ", ".join(f"{wall.period:.4f}" for wall in walls)
    text = (
        f"The walls {names} have periods of {periods} Å, and no common length near {length:g} Å strains them by at "
        f"most {strain:.2%}."
    )
    if near:
        closest = min(near, key=lambda match: match.largest)
        text += f" The smallest strain there is {closest.largest:.2%}, at {closest.length:.2f} Å."
    fitting = [match for match in candidates if match.largest <= strain]
    if fitting:
        text += f" At {fitting[0].length:.2f} Å it is {fitting[0].largest:.2%}."
    else:
        closest = min(candidates, key=lambda match: match.largest)
        farthest = candidates[-1].length
        text += f" Up to {farthest:.0f} Å the smallest is {closest.largest:.2%}, at {closest.length:.2f} Å."
    return text + _suggestion(walls[0])


def _suggestion(inner: TubeGeometry) -> str:
    """Return the wall of the same period whose distance from a wall is nearest to that of graphite, as a sentence."""
    wanted = inner.radius + SPACING * inner.bond / 1.42
    most = ceil(wanted / inner.radius * (inner.n + inner.m)) + 2
    same = [
        TubeGeometry(n, m, inner.bond)
        for n in range(most + 1)
        for m in range(n + 1)
        if n + m >= inner.n + inner.m and abs(_radius(n, m, inner) - wanted) < 1.0
    ]
    same = [wall for wall in same if abs(wall.period - inner.period) < 1e-6 * inner.period]
    if not same:
        return ""
    wall = min(same, key=lambda wall: abs(wall.radius - wanted))
    return (
        f" Around ({inner.n},{inner.m}), ({wall.n},{wall.m}) has the same period, at a distance of "
        f"{wall.radius - inner.radius:.2f} Å."
    )


def _radius(n: int, m: int, like: TubeGeometry) -> float:
    """Return the radius [Å] of the tube (n, m) with the bond of another."""
    return like.radius * float(((n * n + n * m + m * m) / (like.n**2 + like.n * like.m + like.m**2)) ** 0.5)
