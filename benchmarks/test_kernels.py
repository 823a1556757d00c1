"""Forces, neighbour lists and whole steps of the cases of `nakmd bench`, compiled beforehand (make bench)."""

from __future__ import annotations

import pytest

from nakmd.cli.cases import CASES, prepare
from nakmd.neighbors import Neighbors
from nakmd.system import Result

#: Fewer than `nakmd bench` takes by itself: the sum of all cases shall stay below a few minutes.
N_ATOMS = 8000

STEPS = 20


@pytest.fixture(scope="module", params=CASES, ids=[case.name for case in CASES])
def prepared(request):
    """Return a case at its temperature."""
    if not request.param.is_available:
        pytest.skip(f"{request.param.needs} comes with LAMMPS")
    return prepare(request.param, N_ATOMS)


@pytest.fixture
def lists(prepared):
    """Return the lists of its model."""
    prepared.potential.prepare(prepared.system.species_names)
    neighbors = Neighbors(prepared.potential.requests)
    neighbors.update(prepared.system)
    return neighbors


def test_forces(benchmark, prepared, lists):
    result = Result(prepared.system.n_atoms)
    benchmark.extra_info["n_atoms"] = prepared.system.n_atoms
    benchmark(prepared.potential.compute, prepared.system, lists, result, False)


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
