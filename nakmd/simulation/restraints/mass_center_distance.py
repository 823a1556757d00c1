"""Distance from the centre of mass of a group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nakmd.errors import InputError
from nakmd.simulation.restraints.coordinate import AtomNames, Coordinate, CoordinateReference, atoms_called, gathered
from nakmd.simulation.restraints.coordinate_shapes import Distance
from nakmd.system import System


@dataclass(frozen=True)
class MassCenterDistance(Coordinate):
    """Distance from the centre of mass of another group, by the shortest periodic image.

    Attributes
    ----------
    atom, species, group, nearest
        As in `Coordinate`.
    other : str or tuple of int
        The other group.

    Examples
    --------
    >>> from nakmd.simulation import MassCenterDistance, Restraint
    >>> apart = MassCenterDistance(group="droplet", other="carbon")
    >>> Restraint(apart, spring=0.1, centre=(20.0, 12.0)).words
    'restraint of centre of droplet to other carbon at 20 to 12 Å, 0.1 eV/Å²'
    """

    other: AtomNames | None = None

    reference_key: ClassVar[str] = "other"
    reference_description: ClassVar[str] = "the group whose centre of mass counts"
    reference_default: ClassVar[str] = "none, and with this kind it is required"
    reference_example: ClassVar[str] = "carbon"

    def refer(self, system: System) -> CoordinateReference:
        """Return the other group in a system; `InputError` if it is not given or extends through the cell."""
        if self.other is None:
            raise InputError('A restraint to a centre of mass needs the other group: other = "carbon".')
        atoms = atoms_called(system, self.other, "other group")
        images = gathered(system.positions[atoms], system.cell, "other group")
        return CoordinateReference(Distance(), atoms, system.masses[atoms] / system.masses[atoms].sum(), images)
