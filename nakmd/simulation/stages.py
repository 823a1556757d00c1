"""What a run consists of, and how its parts end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from nakmd.errors import InputError
from nakmd.integrators import Integrator, Mobility, Span
from nakmd.system import System


class Status(Enum):
    """How a call of `Simulation.run` ended."""

    FINISHED = "finished"
    #: The number of steps asked for is done, stages are left.
    PAUSED = "paused"
    #: SIGINT or SIGTERM came; the step was finished and a checkpoint written.
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Stage:
    """One part of a run.

    Attributes
    ----------
    name : str
        Frames carry it.
    integrator : Integrator
    steps : int
        At most; a minimiser stops when it has converged.
    kind : str
        What it is for: ``"relax"``, ``"heat"``, ``"equilibrate"``, ``"produce"``; observers may choose by it.
    initial_temperature : float [K], optional
        Draw new velocities at exactly this temperature when the stage begins.
    frozen, rigid : tuple of str
        Groups, see `nakmd.integrators.Mobility`.
    tethered : mapping of str to float [eV/Å²]
        Groups on springs. Atoms that hung on springs in the stage before keep their centres.
    """

    name: str
    integrator: Integrator
    steps: int
    kind: str = "produce"
    initial_temperature: float | None = None
    frozen: tuple[str, ...] = ()
    rigid: tuple[str, ...] = ()
    tethered: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InputError(f"Stage {self.name!r} has {self.steps} steps; give at least 1.")

    def is_called(self, words: frozenset[str] | None) -> bool:
        """Return whether name or kind is among the words; True for None."""
        return words is None or self.name in words or self.kind in words


@dataclass(frozen=True)
class StageReport:
    """How a stage ended.

    Attributes
    ----------
    name : str
    steps : int
        Done.
    converged : bool or None
        Of a relaxation, whether the forces fell below the tolerance; None for dynamics.
    largest_force : float [eV/Å] or None
        Of a relaxation.
    """

    name: str
    steps: int
    converged: bool | None = None
    largest_force: float | None = None


def check_stages(system: System, stages: Sequence[Stage], seed: int) -> None:
    """Bind every stage once, so that a fault of the last one is not found after hours.

    Raises
    ------
    InputError
        If a stage does not suit the system, or begins without the velocities that it needs.
    """
    moving = bool(np.any(system.velocities))
    for stage in stages:
        mobility = Mobility(system, stage.frozen, stage.tethered, stage.rigid)
        stage.integrator.start(system, mobility, seed, Span(0, stage.steps))
        moving = moving or bool(stage.initial_temperature)
        if stage.integrator.needs_velocities and not moving:
            raise InputError(
                f"Stage {stage.name!r}: all velocities will be zero, and its thermostat can only scale what is "
                'there. Give the stage an initial temperature (velocities = "450 K" in a deck), or use a Langevin '
                "thermostat."
            )
        moving = not stage.integrator.zeroes_velocities and (moving or stage.integrator.set_temperature(0) is not None)
