"""The axes of a sweep, and their combination to points."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nakmd.deck.changes import Change, dotted
from nakmd.sweeps.axis_values import labels_of
from nakmd.toml_lines import KeyPath


@dataclass(frozen=True, eq=False)
class Axis:
    """Keys of the deck that have the same value at every point, and this value at each position.

    Attributes
    ----------
    keys : tuple of KeyPath
        Usually one.
    values : tuple
        As in a deck.
    places : tuple of str
        Where each value is written: ``sweep.toml:5``.
    name : str
        Empty for the last part of the first key.
    """

    keys: tuple[KeyPath, ...]
    values: tuple[Any, ...]
    places: tuple[str, ...]
    name: str = ""

    @property
    def short_name(self) -> str:
        """The name that tables give the axis if no other axis has it."""
        if self.name:
            return self.name
        names = [depth for depth, step in enumerate(self.keys[0]) if isinstance(step, str)]
        return dotted(self.keys[0][names[-1] :])

    def changes(self, position: int) -> Iterator[Change]:
        """Yield the changes of the deck at a position."""
        for key in self.keys:
            yield Change(key, self.values[position], self.places[position])


#: Axes that advance together; the points are all combinations of the positions of the groups.
Group = tuple[Axis, ...]


def axis_names(groups: Sequence[Group]) -> dict[Axis, str]:
    """Return the names of the axes: short where they differ."""
    axes = [axis for group in groups for axis in group]
    shared = Counter(axis.short_name for axis in axes)
    return {axis: axis.short_name if shared[axis.short_name] == 1 else dotted(axis.keys[0]) for axis in axes}


def describe_axes(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """Return name, keys, different values and unit of each axis, as the index of a sweep holds them."""
    described = []
    for axis, name in axis_names(groups).items():
        labels, unit = labels_of(axis.values)
        entry = {"name": name, "key": dotted(axis.keys[0]), "values": _different(labels)}
        entry |= {"unit": unit} if unit else {}
        described.append(entry | ({"keys": [dotted(key) for key in axis.keys]} if len(axis.keys) > 1 else {}))
    return described


def _different(values: Sequence[Any]) -> list[Any]:
    """Return the values without repetitions, in their order; 1 and True are different."""
    return list({(type(value), value): value for value in values}.values())


def combinations(groups: Sequence[Group]) -> Iterator[tuple[list[Change], dict[str, Any]]]:
    """Yield the changes and the labels of every point; the last group varies fastest."""
    names = axis_names(groups)
    labels = {axis: labels_of(axis.values)[0] for axis in names}
    for positions in itertools.product(*(range(len(group[0].values)) for group in groups)):
        chosen = [(axis, position) for group, position in zip(groups, positions, strict=True) for axis in group]
        changes = [change for axis, position in chosen for change in axis.changes(position)]
        yield changes, {names[axis]: labels[axis][position] for axis, position in chosen}
