"""Models of the energy: formulas, tables, and the library of parameter sets."""

from nakmd.potentials.base import Potential, Term, evaluate
from nakmd.potentials.forms.eam import EAM
from nakmd.potentials.forms.finnis_sinclair import FinnisSinclair
from nakmd.potentials.forms.gupta import Gupta
from nakmd.potentials.forms.johnson_oh import JohnsonOh
from nakmd.potentials.forms.lennard_jones import LennardJones
from nakmd.potentials.forms.morse import Morse
from nakmd.potentials.forms.tersoff import Tersoff
from nakmd.potentials.forms.two_gaussians import TwoGaussians
from nakmd.potentials.hybrid import Hybrid
from nakmd.potentials.library import load
from nakmd.potentials.screened import Screened

__all__ = [
    "EAM",
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
