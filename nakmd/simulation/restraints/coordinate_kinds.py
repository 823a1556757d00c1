"""The kinds of coordinates of restraints, by the words that decks use: one line for each."""

from __future__ import annotations

from nakmd.simulation.restraints.coordinate import Coordinate
from nakmd.simulation.restraints.mass_center_distance import MassCenterDistance
from nakmd.simulation.restraints.site_distance import SiteDistance
from nakmd.simulation.restraints.wall_distance import WallDistance

COORDINATES: dict[str, type[Coordinate]] = {
    "wall": WallDistance,
    "site": SiteDistance,
    "mass-centre": MassCenterDistance,
}
