"""The word of a check on two time steps: given where they save time, and never elsewhere."""

import pytest

import nakmd
from nakmd.deck.deck import Deck
from nakmd.runs.faster_steps import STEPS, faster_steps
from nakmd.runs.plan import make_plan

WALL = {"carbon": {"kind": "graphene", "size": ["22 Å", "21 Å"], "bond": "1.4388 Å"}}
LIQUID = {"liquid": {"region": "between", "thickness": "21 Å", "x_K": 0.5, "temperature": "450 K"}}


def said(step, groups=None, structure=None, model="nak-cn-pair"):
    """Return the word on a deck with stages of this time step."""
    stage = {"kind": "produce", "steps": 10, "temperature": "450 K", "timestep": step}
    given = {"groups": groups} if groups else {}
    deck = Deck(model={"potential": model}, structure=structure or WALL | LIQUID, stage=[stage, stage], **given)
    return faster_steps(*make_plan(deck).require())


@pytest.mark.parametrize(("step", "gain"), [("0.5 fs", "2.5 times"), ("1 fs", "1.4 times")])
def test_a_free_wall_with_one_step(step, gain):
    text = said(step)
    assert gain in text
    assert STEPS in text


@pytest.mark.parametrize(
    "case",
    [
        {"step": "1.5 fs"},
        {"step": {"bonds": "0.5 fs", "rest": "4 fs"}},
        {"step": "0.5 fs", "groups": {"frozen": ["sheet"]}},
        {"step": "0.5 fs", "groups": {"rigid": ["sheet"]}},
        {"step": "0.5 fs", "structure": WALL},
        {"step": "1 fs", "structure": {"liquid": {"x_K": 0.5, "temperature": "450 K", "atoms": 300}}, "model": "nak"},
    ],
    ids=["a step for which no gain was measured", "two steps", "frozen", "rigid", "no metal", "no wall"],
)
def test_nothing_to_save(case):
    assert said(**case) == ""


def test_the_steps_that_are_named_can_be_written():
    text = nakmd.Deck.from_text(
        '[model]\npotential = "nak"\n[structure.liquid]\nx_K = 0.5\ntemperature = "450 K"\natoms = 300\n'
        f'[[stage]]\nkind = "produce"\nsteps = 10\ntemperature = "450 K"\ntimestep = {STEPS}\n'
    )
    assert (text.stage[0].inner_step, text.stage[0].outer_step) == (0.0005, 0.004)
