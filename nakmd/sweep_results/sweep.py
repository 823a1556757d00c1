"""`nakmd.Sweep`: the results of a sweep, opened from its folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nakmd.analysis.plotting import Axes, Figure
from nakmd.errors import InputError, did_you_mean
from nakmd.notebook_html import html_paragraph, html_table
from nakmd.sweep_results import sweep_picture, table_files
from nakmd.sweep_results.model_mean import ModelMean, average_models
from nakmd.sweep_results.run_figure import FigureKey, RunFigure, figures_of
from nakmd.sweep_results.seed_average import CombinedFigure, combine_seeds, condition_of
from nakmd.sweep_results.seed_scatter import SeedScatter, scatter_of
from nakmd.sweep_results.stored_sweep import StoredAxis, StoredPoint, read_sweep
from nakmd.sweep_results.temperature_lines import TemperatureLine, temperature_lines

if TYPE_CHECKING:
    import pandas as pd


class Sweep:
    """The results of a sweep, as far as its runs have ended.

    Parameters
    ----------
    directory : path
        Folder of the sweep, which ``nakmd sweep`` made.

    Attributes
    ----------
    directory : Path
    name, deck_name, deck : str
        Name of the sweep, and name and text of its deck.
    axes : tuple of StoredAxis
    points : tuple of StoredPoint
        The runs, with labels, state and results; also those that failed or have not run.

    Raises
    ------
    InputError
        If the folder holds no sweep.
    FileFormatError
        If a file of it is damaged.

    Examples
    --------
    >>> sweep = nakmd.Sweep("sweeps/diffusion")                            # doctest: +SKIP
    >>> sweep.to_frame()[["temperature", "seed", "name", "value", "error"]]  # doctest: +SKIP
    >>> [(f.labels, f.text) for f in sweep.combined("diffusion of K")]       # doctest: +SKIP
    >>> sweep.plot("diffusion of K").savefig("diffusion.png")                # doctest: +SKIP
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        stored = read_sweep(self.directory)
        self.name, self.deck_name, self.deck = stored.name, stored.deck_name, stored.deck
        self.axes, self.points = stored.axes, stored.points

    # ------------------------------------------------------------------------------------------ axes and points
    @property
    def counts(self) -> dict[str, int]:
        """Number of points by their state; states without points are left out."""
        return dict(Counter(point.state for point in self.points))

    @property
    def complete(self) -> bool:
        """Whether all points have finished."""
        return all(point.state == "finished" for point in self.points)

    @cached_property
    def conditions(self) -> tuple[StoredAxis, ...]:
        """The axes of what is simulated, without those that an earlier one determines at all points."""
        kept: list[StoredAxis] = []
        for axis in self.axes:
            if axis.role == "condition" and len(axis.values) > 1 and not any(self._ties(k, axis) for k in kept):
                kept.append(axis)
        return tuple(kept)

    @cached_property
    def temperature(self) -> StoredAxis | None:
        """The first axis of temperatures; None if there is none."""
        return next(
            (
                axis
                for axis in self.conditions
                if axis.numeric and all(axis.kelvin(value) is not None for value in axis.values)
            ),
            None,
        )

    def _ties(self, axis: StoredAxis, other: StoredAxis) -> bool:
        """Return whether two axes advance together: at all points each determines the other."""
        pairs = {
            (point.labels[axis.name], point.labels[other.name])
            for point in self.points
            if axis.name in point.labels and other.name in point.labels
        }
        return len({a for a, _ in pairs}) == len(pairs) == len({b for _, b in pairs})

    def _named(self, role: str) -> tuple[str, ...]:
        return tuple(axis.name for axis in self.axes if axis.role == role)

    # ------------------------------------------------------------------------------------------ numbers
    @cached_property
    def figures(self) -> list[RunFigure]:
        """All numbers of all finished runs: the long table."""
        return figures_of(self.points)

    @cached_property
    def _averages(self) -> tuple[list[ModelMean], list[CombinedFigure]]:
        seeds = self._named("seed")
        planned = Counter(condition_of(point.labels, seeds) for point in self.points)
        return average_models(combine_seeds(self.figures, seeds, planned), self._named("model"))

    def combined(self, quantity: str | None = None) -> list[CombinedFigure]:
        """Return the means over the seeds at each point of the other axes.

        Parameters
        ----------
        quantity : str, optional
            Name of a row of the results, such as ``"diffusion of K"``; by default all.
        """
        figures = self._averages[1]
        if quantity is None:
            return list(figures)
        keys = set(self.keys_of(quantity))
        return [figure for figure in figures if figure.key in keys]

    @property
    def model_means(self) -> list[ModelMean]:
        """The means over the models, if models are an axis."""
        return list(self._averages[0])

    @cached_property
    def scatter(self) -> Mapping[FigureKey, SeedScatter]:
        """The scatter between seeds against the errors within the runs, by quantity."""
        return scatter_of(self._averages[1])

    @cached_property
    def lines(self) -> list[TemperatureLine]:
        """Arrhenius and van 't Hoff lines; empty unless a temperature is an axis."""
        axis = self.temperature
        if axis is None:
            return []
        tied = [other.name for other in self.axes if other is not axis and self._ties(axis, other)]
        return temperature_lines(self._averages[1], axis, tied, self.scatter)

    def quantities(self) -> list[FigureKey]:
        """Return the quantities of the runs in the order of their tables."""
        return list(dict.fromkeys(figure.key for figure in self._averages[1]))

    def keys_of(self, quantity: str) -> list[FigureKey]:
        """Return the quantities with a name, several if records or units differ.

        Raises
        ------
        InputError
            If there is none.
        """
        keys = [key for key in self.quantities() if key.name == quantity]
        if not keys:
            names = dict.fromkeys(key.name for key in self.quantities())
            hint = did_you_mean(quantity, names) if names else "No run has finished."
            raise InputError(f"The sweep has no quantity {quantity!r}. {hint}")
        return keys

    # ------------------------------------------------------------------------------------------ output
    def to_frame(self, table: Literal["runs", "combined"] = "runs") -> pd.DataFrame:
        """Return a table as a data frame of pandas.

        Parameters
        ----------
        table : {"runs", "combined"}
            All numbers of all runs, or the means over seeds.

        Raises
        ------
        InputError
            If pandas is not installed, or there is no such table.
        """
        return table_files.frame(self._table(table))

    def _table(self, table: str) -> list[dict[str, Any]]:
        if table == "runs":
            return table_files.run_rows(self.figures, self.axes)
        if table == "combined":
            return table_files.combined_rows(self.combined(), self.axes)
        raise InputError(f"There is no table {table!r}. Available: 'runs', 'combined'.")

    def plot(self, quantity: str, ax: Axes | None = None) -> Figure:
        """Draw a quantity against the first axis of numbers: means, 95 % intervals, single runs, spread of models.

        Parameters
        ----------
        quantity : str
            Name of a row of the results.
        ax : matplotlib Axes, optional
            By default in a new figure.

        Raises
        ------
        InputError
            If there is no such quantity, or several with different units.
        """
        keys = self.keys_of(quantity)
        if len(keys) > 1:
            found = ", ".join(f"{key.record} [{key.unit or '1'}]" for key in keys)
            raise InputError(f"{quantity!r} is measured in several ways, which share no figure: {found}.")
        return self.plot_key(keys[0], ax)

    def plot_key(self, key: FigureKey, ax: Axes | None = None) -> Figure:
        """Draw a quantity as in `plot`."""
        return sweep_picture.draw_quantity(
            key,
            [figure for figure in self._averages[1] if figure.key == key],
            [figure for figure in self.figures if figure.key == key and figure.value is not None],
            [mean for mean in self.model_means if mean.key == key],
            self.conditions,
            self._named("model"),
            ax,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, numbers and strings."""
        return {
            "name": self.name,
            "deck_name": self.deck_name,
            "counts": self.counts,
            "axes": [
                {"name": a.name, "keys": list(a.keys), "values": list(a.values), "unit": a.unit, "role": a.role}
                for a in self.axes
            ],
            "points": [
                {"index": p.index, "id": p.id, "labels": dict(p.labels), "seed": p.seed, "state": p.state,
                 "verdict": p.results.get("verdict"), "message": p.message}
                for p in self.points
            ],
            "runs": [figure.to_dict() for figure in self.figures],
            "combined": [figure.to_dict() for figure in self.combined()],
            "model_means": [mean.to_dict() for mean in self.model_means],
            "scatter": [scatter.to_dict() for scatter in self.scatter.values()],
            "lines": [line.to_dict() for line in self.lines],
        }  # fmt: skip

    def write(self) -> list[Path]:
        """Write ``table.csv``, ``combined.csv``, ``sweep.json`` and, with pandas and pyarrow, ``table.parquet``.

        Returns
        -------
        list of Path

        Raises
        ------
        RunError
            If a file cannot be written.
        """
        return table_files.write(self.directory, self._table("runs"), self._table("combined"), self.to_dict())

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[StoredPoint]:
        return iter(self.points)

    def __repr__(self) -> str:
        states = ", ".join(f"{number} {state}" for state, number in self.counts.items())
        return f"Sweep({str(self.directory)!r}: {len(self.points)} points, {states or 'empty'})"

    def _repr_html_(self) -> str:
        """Return the means over the seeds as a table, for notebooks."""
        axes = [axis for axis in self.axes if axis.role != "seed"]
        head = [*(axis.label for axis in axes), "quantity", "value ± standard error", "runs", "note"]
        rows = [
            [*(str(f.labels.get(a.name, "")) for a in axes), f.name, f.text, str(f.runs), "; ".join(f.notes)]
            for f in self.combined()
        ]
        return html_paragraph(repr(self)) + html_table(head, rows)
