"""Distance from an atom of the wall, or from the middle of some atoms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nakmd.errors import InputError
from nakmd.simulation.restraints.coordinate import AtomNames, Coordinate, CoordinateReference, atoms_called, gathered
from nakmd.simulation.restraints.coordinate_shapes import Distance
from nakmd.system import System


@dataclass(frozen=True)
class SiteDistance(Coordinate):
    """Distance from the mean position of the atoms of a site, by the shortest periodic image.

    Attributes
    ----------
    atom, species, group, nearest
        As in `Coordinate`.
    site : str or tuple of int
        The atoms of one site: indices, or a species if it has only one site: the nitrogen around a vacancy is
        ``"N:pyridinic"``, and its centre is that of the vacancy.

    Examples
    --------
    >>> from nakmd.simulation import Restraint, SiteDistance
    >>> at_site = SiteDistance(species="K", nearest="site", site="N:pyridinic")
    >>> Restraint(at_site, spring=1.0, centre=2.7).words
    'restraint of K to site N:pyridinic at 2.7 Å, 1 eV/Å²'
    """

    site: AtomNames | None = None

    reference_key: ClassVar[str] = "site"
    reference_description: ClassVar[str] = "the atoms of one site, whose mean position counts"
    reference_default: ClassVar[str] = "none, and with this kind it is required"
    reference_example: ClassVar[str] = "N:pyridinic"
    has_site: ClassVar[bool] = True

    def refer(self, system: System) -> CoordinateReference:
        """Return the site in a system; `InputError` if it is not given or extends through the cell."""
        if self.site is None:
            raise InputError('A restraint to a site needs its atoms: site = "N:pyridinic", or indices [12, 57, 88].')
        atoms = atoms_called(system, self.site, "site")
        images = gathered(system.positions[atoms], system.cell, "site")
        return CoordinateReference(Distance(), atoms, np.full(len(atoms), 1.0 / len(atoms)), images)
