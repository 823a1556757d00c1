"""The time of one evaluation of a model that a program outside nakmd computes."""

from __future__ import annotations

import time

import numpy as np

from nakmd.potentials import Potential
from nakmd.system import System

#: Displacement [Å] between two calls: that of an atom of a liquid in a step of 1 fs.
NUDGE = 0.005

#: Time of a call [s] after which a second one is not made.
LONG_CALL = 20.0


def seconds_of_a_call(potential: Potential, system: System) -> float:
    """Return the wall time [s] of one evaluation of a model that a program outside nakmd computes.

    The first call is the one that loads and compiles, so a second one is timed, at positions that differ by
    `NUDGE`, as from step to step: a calculator does not repeat what it knows. If the first call takes longer than
    `LONG_CALL`, it is the one that counts.

    Parameters
    ----------
    potential : Potential
    system : System
        Not changed.

    Raises
    ------
    ModelError
        If the program fails.
    """
    evaluator, moved = potential.bind(system.species_names), system.copy()
    begin = time.perf_counter()
    evaluator.evaluate(moved)
    seconds = time.perf_counter() - begin
    if seconds > LONG_CALL:
        return seconds
    moved.positions += NUDGE * np.random.default_rng(0).standard_normal(moved.positions.shape)
    begin = time.perf_counter()
    evaluator.evaluate(moved)
    return time.perf_counter() - begin
