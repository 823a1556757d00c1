"""Rows that are loaded into the cache ahead of their use: each line once in a block, with no effect on results."""

import numpy as np
import pytest

from nakmd.kernels.fetches import Fetches, find_fetches, room_for_fetches
from nakmd.neighbors import Neighbors
from nakmd.potentials import load
from nakmd.structures import liquid
from nakmd.system import Result


def fetched(first, candidates, blocks, rows_in_line, n_rows, lanes=2):
    """Return the rows that each slice fetches."""
    n_slices = (len(first) - 1) // lanes
    out = room_for_fetches(n_slices)
    find_fetches(
        np.array(blocks), lanes, np.array(first), np.array(candidates, np.int32), rows_in_line, n_rows, out
    )  # fmt: skip
    return [out.rows[begin:end].tolist() for begin, end in out.parts]


def test_a_line_is_fetched_by_the_first_slice_of_a_block_that_touches_it():
    first, candidates = [0, 3, 5, 8, 9], [0, 1, 4, 5, 6, 4, 8, 9, 7]
    assert fetched(first, candidates, [0, 2], 2, 10) == [[0, 4, 6], [8]]
    assert fetched(first, candidates, [0, 2], 4, 10) == [[0, 4], [8]]
    assert fetched(first, candidates, [0, 1, 2], 2, 10) == [[0, 4, 6], [4, 8, 7]]


def test_rows_without_room_are_left_out():
    rows = np.arange(0, 80, 2)
    assert fetched([0, 40, 40], rows, [0, 1], 2, 80) == [rows[:16].tolist()]


@pytest.mark.parametrize("single", [False, True])
def test_forces_have_the_same_bits_with_and_without_fetches(monkeypatch, single):
    system = liquid(0.67, 450.0, n_atoms=1500, seed=2)
    model = load("nak").with_precision("mixed" if single else "double")
    evaluator = model.bind(system.species_names)
    found = []
    for rows in (10**9, 0):
        monkeypatch.setattr("nakmd.neighbors.lists.MANY_ROWS", rows)
        neighbors, result = Neighbors(evaluator.requests), Result(system.n_atoms)
        neighbors.update(system)
        assert any(len(sliced.fetches.parts) for sliced in neighbors.lists) == (rows == 0)
        evaluator.compute(system, neighbors, result)
        found.append(result)
    assert isinstance(neighbors.lists[0].fetches, Fetches)
    assert found[0].forces.tobytes() == found[1].forces.tobytes()
    assert found[0].energies.tobytes() == found[1].energies.tobytes()
