"""Curves of a record as tables: which of its arrays belong together, and what they are functions of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

#: An attribute of a record, or a function of the record.
Source = str | Callable[[Any], Any]


@dataclass(frozen=True)
class RecordCurve:
    """Arrays of a record over common axes, as one table with a row for each point.

    Attributes
    ----------
    name : str
    axes : mapping of str to str or callable
        For each axis, outermost first, the name of its column and where its values are: numbers, names, or the keys of
        a mapping.
    columns : mapping of str to str or callable
        For each quantity the name of its column and its array over all axes; of a mapping, the first axis is its keys.
    """

    name: str
    axes: Mapping[str, Source]
    columns: Mapping[str, Source]

    def is_in(self, record: Any) -> bool:
        """Return whether a record has any point of it."""
        return all(np.size(values) for values in self._arrays(record))

    def rows(self, record: Any) -> Iterator[dict[str, Any]]:
        """Yield a row for each point, the last axis fastest."""
        points = product(*(_entries(_found(record, source)) for source in self.axes.values()))
        arrays = [values.reshape(-1).tolist() for values in self._arrays(record)]
        for point, *values in zip(points, *arrays, strict=True):
            yield dict(zip((*self.axes, *self.columns), (*point, *values), strict=True))

    def _arrays(self, record: Any) -> list[np.ndarray]:
        found = (_found(record, source) for source in self.columns.values())
        return [np.array(list(one.values()) if isinstance(one, Mapping) else one) for one in found]


def centers_of(edges: str) -> Callable[[Any], Any]:
    """Return the function that gives the middle of each bin of a record, from the attribute with their edges."""
    return lambda record: 0.5 * (getattr(record, edges)[1:] + getattr(record, edges)[:-1])


def _found(record: Any, source: Source) -> Any:
    return getattr(record, source) if isinstance(source, str) else source(record)


def _entries(axis: Any) -> list[Any]:
    """Return the values of an axis; names of several words are joined."""
    entries = axis.tolist() if isinstance(axis, np.ndarray) else list(axis)
    return ["-".join(entry) if isinstance(entry, tuple) else entry for entry in entries]
