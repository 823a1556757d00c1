"""The tables of a sweep as files: CSV, JSON, and Parquet where pandas is installed."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nakmd.data_frames import csv_text, data_frame
from nakmd.io.atomic import replacing, write_atomically
from nakmd.sweep_results.run_figure import RunFigure
from nakmd.sweep_results.seed_average import CombinedFigure
from nakmd.sweep_results.stored_sweep import StoredAxis

if TYPE_CHECKING:
    import pandas as pd

#: A row by the name of its column; every row of a table has the same columns.
TableRow = dict[str, Any]

TABLE, COMBINED, JSON, PARQUET = "table.csv", "combined.csv", "sweep.json", "table.parquet"


def axis_columns(axes: Sequence[StoredAxis], taken: Sequence[str]) -> dict[str, str]:
    """Return the column of each axis by its name: the name, behind ``axis_`` if another column has it.

    The unit of an axis is in the JSON file, and so is a table easy to select from.
    """
    return {axis.name: f"axis_{axis.name}" if axis.name in taken else axis.name for axis in axes}


def run_rows(figures: Sequence[RunFigure], axes: Sequence[StoredAxis]) -> list[TableRow]:
    """Return the long table: a row for each number of each run."""
    fields = (
        "record", "quantity", "species", "name", "value", "error", "unit", "n_effective", "text", "settled", "verdict",
        "note", "frames",
    )  # fmt: skip
    own = [axis for axis in axes if axis.role != "seed" or axis.name != "seed"]
    columns = axis_columns(own, ("point", "id", "seed", "stages", *fields))
    return [
        {
            "point": figure.point,
            "id": figure.id,
            **{columns[axis.name]: figure.labels.get(axis.name) for axis in own},
            "seed": figure.seed,
            "stages": " ".join(figure.stages),
            **{field: getattr(figure, field) for field in fields},
        }
        for figure in figures
    ]


def combined_rows(figures: Sequence[CombinedFigure], axes: Sequence[StoredAxis]) -> list[TableRow]:
    """Return the means over seeds: a row for each number at each point of the other axes."""
    fields = (
        "record", "name", "value", "error", "unit", "low", "high", "runs", "planned", "within_error", "variance_ratio",
        "p_value", "unsettled", "model_spread", "models", "text",
    )  # fmt: skip
    own = [axis for axis in axes if axis.role != "seed"]
    columns = axis_columns(own, (*fields, "notes"))
    return [
        {
            **{columns[axis.name]: figure.labels.get(axis.name) for axis in own},
            **{field: getattr(figure, field) for field in fields},
            "notes": "; ".join(figure.notes),
        }
        for figure in figures
    ]


def frame(rows: Sequence[TableRow]) -> pd.DataFrame:
    """Return a table as a data frame.

    Raises
    ------
    InputError
        If pandas is not installed.
    """
    table = data_frame(rows, "read table.csv or combined.csv of the sweep, or use Sweep.figures and Sweep.combined()")
    if "settled" in table:
        table["settled"] = table["settled"].astype("boolean")  # with missing values
    return table


def write(
    directory: Path, runs: Sequence[TableRow], combined: Sequence[TableRow], content: Mapping[str, Any]
) -> list[Path]:
    """Write the tables into a folder and return the files."""
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    written = {TABLE: csv_text(runs).encode(), COMBINED: csv_text(combined).encode(), JSON: text.encode()}
    for name, data in written.items():
        write_atomically(directory / name, data, sync=False)
    paths = [directory / name for name in written]
    parquet = directory / PARQUET
    if runs and all(importlib.util.find_spec(package) is not None for package in ("pandas", "pyarrow")):
        with replacing(parquet) as file:
            _mixed_as_text(frame(runs)).to_parquet(file, index=False)
        return [*paths, parquet]
    parquet.unlink(missing_ok=True)  # one of an earlier call would be of other runs
    return paths


def _mixed_as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose columns have one type each, as Parquet demands: an axis may have texts and numbers."""
    for column in table:
        if table[column].dtype == object and table[column].map(type).nunique() > 1:
            table[column] = table[column].map(lambda value: None if value is None else str(value))
    return table
