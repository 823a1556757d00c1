"""Docstrings are reStructuredText, pages are Markdown: equations, sessions, tables and sources are rewritten.

`Markup` is an extension of griffe, which mkdocstrings loads.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

#: ``.. math:: ...`` with its indented lines.
MATH = re.compile(
    r"^(?P<indent> *)\.\. math::(?P<first>.*)\n(?P<rest>(?:(?P=indent) +.*\n|\s*\n(?=(?P=indent) +\S))*)", re.MULTILINE
)
#: An equation of two lines, the second of which is not indented.
CUT_MATH = re.compile(r"^(?P<indent> *)\.\. math::.*\S.*\n(?P=indent)\S.*", re.MULTILINE)
#: The number of an equation, set off by spaces at the end.
NUMBER = re.compile(r"\s{2,}\((\d+[a-z]?)\)\s*$")
#: Lines of a session in Python, outside the section "Examples", which griffe knows.
SESSION = re.compile(r"(?:^ *(?:>>>|\.\.\.).*\n(?:^ *[^\s>].*\n)*)+", re.MULTILINE)
_LINE = r"=+(?: +=+)+ *\n"
#: A table with lines of "=" above, below, and under its head, which may have several lines.
TABLE = re.compile(
    rf"^(?P<indent> *){_LINE}(?P<head>(?: *[^\s=].*\n)+)(?P=indent){_LINE}(?P<rows>(?:.*\n)*?)(?P=indent){_LINE}",
    re.MULTILINE,
)
SOURCE = re.compile(r"(?<![/\[])doi:(10\.\d+/\S+?)(?=[.,;)]*(?:\s|$))")


#: The section of parameters, up to the next section.
PARAMETERS = re.compile(r"^(?:Other )?Parameters\n-+\n(?:(?!^\S.*\n-{3,}$).*\n)*", re.MULTILINE)
#: An entry of several parameters with one description.
GROUP = re.compile(
    r"^(?P<names>\w+(?:, \w+)+)(?P<type> *:.*)?\n(?P<text>(?:[ \t]+\S.*\n|\n(?=[ \t]+\S))*)", re.MULTILINE
)


def as_markdown(text: str) -> str:
    """Return the text of a docstring with equations, sessions, tables and sources in Markdown.

    Raises
    ------
    ValueError
        If the second line of an equation is not indented: it would become text.
    """
    text = PARAMETERS.sub(lambda found: GROUP.sub(_one_by_one, found.group()), text + "\n").rstrip("\n")
    cut = CUT_MATH.search(text)
    if cut:
        raise ValueError(f"The second line of an equation is not indented: {cut.group()}")
    text = MATH.sub(_equations, text + "\n")
    text = TABLE.sub(_table, text)
    if not re.search(r"^Examples?\n-+$", text, re.MULTILINE):
        text = SESSION.sub(lambda found: f"```pycon\n{found.group()}```\n", text)
    text = re.sub(r":math:`([^`]*)`", r"$\1$", text)
    text = re.sub(r"\[(\d+)\]_", r"[\1]", text)
    text = re.sub(r"^( *)\.\. (\[\d+\])", r"\1\2", text, flags=re.MULTILINE)
    text = re.sub(r"::$", ":", text, flags=re.MULTILINE)
    text = with_sources(text)
    return re.sub(r"(?<!`)``(?!`)", "`", text).rstrip("\n")


def _one_by_one(found: re.Match[str]) -> str:
    """Return an entry for each parameter of a group: griffe gives all of a group the type and default of the first."""
    names = found["names"].split(", ")
    return "".join(f"{name}{found['type'] or ''}\n{found['text']}" for name in names)


def with_sources(text: str) -> str:
    """Return Markdown with a link for each ``doi:10...`` that is none yet."""
    return SOURCE.sub(r"[doi:\1](https://doi.org/\1)", text)


def _equations(found: re.Match[str]) -> str:
    """Return the equations of a directive: one for each paragraph."""
    indent, written = found["indent"], ""
    for paragraph in re.split(r"\n\s*\n", f"{found['first']}\n{found['rest']}".strip()):
        line = re.sub(r"\s*\n\s*", " ", paragraph)
        number = NUMBER.search(line)
        line = NUMBER.sub("", line)
        if "&" in line or r"\\" in line:
            line = rf"\begin{{aligned}} {line} \end{{aligned}}"
        if number:
            line += rf" \tag{{{number[1]}}}"
        written += f"\n{indent}$$\n{indent}{line}\n{indent}$$\n"
    return written + "\n"


def _table(found: re.Match[str]) -> str:
    rows = [re.split(r" {2,}", line.strip()) for line in (found["head"] + found["rows"]).splitlines() if line.strip()]
    width = len(rows[0])
    written = ["| " + " | ".join((row + [""] * width)[:width]) + " |" for row in rows]
    written.insert(1, "|" + " --- |" * width)
    return "\n" + "".join(f"{found['indent']}{line}\n" for line in written) + "\n"


class Markup(griffe.Extension):
    """Rewrites every docstring that is collected."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
