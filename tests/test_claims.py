"""The rule of verdict: words and strengths follow from figures, and turn as the figures do."""

import json
from dataclasses import replace

import pytest

from nakmd.studies import StudyFigure
from nakmd.studies.claims import (
    ClaimLedger,
    ClaimSource,
    PublishedClaim,
    StatedFigure,
    fresh_results,
    load_claims,
    of_children,
    run_claims,
    verdict,
    votes,
)
from nakmd.studies.claims.claim_result import scite_class
from nakmd.studies.claims.claim_verdict import ClaimVerdict
from nakmd.studies.claims.figure_sources import SourceSettings
from nakmd.studies.claims.inequality import parse_inequality
from nakmd.studies.claims.rule_sensitivity import of_inputs, of_rule
from nakmd.studies.study import Figures
from nakmd.studies.study_inputs import Input

CLAIM = PublishedClaim(
    id="T1", claim="A is less than B.", sources=(ClaimSource(text="a paper", read="full", doi="10.1000/1"),),
    topic="tests", quantity="energy", kind="direction", direction="A < B", study="s",
    figures={"A": "a", "B": "b"}, models=("m1", "m2"), anchors=("PBE",), limits=("none",), settle="measure it",
)  # fmt: skip


def figure(value, error=0.1, **more):
    return StudyFigure(key="k", title="k", value=value, unit="eV", numerical=error, **more)


def by(**models):
    """Return figures by model from pairs of values of A and B, with an error of 0.1 each."""
    return {model: {letter: figure(value) for letter, value in zip("AB", values)} for model, values in models.items()}


def judged(claim=CLAIM, **models):
    return verdict(claim, votes(claim, by(**models)))


# the error of a difference is 0.14: 1.0 is 7 standard errors, 0.2 is 1.4
FOR, AGAINST, WITHIN = (1.0, 2.0), (2.0, 1.0), (1.0, 1.2)


@pytest.mark.parametrize(
    ("models", "word", "strength"),
    [
        ({"m1": FOR, "m2": FOR}, "supporting", "moderate"),
        ({"m1": FOR}, "supporting", "weak"),
        ({"m1": FOR, "m2": WITHIN}, "supporting", "weak"),
        ({"m1": AGAINST, "m2": AGAINST}, "contrasting", "moderate"),
        ({"m1": AGAINST}, "contrasting", "weak"),
        ({"m1": FOR, "m2": AGAINST}, "undecided", "none"),
        ({"m1": WITHIN, "m2": WITHIN}, "undecided", "none"),
        ({}, "not computed", "none"),
    ],
)
def test_words_follow_from_votes(models, word, strength):
    found = judged(**models)
    assert (found.word, found.strength) == (word, strength)
    assert found.why.endswith(".")
    assert found.why.count("\n") == 0


def test_an_anchor_makes_two_models_strong_and_takes_the_vote_of_one_that_is_off():
    near = replace(CLAIM, anchor_tolerance=0.6)
    assert judged(near, m1=FOR, m2=FOR, PBE=FOR).text == "supporting, strong"
    # 1.3 is beyond twice 0.6, 1.2 would not be: m2 loses its vote against
    assert judged(near, m1=FOR, m2=(2.3, 1.0), PBE=FOR).text == "supporting, moderate"
    assert judged(near, m1=FOR, m2=(2.19, 1.0), PBE=FOR).word == "undecided"
    off = votes(near, by(m1=FOR, m2=(2.3, 1.0), PBE=FOR))[1]
    assert not off.counts
    assert off.says == "against"
    assert "more than 2 times the tolerance of 0.6 eV" in off.barred
    # by default the tolerance is the error of the anchor, 0.1; a share is of the anchor
    assert "A is 0.3 eV from PBE" in votes(CLAIM, by(m1=(1.3, 2.0), PBE=FOR))[0].barred
    assert votes(replace(CLAIM, anchor_tolerance="16 %"), by(m1=(1.3, 2.0), PBE=FOR))[0].counts
    assert judged(PBE=AGAINST).text == "contrasting, weak"
    assert judged(replace(CLAIM, anchor_votes=False), PBE=AGAINST).word == "undecided"


