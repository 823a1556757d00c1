"""Checks of decks in whose runs atoms come and go, or replace each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nakmd.deck.draft import Draft
from nakmd.deck.messages import Problem
from nakmd.deck.stage_sections import Deposition, Dynamics
from nakmd.errors import InputError
from nakmd.integrators import MOVES
from nakmd.system import DEPOSITED, System


def check_presence(system: System, draft: Draft) -> Iterator[Problem]:
    """Yield baths that act on atoms in flight, and live analyses of atoms that come and go."""
    depositions = [(index, stage) for index, stage in draft.stages if isinstance(stage, Deposition)]
    for index, stage in depositions:
        try:
            bathed = system.topology.select(stage.group) & system.topology.select(DEPOSITED)
        except InputError:
            continue  # an unknown name is reported where all names are checked
        if stage.temperature is not None and np.any(bathed):
            yield Problem(
                ("stage", index, "group"),
                f"[[stage]] {index + 1} ({stage.name or stage.kind}): the thermostat also acts on atoms that arrive, "
                "and changes their energy in flight. Give it a group of the substrate below its surface.",
                fatal=False,
            )
    transmuting = [
        (index, number)
        for index, stage in draft.stages
        if isinstance(stage, Dynamics)
        for number, move in enumerate(stage.move)
        if MOVES[move.kind].takes_parked
    ]
    if depositions and transmuting:
        index, number = transmuting[0]
        yield Problem(
            ("stage", index, "move", number, "kind"),
            "transmutes atoms, and other atoms arrive in this run: both need parked atoms. Use two runs.",
        )
    if (depositions or transmuting) and draft.analysis is not None and draft.analysis.when == "live":
        happens = "arrive" if depositions else "replace each other"
        yield Problem(
            ("analysis", "when"),
            f'live analyses need the same atoms at all times, and atoms {happens} in this run. Write when = "after".',
        )
