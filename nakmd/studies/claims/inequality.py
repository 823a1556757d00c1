"""What a claim says of its figures: ``"A < B"``, ``"|A| < |B|"``, ``"A > 0.5"``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nakmd.studies.study_figures import StudyFigure

_NUMBER = r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_SIDE = rf"(\|?[A-B]\|?|{_NUMBER})"
_FORM = re.compile(rf"^\s*{_SIDE}\s*([<>])\s*{_SIDE}\s*$")

#: Half of a 95 % interval of a normal distribution, in standard deviations.
HALF_OF_95 = 1.96


@dataclass(frozen=True)
class ComparedSide:
    """One side: a figure by its letter, or a number.

    Attributes
    ----------
    letter : str
        ``"A"`` or ``"B"``; empty for a number.
    absolute : bool
        Whether the size of the figure counts, whatever its sign.
    number : float
        If there is no letter.
    """

    letter: str = ""
    absolute: bool = False
    number: float = 0.0

    def value(self, figures: Mapping[str, StudyFigure]) -> float | None:
        """Return the value of this side, None if its figure has none."""
        if not self.letter:
            return self.number
        found = figures.get(self.letter)
        if found is None or found.value is None:
            return None
        return abs(found.value) if self.absolute else found.value

    def error(self, figures: Mapping[str, StudyFigure], upward: bool) -> float | None:
        """Return the standard error toward larger or smaller values; None if it is unknown."""
        if not self.letter:
            return 0.0
        figure = figures[self.letter]
        if self.absolute and figure.value is not None and figure.value < 0.0:
            upward = not upward
        return error_of(figure, upward)


@dataclass(frozen=True)
class Inequality:
    """Two sides, the first of which is claimed to be less.

    Attributes
    ----------
    less, more : ComparedSide
    """

    less: ComparedSide
    more: ComparedSide

    @property
    def letters(self) -> tuple[str, ...]:
        """Letters of the figures."""
        return tuple(sorted({side.letter for side in (self.less, self.more) if side.letter}))

    def margin(self, figures: Mapping[str, StudyFigure]) -> tuple[float | None, float | None]:
        """Return how far the claim holds (negative if it is reversed), and the standard error of it.

        The errors are those toward each other, where a figure has an interval that is not symmetric. Either is None if
        it is unknown.
        """
        less, more = self.less.value(figures), self.more.value(figures)
        if less is None or more is None:
            return None, None
        holds = more >= less
        errors = (self.less.error(figures, upward=holds), self.more.error(figures, upward=not holds))
        if errors[0] is None or errors[1] is None:
            return more - less, None
        return more - less, (errors[0] ** 2 + errors[1] ** 2) ** 0.5


def error_of(figure: StudyFigure, upward: bool) -> float | None:
    """Return the standard error of a figure toward larger or smaller values; None if it is unknown.

    Of a figure with a 95 % interval, the distance of its end over 1.96, which includes all that the interval does;
    otherwise the statistical and the numerical error combined.
    """
    if figure.interval is not None and figure.value is not None:
        low, high = figure.interval
        return max(0.0, (high - figure.value) if upward else (figure.value - low)) / HALF_OF_95
    return figure.error


def parse_inequality(text: str) -> Inequality | None:
    """Return the inequality of a text, None if it is none.

    Examples
    --------
    >>> parse_inequality("|A| > 0.5").more
    ComparedSide(letter='A', absolute=True, number=0.0)
    >>> parse_inequality("A = B") is None
    True
    """
    found = _FORM.match(text)
    if found is None:
        return None
    left, right = _side(found[1]), _side(found[3])
    if left is None or right is None or not (left.letter or right.letter) or left.letter == right.letter:
        return None
    return Inequality(left, right) if found[2] == "<" else Inequality(right, left)


def _side(text: str) -> ComparedSide | None:
    if text[0] not in "|AB" and text[-1] != "|":
        return ComparedSide(number=float(text))
    if text.startswith("|") != text.endswith("|"):
        return None
    return ComparedSide(letter=text.strip("|"), absolute=text.startswith("|"))
