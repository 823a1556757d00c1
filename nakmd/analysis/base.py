"""Base classes of analyses (prepare, update, result) and of their records, and shared validation."""

from __future__ import annotations

import dataclasses
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

import numpy as np

from nakmd.analysis.numerics.statistics import TRUSTED_SAMPLES, Measure, format_measure, student_factor
from nakmd.analysis.plotting import Axes, Figure
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.sample import Sample
from nakmd.analysis.table_row import Row, named_rows, trust_note
from nakmd.arrays import BoolArray, FloatArray
from nakmd.data_frames import data_frame, write_csv
from nakmd.elements import METALS
from nakmd.errors import AnalysisError, InputError, did_you_mean
from nakmd.notebook_html import html_figure, html_list, html_table
from nakmd.system import Frame, Topology

if TYPE_CHECKING:
    import pandas as pd


@dataclass_transform(eq_default=False, kw_only_default=True, frozen_default=True, field_specifiers=(field,))
@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """Result of an analysis. Every subclass becomes a frozen dataclass with keyword-only fields.

    Attributes
    ----------
    quantity : str
        Name of the quantity, with the atoms it belongs to.
    value : float or array
    error : float or array
        Standard error; NaN if the frames do not allow an estimate.
    unit : str
    n_effective : float
        Number of independent samples behind the error.
    notes : tuple of str
        Conventions that affect the number, and warnings.
    trend : float or None
        As in `Measure`.
    sample : Sample or None
        The frames behind it; None for a result that was not measured in a trajectory.
    curve_tables : tuple of RecordCurve
        Of the class: its arrays as tables (`curves`).
    """

    curve_tables: ClassVar[tuple[RecordCurve, ...]] = ()

    quantity: str
    value: Any
    error: Any
    unit: str
    n_effective: float
    notes: tuple[str, ...] = ()
    trend: float | None = None
    sample: Sample | None = None

    def __init_subclass__(cls) -> None:
        """Turn the subclass into a dataclass of the same kind."""
        dataclass(frozen=True, kw_only=True, eq=False)(cls)

    @property
    def trusted(self) -> bool:
        """Whether the error is based on enough independent samples."""
        return bool(np.all(np.isfinite(self.error))) and self.n_effective >= TRUSTED_SAMPLES

    def interval(self, level: float = 0.95) -> tuple[Any, Any]:
        """Return the confidence interval, with Student's t for ``n_effective - 1`` degrees of freedom."""
        half = self.error * student_factor(self.n_effective, level)
        return self.value - half, self.value + half

    @property
    def text(self) -> str:
        """Value, error and unit of a single number, without a remark on reliability."""
        return format_measure(float(self.value), float(self.error), self.unit)

    def __str__(self) -> str:
        if np.ndim(self.value):
            return f"{self.quantity}: array of shape {np.shape(self.value)}"
        text = self.text
        if math.isfinite(self.error) and not self.trusted:
            text += f" (error uncertain: {self.n_effective:.1f} independent samples)"
        return text

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain lists, numbers and strings; values that are not finite become None."""
        plain = {item.name: _plain(getattr(self, item.name)) for item in dataclasses.fields(self)}
        return {**plain, "trusted": self.trusted}

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the results table; the default is one row with the full text."""
        yield Row(self.quantity, str(self), trust_note(self), self)

    @property
    def curves(self) -> tuple[str, ...]:
        """Names of its curves, such as a profile or a correlation function, for `table`, `to_frame` and `to_csv`."""
        return tuple(curve.name for curve in self.curve_tables if curve.is_in(self))

    def table(self, curve: str | None = None) -> list[dict[str, Any]]:
        """Return the rows of the table of results, or the points of a curve, as plain numbers and strings.

        Parameters
        ----------
        curve : str, optional
            One of `curves`.

        Returns
        -------
        list of dict
            Of results: ``name``, ``value``, ``error``, ``unit`` and ``n_effective``, ``text`` and ``note``. Of a curve:
            its axes and its quantities, with their units in the names. None is an unknown number.

        Raises
        ------
        InputError
            If the record has no such curve.
        """
        if curve is not None:
            for found in self.curve_tables:
                if found.name == curve and found.is_in(self):
                    return [_plain(point) for point in found.rows(self)]
            hint = did_you_mean(curve, self.curves) or "It has none."
            raise InputError(f"{self.quantity} has no curve {curve!r}. {hint}")
        entries = []
        for name, row in named_rows(self.rows()):
            measured = row.measured if row.measured is not None and not np.ndim(row.measured.value) else None
            numbers = {key: _plain(getattr(measured, key, None)) for key in ("value", "error", "unit", "n_effective")}
            entries.append({"name": name, **numbers, "text": row.text, "note": row.note})
        return entries

    def to_frame(self, curve: str | None = None) -> pd.DataFrame:
        """Return `table` as a data frame; raises `InputError` without pandas."""
        return data_frame(self.table(curve), "use table() or to_csv() of the record")

    def to_csv(self, path: str | os.PathLike[str], curve: str | None = None) -> Path:
        """Write `table` as CSV; an unknown number is an empty field.

        Raises
        ------
        RunError
            If the file cannot be written.
        """
        return write_csv(path, self.table(curve))

    def _repr_html_(self) -> str:
        """Return the rows and, if there is one, the plot, for notebooks."""
        rows = [[row.quantity, row.text, row.note] for row in self.rows()]
        shown = html_table(["quantity", "value ± standard error", "note"], rows) + html_list(self.notes)
        try:
            return shown + html_figure(self.plot(), self.quantity)
        except AnalysisError:  # it has no plot
            return shown

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the result into ``ax``, or into a new figure, and return the figure."""
        raise AnalysisError(f"{self.quantity} has no plot.")


def _plain(value: Any) -> Any:
    if isinstance(value, Measure):
        return {**{k: _plain(v) for k, v in dataclasses.asdict(value).items()}, "trusted": value.trusted}
    if isinstance(value, Record):
        return value.to_dict()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {"-".join(map(str, k)) if isinstance(k, tuple) else str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class Analysis(ABC):
    """Measurement of one quantity over a stream of frames.

    Frames come from a running simulation or from a file, with the same results. To restart, create a new object.
    Frames may be views of a running simulation: an analysis copies what it stores.

    Attributes
    ----------
    name : str
        Name of the quantity in tables and on the command line.
    needs : frozenset of str
        Optional fields of `Frame` that the analysis requires, so that a run can provide them.
    needs_dynamics : bool
        Whether it compares frames at different times, so that stages with exchange moves are refused.
    follows_arrivals : bool
        Whether it takes frames in which atoms arrive or leave (``Frame.present``). All others are refused there.
    follows_transmutations : bool
        The same where atoms replace each other, and as many are present in all frames.
    """

    name: str = ""
    needs: frozenset[str] = frozenset()
    needs_dynamics: bool = False
    follows_arrivals: bool = False
    follows_transmutations: bool = False

    def atoms_read(self, topology: Topology) -> tuple[str, ...]:
        """Return what selects the atoms that it reads, as in `Topology.select`; by default all atoms of the run.

        It is refused if the frames lack any of them.
        """
        return ("all",)

    @abstractmethod
    def prepare(self, topology: Topology) -> None:
        """Select the atoms; called once, before the first frame."""

    @abstractmethod
    def update(self, frame: Frame) -> None:
        """Add one frame."""

    @abstractmethod
    def result(self) -> Record:
        """Return the result of the frames added so far; may be called again after more frames."""


def metals_of(topology: Topology) -> tuple[str, ...]:
    """Return the metals among the elements of the atoms."""
    present = dict.fromkeys(topology.elements[row] for row in np.unique(topology.species))
    return tuple(element for element in present if element in METALS)


def select(topology: Topology, name: str) -> BoolArray:
    """Return the mask of the atoms that a name selects; `AnalysisError` if it selects none."""
    try:
        mask = topology.select(name)
    except InputError as error:
        raise AnalysisError(str(error)) from None
    if not np.any(mask):
        raise AnalysisError(f"{name!r} is defined but selects no atom.")
    return mask


def require_finite(positions: FloatArray) -> None:
    """Raise `AnalysisError` unless all coordinates are finite."""
    if not np.all(np.isfinite(positions)):
        raise AnalysisError("A position is not finite (NaN or inf): the simulation became unstable before this frame.")


def notes_on_blocks(n_blocks: int) -> tuple[str, ...]:
    """Return the note that a single block of frames gives no error, or no note."""
    return ("one frame: no error can be given",) if n_blocks < 2 else ()


def require_frames(count: int, least: int, name: str) -> None:
    """Raise `AnalysisError` if there are too few frames."""
    if count < least:
        raise AnalysisError(
            f"{name} needs at least {least} frame{'s' if least > 1 else ''}, got {count}. "
            "Run longer, write frames more often ([output] trajectory_every of the deck), or measure other stages."
        )
