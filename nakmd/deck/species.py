"""The species of a deck: those that its words name, and those that its structure will have."""

from __future__ import annotations

from collections.abc import Iterator

from nakmd.deck.draft import Draft
from nakmd.deck.matter import Crystal, PairTerm
from nakmd.toml_lines import KeyPath


def species_words(draft: Draft) -> Iterator[tuple[KeyPath, str]]:
    """Yield every word of the deck that has to be a species, with its place."""
    if draft.model is not None:
        for index, term in enumerate(draft.model.terms):
            if isinstance(term, PairTerm):
                for end, word in enumerate(term.pair):
                    yield ("model", "terms", index, "pair", end), word
        for index, pair in enumerate(draft.model.none):
            for end, word in enumerate(pair):
                yield ("model", "none", index, end), word
    if draft.structure is not None and draft.structure.crystal is not None:
        crystal = draft.structure.crystal
        yield ("structure", "crystal", "element"), crystal.element
        if crystal.substitute is not None:
            yield ("structure", "crystal", "substitute", "element"), crystal.substitute.element


def expected_species(draft: Draft) -> tuple[str, ...]:
    """Return the species that the words promise, for checks that must not wait for the structure to be built."""
    structure = draft.structure
    if structure is None:
        return ()
    found: list[str] = []
    if structure.carbon is not None:
        found.append("C")
        if structure.carbon.doping is not None:
            fractions = structure.carbon.doping.fractions
            found += [f"N:{kind}" for kind in fractions]
            if "pyrrolic" in fractions or ("pyridinic" in fractions and structure.carbon.doping.nitrogens_per_site < 3):
                found.append("C:edge")
    if structure.liquid is not None:
        if not draft.is_whole("structure", "liquid", "x_K"):
            found += ["Na", "K"]
        else:
            found += ["Na"] * (structure.liquid.x_K < 1.0) + ["K"] * (structure.liquid.x_K > 0.0)
    if isinstance(structure.crystal, Crystal):
        found.append(structure.crystal.element)
        if structure.crystal.substitute is not None:
            found.append(structure.crystal.substitute.element)
    return tuple(dict.fromkeys(found))
