"""Docstrings are reStructuredText, pages are Markdown: equations, doctests and tables are rewritten.

An extension of griffe, which mkdocstrings loads.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

#: ``.. math:: ...`` with its indented lines.
MATH = re.compile(
    r"^(?P<indent> *)\.\. math::(?P<first>.*)\n(?P<rest>(?:(?P=indent) +.*\n|\s*\n(?=(?P=indent) +\S))*)", re.MULTILINE
)
#: The number of an equation, set off by spaces at the end.
NUMBER = re.compile(r"\s{2,}\((\d+[a-z]?)\)\s*$")
#: Lines of a session in Python, outside the section "Examples", which griffe knows.
SESSION = re.compile(r"(?:^ *(?:>>>|\.\.\.).*\n(?:^ *[^\s>].*\n)*)+", re.MULTILINE)
#: A table with lines of "=" above, below, and under its head.
TABLE = re.compile(
    r"^(?P<indent> *)=+(?: +=+)+ *\n(?P<head>.*)\n(?P=indent)=+(?: +=+)+ *\n(?P<rows>(?:.*\n)*?)(?P=indent)=+(?: +=+)+ *\n",
    re.MULTILINE,
)


def as_markdown(text: str) -> str:
    """Return the text of a docstring with equations, sessions and tables in Markdown."""
    text = MATH.sub(_equation, text + "\n")
    text = TABLE.sub(_table, text)
    if not re.search(r"^Examples?\n-+$", text, re.MULTILINE):
        text = SESSION.sub(lambda found: f"```pycon\n{found.group()}```\n", text)
    return re.sub(r"::$", ":", text, flags=re.MULTILINE).replace("``", "`").rstrip("\n")


def _equation(found: re.Match[str]) -> str:
    lines = " ".join([found["first"], *found["rest"].split("\n")]).strip()
    lines = NUMBER.sub(r"\\tag{\1}", lines)
    indent = found["indent"]
    return f"\n{indent}$$\n{indent}{re.sub(r'  +', ' ', lines)}\n{indent}$$\n\n"


def _table(found: re.Match[str]) -> str:
    rows = [re.split(r" {2,}", line.strip()) for line in [found["head"], *found["rows"].splitlines()] if line.strip()]
    width = len(rows[0])
    indent = found["indent"]
    written = ["| " + " | ".join((row + [""] * width)[:width]) + " |" for row in rows]
    written.insert(1, "|" + " --- |" * width)
    return "\n" + "".join(f"{indent}{line}\n" for line in written) + "\n"


class Markup(griffe.Extension):
    """Rewrites every docstring that is collected."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
