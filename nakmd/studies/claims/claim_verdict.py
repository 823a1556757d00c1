"""The rule of verdict: from votes to a word, a strength and a sentence. Nothing of it is typed in anywhere.

1. Outside the reach of the models: untestable. A stand-in (proxy) is never more than weak.
2. A model votes if its margin is at least two standard errors, statistical and numerical. It has no vote if one of its
   figures is further from the anchor than twice the tolerance of the anchor, or if its error is unknown. An anchor
   votes with its own error.
3. All votes for: supporting. All against: contrasting. Both, or none: undecided. Two models and an anchor are strong,
   two voters moderate, one is weak.
4. A value supports within two standard errors of the difference or the tolerance, and contrasts beyond twice that.
5. A parent is supporting if all its children are, contrasting if all are, else undecided.
6. A model that was fitted to a quantity has no vote on it. If only such models speak, the verdict is by construction,
   without strength.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nakmd.studies.claims.claim_votes import ANCHOR, MODEL, ClaimVote, voters
from nakmd.studies.claims.published_claim import OUTSIDE, PROXY, PublishedClaim
from nakmd.studies.verdict_rule import (
    AGAINST,
    CONTRASTING,
    FOR,
    NONE,
    OPEN,
    STRENGTHS,
    SUPPORTING,
    UNDECIDED,
    UNTESTABLE,
    by_construction,
    strength_of,
    word_of,
)

#: No verdict yet: figures are missing.
NOT_COMPUTED = "not computed"


@dataclass(frozen=True, kw_only=True)
class ClaimVerdict:
    """A verdict.

    Attributes
    ----------
    word : str
        One of `nakmd.studies.verdict_rule.WORDS`, or `NOT_COMPUTED`.
    strength : str
        One of `nakmd.studies.verdict_rule.STRENGTHS`.
    by_construction : bool
        Whether only fitted quantities speak.
    why : str
        One sentence.
    """

    word: str
    strength: str = NONE
    by_construction: bool = False
    why: str

    @property
    def text(self) -> str:
        """Word and strength."""
        if self.by_construction:
            return by_construction(self.word)
        return self.word if self.strength == NONE else f"{self.word}, {self.strength}"


def verdict(claim: PublishedClaim, cast: Sequence[ClaimVote], missing: str = "") -> ClaimVerdict:
    """Return the verdict on a claim that has a test of its own.

    Parameters
    ----------
    claim : PublishedClaim
    cast : sequence of ClaimVote
    missing : str
        Why figures could not be computed at all; empty if they were.
    """
    if claim.reach == OUTSIDE:
        return ClaimVerdict(word=UNTESTABLE, why=_sentence(claim.reach_note))
    if missing or not any(vote.known for vote in cast):
        reasons = "; ".join(f"{vote.voter}: {vote.barred}" for vote in cast if vote.barred)
        return ClaimVerdict(word=NOT_COMPUTED, why=_sentence(missing or reasons or "No figure was computed"))
    said, against = voters(cast, FOR), voters(cast, AGAINST)
    word = word_of(vote.says for vote in cast if vote.counts)
    if said and against:
        why = f"Model-dependent: {_names(said)} {_for(said)}, {_names(against)} {_against(against)}"
        return ClaimVerdict(word=word, why=_sentence(why + _silent(cast)))
    if said or against:
        speaks = _for(said) if said else _against(against)
        why = f"{_with_figures(said or against)} {speaks}{_silent(cast)}"
        return ClaimVerdict(word=word, strength=_strength(claim, word, said or against), why=_sentence(why))
    return _without_votes(cast)


def _without_votes(cast: Sequence[ClaimVote]) -> ClaimVerdict:
    put_in = [vote for vote in cast if vote.put_in and vote.says != OPEN]
    word = word_of(vote.says for vote in put_in)
    if word != UNDECIDED:
        speaks = _for(put_in) if word == SUPPORTING else _against(put_in)
        why = f"{_with_figures(put_in)} {speaks}, but the quantity was fitted or put in{_silent(cast, put_in)}"
        return ClaimVerdict(word=word, by_construction=True, why=_sentence(why))
    within = [vote for vote in cast if vote.known and not vote.barred]
    if within:
        why = f"Within error: {_with_figures(within)}{_silent(cast, within)}"
    else:
        why = _silent(cast).removeprefix("; ")
    return ClaimVerdict(word=UNDECIDED, why=_sentence(why))


def of_children(claim: PublishedClaim, children: Mapping[str, ClaimVerdict]) -> ClaimVerdict:
    """Return the verdict on a parent from those on its children."""
    known = {name: one for name, one in children.items() if one.word != NOT_COMPUTED}
    listed = ", ".join(f"{name} {one.text}" for name, one in children.items())
    if not known:
        return ClaimVerdict(word=NOT_COMPUTED, why=_sentence(f"None of its parts was computed: {', '.join(children)}"))
    words = {one.word for one in known.values()}
    if len(known) < len(children) and len(words) == 1:
        return ClaimVerdict(word=NOT_COMPUTED, why=_sentence(f"Parts are missing: {listed}"))
    if words == {UNTESTABLE}:
        return ClaimVerdict(word=UNTESTABLE, why=_sentence(f"So are all its parts: {listed}"))
    if words not in ({SUPPORTING}, {CONTRASTING}):
        return ClaimVerdict(word=UNDECIDED, why=_sentence(f"Its parts differ or are open: {listed}"))
    built = all(one.by_construction for one in known.values())
    voted = [one.strength for one in known.values() if not one.by_construction]
    strength = min(voted, key=STRENGTHS.index, default=NONE)
    return ClaimVerdict(
        word=words.pop(), strength=strength, by_construction=built,
        why=_sentence(f"So are all its parts: {listed}"),
    )  # fmt: skip


def _strength(claim: PublishedClaim, word: str, counted: Sequence[ClaimVote]) -> str:
    models = sum(vote.role == MODEL for vote in counted)
    anchors = sum(vote.role == ANCHOR for vote in counted)
    return strength_of(word, models, anchors, proxy=claim.reach == PROXY)


def _for(speaking: Sequence[ClaimVote]) -> str:
    return "speaks for it" if len(speaking) == 1 else "speak for it"


def _against(speaking: Sequence[ClaimVote]) -> str:
    return "speaks against it" if len(speaking) == 1 else "speak against it"


def _names(speaking: Sequence[ClaimVote]) -> str:
    return _joined([vote.voter for vote in speaking])


def _with_figures(speaking: Sequence[ClaimVote]) -> str:
    return _joined([f"{vote.voter} ({vote.text})" for vote in speaking])


def _silent(cast: Sequence[ClaimVote], named: Sequence[ClaimVote] = ()) -> str:
    """Return whose figures are open, and who has no vote and why; without those that are named already."""
    silent = [vote for vote in cast if not vote.counts and vote not in named]
    undecided = [f"{vote.voter} is open ({vote.text})" for vote in silent if not vote.barred]
    reasons = dict.fromkeys(vote.barred for vote in silent if vote.barred)
    barred = [(why, [vote.voter for vote in silent if vote.barred == why]) for why in reasons]
    without = [f"{_joined(names)} {'has' if len(names) == 1 else 'have'} no vote ({why})" for why, names in barred]
    parts = [*undecided, *without]
    return "; " + "; ".join(parts) if parts else ""


def _joined(texts: Sequence[str]) -> str:
    return " and ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else texts[0]


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text}." if not text.endswith(".") else text
