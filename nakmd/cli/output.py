"""Printing: tables with rules on a terminal, aligned plain lines otherwise, JSON on request."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
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


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """Print a table: with rules and colours on a terminal, as aligned lines otherwise."""
    if is_terminal():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(title=title or None, title_justify="left", header_style="bold")
        for column in columns:
            table.add_column(Text(column), overflow="fold")  # as Text, or [eV] is read as markup
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        Console().print(table)
        return
    if title:
        say(title)
    widths = [max(len(row[k]) for row in [columns, *rows]) for k in range(len(columns))]
    for row in [columns, *rows]:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def in_time(seconds: float) -> str:
    """Return a duration in s, min, h or days."""
    if seconds < 90.0:
        return f"{seconds:.2g} s"
    if seconds < 5400.0:
        return f"{seconds / 60.0:.2g} min"
    if seconds < 48 * 3600.0:
        return f"{seconds / 3600.0:.2g} h"
    return f"{seconds / 86400.0:.2g} days"
