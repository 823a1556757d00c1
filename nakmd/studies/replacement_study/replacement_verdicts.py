"""Verdicts on the claims from the figures of the study, by the rule of `nakmd.studies.verdict_rule`.

What was put into the model supports nothing by itself: "supporting (by construction)".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nakmd.studies.replacement_study import walls
from nakmd.studies.replacement_study.ledger_figures import chance_text
from nakmd.studies.replacement_study.reactions import REACTIONS
from nakmd.studies.replacement_study.sites_in_liquid import COOL
from nakmd.studies.study import Figures
from nakmd.studies.study_figures import StudyFigure
from nakmd.studies.verdict_rule import (
    AGAINST,
    CONTRASTING,
    FOR,
    NONE,
    OPEN,
    SUPPORTING,
    UNDECIDED,
    UNTESTABLE,
    by_construction,
    says_of,
    strength_of,
    word_of,
)

#: Standard deviations of one input within which a robust verdict keeps its sign.
ROBUST = 3.0

#: Chance of ΔG < 0 from which a reaction is said to be downhill.
LIKELY = 0.95


@dataclass(frozen=True)
class ReplacementVerdict:
    """A claim and what the study says of it.

    Attributes
    ----------
    claim : str
    word : str
        One of `nakmd.studies.verdict_rule.WORDS`, or "supporting (by construction)".
    strength : str
        One of `nakmd.studies.verdict_rule.STRENGTHS`.
    why : str
        One or two sentences with the figures.
    """

    claim: str
    word: str
    strength: str
    why: str

    @property
    def sentence(self) -> str:
        """The verdict as one text."""
        strength = "" if self.strength == NONE else f", {self.strength}"
        return f"{self.claim}: {self.word}{strength}. {self.why}"


def vote(figure: StudyFigure | None, sign: float = 1.0) -> str:
    """Return what a figure says of a claim that it times ``sign`` is above zero; open without value or error."""
    if figure is None or figure.value is None or figure.error is None:
        return OPEN
    return says_of(sign * figure.value, figure.error)


def verdicts(figures: Figures, models: Sequence[str]) -> Iterator[ReplacementVerdict]:
    """Yield the verdict on each claim."""
    yield replaced(figures)
    yield attracts(figures, models)
    yield holds(figures, models)
    yield raises(figures, models)
    yield spectrum(figures)


def replaced(figures: Figures) -> ReplacementVerdict:
    """Return the verdict on "graphitic N is replaced by K": it holds if one route is downhill."""
    routes = [reaction for reaction in REACTIONS if reaction.replaces]
    found = [figures[f"free energy.{reaction.key}"] for reaction in routes]
    votes = [vote(figure, -1.0) for figure in found]
    against = CONTRASTING if all(v == AGAINST for v in votes) else UNDECIDED
    word = SUPPORTING if FOR in votes else against
    named = [
        f"{r.title}, {f.text} (P(ΔG < 0) {chance_text(figures[f'chance.{r.key}'])})" for r, f in zip(routes, found)
    ]
    least = min(figures[f"robust.{reaction.key}"].value for reaction in routes)
    robust = f"No single input turns a sign unless it is off by {least:.1f} of its standard deviations" + (
        "." if least > ROBUST else f", which is within {ROBUST:g}: not robust."
    )
    # each route is a voter; none is a model of its own beside an anchor
    strength = strength_of(word, sum(v != OPEN for v in votes), 0)
    return ReplacementVerdict("Graphitic N is replaced by K", word, strength, f"ΔG: {'; '.join(named)}. {robust}")


def attracts(figures: Figures, models: Sequence[str]) -> ReplacementVerdict:
    """Return the verdict on "graphitic N attracts K": PBE for one atom, the model for the liquid."""
    parts, votes, voters = [], [], 0
    hollow = figures.get("site.K.hollow", "PBE")
    for site in ("on N", "beside N", "far from N"):
        at = figures.get(f"site.K.{site}", "PBE")
        if at is None or hollow is None or at.value is None or hollow.value is None:
            continue
        loss, error = at.value - hollow.value, math.hypot(at.error or 0.0, hollow.error or 0.0)
        votes.append(says_of(-loss, error))
        parts.append(f"{site} {loss:+.2f} eV")
    anchored = 1 if any(v != OPEN for v in votes) else 0
    said = [f"PBE energy of one K against pristine: {', '.join(parts)}"] if parts else []
    for model in models:
        change = figures.get("affinity.change.graphitic", model)
        if change is None or change.value is None:
            continue
        votes.append(vote(change))
        voters += 1 if votes[-1] != OPEN else 0
        said.append(f"affinity of liquid NaK by {model} {change.value:+.3f} J/m²{_share(figures, model, change.value)}")
    word = word_of(votes)
    note = " The wells of the model are fitted to the same PBE energies." if voters and anchored else ""
    return ReplacementVerdict(
        "Graphitic N attracts K", word, strength_of(word, voters, anchored), f"{'; '.join(said)}.{note}"
    )


def _share(figures: Figures, model: str, change: float) -> str:
    bare = figures.get(f"affinity.{walls.PRISTINE}.0", model)
    return "" if bare is None or not bare.value else f" ({100.0 * change / bare.value:+.0f} %)"


def holds(figures: Figures, models: Sequence[str]) -> ReplacementVerdict:
    """Return the verdict on "a hole that exists holds K rather than Na": a single atom, and the liquid."""
    votes, said = [], []
    for model in models:
        for site, route in (("bare vacancy", "vacancy"), ("three N", "pyridinic")):
            keys = f"single.{site}", f"preference.{route}", f"preference.{route}{COOL}"
            found = [figures.get(key, model) for key in keys]
            votes += [vote(figure, -1.0) for figure in found]
            texts = [figure.text for figure in found if figure is not None and figure.value is not None]
            said += [f"{route}, {model}: {', '.join(texts)}"] if texts else []
    word = word_of(votes)
    why = (
        "Free energy of K in place of Na at the site, of a single atom, and in the liquid beyond the composition of "
        f"the bulk{_temperatures(figures)}: {'; '.join(said)}."
    )
    return ReplacementVerdict(
        "A hole that exists holds K rather than Na", word, strength_of(word, len(models), 0),
        why if said else "No site was computed.",
    )  # fmt: skip


def _temperatures(figures: Figures) -> str:
    return ", warm and at room temperature" if any(f.key.endswith(COOL) for f in figures) else ""


def raises(figures: Figures, models: Sequence[str]) -> ReplacementVerdict:
    """Return the verdict on "replaced sites have more C–K contacts and raise the affinity", with the parts."""
    affinity, contacts, said = [], [], []
    for model in models:
        for route in walls.ROUTES:
            gain, more = figures.get(f"affinity.change.{route}", model), figures.get(f"contacts.change.{route}", model)
            if gain is None or more is None or gain.value is None or more.value is None:
                continue
            affinity.append(vote(gain))
            contacts.append(vote(more))
            said.append(f"{route}, {model}: {gain.text}, {more.text}")
    both = word_of(affinity), word_of(contacts)
    if both == (SUPPORTING, SUPPORTING):
        word = by_construction(SUPPORTING)
    elif CONTRASTING in both and UNDECIDED not in both:
        word = CONTRASTING if both[0] == CONTRASTING else UNDECIDED
    else:
        word = UNDECIDED
    named = {SUPPORTING: "rises", CONTRASTING: "falls", UNDECIDED: "is open, or differs by route or model"}
    why = (
        f"The affinity {named[both[0]]}, which the fitted wells of the holes put in; the number of C–K contacts "
        f"{named[both[1]]}. Affinity and K around a C, all converted less all graphitic: {'; '.join(said)}."
        f"{_qualified(figures)}"
    )
    return ReplacementVerdict(
        "If it were replaced, more C–K contacts would raise the affinity", word, NONE,
        why if said else "No wall was computed.",
    )  # fmt: skip


def _qualified(figures: Figures) -> str:
    """Return what qualifies the rise: the line of linear mixing, and the metal atoms of a site."""
    said = ""
    beyond = [f for f in figures if f.key.startswith("affinity.beyond mixing.") and f.value is not None]
    if beyond:
        most = max(beyond, key=lambda f: abs(f.value or 0.0))
        said += f" Between both ends the affinity is off linear mixing by {most.text} at most."
    atoms = [f.value for route in walls.ROUTES for f in figures.of(f"atoms.{route}").values() if f.value is not None]
    first = [f.value for route in walls.ROUTES for f in figures.of(f"first.{route}").values() if f.value is not None]
    if atoms and first:
        said += (
            f" A site takes {_range(atoms, 1)} metal atoms; with the first of each alone, the affinity is "
            f"{_range(first, 2)} J/m²."
        )
    return said


def _range(values: Sequence[float], digits: int) -> str:
    low, high = (f"{end:.{digits}f}" for end in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def spectrum(figures: Figures) -> ReplacementVerdict:
    """Return the verdict on the evidence by XPS, with the other readings whose reactions are downhill."""
    downhill = [
        f"{reaction.title} ({figures[f'free energy.{reaction.key}'].text})"
        for reaction in REACTIONS
        if not reaction.replaces and (figures[f"chance.{reaction.key}"].value or 0.0) > LIKELY
    ]
    readings = f"Other readings, reactions without replacement that are downhill: {'; '.join(downhill)}."
    if not downhill:
        readings = "No reaction without replacement is downhill."
    return ReplacementVerdict(
        "The change of the N 1s spectrum shows the replacement", UNTESTABLE, NONE,
        f"There are no core levels in the model. {readings}",
    )  # fmt: skip
