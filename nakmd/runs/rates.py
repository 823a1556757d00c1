"""Measured speeds of past runs on this machine, for the estimates of `nakmd check`."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nakmd.elements import WALL, element_of
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

#: Largest number of speeds that are stored for a model and a number of threads.
MOST_ROWS = 40

_FILE = "rates.json"


def _path() -> Path:
    return cache_folder() / _FILE


def model_key(potential: Potential, threads: int) -> str:
    """Return the key of a stored rate: kinds of terms and number of threads."""
    return "+".join(sorted(type(term).__name__ for term in potential.terms)) + f" on {threads}"


@dataclass(frozen=True)
class MeasuredRate:
    """Speed of a past run.

    Attributes
    ----------
    n_atoms : int
    wall : float
        Share of C and N among the atoms, whose bond-order terms cost more than metal.
    rate : float [µs per atom and step]
    """

    n_atoms: int
    wall: float
    rate: float

    def unlike(self, n_atoms: int, wall: float) -> float:
        """Return how little a run resembles another: a factor of two in size counts as a tenth of wall."""
        return abs(math.log2(self.n_atoms / n_atoms)) + 10.0 * abs(self.wall - wall)


def wall_share(system: System) -> float:
    """Return the share of C and N among the atoms that are there."""
    rows = [a for a, name in enumerate(system.species_names) if element_of(name) in WALL]
    here = system.species[~system.absent]
    return float(np.isin(here, rows).mean()) if len(here) else 0.0


def _known() -> dict[str, list[list[float]]]:
    """Return the stored speeds: for each model and number of threads, rows of atoms, share of wall and rate."""
    try:
        stored = json.loads(_path().read_text(encoding="utf-8"))
        return {
            str(key): [[float(value) for value in row] for row in rows if len(row) == 3 and min(row[0], row[2]) > 0]
            for key, rows in stored.items()
            if isinstance(rows, list)
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def stored_rate(potential: Potential, threads: int, n_atoms: int, wall: float) -> MeasuredRate | None:
    """Return the speed of the most similar past run with this kind of model, None if there is none.

    Parameters
    ----------
    potential : Potential
    threads : int
    n_atoms : int
    wall : float
        As in `MeasuredRate`.
    """
    rows = _known().get(model_key(potential, threads), [])
    measured = [MeasuredRate(int(n), share, rate) for n, share, rate in rows]
    return min(measured, key=lambda past: past.unlike(n_atoms, wall), default=None)


def store_rate(potential: Potential, threads: int, measured: MeasuredRate) -> None:
    """Store a speed; does nothing if the cache folder cannot be written.

    It replaces those of similar runs, within a factor of 1.4 in the number of atoms and 0.05 in the share of wall.
    """
    try:
        path, known, key = _path(), _known(), model_key(potential, threads)
        others = [
            row
            for row in known.get(key, [])
            if MeasuredRate(int(row[0]), row[1], row[2]).unlike(measured.n_atoms, measured.wall) > 0.5
        ]
        known[key] = [*others, [measured.n_atoms, measured.wall, measured.rate]][-MOST_ROWS:]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(known, indent=1).encode(), sync=False)
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
