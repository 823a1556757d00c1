"""Changes of a deck: ``--set stage[0].temperature="500 K"`` on the command line, and the points of a sweep."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from nakmd.deck.source import DeckSource
from nakmd.errors import DeckError
from nakmd.toml_lines import KeyPath

_PART = re.compile(r'\s*(?:([A-Za-z0-9_-]+)|("(?:[^"\\]|\\.)*"))((?:\[\d+\])*)\s*')

_BARE = re.compile(r"[A-Za-z0-9_-]+")

#: First characters of TOML values that are not bare words: a mistake in one of these is not taken as a word.
_OPENING = ("'", '"', "[", "{")


class Change(NamedTuple):
    """One changed value.

    Attributes
    ----------
    path : KeyPath
    value : object
        As `tomllib` returns it.
    option : str
        The option as given, or where the change is written, for messages.
    """

    path: KeyPath
    value: Any
    option: str


def with_settings(source: DeckSource, settings: Iterable[str]) -> DeckSource:
    r"""Return a deck with some of its values replaced, in its data and in its text, from which a run is resumed.

    Parameters
    ----------
    source : DeckSource
    settings : iterable of str
        ``KEY=VALUE``: keys joined by dots, entries of lists by their index from 0 (``stage[0].temperature``), values in
        TOML. What is no TOML value counts as a string, so quotes are not needed: ``model.potential=nak``.

    Raises
    ------
    DeckError
        Naming every option that cannot be read, or that goes through a value that is no table or list. Unknown keys
        and invalid values are found with the other faults of the deck, whose messages name the option.

    Examples
    --------
    >>> deck = DeckSource.parse("[[stage]]\nkind = 'heat'\n")
    >>> with_settings(deck, ["stage[0].temperature=500 K"]).data
    {'stage': [{'kind': 'heat', 'temperature': '500 K'}]}
    """
    data = copy.deepcopy(source.data)
    changes, faults = [], []
    for text in settings:
        option = f"--set {text}"
        try:
            change = Change(*_read(text), option)
            _put(data, change.path, change.value)
        except ValueError as error:
            faults.append(f"{option}: {error}")
        else:
            changes.append(change)
    return _changed(source, data, changes, faults, [])


def with_changes(source: DeckSource, changes: Sequence[Change], heading: Sequence[str]) -> DeckSource:
    """Return a deck with some of its values replaced, as `with_settings` does.

    Parameters
    ----------
    source : DeckSource
    changes : sequence of Change
    heading : sequence of str
        Lines of the comment at the top of the text, which say what was changed and by what.

    Raises
    ------
    DeckError
        Naming every change that goes through a value that is no table or list.
    """
    data = copy.deepcopy(source.data)
    faults = []
    for change in changes:
        try:
            _put(data, change.path, copy.deepcopy(change.value))
        except ValueError as error:
            faults.append(f"{change.option}: {error}")
    return _changed(source, data, changes, faults, heading)


def _changed(
    source: DeckSource, data: dict[str, Any], changes: Sequence[Change], faults: list[str], heading: Sequence[str]
) -> DeckSource:
    if faults:
        raise DeckError(faults)
    return source.changed(data, {change.path: change.option for change in changes}, heading) if changes else source


def read_key(text: str) -> KeyPath:
    """Return the path of a key as it is written in an option: ``stage[0].temperature``.

    Raises
    ------
    ValueError
        If it is no key.
    """
    path, end = _read_path(text)
    if end is None or text[end:]:
        raise ValueError("this is no key of a deck. Write such as structure.liquid.x_K or stage[0].temperature.")
    return path


def _read_path(text: str) -> tuple[KeyPath, int | None]:
    """Return the path at the beginning of a text, and where it ends; None if there is none."""
    path: list[str | int] = []
    end = 0
    while match := _PART.match(text, end):
        path.append(match[1] or json.loads(match[2]))
        path += [int(index) for index in re.findall(r"\d+", match[3])]
        end = match.end()
        if text[end : end + 1] != ".":
            return tuple(path), end
        end += 1
    return tuple(path), None


def _read(text: str) -> tuple[KeyPath, Any]:
    """Return path and value of a setting; raise `ValueError` with the remedy."""
    path, end = _read_path(text)
    if end is None or text[end : end + 1] != "=":
        raise ValueError("write KEY=VALUE, such as model.member=3 or stage[0].temperature=500 K.")
    written = text[end + 1 :].strip()
    if not written:
        raise ValueError('there is no value. For an empty string write "".')
    return path, read_value(written)


def read_value(written: str) -> Any:
    """Return a value in TOML; what is no TOML value is a string, so quotes are not needed.

    Raises
    ------
    ValueError
        If it is the beginning of a value that is not bare, or more than one value.
    """
    try:
        parsed = tomllib.loads(f"value = {written}")
    except tomllib.TOMLDecodeError as error:
        if written.startswith(_OPENING) or "\n" in written:
            raise ValueError(f"this is no TOML value: {error}.") from None
        return written
    if parsed.keys() != {"value"}:
        raise ValueError("give one value; repeat --set for others.")
    return parsed["value"]


def _put(data: dict[str, Any], path: KeyPath, value: Any) -> None:
    """Put a value at a path; missing tables are made. Raise `ValueError` if a list or a table on the way is none."""
    place: Any = data
    for depth, step in enumerate(path):
        where = dotted(path[:depth])
        if isinstance(step, int):
            if not isinstance(place, list):
                raise ValueError(f"{where} is no list, so it has no entry [{step}].")
            if step >= len(place):
                has = f"{where}[0] to {where}[{len(place) - 1}]" if place else "no entries"
                raise ValueError(f"{where} has {has}; there is no [{step}].")
        elif isinstance(place, list):
            raise ValueError(f"{where} is a list: give the number of an entry, such as {where}[0].{step}.")
        elif not isinstance(place, dict):
            raise ValueError(f"{where} is a value, not a table, so it has no {step}.")
        if depth == len(path) - 1:
            place[step] = value
        else:
            place = place[step] if isinstance(step, int) else place.setdefault(step, {})


def dotted(path: KeyPath) -> str:
    """Return a path as it is written in an option, which `read_key` reads.

    Examples
    --------
    >>> dotted(("stage", 0, "temperature"))
    'stage[0].temperature'
    """
    parts = (f"[{step}]" if isinstance(step, int) else f".{_key(step)}" for step in path)
    return "".join(parts).removeprefix(".")


def _key(step: str) -> str:
    return step if _BARE.fullmatch(step) else json.dumps(step, ensure_ascii=False)
