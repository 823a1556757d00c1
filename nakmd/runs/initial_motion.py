"""Check of the velocities that the stages of a deck begin with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nakmd.deck.draft import Draft
from nakmd.deck.messages import Problem
from nakmd.deck.stage_sections import Relax
from nakmd.system import System


def check_motion(system: System, draft: Draft) -> Iterator[Problem]:
    """Yield the stages that would begin at rest although the deck does not say so.

    Parameters
    ----------
    system : System
        Velocities that are all zero count as absent.
    draft : Draft

    Notes
    -----
    A stage with a thermostat draws velocities at its temperature if there are none. Without one (``nve``) they come
    from the structure, from an earlier stage, or from the key ``velocities``. A relaxation ends at rest.
    """
    moving, why = bool(np.any(system.velocities)), "the structure has no velocities"
    for index, stage in draft.stages:
        if isinstance(stage, Relax):
            moving, why = False, "the relaxation before it ends at rest"
            continue
        if not moving and stage.velocities is None and stage.temperature is None:
            yield Problem(
                ("stage", index, "ensemble"),
                f"[[stage]] {index + 1} ({stage.name or stage.kind}) would begin at 0 K: {why}, and "
                f'ensemble = "{stage.ensemble}" draws none. Write velocities = "450 K" ("0 K" to begin at rest), or a '
                "stage with a thermostat before it.",
            )
        moving = True
