"""What a model does not allow in the stages of a run, found before the first step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nakmd.errors import InputError
from nakmd.potentials import Evaluator
from nakmd.simulation.arrivals import arrival_faults
from nakmd.simulation.exchanges import move_faults
from nakmd.simulation.stages import Stage
from nakmd.simulation.wall_forces import split_faults
from nakmd.system import System


def model_faults(system: System, evaluator: Evaluator, stages: Sequence[Stage]) -> Iterator[tuple[int, InputError]]:
    """Yield the index and the error of each stage that the model does not allow.

    Parameters
    ----------
    system : System
    evaluator : Evaluator
    stages : sequence of Stage
        They fit the system (`nakmd.simulation.stage_faults`).

    Examples
    --------
    >>> from nakmd.integrators import VelocityVerlet
    >>> from nakmd.potentials import load
    >>> from nakmd.simulation import Stage, model_faults
    >>> from nakmd.structures import crystal
    >>> stage = Stage("produce", VelocityVerlet(0.001), steps=4, initial_temperature=100.0)
    >>> list(model_faults(crystal("Na", 3), load("nak").bind(["Na"]), [stage]))  # nothing is wrong
    []
    """
    yield from move_faults(system, evaluator, stages)
    yield from arrival_faults(system, stages, evaluator.cutoff)
    yield from split_faults(system, evaluator, stages)