def test_a_model_without_a_known_error_has_no_vote():
    found = votes(CLAIM, {"m1": {"A": figure(1.0, None), "B": figure(2.0)}})
    assert found[0].barred == "its statistical and numerical error is unknown"
    assert verdict(CLAIM, found).word == "undecided"
    exact = votes(CLAIM, {"m1": {"A": figure(1.0, 0.0), "B": figure(2.0, 0.0)}})
    assert verdict(CLAIM, exact).word == "supporting"


def test_statistical_and_numerical_errors_add_in_squares():
    # 0.3 and 0.4 are 0.5; two of them 0.707: a margin of 1.5 is 2.1 standard errors, of 1.4 it is 1.98
    def at(margin):
        both = {"A": figure(0.0, 0.3, statistical=0.4), "B": figure(margin, 0.3, statistical=0.4)}
        return verdict(CLAIM, votes(CLAIM, {"m1": both})).word

    assert (at(1.5), at(1.4)) == ("supporting", "undecided")


def test_an_interval_counts_by_its_end_toward_the_other_figure():
    bound = replace(CLAIM, kind="regime", direction="A < 1.0", figures={"A": "a"})
    wide_below = {"m1": {"A": figure(0.5, 0.0, interval=(-9.0, 0.9))}}
    wide_above = {"m1": {"A": figure(0.5, 0.0, interval=(0.4, 1.2))}}
    assert verdict(bound, votes(bound, wide_below)).word == "supporting"
    assert verdict(bound, votes(bound, wide_above)).word == "undecided"
    # a count of zero, with an upper end: less than a rate that is far above it
    rates = {"m1": {"A": figure(0.0, None, interval=(0.0, 0.14)), "B": figure(2.0, None, interval=(1.4, 3.0))}}
    assert verdict(CLAIM, votes(CLAIM, rates)).word == "supporting"


def test_sizes_are_compared_whatever_their_signs():
    sizes = replace(CLAIM, direction="|A| < |B|")
    assert judged(m1=(1.0, -3.0)).word == "contrasting"
    assert judged(sizes, m1=(1.0, -3.0)).word == "supporting"
    assert judged(sizes, m1=(-3.0, 1.0)).word == "contrasting"


def test_reach():
    outside = replace(CLAIM, reach="outside", reach_note="No electrons")
    assert judged(outside, m1=FOR, m2=FOR, PBE=FOR).text == "untestable"
    assert judged(outside).why == "No electrons."
    proxy = replace(CLAIM, reach="proxy", reach_note="a stand-in")
    assert judged(proxy, m1=FOR, m2=FOR).text == "supporting, weak"


def test_what_was_put_in_supports_only_by_construction():
    put_in = replace(CLAIM, put_in=("m1", "m2"))
    found = judged(put_in, m1=FOR, m2=FOR)
    assert found.text == "supporting (by construction)"
    assert scite_class(found) == "mentioning"
    assert judged(put_in, m1=AGAINST).text == "contrasting (by construction)"
    assert judged(put_in, m1=AGAINST, m2=FOR).word == "undecided"
    one = replace(CLAIM, put_in=("m1",))
    assert judged(one, m1=FOR, m2=AGAINST).text == "contrasting, weak"


def test_a_value():
    value = replace(CLAIM, kind="value", direction="", value=10.0, error=0.3, unit="eV", figures={"A": "a"})

    def at(x, claim=value):
        return verdict(claim, votes(claim, {"m1": {"A": figure(x, 0.4)}})).word

    # the error of the difference is 0.5: supporting to 1.0, contrasting beyond 2.0
    assert [at(x) for x in (10.99, 11.5, 12.01, 7.9)] == ["supporting", "undecided", "contrasting", "contrasting"]
    wide = replace(value, tolerance=3.0)
    assert [at(x, wide) for x in (12.9, 15.9, 16.1)] == ["supporting", "undecided", "contrasting"]


