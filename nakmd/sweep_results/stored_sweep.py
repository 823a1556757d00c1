"""The index of a sweep and the state of its points, read from the folder of the sweep."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from nakmd.deck.quantities import TEMPERATURE, QuantityError, parse_quantity
from nakmd.errors import FileFormatError, InputError
from nakmd.runs.folder import RunFolder

INDEX = "index.json"
POINTS = "points"
FAILURE = "failure.json"

#: Keys of a deck that choose a model: the spread over them is a model error, not a statistical one.
_OF_MODELS = frozenset({"model.potential", "model.member", "model.ase"})

#: What is known of a point. Only finished points have results.
State: TypeAlias = Literal["finished", "failed", "running", "interrupted", "not run"]

#: The value of an axis at a point.
Label: TypeAlias = str | float | bool


@dataclass(frozen=True)
class StoredAxis:
    """An axis of a sweep.

    Attributes
    ----------
    name : str
    keys : tuple of str
        Of the deck, as they are written for ``--set``.
    values : tuple
        Different values, in the order of the sweep.
    unit : str
        Empty if the values have none in common.
    """

    name: str
    keys: tuple[str, ...]
    values: tuple[Label, ...]
    unit: str = ""

    @property
    def role(self) -> Literal["seed", "model", "condition"]:
        """What it changes: the random numbers, the model of the same matter, or what is simulated."""
        if "seed" in self.keys:
            return "seed"
        return "model" if set(self.keys) <= _OF_MODELS else "condition"

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers."""
        return all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values)

    @property
    def label(self) -> str:
        """Name and unit, for tables and figures."""
        return f"{self.name} / {self.unit}" if self.unit else self.name

    def kelvin(self, value: Label) -> float | None:
        """Return a value as a temperature; None if it is none."""
        try:
            return parse_quantity(f"{value} {self.unit}", TEMPERATURE)
        except QuantityError:
            return None


@dataclass(frozen=True)
class StoredPoint:
    """A point of a sweep: one run.

    Attributes
    ----------
    index : int
    id : str
    directory : Path
        Of the run; it may not exist yet.
    labels : mapping of str to Label
        Value of each axis, by its name.
    seed : int or None
    state : State
    message : str
        Why it failed; empty otherwise.
    results : mapping
        Content of ``results.json``, empty unless it is finished.
    version : str
        Of nakmd that made the run; empty if it has not begun.
    """

    index: int
    id: str
    directory: Path
    labels: Mapping[str, Label]
    seed: int | None
    state: State
    message: str = ""
    results: Mapping[str, Any] = field(default_factory=dict, repr=False)
    version: str = ""

    def told(self, axes: Sequence[StoredAxis]) -> str:
        """Return its values of some axes as text: ``T = 450 K, seed = 2``."""
        return ", ".join(
            f"{axis.name} = {self.labels[axis.name]} {axis.unit}".rstrip() for axis in axes if axis.name in self.labels
        )


@dataclass(frozen=True)
class StoredSweep:
    """What a folder of a sweep holds.

    Attributes
    ----------
    name, deck_name, deck : str
        Name of the sweep, and name and text of the deck that it changes.
    axes : tuple of StoredAxis
    points : tuple of StoredPoint
    """

    name: str
    deck_name: str
    deck: str
    axes: tuple[StoredAxis, ...]
    points: tuple[StoredPoint, ...]


def is_sweep(directory: str | Path) -> bool:
    """Return whether a folder holds a sweep."""
    return (Path(directory) / INDEX).is_file()


def read_sweep(directory: str | Path) -> StoredSweep:
    """Return the sweep in a folder, with the state and the results of each point.

    Raises
    ------
    InputError
        If it holds no sweep.
    FileFormatError
        If its index is damaged.
    """
    folder = Path(directory)
    path = folder / INDEX
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        what = f"contains no {INDEX}" if folder.exists() else "does not exist"
        raise InputError(f"{folder} {what}. Give the folder of a sweep, such as nakmd.Sweep('sweeps/first').") from None
    except (OSError, ValueError) as error:
        raise FileFormatError(
            path, f"cannot be read ({error}).", "Call `nakmd sweep` again with this folder."
        ) from None
    try:
        axes = tuple(
            StoredAxis(
                str(axis["name"]),
                tuple(axis.get("keys") or (axis["key"],)),
                tuple(axis["values"]),
                str(axis.get("unit") or ""),
            )
            for axis in index["axes"]
        )
        points = tuple(_point(folder / POINTS, point) for point in index["points"])
        return StoredSweep(
            str(index["name"]), str(index.get("deck_name", "")), str(index.get("deck", "")), axes, points
        )
    except (KeyError, TypeError, AttributeError) as error:
        fault = f"lacks {error}" if isinstance(error, KeyError) else f"has another form ({error})"
        raise FileFormatError(path, f"{fault}, so it is no index of a sweep.", "Call `nakmd sweep` again.") from None


def _point(folder: Path, entry: Mapping[str, Any]) -> StoredPoint:
    run = RunFolder(folder / str(entry["id"]))
    status = run.read_status()
    state, message, results = _state(run, status)
    return StoredPoint(
        int(entry["index"]), str(entry["id"]), run.path, dict(entry["labels"]), entry.get("seed"), state, message,
        results, str(status.get("nakmd", "")),
    )  # fmt: skip


def _state(run: RunFolder, status: Mapping[str, Any]) -> tuple[State, str, Mapping[str, Any]]:
    word = status.get("status")
    if word == "finished":
        results = run.read_results()
        if isinstance(results.get("table"), list):
            return "finished", "", results
        return "failed", f"{run.results} cannot be read: the run has ended, but its results are lost.", {}
    failure = _failure(run.path / FAILURE)
    if failure is not None or word == "failed":
        return "failed", failure or str(status.get("message") or "no message"), {}
    if word in ("starting", "running") and run.is_busy:
        return "running", "", {}
    return ("interrupted" if run.holds_run else "not run"), "", {}


def _failure(path: Path) -> str | None:
    """Return the message of a failed point; None if it has not failed."""
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["message"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return f"{path.name} cannot be read"
