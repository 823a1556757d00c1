"""The atoms that the deposition stages of a deck let arrive."""

from __future__ import annotations

from collections.abc import Sequence

from nakmd.deck.stage_sections import Deposition, Dynamics, Relax
from nakmd.system import System


def with_arriving_atoms(system: System, stages: Sequence[Relax | Dynamics]) -> System:
    """Return the system with the atoms of all deposition stages, parked in the order of their arrival."""
    species = [name for stage in stages if isinstance(stage, Deposition) for name in stage.arriving]
    if not species:
        return system
    from nakmd.structures import park  # noqa: PLC0415  (scipy is slow to import, and only some decks need it)

    return park(system, species)
