"""Results of a run: a table with error bars, a JSON file, plots and an overview figure."""

from __future__ import annotations

import csv
import itertools
import json
import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nakmd.data_frames import data_frame
from nakmd.errors import AnalysisError
from nakmd.io.atomic import write_atomically
from nakmd.notebook_html import html_figure, html_list, html_table
from nakmd.quantity_names import QUANTITIES

#: Least drift [standard errors] of a row that makes a run unsettled. Of 1,500 stationary series of 400 samples
#: (autoregressive) with about 100, 20 and 10 independent ones, 0.07, 0 and 0.13 % drift by more than that.
ROW_LIMIT = 4.5

# nakmd.analysis is slow to import, and is not needed before the first step of a run
if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nakmd.analysis import NamedAnalysis, Record
    from nakmd.analysis.sample import Sample
    from nakmd.analysis.table_row import Row

_MOST_PANELS = 12


class Results:
    """Records by name, and the reasons why others are missing.

    Parameters
    ----------
    outcomes : mapping of str to Record or AnalysisError
        The output of `nakmd.analysis.analyze`.
    run_notes : sequence of str
        What the run noted. Later additions to a list appear in `notes`.

    Attributes
    ----------
    records : dict of str to Record
    failures : dict of str to str
        Reason by name of the record.

    Examples
    --------
    >>> from nakmd.analysis import Record
    >>> height = Record(quantity="height of K", value=6.87, error=0.04, unit="Å", n_effective=40.0)
    >>> results = Results({"height K": height})
    >>> print(str(results).splitlines()[0])
    height of K  6.87 ± 0.04 Å
    >>> results["height K"].value
    6.87
    """

    def __init__(self, outcomes: Mapping[str, Record | AnalysisError], run_notes: Sequence[str] = ()) -> None:
        self.run_notes = run_notes
        self.records = {name: r for name, r in outcomes.items() if not isinstance(r, AnalysisError)}
        self.failures = {name: str(r) for name, r in outcomes.items() if isinstance(r, AnalysisError)}

    def __getitem__(self, name: str) -> Record:
        if name in self.failures:
            raise AnalysisError(self.failures[name])
        if name not in self.records:
            raise AnalysisError(f"There is no record {name!r}. Available: {', '.join(self.records) or 'none'}.")
        return self.records[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.records)

    def __str__(self) -> str:
        width = max((len(row.quantity) for row in self.rows()), default=0)
        lines = [f"{row.quantity:{width}}  {row.text}  {row.note}".rstrip() for row in self.rows()]
        reasons = [f"{name}: {reason}" for name, reason in self.failures.items()]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes), *reasons])

    @cached_property
    def unsettled(self) -> list[str]:
        """What had not settled in the frames measured: quantities of the run, and rows of the table that drift.

        A table has up to a hundred rows, and each notes a drift of three standard errors, which some exceed by chance.
        Here a row counts from `ROW_LIMIT`.
        """
        from nakmd.analysis.table_row import drift_note, named_rows  # noqa: PLC0415  (as above)

        entries = [entry for sample in self._samples for entry in sample.unsettled]
        # an entry is "temperature: ..." or "temperature in 'hot': ...", and is not repeated for the row of the quantity
        named = {entry.partition(":")[0].partition(" in ")[0] for entry in entries}
        for name, row in named_rows(self.rows()):
            drift = "" if row.measured is None else drift_note(row.measured, ROW_LIMIT).removeprefix("not settled: ")
            if drift and name not in named:
                entries.append(f"{name}: {drift}")
        return list(dict.fromkeys(entries))

    @property
    def verdict(self) -> str:
        """``"settled"``, ``"unsettled"``, or ``"unjudged"`` if the run is too short or has no energies."""
        if self.unsettled:
            return "unsettled"
        return "settled" if any(sample.judged for sample in self._samples) else "unjudged"

    @property
    def notes(self) -> list[str]:
        """What the run noted, what was left out of the means, and what had not settled."""
        return [*self.general_notes, *(f"Not settled: {entry}" for entry in self.unsettled)]

    @property
    def general_notes(self) -> list[str]:
        """The notes without those on what had not settled."""
        notes = [*self.run_notes, *(sample.note for sample in self._samples if sample.note)]
        unjudged = dict.fromkeys(entry for sample in self._samples for entry in sample.unjudged)
        if self.records and self.verdict == "unjudged" and not unjudged:
            unjudged = dict.fromkeys(["no energy, temperature, pressure or volume that varies"])
        notes += [f"Whether it had settled could not be judged: {entry}" for entry in unjudged]
        return list(dict.fromkeys(notes))

    @property
    def _samples(self) -> list[Sample]:
        return [record.sample for record in self.records.values() if record.sample is not None]

    def rows(self) -> list[Row]:
        """Return the table with the main numbers of every record."""
        return [row for _, rows in self.rows_by_record() for row in rows]

    def rows_by_record(self) -> list[tuple[str, list[Row]]]:
        """Return the rows of each record, with those derived from it, by the name of the record."""
        from nakmd.analysis.registry import DERIVED  # noqa: PLC0415  (as above)

        table = []
        for name, record in self.records.items():
            rows = _rows_of(name, record)
            for derived in DERIVED:
                if name.split()[0] == derived.quantity and derived.using in self.records:
                    try:
                        corrected = derived.derive(record, self.records[derived.using])
                    except AnalysisError:
                        continue
                    rows += _rows_of(name, corrected)
            table.append((name, rows))
        return table

    def table(self) -> list[dict[str, Any]]:
        """Return the table as plain numbers and strings, one entry for each row.

        Each entry has the texts ``quantity``, ``value``, ``frames`` and ``note``; for comparisons between runs also
        ``record`` and ``name`` (`named_rows`), and of a row with an error ``number``, ``error``, ``unit``,
        ``n_effective`` and ``trend``, None where they are unknown, ``stages``, and ``law`` if there is one.
        """
        from nakmd.analysis.table_row import named_rows  # noqa: PLC0415  (as above)

        entries = []
        for record, rows in self.rows_by_record():
            sample = self.records[record].sample
            for name, row in named_rows(rows):
                entry = {"quantity": row.quantity, "value": row.text, "frames": row.frames, "note": row.note}
                numbers: dict[str, Any] = {}
                if row.measured is not None and not np.ndim(row.measured.value):
                    numbers = {
                        "number": _finite(row.measured.value),
                        "error": _finite(row.measured.error),
                        "unit": row.measured.unit,
                        "n_effective": _finite(row.measured.n_effective),
                        "trend": _finite(row.measured.trend),
                    }
                law = {"law": row.law} if row.law is not None else {}
                stages = list(sample.stages) if sample is not None else []
                entries.append({**entry, "record": record, "name": name, **numbers, "stages": stages, **law})
        return entries

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, numbers and strings."""
        return {
            "verdict": self.verdict,
            "unsettled": self.unsettled,
            "notes": self.notes,
            "results": {name: record.to_dict() for name, record in self.records.items()},
            "table": self.table(),
            "failures": self.failures,
        }

    def write(self, path: Path) -> Path:
        """Write everything as JSON."""
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        write_atomically(path, text.encode(), sync=False)
        return path

    def to_csv(self, path: str | Path) -> Path:
        """Write the table as CSV: quantity, value, standard error, unit, independent samples, text, frames and note.

        A row without an error bar has only its text and note. Every row has the verdict and the notes of all results
        too, so that no part of the table loses them.
        """
        of_all = [self.verdict, " ".join(self.notes)]
        with Path(path).open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(
                ["quantity", "value", "error", "unit", "n_effective", "text", "frames", "note", "verdict", "notes"]
            )
            for row in self.rows():
                scalar = row.measured if row.measured is not None and not np.ndim(row.measured.value) else None
                numbers = (
                    ["", "", "", ""]
                    if scalar is None
                    else [scalar.value, scalar.error, scalar.unit, scalar.n_effective]
                )
                lines.writerow([row.quantity.strip(), *numbers, row.text, row.frames, row.note, *of_all])
        return Path(path)

    def curves_to_csv(self, folder: str | Path) -> list[Path]:
        """Write every curve of every record as CSV, ``QUANTITY-CURVE.csv``, and return the files.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> from nakmd.analysis import FrameList, analyze
        >>> from nakmd.results.results import Results
        >>> from nakmd.structures import crystal
        >>> from nakmd.system import Frame
        >>> sodium = crystal("Na", 3)
        >>> places = sodium.cell.wrap(sodium.positions)
        >>> frames = [Frame(k, 0.1 * k, *places, sodium.cell) for k in range(4)]
        >>> results = Results(analyze(FrameList(sodium.topology, frames), ["rdf"]))
        >>> with TemporaryDirectory() as folder:
        ...     [file.name for file in results.curves_to_csv(folder)]
        ['rdf-g_r.csv']
        """
        files = []
        for name, record in self.records.items():
            for curve in record.curves:
                Path(folder).mkdir(parents=True, exist_ok=True)
                readable = re.sub(r"\W+", "_", curve).strip("_")  # g(r) is no name for a file
                files.append(record.to_csv(Path(folder) / f"{_file_stem(name)}-{readable}.csv", curve))
        return files

    def to_frame(self) -> pd.DataFrame:
        """Return the table as a data frame: a row for each number, with value, error and unit in columns of their own.

        Raises
        ------
        InputError
            If pandas is not installed.
        """
        numbers = ("number", "error", "unit", "n_effective", "trend")
        rows = [
            {
                **{key: entry[key] for key in ("record", "name")},
                **{key.replace("number", "value"): entry.get(key) for key in numbers},
                "text": entry["value"],
                **{key: entry[key] for key in ("frames", "note")},
            }
            for entry in self.table()
        ]
        return data_frame(rows, "use table() or to_csv() of the results")

    def _repr_html_(self) -> str:
        """Return the table with its plots, what could not be measured, and the notes, for notebooks."""
        rows = [[row.quantity, row.text, row.frames, row.note] for row in self.rows()]
        shown = html_table(["quantity", "value ± standard error", "measured in", "note"], rows)
        shown += html_list([f"{name}: {reason}" for name, reason in self.failures.items()])
        figure = self.overview_figure()
        shown += html_figure(figure, "Results") if figure is not None else ""
        return shown + html_list(self.notes)

    def plot(self, folder: Path) -> list[Path]:
        """Write a PNG for each record that has a plot; return the paths."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name, record in self.records.items():
            figure = draw(record)
            if figure is None:
                continue
            written.append(folder / f"{_file_stem(name)}.png")
            figure.savefig(written[-1], dpi=150)
        return written

    def overview(self, path: Path, title: str = "") -> Path | None:
        """Draw the records in one figure and write it; None if no record has a plot."""
        figure = self.overview_figure(title)
        if figure is None:
            return None
        figure.savefig(path, dpi=130)
        return path

    def overview_figure(self, title: str = "") -> Figure | None:
        """Return the records in one figure; None if no record has a plot."""
        from matplotlib.figure import Figure  # noqa: PLC0415  (slow to import, and only used here)

        names = self.panels()
        if not names:
            return None
        columns = min(len(names), 3 if len(names) > 4 else 2)
        rows = math.ceil(len(names) / columns)
        figure = Figure(figsize=(5.2 * columns, 3.9 * rows), layout="constrained")
        for k, name in enumerate(names):
            axes: Axes = figure.add_subplot(rows, columns, k + 1)
            axes.set_title(name.replace("_", " "))
            if draw(self.records[name], axes) is None:
                axes.text(0.5, 0.5, "cannot be drawn", ha="center", transform=axes.transAxes)
        if title:
            figure.suptitle(title)
        return figure

    def panels(self) -> list[str]:
        """Return the names of the records in the overview: one of each quantity first, and K before Na."""
        positions = {name: kind.panel for name in self.records if (kind := quantity_of(name)) is not None}
        drawn = {name: position for name, position in positions.items() if position is not None}
        by_quantity: dict[str, list[str]] = {}
        for name in sorted(drawn, key=lambda name: (drawn[name], not name.endswith("K"))):
            by_quantity.setdefault(name.split()[0], []).append(name)
        rounds = itertools.zip_longest(*by_quantity.values())
        chosen = [name for names in rounds for name in names if name][:_MOST_PANELS]
        return [name for names in by_quantity.values() for name in names if name in chosen]


