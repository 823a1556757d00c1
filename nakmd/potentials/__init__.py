"""Models of the energy: formulas, tables, and the library of parameter sets."""

from nakmd.potentials.base import Potential, Term, evaluate
from nakmd.potentials.eam import EAM
from nakmd.potentials.evaluator import BoundTerm, Evaluator
from nakmd.potentials.finnis_sinclair import FinnisSinclair
from nakmd.potentials.gupta import Gupta
from nakmd.potentials.hybrid import Hybrid
from nakmd.potentials.johnson_oh import JohnsonOh
from nakmd.potentials.lennard_jones import LennardJones
from nakmd.potentials.library import load
from nakmd.potentials.morse import Morse
from nakmd.potentials.screened import Screened
from nakmd.potentials.tersoff import Tersoff
from nakmd.potentials.two_gaussians import TwoGaussians

__all__ = [
    "EAM",
    "BoundTerm",
    "Evaluator",
    "FinnisSinclair",
    "Gupta",
    "Hybrid",
    "JohnsonOh",
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
