"""Compiles the force kernels in a second process while the first one compiles neighbour lists and integrators.

A first run has to compile about thirty kernels, and the compiler is single-threaded. Both processes share the cache
folder: the first one loads what the second one has compiled.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import numpy as np

from nakmd.cell import Cell
from nakmd.kernels.jit import available_threads
from nakmd.neighbors import Neighbors
from nakmd.potentials import Potential
from nakmd.system import Result, System


def compile_forces(potential: Potential, species_names: Sequence[str]) -> None:
    """Compile and cache the kernels of a potential by evaluating a system with these species and no atoms."""
    evaluator = potential.bind(species_names)
    empty = System(np.zeros((0, 3)), [], species_names, Cell([10.0, 10.0, 10.0]))
    neighbors, result = Neighbors(evaluator.requests), Result(0)
    for virial in (False, True):
        evaluator.compute(empty, neighbors, result, virial)


@contextmanager
def forces_compiled_aside(potential: Potential, species_names: Sequence[str], wanted: bool) -> Iterator[None]:
    """Compile the force kernels in a second process during the block, if ``wanted`` and if a second core is free.

    A model with a program outside nakmd is not evaluated there: that program would start twice.
    """
    if not wanted or available_threads() < 2 or any(term.is_external for term in potential.terms):
        yield
        return
    # if the second process fails, the run compiles the kernels itself
    command = [sys.executable, "-m", "nakmd.runs.compile_aside"]
    quiet = subprocess.DEVNULL
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet)
    try:
        if child.stdin is not None:
            with suppress(OSError), child.stdin as pipe:
                pipe.write(pickle.dumps((potential, tuple(species_names))))
        yield
    finally:
        child.terminate()
        child.wait()


if __name__ == "__main__":
    compile_forces(*pickle.loads(sys.stdin.buffer.read()))  # written by the parent process only
