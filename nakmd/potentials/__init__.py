"""Models of the energy: formulas, tables, and the library of parameter sets."""

from nakmd.potentials.base import Potential, Term, evaluate
from nakmd.potentials.eam import EAM
from nakmd.potentials.finnis_sinclair import FinnisSinclair
from nakmd.potentials.lennard_jones import LennardJones
from nakmd.potentials.morse import Morse

__all__ = ["EAM", "FinnisSinclair", "LennardJones", "Morse", "Potential", "Term", "evaluate"]
