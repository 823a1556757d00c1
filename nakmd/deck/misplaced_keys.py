"""Keys that are written in the wrong table of a deck: the tables that they belong to."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

#: A key of more tables than this, such as ``kind``, says nothing of where it belongs.
MOST_HOMES = 3


def homes_of(key: str, root: type[BaseModel]) -> tuple[str, ...]:
    """Return the headings of the tables that have a key, in the order of the deck; none if there are many.

    Parameters
    ----------
    key : str
    root : type
        The table at the top.

    Examples
    --------
    >>> from nakmd.deck.schema import DeckTables
    >>> homes_of("timestep", DeckTables)
    ('[[stage]]',)
    """
    found = dict.fromkeys(heading for heading, table in _headed(root, "", False) if key in table.model_fields)
    return tuple(found) if len(found) <= MOST_HOMES else ()


def _headed(table: type[BaseModel], name: str, is_list: bool) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the tables below a table with their headings, ``[structure.liquid]`` or ``[[stage]]``."""
    if name:
        yield f"[[{name}]]" if is_list else f"[{name}]", table
    for key, info in table.model_fields.items():
        for inner, listed in _tables_in(info.annotation, False):
            yield from _headed(inner, f"{name}.{key}" if name else key, listed)


def _tables_in(annotation: Any, is_list: bool) -> Iterator[tuple[type[BaseModel], bool]]:
    """Yield the tables in an annotation, and whether they are entries of a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, is_list
    elif get_origin(annotation) is Annotated:
        yield from _tables_in(get_args(annotation)[0], is_list)
    elif get_origin(annotation) in (Union, types.UnionType, tuple):
        for part in get_args(annotation):
            yield from _tables_in(part, is_list or get_origin(annotation) is tuple)
