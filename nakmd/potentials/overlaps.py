"""Pairs of species that two terms of a sum have: an error, unless one of them replaces the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product

from nakmd.elements import element_of
from nakmd.errors import InputError
from nakmd.potentials.base import Term


def without_overlaps(terms: Sequence[Term]) -> tuple[Term, ...]:
    """Return the terms of a sum, those without their pairs that another term replaces.

    Raises
    ------
    InputError
        If two terms have the same pair, neither replaces the other or is a correction to it, and no model file declares
        their sum; or if both replace it.
    """
    kept = list(terms)
    for k, n in combinations(range(len(kept)), 2):
        pair = shared_pair(kept[k], kept[n])
        if pair is None:
            continue
        first, second = kept[k], kept[n]
        if first.between_layers and second.between_layers:
            raise InputError(f"{first.label} and {second.label} both act between layers on {'-'.join(pair)}: keep one.")
        if first.added or second.added:
            continue
        if first.replace and second.replace:
            raise InputError(
                f"{first.label} and {second.label} both replace the pair {'-'.join(pair)}: keep one of them."
            )
        if second.replace:
            kept[k] = first.without_pairs_of(second)
        elif first.replace:
            kept[n] = second.without_pairs_of(first)
        elif not (first.summed and second.summed):
            raise InputError(_twice(first, second, pair))
    return tuple(kept)


def shared_pair(first: Term, second: Term) -> tuple[str, str] | None:
    """Return a pair of species that both terms couple, or None.

    A pair of bare elements applies to their labelled sites too, so the sites that either term names are tried.
    """
    known = dict.fromkeys((*first.known_species, *second.known_species))
    # without names, both take any species
    names = list(dict.fromkeys((*known, *(element_of(name) for name in known)))) or ["any"]
    both = [name for name in names if _knows(first, name, names) and _knows(second, name, names)]
    for a, b in product(both, both):
        if a <= b and all(term.covers(a, b) not in ("", "none") for term in (first, second)):
            return a, b
    return None


def _knows(term: Term, name: str, names: Sequence[str]) -> bool:
    """Return whether a term couples a species with any other."""
    return any(term.covers(name, other) not in ("", "none") for other in names)


def _twice(first: Term, second: Term, pair: tuple[str, str]) -> str:
    """Return the message for a pair that two terms have."""
    own = next((term for term in (second, first) if term.pairwise and not term.summed), None)
    what = f"Both {first.label} and {second.label} have the pair {'-'.join(pair)}, and their energies would be added."
    calculator = next((term for term in (second, first) if term.is_external), None)
    if calculator is not None:
        return (
            f"{what} Give {calculator.label} the species that it computes, or declare it a correction that is added: "
            "add = true (in Python add=True)."
        )
    if own is None:
        return f"{what} Remove one of them, or select its elements."
    return (
        f"{what} To use {own.label} instead of the other, give it replace = true (in Python replace=True). A sum that "
        'is intended is declared in a model file (form = "model"), with a [[term]] for each set.'
    )
