"""What is known of each key of a table: read from its definition, for the JSON schema and the manual.

A key is described once, where it is defined: by its type, the description, the examples and the `notes` of its `Field`.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from nakmd.deck.quantities import Kind

#: Unit of what has none.
NO_UNIT = "none"

#: A value as a deck has it: string, number, boolean, list or table.
DeckValue = Any


def notes(
    *, default: str = "", choices: Mapping[Any, str] | None = None, quantity: str = "", unit: str = ""
) -> dict[str, Any]:
    """Return what a `Field` says of a key beside its description, for its ``json_schema_extra``.

    Parameters
    ----------
    default : str
        What holds where the key is left out, if the default value does not say it: the rest of a sentence that begins
        with "By default".
    choices : mapping, optional
        The meaning of each word that the key may have.
    quantity, unit : str
        What a number counts, such as ``"index"``, and its unit, such as ``"steps"``; by default those of the type.
    """
    given = {"x-default": default, "x-choices": dict(choices or {}), "x-quantity": quantity, "x-unit": unit}
    return {name: value for name, value in given.items() if value}


@dataclass(frozen=True)
class KeyFacts:
    """A key of a table.

    Attributes
    ----------
    name : str
    description : str
        Sentences that say what it is, without default and choices.
    quantity : str
        ``"length"``, ``"count"``, ``"fraction"``, ``"text"``, ``"choice"``, ``"table"`` ...
    unit : str
        The unit that decks prefer, or what is counted; `NO_UNIT` if there is none.
    shape : str
        Empty for one value; ``"list"``, ``"2"`` or ``"3"`` for a list of any or of this length; ``"several"`` for one
        value or a list; ``"ramp"`` for one value or [start, end].
    required : bool
    default : DeckValue
        As a deck would write it; None if the key is required, or the default is none or a table.
    without : str
        What holds where the key is left out, if the value of the default does not say it.
    choices : mapping of str or int to str
        The words that it may have, and what each means.
    examples : tuple of DeckValue
    tables : tuple of type
        The tables that it may hold.
    """

    name: str
    description: str
    quantity: str
    unit: str
    shape: str
    required: bool
    default: DeckValue
    without: str
    choices: Mapping[Any, str]
    examples: tuple[DeckValue, ...]
    tables: tuple[type[BaseModel], ...]

    @property
    def has_words(self) -> bool:
        """Whether it has words to explain: a ``kind`` of one word is explained by its description."""
        return any(meaning != self.description for meaning in self.choices.values())

    @property
    def full_description(self) -> str:
        """The description with the choices and what holds by default, for editors, which show one text."""
        parts = [self.description]
        if self.has_words:
            parts.append("; ".join(f'"{word}": {meaning}' for word, meaning in self.choices.items()) + ".")
        if self.without:
            parts.append(f"By default {self.without}.")
        return " ".join(parts)

    def complete(self, schema: dict[str, Any]) -> None:
        """Complete the JSON schema of the key."""
        schema["description"] = self.full_description
        schema["examples"] = list(self.examples)
        schema["x-quantity"] = self.quantity
        schema["x-unit"] = self.unit
        schema.pop("default", None)  # in house units, or null, neither of which a deck can have
        if self.default is not None:
            schema["default"] = self.default
        for part in (schema, *schema.get("anyOf", ())):
            listed = part.get("items", part)
            if self.has_words and "enum" in listed:
                # what editors with Taplo, a language server of TOML, show beside each word
                listed["x-taplo"] = {"docs": {"enumValues": [self.choices[word] for word in listed["enum"]]}}


def describe_keys(table: type[BaseModel]) -> tuple[KeyFacts, ...]:
    """Return the facts of every key of a table, in the order of its definition."""
    return tuple(_facts(name, info) for name, info in table.model_fields.items())


def tables_below(table: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a table and all tables that its keys may hold, at any depth, each once."""
    seen: list[type[BaseModel]] = [table]
    for current in seen:  # grows
        yield current
        inner = (found for info in current.model_fields.values() for found in _tables_in(info.annotation))
        seen += [found for found in dict.fromkeys(inner) if found not in seen]


def _facts(name: str, info: FieldInfo) -> KeyFacts:
    extra = _extra(info)
    quantity, unit, shape = _measure(info.annotation, tuple(info.metadata))
    words = _words(info.annotation, tuple(info.metadata))
    meanings = extra.get("x-choices", {})
    description = info.description or ""
    if len(words) == 1:  # the word that chooses a table
        meanings = {words[0]: description}
    default = None if info.is_required() else _in_deck_words(info)
    return KeyFacts(
        name,
        description,
        extra.get("x-quantity", quantity),
        extra.get("x-unit", unit),
        shape,
        info.is_required(),
        None if isinstance(default, dict) else default,
        extra.get("x-default", ""),
        {word: meanings.get(word, "") for word in words},
        tuple(info.examples or ()) or tuple(_examples(info.annotation, tuple(info.metadata), default)),
        tuple(_tables_in(info.annotation)),
    )


