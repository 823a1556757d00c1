"""Faults of a deck in words: line, table, what is wrong with the numbers, and what to do."""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from nakmd.errors import did_you_mean
from nakmd.toml_lines import KeyPath, LineMap

_TYPES = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "a text in quotes",
    "bool_type": "true or false",
    "tuple_type": "a list [...]",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dict_type": "a table",
}
_LIMITS = {
    "greater_than": ("gt", "must be above"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be below"),
    "less_than_equal": ("le", "must be at most"),
}


@dataclass(frozen=True)
class Problem:
    """One fault of a deck.

    Attributes
    ----------
    path : KeyPath
        Where in the deck.
    what : str
        The fault, the numbers and the remedy.
    fatal : bool
        Whether the deck cannot run with it; a warning otherwise.
    """

    path: KeyPath
    what: str
    fatal: bool = True


def strip(annotation: Any) -> Any:
    """Return an annotation without `Annotated` and without ``| None``."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, types.UnionType) and type(None) in get_args(annotation):
            rest = [a for a in get_args(annotation) if a is not type(None)]
            annotation = rest[0] if len(rest) == 1 else Union[tuple(rest)]  # noqa: UP007 (built at run time)
        else:
            return annotation


def tags_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the words that the key ``kind`` of a table may have."""
    return get_args(model.model_fields["kind"].annotation)


def locate(loc: Sequence[str | int], root: Any) -> tuple[KeyPath, Any]:
    """Turn pydantic's place of an error into a path of the deck and the annotation that stands there.

    Pydantic puts the tag of a table (``"nanotube"``) into the place; the deck's path has no such step.
    """
    annotation = strip(root)
    path: KeyPath = ()
    for item in loc:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            path = (*path, item)
            known = annotation.model_fields.get(str(item))
            annotation = strip(known.annotation) if known else None
        elif get_origin(annotation) in (Union, types.UnionType):
            annotation = next((m for m in get_args(annotation) if item in tags_of(m)), None)
        elif get_origin(annotation) is tuple and isinstance(item, int):
            path = (*path, item)
            arguments = get_args(annotation)
            annotation = strip(arguments[0] if arguments[-1] is Ellipsis else arguments[min(item, len(arguments) - 1)])
        else:
            path = (*path, item)
            annotation = None
    return path, annotation


def value_at(data: Any, path: KeyPath) -> Any:
    """Return what the deck says at a path, or None."""
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def in_toml(value: object) -> str:
    """Return a value as one would write it in the deck, shortened."""
    if isinstance(value, dict):
        return "{...}"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def place(path: KeyPath, data: Any, labels: bool = True) -> str:
    """Return the table and the key of a path: ``[[stage]] 2 (heat) timestep``, without labels ``[[stage]] 2 timestep``.

    The label is the name or the kind of the entry.
    """
    words = ""
    table: list[str] = []
    key = ""
    for depth, step in enumerate(path):
        if isinstance(step, int):
            here = value_at(data, path[: depth + 1])
            if isinstance(here, dict):
                label = (here.get("name") or here.get("kind")) if labels else None
                words = f"[[{'.'.join(table)}]] {step + 1}" + (
                    f" ({label})" if isinstance(label, str) and label else ""
                )
                key = ""
            else:
                key += f" entry {step + 1}"
        elif isinstance(value_at(data, path[: depth + 1]), dict):
            table.append(step)
            words = f"{words} {step}" if words.startswith("[[") else f"[{'.'.join(table)}]"
            key = ""
        else:
            table.append(step)
            key = step
    return f"{words} {key}".strip()


def describe(error: Any, path: KeyPath, annotation: Any, parent: Any, data: Any) -> str:
    """Return the words for one of pydantic's errors.

    Parameters
    ----------
    error : dict
        Type, context and message of one error.
    path : KeyPath
    annotation, parent : type
        What the schema has at the path, and one step above it.
    data : dict
        The deck as read.
    """
    kind, context = error["type"], error.get("ctx", {})
    value = value_at(data, path)
    where = place(path, data)
    if kind == "quantity":
        return f"{where} = {in_toml(value)}: {context['reason']}"
    if kind == "extra_forbidden":
        table = place(path[:-1], data) or "the deck"
        known = parent.model_fields if isinstance(parent, type) and issubclass(parent, BaseModel) else ()
        return f'unknown key "{path[-1]}" in {table}. {did_you_mean(path[-1], known)}'
    if kind == "missing":
        if isinstance(path[-1], int):
            return (
                f"{place(path[:-1], data)} = {in_toml(value_at(data, path[:-1]))} is too short; it needs more entries."
            )
        if len(path) == 1:
            name = "[[stage]]" if path[0] == "stage" else f"[{path[0]}]"
            return f"the deck has no {name}. Add the table; `nakmd new` writes decks to start from."
        return f'{place(path[:-1], data)} lacks the key "{path[-1]}".'
    if kind == "too_long":
        return f"{where} = {in_toml(value)} is too long; it takes {context['max_length']} entries."
    if kind == "too_short":
        return f"{where} is empty; it takes at least {context['min_length']}."
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        tags = [tag for member in get_args(strip(annotation)) for tag in tags_of(member)]
        given = value.get("kind") if isinstance(value, dict) else None
        if given is None:
            return f'{where} lacks the key "kind". There are {", ".join(tags)}.'
        return f"{place(path, data, labels=False)} kind = {in_toml(given)} is unknown. {did_you_mean(given, tags)}"
    if kind in ("literal_error", "enum"):
        return f"{where} = {in_toml(value)} is unknown. {did_you_mean(value, map(str, get_args(annotation)))}"
    if kind in _TYPES:
        return f"{where} = {in_toml(value)}: {_TYPES[kind]} goes here."
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        share = (
            " It is a fraction of one, not a percentage." if kind.startswith("less") and context[name] <= 1.0 else ""
        )
        return f"{where} = {in_toml(value)} {words} {context[name]:g}.{share}"
    if kind == "axes":
        return f"{where} = {in_toml(value)} {error['msg']}."
    return f"{where} {error['msg'].removeprefix('Value error, ')}."


def render(problems: Iterable[Problem], source: object, lines: LineMap) -> list[str]:
    """Return one text for each problem, ``deck.toml:12: ...``, in the order of the lines."""
    placed = [(lines.find(p.path), p.what) for p in problems]
    placed.sort(key=lambda entry: entry[0] or 0)
    texts = [f"{source}:{line}: {what}" if line else f"{source}: {what}" for line, what in placed]
    return list(dict.fromkeys(texts))
