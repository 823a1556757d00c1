"""Models of the energy: formulas, tables, and the library of parameter sets."""

from nakmd.potentials.base import Potential, Term, evaluate
from nakmd.potentials.eam import EAM
from nakmd.potentials.finnis_sinclair import FinnisSinclair
from nakmd.potentials.hybrid import Hybrid
from nakmd.potentials.lennard_jones import LennardJones
from nakmd.potentials.library import load
from nakmd.potentials.morse import Morse
from nakmd.potentials.screened import Screened
from nakmd.potentials.tersoff import Tersoff
from nakmd.potentials.two_gaussians import TwoGaussians

__all__ = [
    "EAM",
    "FinnisSinclair",
    "Hybrid",
    "LennardJones",
    "Morse",
    "Potential",
    "Screened",
    "Term",
    "Tersoff",
    "TwoGaussians",
    "evaluate",
    "load",
]
