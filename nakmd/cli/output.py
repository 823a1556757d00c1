"""Printing: tables with rules on a terminal, aligned plain lines otherwise, JSON on request."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import typer


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout.isatty()


def say(text: str = "") -> None:
    """Print a line."""
    typer.echo(text)


def show_json(data: Any) -> None:
    """Print data as JSON; NumPy scalars and arrays become numbers and lists."""
    from nakmd.io.atomic import plain

    typer.echo(json.dumps(plain(data), indent=2, ensure_ascii=False, allow_nan=False))


def show_heading(text: str) -> None:
    """Print a heading after an empty line, in bold on a terminal."""
    if is_terminal():
        from rich.console import Console
        from rich.text import Text

        Console().print(Text(f"\n{text}", style="bold"))
        return
    say(f"\n{text}")


#: Width of lines where there is no terminal, and least width of a column that folds.
WIDTH, LEAST_WIDTH = 80, 20


def show_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", folds: int | None = None
) -> None:
    """Print a table: with rules and colours on a terminal, as aligned lines otherwise.

    On a terminal it has the width of that: cells fold between words, and where the words of a row have no room beside
    each other, every cell is on a line of its own behind the name of its column.

    Parameters
    ----------
    columns : sequence of str
    rows : sequence of sequence of str
    title : str
    folds : int, optional
        Column of sentences. Without a terminal it continues on lines of its own, so that all lines have at most 80
        characters; without such a column a row is one line.
    """
    if is_terminal():
        _show_on_terminal(columns, rows, title)
        return
    if title:
        say(title)
    widths = [max(len(row[k]) for row in [columns, *rows]) for k in range(len(columns))]
    if folds is not None:
        others = sum(widths) - widths[folds] + 2 * (len(widths) - 1)
        widths[folds] = min(widths[folds], max(LEAST_WIDTH, WIDTH - others))
    for row in [columns, *rows]:
        for line in _folded(row, folds, widths):
            say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _show_on_terminal(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
    """Print a table in the width of the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from nakmd.cli.table_layout import fitted_widths

    console = Console()
    # each column has a rule and a margin on both sides, and the table one more rule
    widths = fitted_widths(columns, rows, console.width - 3 * len(columns) - 1)
    table = Table(title=title or None, title_justify="left", header_style="bold", show_header=widths is not None)
    if widths is not None:
        for column, width in zip(columns, widths, strict=True):
            table.add_column(Text(column), overflow="fold", width=width)  # as Text, or [eV] is read as markup
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
    else:
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        for row in rows:
            for column, cell in zip(columns, row, strict=True):
                table.add_row(Text(column), Text(cell))
            table.add_section()
    console.print(table)


def _folded(row: Sequence[str], column: int | None, widths: Sequence[int]) -> Iterator[Sequence[str]]:
    """Yield the lines of a row, whose cell in one column may take several."""
    if column is None:
        yield row
        return
    parts = textwrap.wrap(row[column], widths[column]) or [""]
    yield [*row[:column], parts[0], *row[column + 1 :]]
    for part in parts[1:]:
        yield [part if k == column else "" for k in range(len(row))]


def in_time(seconds: float) -> str:
    """Return a duration in s, min, h or days."""
    if seconds < 90.0:
        return f"{seconds:.2g} s"
    if seconds < 5400.0:
        return f"{seconds / 60.0:.2g} min"
    if seconds < 48 * 3600.0:
        return f"{seconds / 3600.0:.2g} h"
    return f"{seconds / 86400.0:.2g} days"
