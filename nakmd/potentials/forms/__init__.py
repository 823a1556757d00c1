"""Forms of potentials: one file each, named here and nowhere else.

Library, decks, export, pages and tests read what the classes declare.
"""

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

#: The registry, one line for each form. `nakmd.potentials` exports the same names.
__all__ = [
    "EAM",
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

#: Those that are sums over pairs.
PAIR_FORMS: tuple[type[_PairPotential], ...] = tuple(form for form in FORMS if issubclass(form, _PairPotential))
