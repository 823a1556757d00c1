"""The sum of terms over species."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

from nakmd.elements import element_of
from nakmd.errors import InputError
from nakmd.potentials.base import Potential, Term
from nakmd.potentials.overlaps import without_overlaps


class Hybrid(Potential):
    """A sum of terms over different species, in which every pair of species must be covered.

    Parameters
    ----------
    terms : sequence of Term
        A pair of species that two of them have is an error, unless one is a pair potential with ``replace=True``: the
        others then lose its pairs.
    none : iterable of (str, str)
        Pairs of species (or bare elements) that are declared not to interact.
    name : str
        Name in provenance.

    Raises
    ------
    InputError
        If there is no term, or two have the same pair (`nakmd.potentials.overlaps`).

    Examples
    --------
    >>> from nakmd.potentials import Hybrid, LennardJones
    >>> lj = LennardJones({("K", "K"): {"epsilon": 0.1, "sigma": 4.0, "cutoff": 8.0}})
    >>> Hybrid([lj], none=[("C", "C"), ("C", "K")]).coverage(["C", "K"])
    [('C', 'C', 'none'), ('C', 'K', 'none'), ('K', 'K', 'lennardjones')]
    """

    def __init__(self, terms: Sequence[Term], none: Iterable[tuple[str, str]] = (), name: str = "hybrid") -> None:
        if not terms:
            raise InputError("A model needs at least one term.")
        self._terms = without_overlaps(terms)
        self.none = {frozenset(pair) for pair in none}
        self.name = name

    @property
    def terms(self) -> tuple[Term, ...]:  # noqa: D102  (inherited)
        return self._terms

    @property
    def has_mixed(self) -> bool:  # type: ignore[override]  # read-only, as in the terms
        """Whether a term has pairs that can be evaluated in float32."""
        return any(term.has_mixed for term in self.terms)

    def covers(self, a: str, b: str) -> str:  # noqa: D102
        labels = [label for label in (term.covers(a, b) for term in self.terms) if label]
        acting = [label for label in labels if label != "none"]
        if acting:
            return " + ".join(acting)
        declared = any(frozenset((x, y)) in self.none for x in (a, element_of(a)) for y in (b, element_of(b)))
        return "none" if labels or declared else ""

    def describe(self) -> dict[str, Any]:  # noqa: D102
        return {
            "name": self.name,
            "precision": self.precision,
            "terms": [term.describe() for term in self.terms],
            "none": sorted(sorted(pair) for pair in self.none),
        }

    def with_precision(self, precision: str) -> Self:  # noqa: D102
        any_mixed = self.has_mixed  # if false, the first term raises the error
        terms = tuple(
            term.with_precision(precision) if term.has_mixed or not any_mixed else term for term in self.terms
        )
        return self._with(_terms=terms, precision=precision)
