"""The rule of verdict: votes, words and strengths, and that claims and studies follow the same one."""

import itertools
import math

import pytest

from nakmd.studies.claims.claim_verdict import verdict
from nakmd.studies.claims.claim_votes import ANCHOR, MODEL, ClaimVote
from nakmd.studies.claims.published_claim import PROXY, PublishedClaim
from nakmd.studies.exchange_study.answers import HOLDS, OPEN, REVERSED, Comparison
from nakmd.studies.replacement_study import replacement_verdicts
from nakmd.studies.study_figures import StudyFigure
from nakmd.studies.verdict_rule import COUNTS, STRENGTHS, WORDS, by_construction, says_of, strength_of, word_of


def figure(value, error):
    return StudyFigure(key="x", title="x", model="m", value=value, unit="eV", statistical=error)


@pytest.mark.parametrize(
    ("margin", "error", "said"),
    [
        (0.21, 0.1, "for"),
        (-0.21, 0.1, "against"),
        (0.2, 0.1, "for"),  # at two standard errors it counts
        (0.19, 0.1, "open"),
        (0.0, 0.0, "open"),  # no difference, however exact
        (1e-9, 0.0, "for"),
        (5.0, math.nan, "open"),
        (5.0, math.inf, "open"),
    ],
)
def test_a_margin_counts_from_two_standard_errors_everywhere(margin, error, said):
    assert says_of(margin, error) == said
    assert replacement_verdicts.vote(figure(margin, error)) == said
    assert Comparison("m", 0.0, margin, error).verdict == {"for": HOLDS, "against": REVERSED, "open": OPEN}[said]


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (("for", "open"), "supporting"),
        (("against", "against"), "contrasting"),
        (("for", "against"), "undecided"),
        (("open",), "undecided"),
        ((), "undecided"),
    ],
)
def test_all_votes_or_none(said, word):
    assert word_of(said) == word


def test_what_a_word_rests_on():
    found = {(m, a): strength_of("contrasting", m, a) for m, a in itertools.product(range(3), repeat=2)}
    assert found == {
        (0, 0): "weak", (1, 0): "weak", (0, 1): "weak",
        (2, 0): "moderate", (1, 1): "moderate", (0, 2): "moderate", (1, 2): "moderate",
        (2, 1): "strong", (2, 2): "strong",
    }  # fmt: skip
    assert {strength_of("supporting", m, a, proxy=True) for m, a in found} == {"weak"}
    assert {strength_of(word, 2, 1) for word in ("undecided", "untestable")} == {"none"}
    assert set(found.values()) < set(STRENGTHS)


def test_claims_follow_the_rule():
    """Every set of three voters gives a claim the word and the strength of the rule."""
    for reach, said in itertools.product(("inside", PROXY), itertools.product(("for", "against", "open"), repeat=3)):
        claim = PublishedClaim(
            id="c", claim="c", sources=(), topic="t", quantity="q", kind="existence", figures={"A": "x"}, limits=(),
            settle="", reach=reach,
        )  # fmt: skip
        margins = {"for": 3.0 * COUNTS, "against": -3.0 * COUNTS, "open": 0.5 * COUNTS}
        cast = [
            ClaimVote(
                voter=name,
                role=role,
                figures={"A": figure(margins[one], 1.0)},
                margin=margins[one],
                error=1.0,
                says=one,
            )
            for name, role, one in zip("abc", (MODEL, MODEL, ANCHOR), said, strict=True)
        ]
        found, word = verdict(claim, cast), word_of(said)
        models, anchors = sum(one != "open" for one in said[:2]), int(said[2] != "open")
        assert (found.word, found.strength) == (word, strength_of(word, models, anchors, proxy=reach == PROXY))
        assert found.word in WORDS


def test_what_was_put_in_has_one_text():
    assert by_construction("supporting") == "supporting (by construction)"
