"""Keys that are written in the wrong table of a deck: the tables that they belong to."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from nakmd.deck.key_facts import describe_keys

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
    for key in describe_keys(table):
        for inner in key.tables:
            yield from _headed(inner, f"{name}.{key.name}" if name else key.name, key.shape == "list")
