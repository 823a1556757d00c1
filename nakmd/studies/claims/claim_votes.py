"""What each model and anchor says of a claim, and whether its word counts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nakmd.studies.claims.inequality import error_of
from nakmd.studies.claims.published_claim import VALUE, PublishedClaim
from nakmd.studies.study_figures import StudyFigure
from nakmd.studies.verdict_rule import AGAINST, COUNTS, FOR, OPEN, says_of

#: Tolerances of an anchor within which a model keeps its vote.
WITHIN = 2.0

#: Limits of agreement beyond which a value speaks against the claim.
BEYOND = 2.0

MODEL, ANCHOR = "model", "anchor"

#: Figures of a claim by model, then by letter.
ByModel = Mapping[str, Mapping[str, StudyFigure]]


@dataclass(frozen=True, kw_only=True)
class ClaimVote:
    """What one model or anchor says.

    Attributes
    ----------
    voter : str
    role : {"model", "anchor"}
    figures : dict of str to StudyFigure
        By letter.
    margin : float or None
        How far the claim holds [unit of the figures]; of a value, its distance from the claim.
    error : float or None
        Standard error of the margin.
    says : {"for", "against", "open"}
    put_in : bool
        Whether the quantity was fitted.
    barred : str
        Why it has no vote; empty if it has one.
    """

    voter: str
    role: str
    figures: Mapping[str, StudyFigure] = field(repr=False)
    margin: float | None
    error: float | None
    says: str
    put_in: bool = False
    barred: str = ""

    @property
    def counts(self) -> bool:
        """Whether it has a vote and uses it."""
        return not self.barred and self.says != OPEN

    @property
    def z(self) -> float | None:
        """Margin over its error; None if either is unknown, or the error is zero."""
        return None if self.margin is None or not self.error else self.margin / self.error

    @property
    def known(self) -> bool:
        """Whether its figures have values."""
        return self.margin is not None

    @property
    def text(self) -> str:
        """Its figures in words."""
        return ", ".join(f"{letter} = {figure.text}" for letter, figure in sorted(self.figures.items()))


def votes(claim: PublishedClaim, figures: ByModel) -> list[ClaimVote]:
    """Return the votes of all models and anchors of a claim.

    Parameters
    ----------
    claim : PublishedClaim
    figures : mapping
        Figures by model and letter; stated figures of the claim are added.
    """
    known = {**{model: dict(found) for model, found in figures.items()}}
    anchors = list(claim.anchors)
    for one in claim.stated:
        known.setdefault(one.model, {})[one.figure] = one.as_figure()
        if one.model not in anchors:
            anchors.append(one.model)
    held = {name: known[name] for name in anchors if name in known}
    cast = [_of_model(claim, model, known.get(model, {}), held) for model in claim.models]
    return [*cast, *(_of_anchor(claim, name, found) for name, found in held.items())]


def doubled(figure: StudyFigure, factor: float) -> StudyFigure:
    """Return a figure with its errors and its interval times a factor."""
    value, interval = figure.value, figure.interval
    if interval is not None and value is not None:
        interval = (value - factor * (value - interval[0]), value + factor * (interval[1] - value))
    return replace(
        figure, interval=interval, statistical=_times(figure.statistical, factor),
        numerical=_times(figure.numerical, factor),
    )  # fmt: skip


def _times(error: float | None, factor: float) -> float | None:
    return None if error is None else factor * error


def _of_model(claim: PublishedClaim, model: str, figures: Mapping[str, StudyFigure], anchors: ByModel) -> ClaimVote:
    vote = _judged(claim, model, MODEL, figures)
    if not vote.known:
        return vote
    if model in claim.put_in:
        return replace(vote, put_in=True, barred="the quantity was fitted or put in")
    off = next(_off(claim, figures, anchors), "")
    return replace(vote, barred=vote.barred or off)


def _of_anchor(claim: PublishedClaim, name: str, figures: Mapping[str, StudyFigure]) -> ClaimVote:
    vote = _judged(claim, name, ANCHOR, figures)
    if vote.known and not claim.anchor_votes:
        return replace(vote, barred="it is the source of the claim")
    return vote


def _judged(claim: PublishedClaim, voter: str, role: str, figures: Mapping[str, StudyFigure]) -> ClaimVote:
    """Return what figures say; barred if a figure or its error is missing."""
    margin, error = _margin(claim, figures)
    if margin is None:
        missing = [repr(key) for letter, key in claim.figures.items() if letter not in figures]
        empty = [letter for letter, figure in figures.items() if figure.value is None]
        what = f"no figure {' and '.join(missing)}" if missing else f"{' and '.join(empty)} not measured"
        return ClaimVote(voter=voter, role=role, figures=figures, margin=None, error=None, says=OPEN, barred=what)
    if error is None:
        return ClaimVote(
            voter=voter, role=role, figures=figures, margin=margin, error=None, says=OPEN,
            barred="its statistical and numerical error is unknown",
        )  # fmt: skip
    says = _says_of_value(claim, margin, error) if claim.kind == VALUE else says_of(margin, error)
    return ClaimVote(voter=voter, role=role, figures=figures, margin=margin, error=error, says=says)


def _margin(claim: PublishedClaim, figures: Mapping[str, StudyFigure]) -> tuple[float | None, float | None]:
    if claim.kind != VALUE:
        inequality = claim.inequality
        assert inequality is not None  # checked when read
        return inequality.margin(figures)
    found = figures.get("A")
    if found is None or found.value is None or claim.value is None:
        return None, None
    margin = found.value - claim.value
    own = error_of(found, upward=margin < 0.0)
    return margin, None if own is None else math.hypot(own, claim.error or 0.0)


def _says_of_value(claim: PublishedClaim, margin: float, error: float) -> str:
    limit = max(COUNTS * error, claim.tolerance or 0.0)
    if abs(margin) <= limit:
        return FOR
    return AGAINST if abs(margin) > BEYOND * limit else OPEN


def _off(claim: PublishedClaim, figures: Mapping[str, StudyFigure], anchors: ByModel) -> Iterator[str]:
    """Yield why a model is too far from the first anchor of each of its figures."""
    for letter, figure in sorted(figures.items()):
        name, anchor = next(((name, found[letter]) for name, found in anchors.items() if letter in found), ("", None))
        if anchor is None or anchor.value is None or figure.value is None:
            continue
        tolerance = _tolerance(claim, anchor)
        if tolerance is None:
            continue
        distance = abs(figure.value - anchor.value)
        if distance > WITHIN * tolerance:
            unit = "" if figure.unit == "1" else f" {figure.unit}"
            yield (
                f"{letter} is {distance:.3g}{unit} from {name}, more than {WITHIN:g} times the tolerance of "
                f"{tolerance:.3g}{unit}"
            )


def _tolerance(claim: PublishedClaim, anchor: StudyFigure) -> float | None:
    given = claim.anchor_tolerance
    if isinstance(given, str):
        return abs(anchor.value or 0.0) * float(given.rstrip(" %")) / 100.0
    return anchor.error if given is None else float(given)


def voters(cast: Sequence[ClaimVote], says: str) -> list[ClaimVote]:
    """Return those whose vote counts and says this."""
    return [vote for vote in cast if vote.counts and vote.says == says]
