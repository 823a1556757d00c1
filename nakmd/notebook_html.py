"""HTML for notebooks: tables, pictures and texts, with every character escaped."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def html_paragraph(text: str) -> str:
    """Return a text as a paragraph.

    Examples
    --------
    >>> html_paragraph("a < b")
    '<p>a &lt; b</p>'
    """
    return f"<p>{html.escape(text)}</p>"


def html_list(entries: Sequence[str]) -> str:
    """Return texts as a list; nothing without any."""
    return f"<ul>{''.join(f'<li>{html.escape(entry)}</li>' for entry in entries)}</ul>" if entries else ""


def html_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; without columns it has no heading.

    Examples
    --------
    >>> html_table(["n"], [["1"]])
    '<table><tr><th>n</th></tr><tr><td>1</td></tr></table>'
    """
    lines = ["".join(f"<th>{html.escape(text)}</th>" for text in columns)] if columns else []
    lines += ["".join(f"<td>{html.escape(text)}</td>" for text in row) for row in rows]
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def html_facts(title: str, facts: Mapping[str, str]) -> str:
    """Return a text and, below it, a table of facts by name; those without a text are left out.

    Examples
    --------
    >>> html_facts("a file", {"atoms": "16", "times": ""})
    '<p>a file</p><table><tr><td>atoms</td><td>16</td></tr></table>'
    """
    return html_paragraph(title) + html_table([], [[name, text] for name, text in facts.items() if text])


def html_code(summary: str, text: str) -> str:
    """Return a text in fixed width that opens below its summary."""
    return f"<details open><summary>{html.escape(summary)}</summary><pre>{html.escape(text)}</pre></details>"


def html_picture(png: bytes, title: str) -> str:
    """Return a PNG that is part of the page."""
    data = base64.b64encode(png).decode()
    return f'<img alt="{html.escape(title)}" src="data:image/png;base64,{data}" style="max-width: 100%">'


def html_figure(figure: Figure, title: str) -> str:
    """Return a figure as a PNG that is part of the page."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=100)
    return html_picture(content.getvalue(), title)
