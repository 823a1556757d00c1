"""One fault gives one message: what follows from it is not reported as well."""

from pathlib import Path

import pytest

from nakmd.deck.source import DeckSource
from nakmd.runs.plan import make_plan

EXAMPLES = Path(__file__).parents[1] / "examples"


def messages_of(name, old, new):
    """Return errors and warnings of an example in which a text is replaced."""
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    assert old in text
    plan = make_plan(DeckSource.parse(text.replace(old, new, 1)))
    return plan.faults, plan.warnings


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ('pair = "K-C"', 'pair = "K-C" is not valid'),
        ('pair = ["K", 5]', "[[model.terms]] 3 (morse) pair"),
        ("# no pair", '[[model.terms]] 3 (morse): the key "pair" is missing.'),
    ],
)
def test_a_term_without_a_valid_pair_is_left_out(new, message):
    """No other pair is invented for it, and the pairs that it may have are not reported as missing."""
    faults, warnings = messages_of("own_terms.toml", 'pair = ["K", "C"]', new)
    assert any(message in fault for fault in faults), faults
    assert len(faults) == 1
    assert warnings == []


def test_declared_pairs_that_cannot_be_read():
    """They may be those that no term covers."""
    (fault,), _ = messages_of("nve.toml", 'potential = "nak"', 'potential = "cn"\nnone = "Na-K"')
    assert 'none = "Na-K" is not valid' in fault


def test_a_stage_that_cannot_begin_says_nothing_about_the_next():
    """The barostat would stretch a frozen sheet; the next stage keeps the velocities of this one."""
    barostat = 'tau = "0.5 ps"\nbarostat = { pressure = "0 bar", axes = "x" }\n'
    faults, _ = messages_of("droplet_on_graphene.toml", 'tau = "0.5 ps"\n', barostat)
    assert len(faults) == 1, faults
    assert "[[stage]] 2 (equilibrate)" in faults[0]


def test_groups_that_cannot_be_read_do_not_shorten_the_time_step():
    """A frozen sheet allows 4 fs. Whether it is frozen is not known if the list cannot be read."""
    faults, warnings = messages_of("droplet_on_graphene.toml", 'frozen = ["sheet"]', 'frozen = "sheet"')
    assert len(faults) == 1
    assert 'frozen = "sheet"' in faults[0]
    assert warnings == []
