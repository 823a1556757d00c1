"""Models of the energy: formulas, tables, and the library of parameter sets."""
from nakmd.potentials.base import Potential, Term, evaluate
from nakmd.potentials.lennard_jones import LennardJones
from nakmd.potentials.morse import Morse

__all__ = ["LennardJones", "Morse", "Potential", "Term", "evaluate"]
