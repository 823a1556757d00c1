"""The terms of a model, with screened pairs combined with the metal that screens them."""

from __future__ import annotations

from collections.abc import Sequence

from nakmd.errors import InputError
from nakmd.potentials.base import Term
from nakmd.potentials.forms.embedded_atom import EmbeddedAtom
from nakmd.potentials.forms.pair import PairPotential
from nakmd.potentials.library.model_record import ModelTerm
from nakmd.potentials.screened import Screened


def joined(name: str, made: Sequence[tuple[ModelTerm, list[Term]]], strength: float, doping: float = 0.0) -> list[Term]:
    """Return the terms of a model, each screened pair term combined with its metal into one `Screened` term.

    Parameters
    ----------
    name : str
        Name of the model, for messages.
    made : sequence of (ModelTerm, list of Term)
        The entries of the record and the terms built from them.
    strength : float
        Strength of the screening.
    doping : float
        Graphitic nitrogen per atom of the wall, which changes the screening.

    Raises
    ------
    InputError
        If there is not exactly one metal to screen with, or a number is out of range.
    """
    terms = [term for _, built in made for term in built]
    for entry, built in made:
        if entry.screening is None:
            continue
        (contact,) = built
        elements = [element.symbol for element in entry.screening.element]
        metals = [term for term in terms if isinstance(term, EmbeddedAtom) and set(elements) <= set(term.elements)]
        if len(metals) != 1 or not isinstance(contact, PairPotential):
            raise InputError(
                f"{name} screens {entry.set} by the density of {', '.join(elements)}, which "
                f"{len(metals) or 'none'} of its other terms give; it needs one embedded-atom term with all of these, "
                "and one screened term for it."
            )
        screened = Screened(
            metals[0],
            contact,
            {e.symbol: {"residual": e.residual_beside(doping), "rho_0": e.rho_0} for e in entry.screening.element},
            strength,
            {pair.species: pair.share for pair in entry.screening.pair},
        )
        terms = [screened if term is metals[0] else term for term in terms if term is not contact]
    return terms
