"""Rows of a table as a data frame of pandas, or as CSV."""

from __future__ import annotations

import csv
import importlib.util
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nakmd.errors import InputError, RunError
from nakmd.replaced_file import ReplacedFile

if TYPE_CHECKING:
    import pandas as pd


def data_frame(rows: Sequence[Mapping[str, Any]], instead: str) -> pd.DataFrame:
    """Return a table as a data frame.

    Parameters
    ----------
    rows : sequence of mapping
        Values by column; all rows have the same columns.
    instead : str
        What to use without pandas, for the message.

    Raises
    ------
    InputError
        If pandas is not installed.
    """
    if importlib.util.find_spec("pandas") is None:
        raise InputError(
            f"A data frame needs pandas, which is not installed: pip install 'nakmd[tables]'. Without it, {instead}."
        )
    import pandas as pd  # noqa: PLC0415  (optional, and slow to import)

    return pd.DataFrame(list(rows))


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    r"""Return a table as CSV; what is unknown is an empty field. Without rows it is empty.

    Examples
    --------
    >>> csv_text([{"name": "a, b", "value": None}])
    'name,value\n"a, b",\n'
    """
    text = io.StringIO(newline="")
    if rows:
        lines = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        lines.writeheader()
        lines.writerows(rows)
    return text.getvalue()


def write_csv(path: str | os.PathLike[str], rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write a table as by `csv_text`; an existing file is replaced as a whole.

    Raises
    ------
    RunError
        If the file cannot be written.
    """
    try:
        with ReplacedFile(path) as new:
            new.temporary.write_text(csv_text(rows), encoding="utf-8")
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror}).") from error
    return Path(path)
