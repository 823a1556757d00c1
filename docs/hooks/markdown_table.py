"""Tables of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, without the columns that are empty in all rows."""
    listed = [list(row) for row in rows]
    kept = [k for k in range(len(columns)) if any(row[k] for row in listed)]
    lines = [[columns[k] for k in kept], ["---" for _ in kept], *([row[k] for k in kept] for row in listed)]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |\n" for line in lines
    )