def draw(record: Record, ax: Axes | None = None) -> Figure | None:
    """Return the plot of a record, in ``ax`` or in a new figure; None if it has none.

    A plot that fails gives None and a warning, so that the results of a finished run are not lost.
    """
    try:
        return record.plot(ax)
    except AnalysisError:
        return None
    except Exception as error:
        warnings.warn(f"The plot of {record.quantity} failed: {error!r}", RuntimeWarning, stacklevel=2)
        return None


def _file_stem(name: str) -> str:
    """Return the name of a record as the beginning of the name of a file."""
    return name.replace(" ", "-")


def _rows_of(name: str, record: Record) -> list[Row]:
    """Return the rows of a record; if they fail, one row with the error, so that the table is not lost."""
    from nakmd.analysis.table_row import Row  # noqa: PLC0415  (as above)

    frames = record.sample.text if record.sample is not None else ""
    try:
        return [replace(row, frames=frames) for row in record.rows()]
    except Exception as error:
        return [Row(name, "", f"cannot be shown: {error!r}")]


def _finite(number: Any) -> float | None:
    return float(number) if number is not None and math.isfinite(number) else None


def quantity_of(name: str) -> type[NamedAnalysis] | None:
    """Return the class that measured a record; None if it is not of a registered quantity."""
    from nakmd.analysis.registry import quantity  # noqa: PLC0415  (as above)

    quantity_name = name.split(maxsplit=1)[0]
    return quantity(quantity_name) if quantity_name in QUANTITIES else None
