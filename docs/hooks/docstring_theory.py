"""What a docstring says of the theory: a line ``{{ nakmd.integrators.Langevin }}`` of a page is replaced by it.

Equations and sources so stand in one place, beside the code that they describe.
"""

from __future__ import annotations

import importlib
import inspect
import re

from docstring_markup import as_markdown

#: A line that names an object of nakmd.
NAME = re.compile(r"^\{\{ (nakmd(?:\.\w+)+) \}\}$", re.MULTILINE)
#: The heading of a section of a numpydoc docstring.
SECTION = re.compile(r"^(\w+)\n-{3,}\n", re.MULTILINE)


def with_theory(markdown: str) -> str:
    """Return a page with the text, notes and references of the docstrings that it names.

    Raises
    ------
    AttributeError, ImportError
        If there is no such object.
    ValueError
        If its docstring has nothing but a summary: no equation, notes or references.
    """
    return NAME.sub(lambda found: _theory(found[1]), markdown)


def _theory(name: str) -> str:
    text = inspect.getdoc(_object(name)) or ""
    opening, *pieces = SECTION.split(text)
    sections = dict(zip(pieces[::2], pieces[1::2], strict=True))
    if not sections.keys() & {"Notes", "References"} and "math:" not in opening:
        raise ValueError(f"{name} has a docstring without equation, notes and references.")
    opening = re.sub(r"^Return (\w)", lambda found: found[1].upper(), opening)  # what it is, not what the code does
    written = as_markdown(opening) + "\n\n" + as_markdown(sections.get("Notes", "")) + "\n"
    if "References" in sections:
        sources = re.split(r"(?<=\d)\n(?=\S)", sections["References"].strip())
        written += "\n*Source*: " + " ".join(as_markdown(source).replace("\n", " ") for source in sources) + "\n"
    return written


def _object(name: str) -> object:
    """Return the object of a dotted name."""
    parts = name.split(".")
    for split in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:split]))
        except ModuleNotFoundError:
            continue
        for part in parts[split:]:
            found = getattr(found, part)
        return found
    raise ImportError(f"There is no {name}.")