def _extra(info: FieldInfo) -> dict[str, Any]:
    extra = info.json_schema_extra
    if callable(extra):  # notes that are slow to collect
        collected: dict[str, Any] = {}
        extra(collected)
        return collected
    return dict(extra or {})


def _in_deck_words(info: FieldInfo) -> DeckValue:
    """Return the default as a deck would write it."""
    adapter: TypeAdapter[Any] = TypeAdapter(info.rebuild_annotation())
    value = info.get_default()
    return adapter.dump_python(value, mode="json", exclude_defaults=True)


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def _members(annotation: Any) -> list[Any]:
    return [member for member in get_args(annotation) if member is not type(None)]


def _is_table(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _tables_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the tables in an annotation, without those inside them."""
    if _is_table(annotation):
        return [annotation]
    return [table for part in get_args(annotation) for table in _tables_in(part)]


def _kind_in(metadata: tuple[Any, ...]) -> Kind | None:
    """Return the kind of quantity that an annotation has, if any."""
    kinds = (getattr(mark, "kind", None) for mark in metadata)
    return next((kind for kind in kinds if isinstance(kind, Kind)), None)


def _measure(annotation: Any, metadata: tuple[Any, ...]) -> tuple[str, str, str]:
    """Return quantity, unit and shape of a type."""
    kind = _kind_in(metadata)
    if kind is not None:
        return kind.name, kind.units[0], "ramp" if any(getattr(mark, "ramp", False) for mark in metadata) else ""
    if get_origin(annotation) is Annotated:
        return _measure(get_args(annotation)[0], (*get_args(annotation)[1:], *metadata))
    if _is_union(annotation):
        measures = [_measure(member, metadata) for member in _members(annotation)]
        quantity, unit, shape = next((m for m in measures if m[0] not in ("text", "choice")), measures[0])
        return quantity, unit, "several" if len({m[2] for m in measures}) > 1 else shape
    if get_origin(annotation) is tuple:
        entries = get_args(annotation)
        quantity, unit, _ = _measure(entries[0], ())
        single = any(_is_union(getattr(mark, "json_schema_input_type", None)) for mark in metadata)
        return quantity, unit, "several" if single else "list" if entries[-1] is Ellipsis else str(len(entries))
    return _plain_quantity(annotation, metadata), NO_UNIT, ""


def _plain_quantity(annotation: Any, metadata: tuple[Any, ...]) -> str:
    """Return what a value without a unit is."""
    if _is_table(annotation) or get_origin(annotation) is dict or annotation is dict:
        return "table"
    if get_origin(annotation) is Literal:
        return "choice"
    if annotation is float:
        least, most = _limits(metadata, "ge", "gt"), _limits(metadata, "le", "lt")
        return "fraction" if least == [0.0] and most and max(most) <= 1.0 else "number"
    return {bool: "true or false", int: "count", str: "text"}.get(annotation, "any")


def _limits(metadata: tuple[Any, ...], *names: str) -> list[float]:
    """Return the limits of a number, whether they are marks of their own or in a `Field`."""
    marks = [m for mark in metadata for m in (mark.metadata if isinstance(mark, FieldInfo) else (mark,))]
    limits = [getattr(mark, name, None) for mark in marks for name in names]
    return [limit for limit in limits if limit is not None]


def _words(annotation: Any, metadata: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the words that a value may be, beside numbers and other texts."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _words(get_args(annotation)[0], metadata)
    if _is_table(annotation):
        return ()
    return tuple(word for part in get_args(annotation) for word in _words(part, ()))


def _examples(annotation: Any, metadata: tuple[Any, ...], default: DeckValue = None) -> Iterator[DeckValue]:
    """Yield an example of a type, as a deck writes it, if the type itself suggests one."""
    kind = _kind_in(metadata)
    if kind is not None:
        yield kind.example
    elif get_origin(annotation) is Annotated:
        yield from _examples(get_args(annotation)[0], (*get_args(annotation)[1:], *metadata), default)
    elif _is_union(annotation):
        yield from _examples(_members(annotation)[0], metadata, default)
    elif get_origin(annotation) is Literal:
        words = get_args(annotation)
        yield next((word for word in words if word != default), words[0])
    elif annotation is bool:
        yield default is not True
    elif get_origin(annotation) is tuple:
        entries = [part for part in get_args(annotation) if part is not Ellipsis]
        found = [example for part in entries for example in list(_examples(part, ()))[:1]]
        if len(found) == len(entries):
            yield found
    elif _is_table(annotation):
        required = {key.name: key.examples[:1] for key in describe_keys(annotation) if key.required}
        if required and all(required.values()):
            yield {name: required[name][0] for name in sorted(required, key=lambda name: name != "kind")}
