"""Reads the axes of a sweep from its file."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from typing import Any

from nakmd.deck.changes import Change, dotted, read_key, read_value
from nakmd.errors import InputError, did_you_mean
from nakmd.potentials.files.texts import read_text
from nakmd.sweeps.axes import Axis, Group
from nakmd.sweeps.axis_values import MOST_VALUES, is_range, values_of_range
from nakmd.sweeps.sweep_tables import SweepTables, SweepText
from nakmd.toml_lines import KeyPath


def read_axes(text: SweepText, tables: SweepTables, deck_seed: int) -> tuple[list[Group], list[Change]]:
    """Return the groups of axes, slowest first, and the changes that all points have; faults are recorded in ``text``.

    Parameters
    ----------
    text : SweepText
    tables : SweepTables
        Its valid tables.
    deck_seed : int
        The first seed of ``seeds = 4``.
    """
    axes, fixed = _of_set(text, tables)
    rows = _of_csv(text, tables)
    named = _of_words(text, tables, deck_seed)
    _refuse_twins(text, [*axes, *rows, *named], fixed)
    groups = _zipped(text, tables, axes)
    if rows:
        groups.append(tuple(rows))
    groups += [(axis,) for axis in named]
    number = math.prod(len(group[0].values) for group in groups)
    if number > MOST_VALUES:
        text.fault((), f"the axes have {number:,} combinations; the limit is {MOST_VALUES:,}.")
    return groups, fixed


def _of_set(text: SweepText, tables: SweepTables) -> tuple[list[Axis], list[Change]]:
    """Return the axes and the single values of ``set``."""
    axes, fixed = [], []
    for path, written in _entries(tables.set, ("set",)):
        name = ".".join(str(step) for step in path[1:])
        try:
            keys = _keys(name)
            values = values_of_range(written) if is_range(written) else written
        except ValueError as error:
            text.fault(path, f'"{name}": {error}')
            continue
        is_single = not isinstance(values, list)
        if not is_single and len(values) == 1 and isinstance(values[0], list):
            values, is_single = values[0], True
        if is_single:
            fixed += [Change(key, values, text.place(path)) for key in keys]
        elif not values:
            text.fault(path, f'"{name}" has no values. Write a list, a range, or remove the key.')
        else:
            is_listed = isinstance(written, list)
            places = [text.place((*path, k) if is_listed else path) for k in range(len(values))]
            axes.append(Axis(keys, tuple(values), tuple(places)))
    return axes, fixed


def _keys(name: str) -> tuple[KeyPath, ...]:
    """Return the keys of an axis, which are separated by commas."""
    return tuple(read_key(part.strip()) for part in name.split(","))


def _entries(table: Mapping[str, Any], path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    """Yield the keys of ``set`` with their values: keys with dots without quotes are nested tables in TOML."""
    for key, written in table.items():
        if isinstance(written, Mapping) and not is_range(written):
            yield from _entries(written, (*path, key))
        else:
            yield (*path, key), written


def _of_words(text: SweepText, tables: SweepTables, deck_seed: int) -> list[Axis]:
    """Return the axes that have words of their own: models, members, seeds."""
    if tables.seed is not None and tables.seeds is not None:
        text.fault(("seeds",), "seed and seeds are both given: write the list seed, or the number seeds.")
    counted = tuple(range(deck_seed, deck_seed + tables.seeds)) if tables.seeds else None
    if counted is not None and tables.seeds is not None and tables.seeds > MOST_VALUES:
        text.fault(("seeds",), f"seeds = {tables.seeds:,} is too many; the limit is {MOST_VALUES:,}.")
        counted = None
    found = [
        _axis(text, "model", "model", ("model", "potential"), tables.model),
        _axis(text, "members", "member", ("model", "member"), tables.members),
        _axis(text, "seed", "seed", ("seed",), tables.seed),
        _axis(text, "seeds", "seed", ("seed",), counted if tables.seed is None else None),
    ]
    return [axis for axis in found if axis is not None]


def _axis(text: SweepText, word: str, name: str, key: KeyPath, values: tuple[Any, ...] | None) -> Axis | None:
    if values is None:
        return None
    is_listed = isinstance(text.data.get(word), list)
    places = tuple(text.place((word, k) if is_listed else (word,)) for k in range(len(values)))
    return Axis((key,), values, places, name)


def _of_csv(text: SweepText, tables: SweepTables) -> list[Axis]:
    """Return the columns of the table of points; a cell is read as a value of ``--set``."""
    if tables.csv is None:
        return []
    file = text.folder / tables.csv
    try:
        content = read_text(file)
    except InputError as error:
        text.fault(("csv",), str(error))
        return []
    reader = csv.reader(io.StringIO(content.removeprefix("\ufeff")), skipinitialspace=True)
    header = next(reader, [])
    rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    keys = []
    for cell in header:
        try:
            keys.append(read_key(cell.strip()))
        except ValueError as error:
            text.faults.append(f'{file}:1: "{cell}": {error}')
    for line, row in rows:
        if len(row) != len(header):
            text.faults.append(f"{file}:{line}: {len(row)} cells, but the first line has {len(header)} keys.")
    if not rows:
        text.faults.append(f"{file}: no points. The first line has keys of the deck, each other one the values.")
    if len(keys) < len(header) or not rows or any(len(row) != len(header) for _, row in rows):
        return []
    places = tuple(f"{file}:{line}" for line, _ in rows)
    columns: list[Axis] = []
    for column, key in enumerate(keys):
        values = []
        for place, (_, row) in zip(places, rows, strict=True):
            try:
                values.append(read_value(row[column].strip()))
            except ValueError as error:
                text.faults.append(f"{place}: {dotted(key)}: {error}")
        if len(values) == len(rows):
            columns.append(Axis((key,), tuple(values), places))
    return columns


def _zipped(text: SweepText, tables: SweepTables, axes: list[Axis]) -> list[Group]:
    """Return the axes of ``set`` in groups, in the order of the file."""
    by_key = {key: axis for axis in axes for key in axis.keys}
    group_of: dict[Axis, int] = {}
    members: list[list[Axis]] = []
    for number, words in enumerate(tables.zip):
        group: list[Axis] = []
        for position, word in enumerate(words):
            try:
                # one of the keys that an axis sets, or several as in ``set``; of two axes it is a ValueError
                (axis,) = {by_key[key] for key in _keys(word)}
            except (ValueError, KeyError):
                hint = did_you_mean(word, map(dotted, by_key))
                text.fault(("zip", number, position), f'zip: set has no values for "{word}". {hint}')
                continue
            if axis in group_of:
                text.fault(("zip", number, position), f'zip: "{word}" is in two groups, or twice in one.')
                continue
            group_of[axis] = number
            group.append(axis)
        lengths = {dotted(axis.keys[0]): len(axis.values) for axis in group}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{key} {length}" for key, length in lengths.items())
            text.fault(("zip", number), f"zip: keys that advance together need equally many values, not {listed}.")
        members.append(group)
    first = [min(map(axes.index, group), default=len(axes)) for group in members]
    found = [(first[n], tuple(group)) for n, group in enumerate(members) if group]
    found += [(axes.index(axis), (axis,)) for axis in axes if axis not in group_of]
    return [group for _, group in sorted(found, key=lambda entry: entry[0])]


def _refuse_twins(text: SweepText, axes: list[Axis], fixed: list[Change]) -> None:
    """Record keys that are changed twice, also as part of another."""
    named = [(key, axis.places[0]) for axis in axes for key in axis.keys] + [(c.path, c.option) for c in fixed]
    for number, (key, place) in enumerate(named):
        for other, elsewhere in named[:number]:
            shorter = min(len(key), len(other))
            if key[:shorter] == other[:shorter]:
                text.faults.append(f"{place}: {dotted(key)} is changed twice: {dotted(other)} at {elsewhere}.")
