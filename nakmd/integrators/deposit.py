"""Atoms that arrive at a surface during a stage: when, where, how fast."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import InputError
from nakmd.integrators.groups import Mobility
from nakmd.kernels.random import STREAM_ARRIVALS, fill_uniforms
from nakmd.system import DEPOSITED, System
from nakmd.units import ACCELERATION


class Side(ABC):
    """The side of a structure at which atoms arrive: heights above it, and the direction away from it.

    Everything follows from the present positions, so that a resumed run finds the same.

    Parameters
    ----------
    system : System

    Raises
    ------
    InputError
        If the structure has no such side.
    """

    def __init__(self, system: System) -> None:
        self._system = system

    @abstractmethod
    def heights(self, positions: FloatArray) -> FloatArray:
        """Return the height [Å] of positions (m, 3)."""

    @abstractmethod
    def outward(self, position: FloatArray) -> FloatArray:
        """Return the unit vector away from the surface at a position (3,)."""

    @abstractmethod
    def place(self, height: float, first: float, second: float) -> FloatArray:
        """Return the position (3,) at a height [Å] that two numbers from 0 to 1 choose, uniform on the surface."""

    @abstractmethod
    def room(self, level: float) -> float:
        """Return the distance [Å] from a surface at a height to what lies beyond: a face, or a periodic image."""


class Above(Side):
    """The upper side of a slab, sheet or film: heights are measured along the normal of the first two cell vectors."""

    @property
    def _normal(self) -> FloatArray:
        matrix = self._system.cell.matrix
        normal = np.cross(matrix[0], matrix[1])
        return np.asarray(normal / np.linalg.norm(normal))

    def heights(self, positions: FloatArray) -> FloatArray:  # noqa: D102  (inherited)
        return np.asarray(positions @ self._normal)

    def outward(self, position: FloatArray) -> FloatArray:  # noqa: D102
        return self._normal

    def place(self, height: float, first: float, second: float) -> FloatArray:  # noqa: D102
        matrix, normal = self._system.cell.matrix, self._normal
        return np.asarray(first * matrix[0] + second * matrix[1] + height * normal)

    def room(self, level: float) -> float:  # noqa: D102
        system = self._system
        top = float(system.cell.matrix[2] @ self._normal)
        if system.cell.periodic[2]:
            top += float(self.heights(system.positions[~system.absent]).min(initial=level))
        return top - level


class Around(Side):
    """The outside of a tube along x, y or z: heights are distances from its axis."""

    def __init__(self, system: System) -> None:
        super().__init__(system)
        if not np.any(system.groups.get("tube", False)):
            raise InputError('Atoms arrive around a tube, but the structure has none. Write side = "above".')
        self._across = min(([0, 1], [1, 2], [2, 0]), key=self._unevenness)
        self._along = 3 - sum(self._across)

    def _unevenness(self, across: list[int]) -> float:
        """Return the spread of the distances of the wall from an axis across which these two coordinates are [Å]."""
        points = self._wall[:, across]
        return float(np.std(np.linalg.norm(points - points.mean(axis=0), axis=1)))

    @property
    def _wall(self) -> FloatArray:
        return np.asarray(self._system.positions[self._system.groups["tube"]])

    def _from_axis(self, positions: FloatArray) -> FloatArray:
        """Return the vectors from the axis to positions (m, 3)."""
        vectors: FloatArray = positions - self._wall.mean(axis=0)
        vectors[:, self._along] = 0.0
        return vectors

    def heights(self, positions: FloatArray) -> FloatArray:  # noqa: D102  (inherited)
        return np.asarray(np.linalg.norm(self._from_axis(positions), axis=1))

    def outward(self, position: FloatArray) -> FloatArray:  # noqa: D102
        (vector,) = self._from_axis(position[None])
        return np.asarray(vector / np.linalg.norm(vector))

    def place(self, height: float, first: float, second: float) -> FloatArray:  # noqa: D102
        angle = 2.0 * math.pi * first
        position = self._wall.mean(axis=0)
        position[self._across] += height * np.array([math.cos(angle), math.sin(angle)])
        position[self._along] = second * self._system.cell.lengths[self._along]
        return np.asarray(position)

    def room(self, level: float) -> float:  # noqa: D102
        return float(self._system.cell.lengths[self._across].min()) - 2.0 * level


#: Sides by the words that decks use.
SIDES: dict[str, type[Side]] = {"above": Above, "around": Around}


class Deposit:
    r"""Atoms that arrive one by one during a stage, each with the same kinetic energy and angle to the surface.

    All atoms exist from the beginning of a run. Those that will arrive are parked (`nakmd.structures.park`): they have
    no part in forces, energies, temperature or analyses. An atom arrives at a random place at a height above the
    surface, with the speed

    .. math:: v = \sqrt{2 E / m}

    towards it, at an angle to its normal and a random azimuth. An atom, or a cluster of up to twelve, that is
    beyond the reach of all others and moves away has evaporated: it is parked again, and counted.

    Parameters
    ----------
    count : int
        Number of atoms: the next ones of the group ``"deposited"`` in the order of the atoms.
    every : int
        Steps between two arrivals; the first is at the first step of the stage.
    energy : float [eV]
        Kinetic energy on arrival.
    height : float [Å], optional
        Above the highest atom of the surface: one that does not fly, alone or in a cluster of up to twelve. By default
        1 Å more than the reach of the potential, so that the atom arrives free.
    angle : float [degree]
        Between its velocity and the normal of the surface.
    side : {"above", "around"}
        Upper side of a slab, or outside of a tube.

    Raises
    ------
    InputError
        If a number makes no sense.

    Notes
    -----
    Place and azimuth are functions of the seed and the atom; if another atom flies there, the next random place is
    taken. A real flux is 10⁸ to 10⁹ times smaller: between two arrivals a surface here relaxes by what it can do in
    picoseconds. What is measured are the events on contact, such as sticking, exchange and mixing, and not growth by
    slow diffusion.

    Examples
    --------
    >>> from nakmd.integrators import Deposit
    >>> film = Deposit(count=20, every=1000, energy=0.1, angle=30.0)
    >>> film.steps
    20000
    """

    def __init__(
        self,
        count: int,
        every: int,
        energy: float = 0.1,
        height: float | None = None,
        angle: float = 0.0,
        side: str = "above",
    ) -> None:
        self.count, self.every = int(count), int(every)
        self.energy, self.angle = float(energy), float(angle)
        self.height = None if height is None else float(height)
        if self.count < 1 or self.every < 1:
            raise InputError(f"A deposition needs count >= 1 and every >= 1, got {count} and {every}.")
        if not (math.isfinite(self.energy) and self.energy > 0.0):
            raise InputError(f"Atoms arrive with {energy} eV; the energy must be positive.")
        if self.height is not None and not (math.isfinite(self.height) and self.height > 0.0):
            raise InputError(f"Atoms arrive {height} Å above the surface; the height must be positive.")
        if not 0.0 <= self.angle < 90.0:
            raise InputError(f"Atoms arrive at {angle}° to the normal; the angle must be from 0° to below 90°.")
        if side not in SIDES:
            raise InputError(f"Atoms arrive {side!r}; choose among {', '.join(map(repr, SIDES))}.")
        self.side = side

    @property
    def steps(self) -> int:
        """Steps of the stage: each arrival is followed by the same time."""
        return self.count * self.every

    def height_for(self, reach: float) -> float:
        """Return the height of arrivals [Å] with a potential of this reach [Å]."""
        return reach + 1.0 if self.height is None else self.height

    def number_due(self, step_in_stage: int) -> int | None:
        """Return the number, from 0, of the atom that arrives at a step of the stage, from 1; None if none does."""
        number, rest = divmod(step_in_stage - 1, self.every)
        return number if rest == 0 and number < self.count else None

    def arrive(
        self, system: System, atom: int, side: Side, height: float, seed: int, attempt: int
    ) -> tuple[FloatArray, FloatArray]:
        """Return position [Å] and velocity [Å/ps], (3,) each, of an atom that arrives at a height of a side.

        ``attempt`` numbers the places that are tried, from 0.
        """
        draws = np.empty(4)
        fill_uniforms(seed, STREAM_ARRIVALS, attempt, atom, draws)
        position = side.place(height, draws[0], draws[1])
        normal = side.outward(position)
        across = np.cross(normal, np.eye(3)[int(np.argmin(np.abs(normal)))])
        across /= np.linalg.norm(across)
        azimuth, angle = 2.0 * math.pi * draws[2], math.radians(self.angle)
        sideways = math.cos(azimuth) * across + math.sin(azimuth) * np.cross(normal, across)
        speed = math.sqrt(2.0 * self.energy * ACCELERATION / system.masses[atom])
        return position, speed * (math.sin(angle) * sideways - math.cos(angle) * normal)


def atoms_to_come(system: System) -> IntArray:
    """Return the atoms that are still to arrive in a system, in their order: from the first one that is parked on.

    Examples
    --------
    >>> from nakmd.integrators import atoms_to_come
    >>> from nakmd.structures import crystal_slab, park
    >>> slab = park(crystal_slab("Na", "110", (3, 2), 4, 4.2906), ["K"] * 2)
    >>> atoms_to_come(slab).tolist()
    [48, 49]
    """
    if system.present is None or DEPOSITED not in system.groups:
        return np.zeros(0, np.int64)
    atoms = np.flatnonzero(system.groups[DEPOSITED])
    parked = np.flatnonzero(~system.present[atoms])
    return atoms[parked[0] :] if len(parked) else atoms[:0]


def check_deposit(deposit: Deposit, system: System, mobility: Mobility, advances_time: bool) -> None:
    """Check that a stage with a deposition fits a system.

    Raises
    ------
    InputError
        If the stage is a relaxation, no atom is parked, the structure has no such side, or the atoms that arrive are
        held.

    Examples
    --------
    >>> from nakmd.integrators import Deposit, Mobility, check_deposit
    >>> from nakmd.structures import crystal_slab, park
    >>> slab = park(crystal_slab("K", "110", (3, 2), 4, 5.328), ["K"] * 4)
    >>> beam, mobility = Deposit(count=4, every=1000), Mobility(slab)
    >>> check_deposit(beam, slab, mobility, advances_time=True)
    >>> check_deposit(beam, slab, mobility, advances_time=False)  # of a relaxation
    Traceback (most recent call last):
        ...
    nakmd.errors.InputError: A relaxation has no time in which atoms could arrive.
    """
    if not advances_time:
        raise InputError("A relaxation has no time in which atoms could arrive.")
    if system.present is None or DEPOSITED not in system.groups:
        raise InputError(
            f"{deposit.count} atoms are to arrive, but none is parked: build the system with nakmd.structures.park."
        )
    SIDES[deposit.side](system)
    if mobility.would_hold(system.groups[DEPOSITED]):
        raise InputError(
            f'Atoms of the group "{DEPOSITED}" are frozen, tethered or rigid: they could not arrive. Hold others, such '
            "as the bottom layers of the crystal."
        )
