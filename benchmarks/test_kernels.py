"""Timings of kernels, frames and whole steps of the cases of `nakmd bench`, without compilation (make bench)."""

from __future__ import annotations

import numpy as np
import pytest

from nakmd.bench.cases import CASES, prepare
from nakmd.bench.costs import VARIANTS
from nakmd.io import TrajectoryWriter
from nakmd.kernels import geometry, motion
from nakmd.neighbors import Neighbors
from nakmd.simulation.readings import take_frame
from nakmd.system import Result

#: Fewer than the defaults of `nakmd bench`, so that all cases take a few minutes.
N_ATOMS = 8000

STEPS = 20


@pytest.fixture(scope="module", params=CASES, ids=[case.name for case in CASES])
def prepared(request):
    """Return an equilibrated case."""
    if not request.param.is_available:
        pytest.skip(f"{request.param.needs} comes with LAMMPS")
    return prepare(request.param, N_ATOMS)


@pytest.fixture
def evaluator(prepared):
    """Return the model of the case, bound to its species."""
    return prepared.potential.bind(prepared.system.species_names)


@pytest.fixture
def lists(prepared, evaluator):
    """Return the neighbour lists of the model."""
    neighbors = Neighbors(evaluator.requests)
    neighbors.update(prepared.system)
    return neighbors


def test_forces(benchmark, prepared, evaluator, lists):
    result = Result(prepared.system.n_atoms)
    benchmark.extra_info["n_atoms"] = prepared.system.n_atoms
    benchmark(evaluator.compute, prepared.system, lists, result, False)


def test_neighbor_build(benchmark, prepared, lists):
    benchmark.extra_info["n_atoms"] = prepared.system.n_atoms

    def rebuild():
        lists.invalidate()
        lists.update(prepared.system)

    benchmark(rebuild)


def test_steps(benchmark, prepared):
    benchmark.extra_info |= {"n_atoms": prepared.system.n_atoms, "steps": STEPS}
    simulation = prepared.simulation()
    benchmark(simulation.run, steps=STEPS)


@pytest.mark.parametrize("variant", list(VARIANTS)[1:])
def test_steps_with(benchmark, prepared, variant, tmp_path):
    benchmark.extra_info |= {"n_atoms": prepared.system.n_atoms, "steps": STEPS}
    simulation = VARIANTS[variant](prepared, tmp_path)
    simulation.run(steps=STEPS)
    benchmark(simulation.run, steps=STEPS)
    simulation.close()


def test_frame(benchmark, prepared, tmp_path):
    """Take and store a frame, as in a run of a deck."""
    simulation = prepared.simulation()
    system, result = simulation.system, simulation.result
    pair_energies = simulation.evaluator.pair_energies(system, simulation.neighbors)

    def take():
        return take_frame(
            system, result, kinetic_energy=1.0, degrees_of_freedom=1, step=0, time=0.0, stage="produce",
            needs=frozenset({"virial"}), pair_energies=pair_energies, virials=None,
        )  # fmt: skip

    benchmark.extra_info["n_atoms"] = system.n_atoms
    with TrajectoryWriter(tmp_path / "frames.h5md", system.topology) as writer:
        benchmark(lambda: writer.write(take()))


class Atoms:
    """Arrays of `N_ATOMS` atoms with zero velocity."""

    def __init__(self):
        self.vectors = [np.zeros((N_ATOMS, 3)) for _ in range(3)]
        self.numbers = np.ones(N_ATOMS)
        chunks = motion.n_chunks(N_ATOMS)
        self.sums = np.zeros(chunks)
        self.words, self.noise = np.zeros((chunks, 4, motion.CHUNK), np.uint64), np.zeros((chunks, 3, motion.CHUNK))
        self.rows, self.row_atoms = geometry.aligned_rows(N_ATOMS + 2), np.arange(N_ATOMS, dtype=np.int32)
        self.shifts, self.matrix = np.zeros((N_ATOMS, 3), np.int32), np.eye(3)


KERNELS = {
    "kick": lambda a: motion.kick(*a.vectors[1:], a.numbers, 0.0),
    "kick_and_drift": lambda a: motion.kick_and_drift(*a.vectors, a.numbers, 0.0, 0.0),
    "thermalise_and_drift": lambda a: motion.thermalise_and_drift(
        a.vectors[0], a.vectors[1], a.numbers, a.numbers, a.numbers, 0.0, 1, 2, 3, 0.0, a.words, a.noise, a.sums
    ),
    "sum_kinetic": lambda a: motion.sum_kinetic(a.vectors[1], a.numbers, a.sums),
    "follow_atoms": lambda a: geometry.follow_atoms(
        a.vectors[0], a.vectors[0], a.matrix, False, a.row_atoms, a.shifts, a.matrix, a.rows, a.sums
    ),
    "fill_fourth_column": lambda a: geometry.fill_fourth_column(a.numbers, a.row_atoms, a.rows),
}


@pytest.mark.parametrize("kernel", KERNELS)
def test_kernel(benchmark, kernel):
    atoms = Atoms()
    KERNELS[kernel](atoms)
    benchmark.extra_info["n_atoms"] = N_ATOMS
    benchmark(KERNELS[kernel], atoms)
