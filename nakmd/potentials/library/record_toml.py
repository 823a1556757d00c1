"""Parse and validate the TOML text of a record, with messages that give the line and the remedy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from nakmd.errors import FileFormatError, nearest
from nakmd.potentials.library.records import RECORDS, AnyRecord
from nakmd.toml_lines import KeyPath, LineMap

_AT_LINE = re.compile(r"\s*\(at line (\d+), column (\d+)\)")


def parse_record(path: Path | str, text: str) -> AnyRecord:
    """Return the record of a TOML text.

    Parameters
    ----------
    path : path-like
        For messages.
    text : str

    Raises
    ------
    FileFormatError
        All errors of the file in one message, each with its line.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        what = _AT_LINE.sub("", str(error)) + (f" in column {at.group(2)}." if at else ".")
        raise FileFormatError(path, what, "Correct the TOML.", int(at.group(1)) if at else None) from None
    except (RecursionError, ValueError) as error:  # deeply nested brackets, an integer of thousands of digits
        raise FileFormatError(path, f"{error}.", "Correct the TOML.") from None
    lines = LineMap.of(text)
    form = content.get("form")
    if not isinstance(form, str) or form not in RECORDS:
        if form is None:
            what = f"there is no form; it must be one of {', '.join(RECORDS)}."
        else:
            what = f"form = {_shown(form)} is none of {', '.join(RECORDS)}."
        close = nearest(form, RECORDS)
        remedy = f'Did you mean "{close}"?' if close else "Give the form."
        raise FileFormatError(path, what, remedy, lines.find(("form",)) or 1)
    try:
        return RECORDS[form].model_validate(content)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    places = {e["loc"] for e in errors}
    problems = [
        (lines.find(e["loc"]) or 1, _message(RECORDS[form], e["loc"], e["type"], e["msg"], e.get("input")))
        for e in errors
        # pydantic also calls a list too short if one of its items is invalid: report the item only
        if e["type"] != "too_short"
        or not any(len(p) > len(e["loc"]) and p[: len(e["loc"])] == e["loc"] for p in places)
    ]
    problems.sort()
    first_line, first = problems[0]
    rest = "".join(f"\n{path}:{line}: {message}" for line, message in problems[1:])
    raise FileFormatError(path, first + rest, "", first_line)


def _message(model: type[BaseModel], location: KeyPath, kind: str, message: str, value: Any) -> str:
    """Return the message of one validation error."""
    where = ".".join(str(part) if isinstance(part, str) else f"{part + 1}" for part in location)
    if kind == "missing":
        return f"{where} is missing; add it."
    if kind == "extra_forbidden":
        close = nearest(location[-1], _keys_at(model, location))
        return f"{where} is not a known key." + (f' Did you mean "{close}"?' if close else " Remove it.")
    if kind == "value_error":
        text = message.removeprefix("Value error, ")
        return (f"{where}: " if where else "") + text + "."
    return f"{where} = {_shown(value)}: {message[0].lower() + message[1:]}."


def _keys_at(model: type[BaseModel], location: KeyPath) -> Sequence[str]:
    """Return the keys that are allowed in the table around a location."""
    for part in location[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            models = _models_in(model.model_fields[part].annotation)
            if models:
                model = models[0]
    return list(model.model_fields)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the models inside a type annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _shown(value: Any) -> str:
    """Return the text of a value, shortened for a message."""
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
