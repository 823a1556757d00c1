"""Compiles kernels in a second process while the first one builds the structure and compiles what that needs.

A first run has to compile about sixty kernels, and the compiler is single-threaded. Both processes share the cache
folder: the first one loads what the second one has compiled, forces and motion.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import numpy as np

from nakmd.cell import Cell
from nakmd.deck.stage_sections import Dynamics, Relax
from nakmd.errors import NakmdError
from nakmd.integrators import Mobility, Span, VelocityVerlet
from nakmd.kernels.jit import available_threads
from nakmd.kernels.random import fill_exchanges
from nakmd.neighbors import Neighbors
from nakmd.potentials import Evaluator, Potential
from nakmd.runs.stage_builder import build_integrator
from nakmd.simulation import Stage
from nakmd.system import Result, System


def compile_forces(potential: Potential, species_names: Sequence[str], exchanged: Sequence[Sequence[int]] = ()) -> None:
    """Compile and cache the kernels of a potential by evaluating a system with these species and no atoms.

    Parameters
    ----------
    potential : Potential
    species_names : sequence of str
    exchanged : sequence of sequence of int
        Species of each exchange move, as indices: its kernels are compiled too, on two atoms out of reach.
    """
    evaluator = potential.bind(species_names)
    empty = System(np.zeros((0, 3)), [], species_names, Cell([10.0, 10.0, 10.0]))
    neighbors, result = Neighbors(evaluator.requests), Result(0)
    for virial in (False, True):
        evaluator.compute(empty, neighbors, result, virial)
    for species in exchanged:
        _compile_move(evaluator, species)
    if evaluator.has_pair_energies:
        evaluator.pair_energies(empty, neighbors)


def compile_motion(stages: Sequence[Relax | Dynamics]) -> None:
    """Compile and cache the kernels that move atoms in stages, by a step of three atoms without forces."""
    for section in stages:
        integrator = build_integrator(section)
        baths = integrator.thermostats if isinstance(integrator, VelocityVerlet) else ()
        groups = {bath.group: np.full(3, bath is baths[0]) for bath in baths}
        atoms = System(10.0 * np.eye(3), [0, 0, 0], ["Na"], Cell([90.0] * 3), groups=groups)
        stage, mobility, result = Stage("one", integrator, 2, initial_temperature=300.0), Mobility(atoms), Result(3)
        with suppress(NakmdError):  # several baths, regions: the run compiles what they need
            integrator.start(atoms, mobility, 0, Span(0, 2))
            if isinstance(section, Dynamics):
                stage.prepare_velocities(atoms, mobility, 0, 0)
            integrator.split(None)
            integrator.begin(result)
            integrator.before_forces(atoms, result, 1)
            integrator.after_forces(atoms, result, 1)


def _compile_move(evaluator: Evaluator, species: Sequence[int]) -> None:
    """Compile the kernels of a move by trying an exchange of two distant atoms."""
    apart = np.array([[0.0, 0.0, 0.0], [3.0 * evaluator.cutoff + 10.0, 0.0, 0.0]])
    two = System(apart, [species[0], species[-1]], evaluator.species_names, Cell([10.0, 10.0, 10.0], [False] * 3))
    neighbors, result = Neighbors(evaluator.requests), Result(2)
    neighbors.update(two)
    evaluator.compute(two, neighbors, result)
    energies, sites = evaluator.local_energies(species)
    sites.begin(two)
    sites.choose_exchange(0, 1)
    for energy in energies:
        energy.begin(sites)
        energy.difference(sites)
    fill_exchanges(0, 0, 0, 1, 1, np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1))


def exchanged_species(stages: Sequence[Relax | Dynamics], species_names: Sequence[str]) -> list[list[int]]:
    """Return the species of the moves of stages, as indices; moves of groups and elements are left out."""
    moves = [move for stage in stages if isinstance(stage, Dynamics) for move in stage.move]
    found = {
        tuple(sorted({species_names.index(name) for name in move.species if name in species_names})) for move in moves
    }
    return [list(species) for species in sorted(found) if species]


#: What starts to compile the kernels of a potential for species, and those of stages.
StartAside = Callable[[Potential, Sequence[str], Sequence[Relax | Dynamics]], None]


@contextmanager
def kernels_compiled_aside(wanted: bool) -> Iterator[StartAside]:
    """Yield a function that starts to compile kernels in a second process, which ends with the block.

    The function does nothing unless ``wanted`` and a second core is free. It is called as soon as the potential is
    known: the first process then builds the structure. A model with a program outside nakmd is not evaluated there:
    that program would start twice.
    """
    children: list[subprocess.Popen[bytes]] = []

    def start(potential: Potential, species_names: Sequence[str], stages: Sequence[Relax | Dynamics]) -> None:
        if not wanted or available_threads() < 2 or any(term.is_external for term in potential.terms):
            return
        # if the second process fails, the run compiles the kernels itself
        command = [sys.executable, "-m", "nakmd.runs.compile_aside"]
        quiet = subprocess.DEVNULL
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet)
        children.append(child)
        if child.stdin is not None:
            with suppress(OSError), child.stdin as pipe:
                pipe.write(pickle.dumps((potential, tuple(species_names), list(stages))))

    try:
        yield start
    finally:
        for child in children:
            child.terminate()
            child.wait()


if __name__ == "__main__":
    given, names, sections = pickle.loads(sys.stdin.buffer.read())  # written by the parent process only
    compile_forces(given, names, exchanged_species(sections, names))
    compile_motion(sections)
