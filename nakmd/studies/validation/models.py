"""The part of a model that acts between given species, which a result depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Any

from nakmd.io.atomic import plain
from nakmd.potentials import Hybrid, Potential, Term


def covers(potential: Potential, species: Sequence[str]) -> bool:
    """Return whether the model covers every pair of these species."""
    return all(how for _, _, how in potential.coverage(species))


def part_for(potential: Potential, species: Sequence[str]) -> Potential:
    """Return the model without terms that act on none of these species: equal forces at lower cost."""
    if not isinstance(potential, Hybrid):
        return potential
    acting = _acting(potential, species)
    return Hybrid(acting, [tuple(sorted(pair)) * (3 - len(pair)) for pair in potential.none], potential.name)  # type: ignore[misc]


def _acting(potential: Hybrid, species: Sequence[str]) -> list[Term]:
    """Return the terms that act between these species; composite terms are reduced to their acting parts."""
    pairs = list(combinations_with_replacement(species, 2))

    def acts(term: Term) -> bool:
        return any(term.covers(a, b) for a, b in pairs)

    acting: list[Term] = []
    for term in potential.terms:
        if acts(term):
            acting += [term] if all(acts(part) for part in term.parts) else filter(acts, term.parts)
    return acting


def digest_for(potential: Potential, species: Sequence[str]) -> str:
    """Return a digest of the terms that act between these species, independent of other terms."""
    terms: list[Any] = [*_acting(potential, species)] if isinstance(potential, Hybrid) else [potential]
    text = json.dumps([plain(term.describe()) for term in terms], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
