"""The terms of a model: what its sets make, and the screening that joins them."""

from __future__ import annotations

from collections.abc import Sequence

from nakmd.errors import InputError
from nakmd.potentials.base import Term
from nakmd.potentials.forms.embedded_atom import EmbeddedAtom
from nakmd.potentials.forms.pair import PairPotential
from nakmd.potentials.library.model_record import ModelTerm
from nakmd.potentials.screened import Screened


def joined(name: str, made: Sequence[tuple[ModelTerm, list[Term]]], strength: float, doping: float = 0.0) -> list[Term]:
    """Return the terms of a model, pair terms that are screened joined with the metal that screens them.

    Parameters
    ----------
    name : str
        Of the model, for messages.
    made : sequence of (ModelTerm, list of Term)
        What each term of the record has become.
    strength : float
        Of the screening.
    doping : float
        Graphitic nitrogen per atom of the wall, which leaves the metal less to take away.

    Raises
    ------
    InputError
        If there is no one metal to screen with, or the numbers are out of range.
    """
    terms = [one for _, several in made for one in several]
    for words, several in made:
        if words.screening is None:
            continue
        (contact,) = several
        elements = [element.symbol for element in words.screening.element]
        metals = [one for one in terms if isinstance(one, EmbeddedAtom) and set(elements) <= set(one.elements)]
        if len(metals) != 1 or not isinstance(contact, PairPotential):
            raise InputError(
                f"{name} screens {words.set} by the density of {', '.join(elements)}, which "
                f"{len(metals) or 'none'} of its other terms give; it takes one embedded-atom term of all of these, "
                "and one screened term for it."
            )
        screened = Screened(
            metals[0],
            contact,
            {e.symbol: {"residual": e.residual_beside(doping), "rho_0": e.rho_0} for e in words.screening.element},
            strength,
            {pair.species: pair.share for pair in words.screening.pair},
        )
        terms = [screened if one is metals[0] else one for one in terms if one is not contact]
    return terms
