"""Slow reference implementations of every potential: plain NumPy over explicit periodic images, no neighbour list.

Each twin is written from the papers and from LAMMPS's documentation, shares no line with the engine, and is
itself checked by finite differences and against LAMMPS (`test_reference`).
"""

from reference.analytic_eam import GuptaTwin, JohnsonOhTwin
from reference.bond_order import TersoffTwin, parse_tersoff
from reference.cubics import NicholAcklandTwin
from reference.images import Outcome, brute_pairs, strained
from reference.pair import PairTwin
from reference.screened import ScreenedTwin
from reference.tables import TableTwin, read_eam, write_setfl

__all__ = [
    "GuptaTwin",
    "JohnsonOhTwin",
    "NicholAcklandTwin",
    "Outcome",
    "PairTwin",
    "ScreenedTwin",
    "SumTwin",
    "TableTwin",
    "TersoffTwin",
    "brute_pairs",
    "parse_tersoff",
    "read_eam",
    "strained",
    "write_setfl",
]


class SumTwin:
    """Sums of the energies, forces and virials of several references."""

    def __init__(self, twins):
        self.twins = list(twins)

    def compute(self, system):
        """Return the sum of the results of all references for one system."""
        outcomes = [twin.compute(system) for twin in self.twins]
        return Outcome(
            sum(o.energies for o in outcomes),
            sum(o.forces for o in outcomes),
            sum(o.virial for o in outcomes),
        )
