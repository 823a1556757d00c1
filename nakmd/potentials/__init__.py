"""Models of the energy: formulas, tables, and the library of parameter sets."""

from nakmd.potentials import forms
from nakmd.potentials.base import Potential, Term, evaluate
from nakmd.potentials.evaluator import BoundTerm, Evaluator
from nakmd.potentials.external import External
from nakmd.potentials.files.eam_table import EAMTable
from nakmd.potentials.forms import *  # noqa: F403  (the registry of forms, by its __all__)
from nakmd.potentials.forms.pair import PairPotential
from nakmd.potentials.hybrid import Hybrid
from nakmd.potentials.library import load
from nakmd.potentials.screened import Screened

__all__ = [
    "BoundTerm", "EAMTable", "Evaluator", "External", "Hybrid", "PairPotential", "Potential", "Screened", "Term",
    "evaluate", "load",
]  # fmt: skip
__all__ += forms.__all__
