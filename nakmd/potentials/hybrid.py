"""The sum of terms over species."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

from nakmd.arrays import FloatArray
from nakmd.elements import element_of
from nakmd.errors import InputError
from nakmd.neighbors import ListRequest, Neighbors
from nakmd.potentials.base import Potential, Term, compute_sum, sum_pair_energies
from nakmd.system import Result, System


def terms_in(potential: Potential) -> tuple[Term, ...]:
    """Return the terms of a sum, or the one term that a potential is."""
    if isinstance(potential, Hybrid):
        return potential.terms
    return (potential,) if isinstance(potential, Term) else ()


class Hybrid(Potential):
    """A sum of terms, each over its own species, with every pair of species accounted for.

    Parameters
    ----------
    terms : sequence of Term
    none : iterable of (str, str)
        Pairs of species (or bare elements) that are declared not to interact.
    name : str
        Name in provenance.

    Raises
    ------
    InputError
        If there is no term.

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
        self.terms = tuple(terms)
        self.none = {frozenset(pair) for pair in none}
        self.name = name
        self.has_mixed = any(term.has_mixed for term in self.terms)

    @property
    def requests(self) -> tuple[ListRequest, ...]:  # noqa: D102  (inherited)
        return tuple(request for term in self.terms for request in term.requests)

    def covers(self, a: str, b: str) -> str:  # noqa: D102
        labels = [how for how in (term.covers(a, b) for term in self.terms) if how]
        acting = [how for how in labels if how != "none"]
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

    def prepare(self, species_names: Sequence[str]) -> None:  # noqa: D102
        self.check_coverage(species_names)
        self._species_names = tuple(species_names)
        for term in self.terms:
            term.bind(species_names)

    def use_precision(self, precision: str) -> Self:  # noqa: D102
        able = [term for term in self.terms if term.has_mixed]
        for term in able or self.terms:
            term.use_precision(precision)
        self.precision = precision
        return self

    def compute(self, system: System, neighbors: Neighbors, result: Result, virial: bool = True) -> None:  # noqa: D102
        compute_sum(self.terms, system, neighbors, result, virial)

    def pair_energies(self, system: System, neighbors: Neighbors) -> FloatArray:  # noqa: D102
        return sum_pair_energies(self.terms, system, neighbors)
