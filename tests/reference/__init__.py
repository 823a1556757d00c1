"""Slow reference implementations of every potential: plain NumPy over explicit periodic images, no neighbour list.

Each twin is written from the papers and from LAMMPS's documentation, shares no line with the engine, and is
itself checked by finite differences and against LAMMPS (`test_reference`).
"""

from reference.analytic_eam import GuptaTwin, JohnsonOhTwin
from reference.bond_order import TersoffTwin, parse_tersoff
from reference.chebyshev_eam import ChebyshevTwin
from reference.cubics import NicholAcklandTwin
from reference.images import Outcome, brute_pairs, strained
from reference.layers import LayersTwin
from reference.named_sets import named_twin
from reference.pair import PairTwin
from reference.screened import ScreenedTwin
from reference.sums import SumTwin
from reference.tables import TableTwin, read_eam, write_setfl

__all__ = [
    "ChebyshevTwin",
    "GuptaTwin",
    "JohnsonOhTwin",
    "LayersTwin",
    "NicholAcklandTwin",
    "Outcome",
    "PairTwin",
    "ScreenedTwin",
    "SumTwin",
    "TableTwin",
    "TersoffTwin",
    "brute_pairs",
    "named_twin",
    "parse_tersoff",
    "read_eam",
    "strained",
    "write_setfl",
]
