"""The names of the stages of a deck, and which of them are measured."""

from __future__ import annotations

from nakmd.deck.deck import Deck


def stage_names(deck: Deck) -> list[str]:
    """Return a name of its own for each stage: the one given, else its kind, numbered where it repeats."""
    names: list[str] = []
    for words in deck.stage:
        wanted = words.name or words.kind
        name, number = wanted, 2
        while name in names:
            name, number = f"{wanted} {number}", number + 1
        names.append(name)
    return names


def measured_stages(deck: Deck) -> list[str]:
    """Return the names of the stages to measure: those named by the deck, else those of kind ``produce``."""
    wanted = set(deck.analysis.stages) or {"produce"}
    return [
        name
        for name, words in zip(stage_names(deck), deck.stage, strict=True)
        if {name, words.name, words.kind} & wanted
    ]
