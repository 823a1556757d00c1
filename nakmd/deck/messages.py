"""Messages about a faulty deck: line, key, what is wrong with the value, and the remedy."""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from nakmd.deck.misplaced_keys import homes_of
from nakmd.deck.synonyms import SYNONYMS
from nakmd.deck.wrong_types import is_of_a_deck, type_remedy
from nakmd.errors import did_you_mean, nearest
from nakmd.toml_lines import KeyPath, LineMap

_TABLES = ("model_type", "model_attributes_type", "dict_type")
_LIMITS = {
    "greater_than": ("gt", "must be greater than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
}


#: Similarity from which on an unknown key is a misspelt one of its table, though another table has a key of its name.
ALIKE = 0.8

#: Largest number of words of which all are listed beside the one that is meant.
MOST_LISTED = 10


@dataclass(frozen=True)
class Problem:
    """One fault of a deck.

    Attributes
    ----------
    path : KeyPath
        Position in the deck.
    what : str
        The fault, the numbers and the remedy.
    fatal : bool
        True for an error, False for a warning.
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
    """Return the values that the key ``kind`` of a table may have."""
    return get_args(model.model_fields["kind"].annotation)


def _only_table(annotation: Any) -> Any:
    """Return the table of a union of one table and values (a time step, or two of them); else the annotation."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    tables = [m for m in get_args(annotation) if isinstance(strip(m), type) and issubclass(strip(m), BaseModel)]
    return tables[0] if len(tables) == 1 else annotation


def locate(loc: Sequence[str | int], root: Any) -> tuple[KeyPath, Any]:
    """Turn pydantic's location of an error into a path of the deck and the annotation at that path.

    Pydantic's location contains the tag of a table (``"nanotube"``); the path of the deck does not.
    """
    annotation = strip(root)
    path: KeyPath = ()
    for item in loc:
        annotation = _only_table(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            path = (*path, item)
            field_info = annotation.model_fields.get(str(item))
            annotation = strip(field_info.annotation) if field_info else None
        elif get_origin(annotation) in (Union, types.UnionType):
            annotation = next((m for m in get_args(annotation) if item in tags_of(m)), None)
        elif get_origin(annotation) is tuple and isinstance(item, int):
            path = (*path, item)
            arguments = get_args(annotation)
            annotation = strip(arguments[0] if arguments[-1] is Ellipsis else arguments[min(item, len(arguments) - 1)])
        else:
            path = (*path, item)
            annotation = None
    return path, _only_table(annotation)


def value_at(data: Any, path: KeyPath) -> Any:
    """Return the value at a path of the deck, or None."""
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def in_toml(value: object) -> str:
    """Return a value in TOML syntax, shortened to 60 characters."""
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
    header = ""
    table: list[str] = []
    key = ""
    for depth, step in enumerate(path):
        if isinstance(step, int):
            entry = value_at(data, path[: depth + 1])
            if isinstance(entry, dict):
                label = (entry.get("name") or entry.get("kind")) if labels else None
                header = f"[[{'.'.join(table)}]] {step + 1}" + (
                    f" ({label})" if isinstance(label, str) and label else ""
                )
                key = ""
            else:
                key += f" entry {step + 1}"
        elif isinstance(value_at(data, path[: depth + 1]), dict):
            table.append(step)
            header = f"{header} {step}" if header.startswith("[[") else f"[{'.'.join(table)}]"
            key = ""
        else:
            table.append(step)
            key = step
    return f"{header} {key}".strip()


def _meant_value(value: object, words: Sequence[str]) -> str:
    """Return a hint for an unknown value: the word that is meant, and all words unless they are many."""
    hint = did_you_mean(value, words, SYNONYMS)
    if hint.startswith("Did") and len(set(words)) <= MOST_LISTED:
        return f"{hint} Available: {', '.join(sorted(set(words)))}."
    return hint


def _key_with_word(word: object, tables: Iterable[type[BaseModel]]) -> str | None:
    """Return the key of the tables that may have a word, if any: a thermostat is no kind of a stage."""
    keys = ((key, strip(info.annotation)) for table in tables for key, info in table.model_fields.items())
    return next((key for key, allowed in keys if get_origin(allowed) is Literal and word in get_args(allowed)), None)


def _meant_key(key: object, known: Iterable[str], root: type[BaseModel] | None) -> str:
    """Return a hint for an unknown key: the key that is meant, or where to write what was written there."""
    if key == "pressure" and "barostat" in known:
        return 'Write barostat = { pressure = "1 bar" }, with ensemble = "npt".'
    if key in ("format", "file") and "trajectory_every" in known:
        return "A run writes trajectory.h5md; `nakmd convert` makes extended XYZ, LAMMPS dumps and DCD of it."
    if key == "units" and "stage" in known:
        return 'A deck has no line of units: every quantity has its own, as in timestep = "0.5 fs".'
    homes = homes_of(str(key), root) if root is not None else ()
    if homes and nearest(key, known, ALIKE, SYNONYMS) is None:
        return f"It is a key of {' and '.join(homes)}."
    return did_you_mean(key, known, SYNONYMS)


def example_table(annotation: Any, value: object = None) -> str:
    """Return an example of a table: its kind or the keys that it needs, the first of which may be ``value``.

    Parameters
    ----------
    annotation : type
        The table, or a union of tables with the key ``kind``.
    value : object
        What was written in place of the table.
    """
    plain = strip(annotation)
    if get_origin(plain) in (Union, types.UnionType):
        return f"{{ kind = {in_toml(tags_of(get_args(plain)[0])[0])}, ... }}"
    if not (isinstance(plain, type) and issubclass(plain, BaseModel)):
        return "{ key = ... }"
    fields = plain.model_fields
    keys = [name for name, info in fields.items() if info.is_required()]
    if not keys:
        own = [name for name in plain.__annotations__ if name in fields and name != "kind"]
        keys = (own or list(fields))[:1]
    fits = isinstance(value, str) and strip(fields[keys[0]].annotation) is str
    return f"{{ {', '.join(f'{key} = {in_toml(value) if fits and key == keys[0] else chr(46) * 3}' for key in keys)} }}"


def describe(
    error: Any, path: KeyPath, annotation: Any, parent: Any, data: Any, root: type[BaseModel] | None = None
) -> str:
    """Return the message for one of pydantic's errors.

    Parameters
    ----------
    error : dict
        Type, context and message of one error.
    path : KeyPath
    annotation, parent : type
        Types in the schema at the path and one step above it.
    data : dict
        The deck as parsed.
    root : type, optional
        The table at the top: where a key that is not one of its table may belong.
    """
    kind, context = error["type"], error.get("ctx", {})
    value = value_at(data, path)
    where = place(path, data)
    if kind == "quantity":
        return f"{where} = {in_toml(value)}: {context['reason']}"
    if kind == "extra_forbidden":
        table = place(path[:-1], data) or "the deck"
        known = parent.model_fields if isinstance(parent, type) and issubclass(parent, BaseModel) else ()
        return f'unknown key "{path[-1]}" in {table}. {_meant_key(path[-1], known, root)}'
    if kind == "missing":
        if isinstance(path[-1], int):
            return (
                f"{place(path[:-1], data)} = {in_toml(value_at(data, path[:-1]))} has too few entries: entry "
                f"{path[-1] + 1} is missing."
            )
        if len(path) == 1:
            name = "[[stage]]" if path[0] == "stage" else f"[{path[0]}]"
            return f"the deck has no {name}. Add this table; `nakmd new` writes example decks."
        return f'{place(path[:-1], data)}: the key "{path[-1]}" is missing.'
    if kind == "too_long":
        return f"{where} = {in_toml(value)} has too many entries: at most {context['max_length']} are allowed."
    if kind == "too_short":
        least = context["min_length"]
        if value:
            return f"{where} = {in_toml(value)} has too few entries: at least {least} are required."
        return f"{where} is empty: at least {least} {'is' if least == 1 else 'are'} required."
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        members = get_args(strip(annotation))
        tags = [tag for member in members for tag in tags_of(member)]
        given = value.get("kind") if isinstance(value, dict) else None
        if given is None:
            return f'{where}: the key "kind" is missing. Available: {", ".join(tags)}.'
        other = _key_with_word(given, members)
        hint = f"It is a word of the key {other}. Available: {', '.join(sorted(tags))}." if other else ""
        at = place(path, data, labels=False)
        return f"{at} kind = {in_toml(given)} is not valid. {hint or _meant_value(given, tags)}"
    if kind in ("literal_error", "enum"):
        return f"{where} = {in_toml(value)} is not valid. {_meant_value(value, list(map(str, get_args(annotation))))}"
    table = f"Write a table, such as {example_table(annotation, value)}." if kind in _TABLES else ""
    remedy = table or type_remedy(kind, value, annotation)
    if remedy and not is_of_a_deck(value):
        return (
            f"{where} is a Python object ({type(value).__name__}), and a deck holds what a file can hold. {remedy} "
            "Objects run in nakmd.simulation.Simulation."
        )
    if remedy:
        return f"{where} = {in_toml(value)} is not valid. {remedy}"
    if kind in _LIMITS:
        name, relation = _LIMITS[kind]
        hint = " It is a fraction, not a percentage." if kind.startswith("less") and context[name] <= 1.0 else ""
        return f"{where} = {in_toml(value)} {relation} {context[name]:g}.{hint}"
    if kind == "axes":
        return f"{where} = {in_toml(value)} {error['msg']}."
    return f"{where} {error['msg'].removeprefix('Value error, ')}."


def render(problems: Iterable[Problem], place_of: Callable[[KeyPath], str], lines: LineMap) -> list[str]:
    """Return one message for each problem, ``deck.toml:12: ...``, in the order of the lines.

    Parameters
    ----------
    problems : iterable of Problem
    place_of : callable
        Returns where the value of a path was written.
    lines : LineMap
    """
    ordered = sorted(problems, key=lambda problem: lines.find(problem.path) or 0)
    return list(dict.fromkeys(f"{place_of(problem.path)}: {problem.what}" for problem in ordered))
