"""Time of forces and of neighbour lists, compiled beforehand (make bench)."""

from __future__ import annotations

import pytest

from benchmarks.cases import CASES, ready


@pytest.mark.parametrize("case", CASES)
def test_forces(benchmark, case):
    system, potential, neighbors, result = ready(case)
    benchmark.extra_info["n_atoms"] = system.n_atoms
    benchmark(potential.compute, system, neighbors, result, False)


@pytest.mark.parametrize("case", CASES)
def test_neighbor_build(benchmark, case):
    system, _, neighbors, _ = ready(case)
    benchmark.extra_info["n_atoms"] = system.n_atoms

    def rebuild():
        neighbors.invalidate()
        neighbors.update(system)

    benchmark(rebuild)
