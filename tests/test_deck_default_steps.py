"""The time steps of stages that give none: two where metal meets a wall whose bonds vibrate, one otherwise."""

import pytest

from nakmd.deck.deck import Deck
from nakmd.deck.draft import read_draft
from nakmd.errors import DeckError

SHEET = {"kind": "graphene", "size": ["21 Å", "21 Å"]}
BETWEEN = {"region": "between", "x_K": 0.67, "temperature": "450 K", "thickness": "20 Å"}
RELAX = {"kind": "relax", "steps": 10}
HEAT = {"kind": "equilibrate", "duration": "2 ps", "temperature": "450 K"}
PRODUCE = {"kind": "produce", "duration": "4 ps", "temperature": "450 K"}
DEPOSIT = {"kind": "deposit", "species": "K", "count": 2, "every": "1 ps", "temperature": "450 K"}


def tables(*stages, **more):
    """Return the tables of a deck of a sheet in metal."""
    return {
        "model": {"potential": "nak-cn"},
        "structure": {"carbon": SHEET, "liquid": BETWEEN},
        "stage": list(stages) or [RELAX, HEAT, PRODUCE],
        **more,
    }


def steps_of(deck):
    """Return inner and outer step [fs] of each stage of dynamics."""
    return [
        (round(1e3 * stage.inner_step, 9), round(1e3 * stage.outer_step, 9))
        for stage in deck.stage
        if stage.kind != "relax"
    ]


def test_metal_at_a_wall_has_two():
    deck = Deck(**tables())
    assert steps_of(deck) == [(0.5, 4.0), (0.5, 4.0)]
    assert [stage.n_steps for stage in deck.stage] == [10, 500, 1000]
    # 0.2 ps between frames, as with the defaults of 1 fs
    assert (deck.output.trajectory_every, deck.output.thermo_every, deck.output.checkpoint_every) == (50, 10, 500)


@pytest.mark.parametrize(
    "change",
    [
        {"structure": {"carbon": SHEET}},
        {"structure": {"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 100}}},
        {"groups": {"frozen": ["carbon"]}},
        {"groups": {"frozen": ["sheet"]}},
        {"groups": {"rigid": ["N"]}},
        {"model": {"potential": "nak"}},
        {"model": {"potential": "my/nak-cn.toml"}},
        {"model": {"ase": "ase.calculators.lj:LennardJones"}},
        {"model": {"terms": [{"kind": "set", "name": "nak-cn"}]}},
    ],
    ids=["no metal", "no wall", "frozen wall", "frozen sheet", "rigid", "no bonds", "file", "calculator", "terms"],
)
def test_all_others_have_one(change):
    deck = Deck(**tables(**change))
    assert steps_of(deck) == [(1.0, 1.0), (1.0, 1.0)]
    assert deck.output.trajectory_every == 200


def test_what_is_given_stays():
    """Also 1 fs, in a deck that is written and read again: it is no default there."""
    one = Deck(**tables(HEAT | {"timestep": "1 fs"}, PRODUCE, output={"trajectory_every": 200}))
    assert steps_of(one) == [(1.0, 1.0), (0.5, 4.0)]
    assert (one.output.trajectory_every, one.output.thermo_every) == (200, 10)
    again = Deck.from_text(one.to_toml())
    assert again == one
    assert steps_of(again) == steps_of(one)
    assert again.output == one.output
    given = Deck(**tables(HEAT | {"timestep": "1 fs"}))
    assert given.output.trajectory_every == 200
    assert Deck.from_text(given.to_toml()) == given


def test_arrivals_have_one():
    assert steps_of(Deck(**tables(HEAT, DEPOSIT))) == [(0.5, 4.0), (1.0, 1.0)]


def test_a_faulty_deck_is_judged_with_the_same_steps():
    """A thermostat of 30 fs is too fast for steps of 4 fs: this is found beside the fault."""
    faulty = tables(RELAX, HEAT | {"tau": "30 fs"}) | {"analysis": {"whne": "after"}}
    draft, problems = read_draft(faulty)
    assert [stage.outer_step for _, stage in draft.stages[1:]] == [0.004]
    assert draft.output.trajectory_every == 50
    assert len(problems) == 1
    with pytest.raises(DeckError, match="whne"):
        Deck(**faulty)
