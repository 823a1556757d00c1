"""Runs that are killed at random moments of every phase and resumed equal an uninterrupted run to the bit."""

import kills
import pytest


@pytest.mark.slow
def test_killed_and_resumed_runs_are_equal_to_the_bit(tmp_path):
    arrived, n_runs = kills.kill_runs(kills=12, seed=4, work=tmp_path)
    assert sum(arrived.values()) >= 12
    assert n_runs >= 3  # a run is killed at most four times
    assert len(arrived) >= 4  # of the phases chosen at random; three or fewer in 12 kills have odds of 4e-4


def test_the_deck_has_the_stages_that_the_kills_expect(tmp_path):
    """The last step of each stage, from which the phases ahead are derived."""
    stages = kills.nakmd.Deck.from_text(kills.DECK).stage
    ends = [sum(stage.steps for stage in stages[: k + 1]) for k in range(len(stages))]
    assert dict(zip([stage.kind for stage in stages], ends, strict=True)) == kills.LAST_STEPS
    assert kills.phases_ahead(tmp_path) == {
        "start": 1, "relax": 1, "heat": 1, "produce": 1, "compile": 1, "checkpoint": 11, "measure": 1, "report": 1,
    }  # fmt: skip
