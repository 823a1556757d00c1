"""The index of a sweep: its deck, its axes, and what each point changes."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from nakmd.deck.changes import Change, dotted, read_key, with_changes
from nakmd.deck.source import DeckSource


@dataclass(frozen=True)
class SweepPoint:
    """One run of a sweep.

    Attributes
    ----------
    index : int
    id : str
        The first 12 digits of the digest of its content; name of its folder.
    changes : dict
        Changed values of the deck by key.
    labels : dict
        Value on each axis, as in tables.
    seed : int
    """

    index: int
    id: str
    changes: dict[str, Any]
    labels: dict[str, Any]
    seed: int

    @property
    def label(self) -> str:
        """The point in messages: ``point 3 (x_K 0.5, seed 2)``."""
        inside = ", ".join(f"{name} {value}" for name, value in self.labels.items())
        return f"point {self.index} ({inside})" if inside else f"point {self.index}"


@dataclass(frozen=True)
class SweepIndex:
    """What a sweep consists of, as stored in ``index.json``.

    Attributes
    ----------
    name : str
    deck, deck_name : str
        Text and name of the deck.
    folder : str
        Paths in the deck are relative to it.
    axes : list of dict
        Name, first key, different values and, where they have one, unit; ``keys`` if the axis sets several.
    points : list of SweepPoint
    threads : int or None
        Threads of a run as written in the sweep file.
    report : bool
        Whether each point has a report.
    """

    name: str
    deck: str
    deck_name: str
    folder: str
    axes: list[dict[str, Any]]
    points: list[SweepPoint]
    threads: int | None = None
    report: bool = True

    @property
    def threads_elsewhere(self) -> int:
        """Threads of a run that shares no cores of this machine with others: as written, else one."""
        return self.threads or 1

    def source_of(self, point: SweepPoint) -> DeckSource:
        """Return the deck of a point."""
        whole = DeckSource.parse(self.deck, self.deck_name, Path(self.folder))
        changes = [Change(read_key(key), value, point.label) for key, value in point.changes.items()]
        return changed_deck(whole, changes, self.name)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> Self:
        """Return the index of a `to_dict`; raise `KeyError` or `TypeError` if entries lack or have another form."""
        needed = [field.name for field in fields(cls) if field.default is MISSING]
        lacking = sorted(name for name in needed if name not in entries)
        if lacking:
            raise KeyError(", ".join(map(repr, lacking)))
        known = {name: entries[name] for name in (field.name for field in fields(cls)) if name in entries}
        names = [field.name for field in fields(SweepPoint)]
        points = [SweepPoint(**{name: point[name] for name in names}) for point in entries["points"]]
        return cls(**{**known, "points": points})

    def to_csv(self) -> str:
        """Return index, id and the value on each axis of every point as a table."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["index", "id", *(_column(axis) for axis in self.axes)])
        for point in self.points:
            table.writerow([point.index, point.id, *(point.labels[axis["name"]] for axis in self.axes)])
        return text.getvalue()


def _column(axis: Mapping[str, Any]) -> str:
    return f"{axis['name']} [{axis['unit']}]" if "unit" in axis else str(axis["name"])


def changed_deck(whole: DeckSource, changes: Sequence[Change], sweep: str) -> DeckSource:
    """Return the deck of a point; its text names the sweep and the changes."""
    heading = [f"changed by the sweep {sweep}:", *(f"{dotted(change.path)} = {change.value!r}" for change in changes)]
    return with_changes(whole, changes, heading)
