"""The names of the stages of a deck, and which of them are measured."""

from __future__ import annotations

from collections.abc import Sequence

from nakmd.deck.deck import Deck
from nakmd.deck.stage_sections import Dynamics, Relax


def stage_names(stages: Sequence[Relax | Dynamics]) -> list[str]:
    """Return a unique name for each stage: the given name, else its kind, numbered if it repeats."""
    names: list[str] = []
    for stage in stages:
        stem = stage.name or stage.kind
        name, number = stem, 2
        while name in names:
            name, number = f"{stem} {number}", number + 1
        names.append(name)
    return names


def measured_stages(deck: Deck) -> list[str]:
    """Return the names of the stages to measure: those named by the deck, else those of kind ``produce``."""
    selected = set(deck.analysis.stages) or {"produce"}
    return [
        name
        for name, stage in zip(stage_names(deck.stage), deck.stage, strict=True)
        if {name, stage.name, stage.kind} & selected
    ]
