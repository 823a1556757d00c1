"""Forms of potentials: one file each, registered here only.

The library, decks, export, documentation and tests read the declarations of the classes.
"""

from nakmd.potentials.forms.buckingham import Buckingham
from nakmd.potentials.forms.chebyshev_eam import ChebyshevEAM
from nakmd.potentials.forms.eam import EAM
from nakmd.potentials.forms.embedded_atom import EmbeddedAtom as _EmbeddedAtom
from nakmd.potentials.forms.finnis_sinclair import FinnisSinclair
from nakmd.potentials.forms.gupta import Gupta
from nakmd.potentials.forms.johnson_oh import JohnsonOh
from nakmd.potentials.forms.lennard_jones import LennardJones
from nakmd.potentials.forms.morse import Morse
from nakmd.potentials.forms.pair import PairPotential as _PairPotential
from nakmd.potentials.forms.tersoff import Tersoff
from nakmd.potentials.forms.two_gaussians import TwoGaussians
from nakmd.potentials.forms.zbl import ZBL

#: The registry, one line for each form. `nakmd.potentials` exports the same names.
__all__ = [
    "EAM",
    "ZBL",
    "Buckingham",
    "ChebyshevEAM",
    "FinnisSinclair",
    "Gupta",
    "JohnsonOh",
    "LennardJones",
    "Morse",
    "Tersoff",
    "TwoGaussians",
]

#: The classes of the registry.
FORMS: tuple[type[_EmbeddedAtom] | type[_PairPotential] | type[Tersoff], ...] = tuple(globals()[n] for n in __all__)

#: The forms that are sums over pairs.
PAIR_FORMS: tuple[type[_PairPotential], ...] = tuple(form for form in FORMS if issubclass(form, _PairPotential))
