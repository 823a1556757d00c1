"""The species of a deck: those that it names, and those that its structure will contain."""

from __future__ import annotations

from collections.abc import Iterator

from nakmd.deck.draft import Draft
from nakmd.deck.force_model import ASETerm, PairTerm
from nakmd.deck.metal_sections import Crystal
from nakmd.deck.stage_sections import Deposition
from nakmd.toml_lines import KeyPath


def named_species(draft: Draft) -> Iterator[tuple[KeyPath, str]]:
    """Yield every species name in the deck with its path."""
    if draft.model is not None:
        for index, term in enumerate(draft.model.terms):
            if isinstance(term, PairTerm):
                for end, name in enumerate(term.pair):
                    yield ("model", "terms", index, "pair", end), name
            if isinstance(term, ASETerm):
                for number, name in enumerate(term.species or ()):
                    yield ("model", "terms", index, "species", number), name
        for index, pair in enumerate(draft.model.none):
            for end, name in enumerate(pair):
                yield ("model", "none", index, end), name
    if draft.structure is not None and draft.structure.crystal is not None:
        crystal = draft.structure.crystal
        yield ("structure", "crystal", "element"), crystal.element
        if crystal.substitute is not None:
            yield ("structure", "crystal", "substitute", "element"), crystal.substitute.element


def expected_species(draft: Draft) -> tuple[str, ...]:
    """Return the species that the structure will contain, for checks before it is built."""
    structure = draft.structure
    if structure is None:
        return ()
    species: list[str] = []
    if structure.carbon is not None:
        species.append("C")
        if structure.carbon.doping is not None:
            fractions = structure.carbon.doping.fractions
            species += [f"N:{kind}" for kind in ("graphitic", "pyridinic", "pyrrolic") if kind in fractions]
            open_sites = fractions.keys() & {"pyrrolic", "vacancy"}
            if open_sites or ("pyridinic" in fractions and structure.carbon.doping.nitrogens_per_site < 3):
                species.append("C:edge")
    if structure.liquid is not None:
        if not draft.is_whole("structure", "liquid", "x_K"):
            species += ["Na", "K"]
        else:
            species += ["Na"] * (structure.liquid.x_K < 1.0) + ["K"] * (structure.liquid.x_K > 0.0)
    if isinstance(structure.crystal, Crystal):
        species.append(structure.crystal.element)
        if structure.crystal.substitute is not None:
            species.append(structure.crystal.substitute.element)
    species += [name for _, stage in draft.stages if isinstance(stage, Deposition) for name in stage.species]
    return tuple(dict.fromkeys(species))
