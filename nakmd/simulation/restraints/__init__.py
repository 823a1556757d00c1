"""Harmonic restraints of distances: from a wall, from a site, between centres of mass.

>>> from nakmd.simulation.restraints import Restraint, SiteDistance
>>> Restraint(SiteDistance(species="K", site="N:pyridinic"), spring=0.5, centre=(8.0, 3.0)).words
'restraint of K to site N:pyridinic at 8 to 3 Å, 0.5 eV/Å²'
"""

from nakmd.simulation.restraints.bound_restraint import BoundRestraint, bind_restraints
from nakmd.simulation.restraints.coordinate import Coordinate, CoordinateReference
from nakmd.simulation.restraints.coordinate_kinds import COORDINATES
from nakmd.simulation.restraints.mass_center_distance import MassCenterDistance
from nakmd.simulation.restraints.restraint import Restraint
from nakmd.simulation.restraints.site_distance import SiteDistance
from nakmd.simulation.restraints.wall_distance import WallDistance

__all__ = [
    "COORDINATES",
    "BoundRestraint",
    "Coordinate",
    "CoordinateReference",
    "MassCenterDistance",
    "Restraint",
    "SiteDistance",
    "WallDistance",
    "bind_restraints",
]
