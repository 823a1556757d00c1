"""Measured speeds of past runs on this machine, for the estimates of `nakmd check`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np

from nakmd.errors import NakmdError
from nakmd.io.atomic import write_atomically
from nakmd.kernels.jit import cache_folder
from nakmd.potentials import Potential
from nakmd.system import System

#: Estimated cost of everything except the forces [µs per atom and step on one thread].
GUESS_STEP = 0.05

#: Displacement [Å] between two calls: that of an atom of a liquid in a step of 1 fs.
NUDGE = 0.005

#: Time of a call [s] after which a second one is not made.
LONG_CALL = 20.0

_FILE = "rates.json"


def _path() -> Path:
    return cache_folder() / _FILE


def model_key(potential: Potential, threads: int) -> str:
    """Return the key of a stored rate: kinds of terms and number of threads."""
    return "+".join(sorted(type(term).__name__ for term in potential.terms)) + f" on {threads}"


def stored_rate(potential: Potential, threads: int) -> float | None:
    """Return the rate [µs per atom and step] of the last run with this kind of model, None if there is none."""
    try:
        return float(json.loads(_path().read_text(encoding="utf-8"))[model_key(potential, threads)])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def store_rate(potential: Potential, threads: int, rate: float) -> None:
    """Store a rate [µs per atom and step]; does nothing if the cache folder cannot be written."""
    try:
        path = _path()
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**known, model_key(potential, threads): rate}, indent=1)
        write_atomically(path, text.encode(), sync=False)
    except (OSError, NakmdError, ValueError, TypeError):
        return


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


def guessed_rate(potential: Potential, threads: int) -> float:
    """Estimate the rate [µs per atom and step] of a model that was not measured."""
    return (GUESS_STEP + sum(term.guessed_cost for term in potential.terms)) / threads