def test_parents():
    parent = replace(CLAIM, kind="parent", children=("a", "b"))

    def of(*texts):
        words = [text.partition(", ") for text in texts]
        return of_children(
            parent, {f"c{k}": ClaimVerdict(word=w, strength=s or "none", why=".") for k, (w, _, s) in enumerate(words)}
        ).text

    assert of("supporting, strong", "supporting, weak") == "supporting, weak"
    assert of("contrasting, moderate", "contrasting, strong") == "contrasting, moderate"
    assert of("supporting, strong", "contrasting, strong") == "undecided"
    assert of("supporting, strong", "undecided") == "undecided"
    assert of("supporting, strong", "untestable") == "undecided"
    assert of("untestable", "untestable") == "untestable"
    assert of("supporting, strong", "not computed") == "not computed"
    assert of("undecided", "supporting, weak", "not computed") == "undecided"
    assert of("not computed") == "not computed"


def test_stated_figures_are_anchors():
    entry = Input(key="T1.A", value=1.0, error=0.1, unit="eV", distribution="normal", source="s", evidence="published")
    alone = replace(
        CLAIM, kind="regime", direction="A > 0.5", figures={"A": "a"}, anchors=(), models=(),
        stated=(StatedFigure(figure="A", model="experiment", entry=entry),),
    )  # fmt: skip
    assert judged(alone).text == "supporting, weak"
    assert judged(replace(alone, direction="A > 1.5")).text == "contrasting, weak"


def test_sensitivity_says_what_would_change_the_verdict():
    figures = by(m1=FOR, m2=FOR, PBE=WITHIN)
    claim = replace(CLAIM, anchor_tolerance=0.5)
    changes = of_rule(claim, figures, votes(claim, figures))
    assert changes["without m1"] == "supporting, weak"
    assert changes["errors doubled"] == "supporting, moderate"
    # B of both is 0.8 from the anchor: within twice 0.5, beyond twice 0.25
    assert changes["tolerance of the anchor times 0.5"] == "undecided"
    assert changes["tolerance of the anchor times 2"] == "supporting, moderate"
    ends = {
        "x = 1": Figures([StudyFigure(key=key, title=key, model="m1", value=value, unit="eV", numerical=0.1)
                          for key, value in (("a", 2.0), ("b", 1.0))])
    }  # fmt: skip
    assert of_inputs(CLAIM, ends) == {"x = 1": "contrasting, weak"}


@pytest.mark.parametrize("text", ["A = B", "A < A", "C < B", "1 < 2", "|A < B", "A <", "A < B < 1", ""])
def test_what_is_no_inequality(text):
    assert parse_inequality(text) is None


def test_results_that_are_not_stale_are_kept(tmp_path):
    """No study is computed for them; what is stale, of another size, or of no figure is judged again."""
    known = {name: load_claims()[name] for name in ("X5", "X5a", "X5b", "X5c")}
    stored = ClaimLedger.read().results
    for name in ("X5b", "X5c"):
        stored[name].write(tmp_path)
    settings = SourceSettings()
    kept = fresh_results(tmp_path, known, settings)
    assert set(kept) == {"X5b", "X5c"}
    assert fresh_results(tmp_path, known, SourceSettings(quick=True)) == {}
    assert fresh_results(tmp_path / "none", known, settings) == {}
    found = run_claims(["X5"], claims=known, settings=settings, kept=kept)
    assert found["X5b"] is kept["X5b"]
    assert found["X5"].verdict.text == stored["X5"].verdict.text
    changed = json.loads((tmp_path / "X5b.json").read_text())
    changed["provenance"]["digests"]["rule of verdict"] = "another"
    (tmp_path / "X5b.json").write_text(json.dumps(changed))
    assert set(fresh_results(tmp_path, known, settings)) == {"X5c"}
