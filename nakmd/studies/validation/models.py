"""The part of a model that acts between given species: what a figure depends on, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Any

from nakmd.io.atomic import plain
from nakmd.potentials import Hybrid, Potential, Term


def knows(potential: Potential, species: Sequence[str]) -> bool:
    """Return whether every pair of these species is coupled."""
    return all(how for _, _, how in potential.coverage(species))


def part_for(potential: Potential, species: Sequence[str]) -> Potential:
    """Return a model without the terms that couple none of these species: the same forces on them, sooner."""
    if not isinstance(potential, Hybrid):
        return potential
    acting = _acting(potential, species)
    return Hybrid(acting, [tuple(sorted(pair)) * (3 - len(pair)) for pair in potential.none], potential.name)  # type: ignore[misc]


def _acting(potential: Hybrid, species: Sequence[str]) -> list[Term]:
    """Return the terms that couple some of these species; of a term that is made of others, those alone that do."""
    pairs = list(combinations_with_replacement(species, 2))

    def acts(term: Term) -> bool:
        return any(term.covers(a, b) for a, b in pairs)

    found: list[Term] = []
    for term in potential.terms:
        if acts(term):
            found += [term] if all(acts(part) for part in term.parts) else filter(acts, term.parts)
    return found


def digest_for(potential: Potential, species: Sequence[str]) -> str:
    """Return a digest of the terms that act between these species: other terms may change without it."""
    terms: list[Any] = [*_acting(potential, species)] if isinstance(potential, Hybrid) else [potential]
    text = json.dumps([plain(term.describe()) for term in terms], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
