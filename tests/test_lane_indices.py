"""The debug mode of the kernels: plain Python checks the index of every lane (`make lanes` runs the laws with it)."""

import numpy as np
import pytest

from nakmd.kernels import simd_arrays as lanes

FLOATS, INDICES = np.arange(20.0), np.arange(20, dtype=np.int32)
EIGHT = np.arange(8)


@pytest.mark.parametrize("start", [-1, 13, 20])
def test_consecutive_lanes_outside_the_array_are_an_error(start):
    for access in (
        lambda: lanes.load(FLOATS, start),
        lambda: lanes.load_index(INDICES, start),
        lambda: lanes.load_index_for(FLOATS, INDICES, start),
        lambda: lanes.store(FLOATS.copy(), start, EIGHT),
        lambda: lanes.store_index(INDICES.copy(), start, EIGHT),
        # compiled code writes all lanes, also those that the mask discards
        lambda: lanes.store_chosen(INDICES.copy(), start, EIGHT, np.zeros(8, dtype=bool)),
    ):
        with pytest.raises(IndexError, match=rf"lanes {start} to .* of an array of 20"):
            access()


@pytest.mark.parametrize("wrong", [-1, 20])
def test_gathered_lanes_outside_the_array_are_an_error(wrong):
    indices = np.array([0, 1, 2, wrong, 4, 5, 6, 7])
    for access in (
        lambda: lanes.take(FLOATS, indices),
        lambda: lanes.take_index(INDICES, indices),
        lambda: lanes.take_rows(np.zeros((20, 4)), indices),
    ):
        with pytest.raises(IndexError, match=rf"lanes \[{wrong}\] of an array of 20"):
            access()


def test_lanes_up_to_the_end_are_allowed():
    np.testing.assert_array_equal(lanes.load(FLOATS, 12), np.arange(12.0, 20.0))
    assert lanes.store_chosen(INDICES.copy(), 12, EIGHT, EIGHT > 5) == 2
