"""The index of a sweep and the state of its points, read from the folder of the sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from nakmd.deck.quantities import TEMPERATURE, QuantityError, parse_quantity
from nakmd.runs.folder import RunFolder
from nakmd.runs.sweep_folder import INDEX, SweepFolder, damaged_index
from nakmd.runs.sweep_index import SweepPoint

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
    sweep = SweepFolder.read(Path(directory))
    index = sweep.index
    try:
        axes = tuple(
            StoredAxis(
                str(axis["name"]),
                tuple(axis.get("keys") or (axis["key"],)),
                tuple(axis["values"]),
                str(axis.get("unit") or ""),
            )
            for axis in index.axes
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise damaged_index(sweep.path, f"has an axis of another form ({error})") from None
    points = tuple(_point(sweep, point) for point in index.points)
    return StoredSweep(index.name, index.deck_name, index.deck, axes, points)


def _point(sweep: SweepFolder, point: SweepPoint) -> StoredPoint:
    run = sweep.run_folder(point)
    status = run.read_status()
    state, message, results = _state(run, status, sweep.failure(point))
    return StoredPoint(
        point.index, point.id, run.path, point.labels, point.seed, state, message, results, str(status.get("nakmd", ""))
    )


def _state(
    run: RunFolder, status: Mapping[str, Any], failure: Mapping[str, Any] | None
) -> tuple[State, str, Mapping[str, Any]]:
    word = status.get("status")
    if word == "finished":
        results = run.read_results()
        if isinstance(results.get("table"), list):
            return "finished", "", results
        return "failed", f"{run.results} cannot be read: the run has ended, but its results are lost.", {}
    if failure is not None or word == "failed":
        return "failed", (failure or status).get("message") or "no message", {}
    if word in ("starting", "running") and run.is_busy:
        return "running", "", {}
    return ("interrupted" if run.holds_run else "not run"), "", {}
