"""Counts in an extended XYZ file, compared with its lines before anything is allocated for them."""

from __future__ import annotations

import os
import re

from nakmd.errors import FileFormatError

_PROPERTIES = re.compile(r'Properties\s*=\s*"?([^\s"]+)', re.IGNORECASE)

#: Digits of a count that can be right; Python refuses to convert texts of thousands of digits.
_DIGITS = 15


def check_counts(path: str | os.PathLike[str], text: str) -> None:
    """Compare the numbers of atoms and columns that an extended XYZ text announces with what it holds.

    Parameters
    ----------
    path : path
        For messages.
    text : str

    Raises
    ------
    FileFormatError
        If a frame announces more atoms than lines follow, or more columns than its first line of atoms has.
    """
    lines = text.rstrip().split("\n")
    at = 0
    while at < len(lines) and lines[at].strip().isdigit():
        announced = lines[at].strip()
        left = max(len(lines) - at - 2, 0)
        if len(announced) > _DIGITS or int(announced) > left:
            raise FileFormatError(
                path,
                f"the header announces {announced[:24]} atoms, but {left} lines follow it.",
                "Correct the count, or fetch the whole file.",
                at + 1,
            )
        if int(announced):
            _check_columns(path, lines[at + 1], lines[at + 2], at + 2)
        at += int(announced) + 2


def _check_columns(path: str | os.PathLike[str], header: str, first: str, line: int) -> None:
    match = _PROPERTIES.search(header)
    counts = match[1].split(":")[2::3] if match is not None else []
    if not all(count.isdigit() for count in counts):
        return  # the reader says what is wrong with the header
    columns = len(first.split())
    if any(len(count) > _DIGITS for count in counts) or sum(map(int, counts)) > columns:
        named = "+".join(count[:24] for count in counts)
        raise FileFormatError(
            path,
            f"Properties announces {named} columns, but the first line of atoms has {columns}.",
            "Correct the counts in Properties.",
            line,
        )
