"""The rule of verdict that claims and studies share: from a margin to a vote, from votes to a word and a strength.

A margin counts from two standard errors. All that count for a claim: supporting; all against: contrasting; both kinds,
or none: undecided. Two models and an anchor are strong, two voters moderate, one is weak; a stand-in (proxy) is never
more than weak. What no figure can say is untestable.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

SUPPORTING, CONTRASTING, UNDECIDED, UNTESTABLE = "supporting", "contrasting", "undecided", "untestable"
WORDS = (SUPPORTING, CONTRASTING, UNDECIDED, UNTESTABLE)

STRONG, MODERATE, WEAK, NONE = "strong", "moderate", "weak", "none"
STRENGTHS = (NONE, WEAK, MODERATE, STRONG)

#: What a figure says of a claim.
FOR, AGAINST, OPEN = "for", "against", "open"

#: Standard errors from which a difference counts.
COUNTS = 2.0


def says_of(margin: float, error: float) -> str:
    """Return what a margin says, positive where the claim holds: open within `COUNTS` standard errors.

    >>> [says_of(margin, 0.1) for margin in (0.21, 0.19, -0.21)]
    ['for', 'open', 'against']
    """
    if margin == 0.0 or not math.isfinite(error) or abs(margin) < COUNTS * error:
        return OPEN
    return FOR if margin > 0.0 else AGAINST


def word_of(said: Iterable[str]) -> str:
    """Return the word of a verdict from what the voters say; those that are open do not count.

    >>> word_of([FOR, OPEN]), word_of([FOR, AGAINST]), word_of([])
    ('supporting', 'undecided', 'undecided')
    """
    counted = set(said) - {OPEN}
    if len(counted) != 1:
        return UNDECIDED
    return SUPPORTING if counted == {FOR} else CONTRASTING


def strength_of(word: str, models: int, anchors: int, proxy: bool = False) -> str:
    """Return how much a word rests on.

    Parameters
    ----------
    word : str
        Only "supporting" and "contrasting" have a strength.
    models, anchors : int
        Voters that count.
    proxy : bool
        Whether the figures stand in for what is claimed.

    >>> strength_of(SUPPORTING, 2, 1), strength_of(CONTRASTING, 2, 0), strength_of(SUPPORTING, 2, 1, proxy=True)
    ('strong', 'moderate', 'weak')
    """
    if word not in (SUPPORTING, CONTRASTING):
        return NONE
    if proxy or models + anchors < 2:
        return WEAK
    return STRONG if models >= 2 and anchors else MODERATE


def by_construction(word: str) -> str:
    """Return a word that only quantities stand behind which were fitted or put in; it has no strength."""
    return f"{word} (by construction)"
