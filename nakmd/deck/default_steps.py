"""The time steps of stages that give none: two where metal meets a wall whose bonds vibrate, one otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from nakmd.deck.force_model import Model
from nakmd.deck.matter import Groups, Structure
from nakmd.deck.stage_sections import Dynamics, Relax, TimedDynamics
from nakmd.deck.time_steps import TimeSteps
from nakmd.potentials import library

#: Two time steps [ps]: means of a small doped wall and of the flagship agree within their errors with those of 0.5 fs
#: for all forces (`benchmarks/README.md`, "Two time steps").
TWO_STEPS: Final = TimeSteps(bonds="0.5 fs", rest="4 fs")

#: Words in ``[groups]`` that hold the whole wall.
_WALL = frozenset({"C", "carbon", "tube", "sheet", "all"})


def has_moving_wall(structure: Structure, groups: Groups) -> bool:
    """Return whether a deck describes a wall whose atoms move one by one: neither frozen nor rigid."""
    return structure.carbon is not None and not _WALL & {*groups.frozen, *groups.rigid}


def fill_time_steps(
    stages: Sequence[Relax | Dynamics], model: Model, structure: Structure, groups: Groups
) -> list[Relax | Dynamics]:
    """Return the stages with two time steps where they give none, and metal meets a wall whose bonds vibrate.

    The model must be a named set with bonds. Rigid groups may share bonds with free atoms, and what arrives at a wall
    was not compared: these keep one time step.

    Parameters
    ----------
    stages : sequence of Relax or Dynamics
    model : Model
    structure : Structure
    groups : Groups
    """
    silent = [isinstance(stage, TimedDynamics) and stage.timestep is None for stage in stages]
    if (
        not any(silent)
        or structure.liquid is None
        or groups.rigid
        or not has_moving_wall(structure, groups)
        or not _has_bonds(model.potential)
    ):
        return list(stages)
    return [
        stage.model_copy(update={"timestep": TWO_STEPS}) if fill else stage
        for stage, fill in zip(stages, silent, strict=True)
    ]


@cache
def _has_bonds(potential: str | None) -> bool:
    """Return whether a potential is a set of the library with stiff terms; of other files it is not known here."""
    return potential in library.names() and any(term.is_stiff for term in library.load(potential, doping=0.0).terms)
