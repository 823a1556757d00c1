"""The widths of the columns of a table on a narrow terminal: cells fold between words, never within one."""

from __future__ import annotations

from collections.abc import Sequence


def fitted_widths(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return widths of columns that together have at most ``room`` characters; None if their longest words are wider.

    Every column has at least the width of its longest word. What is left widens the narrowest columns first, none
    beyond its longest cell, so that numbers and names stay on one line and sentences fold.

    Parameters
    ----------
    columns : sequence of str
        Headings.
    rows : sequence of sequence of str
    room : int
        Characters, without rules and margins.

    Examples
    --------
    >>> fitted_widths(["n", "text"], [["12", "a sentence that folds"]], 14)
    [2, 12]
    >>> fitted_widths(["n", "text"], [["12", "a sentence that folds"]], 40)
    [2, 21]
    >>> fitted_widths(["n", "text"], [["12", "a sentence that folds"]], 9) is None
    True
    """
    cells = [[column, *(row[k] for row in rows)] for k, column in enumerate(columns)]
    natural = [max(map(len, texts)) for texts in cells]
    widths = [max((len(word) for text in texts for word in text.split()), default=0) for texts in cells]
    if sum(widths) > room:
        return None
    left = room - sum(widths)
    for k in sorted(range(len(cells)), key=lambda k: natural[k]):
        more = min(left, natural[k] - widths[k])
        widths[k] += more
        left -= more
    return widths
