"""How a verdict changes with what it rests on: without a voter, with larger errors, with other tolerances, by input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from nakmd.studies.claims.claim_verdict import verdict
from nakmd.studies.claims.claim_votes import ByModel, ClaimVote, doubled, votes
from nakmd.studies.claims.published_claim import PublishedClaim
from nakmd.studies.study import Figures
from nakmd.studies.study_figures import StudyFigure

#: Factors of errors, and of the tolerance of anchors.
ERRORS, TOLERANCES = 2.0, (0.5, 2.0)


def of_rule(claim: PublishedClaim, figures: ByModel, cast: list[ClaimVote]) -> dict[str, str]:
    """Return the verdict with each change of what the rule uses, by the change."""
    return dict(_changes(claim, figures, cast))


def of_inputs(claim: PublishedClaim, ends: Mapping[str, Figures]) -> dict[str, str]:
    """Return the verdict with inputs at their ends, by the change."""
    return {change: verdict(claim, votes(claim, by_model(claim, figures))).text for change, figures in ends.items()}


def by_model(claim: PublishedClaim, figures: Figures) -> dict[str, dict[str, StudyFigure]]:
    """Return the figures of a claim by model and letter; figures of no model have the name of the study."""
    found: dict[str, dict[str, StudyFigure]] = {}
    for letter, key in claim.figures.items():
        for model, figure in figures.of(key).items():
            found.setdefault(model or claim.study, {})[letter] = figure
    return found


def _changes(claim: PublishedClaim, figures: ByModel, cast: list[ClaimVote]) -> Iterator[tuple[str, str]]:
    for vote in cast:
        others = [one for one in cast if one is not vote]
        if vote.counts and any(one.known for one in others):
            yield f"without {vote.voter}", verdict(claim, others).text
    wider = {model: {letter: doubled(f, ERRORS) for letter, f in found.items()} for model, found in figures.items()}
    if any(vote.error for vote in cast):
        yield "errors doubled", verdict(claim, votes(claim, wider)).text
    if any(vote.role == "anchor" for vote in cast) and any(vote.role == "model" and vote.known for vote in cast):
        for factor in TOLERANCES:
            tolerance = _scaled(claim, cast, factor)
            if tolerance is not None:
                yield (
                    f"tolerance of the anchor times {factor:g}",
                    verdict(claim, votes(replace(claim, anchor_tolerance=tolerance), figures)).text,
                )


def _scaled(claim: PublishedClaim, cast: list[ClaimVote], factor: float) -> float | str | None:
    """Return the tolerance times a factor; None where it is the error of each anchor, which "errors doubled" covers."""
    given = claim.anchor_tolerance
    if isinstance(given, str):
        return f"{float(given.rstrip(' %')) * factor:g} %"
    return None if given is None else given * factor
