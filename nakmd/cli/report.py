"""``nakmd report``: one HTML page of a run or a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    directory: Annotated[Path, typer.Argument(help="The directory of a run, or of a sweep.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write. Default: report.html in that directory.")
    ] = None,
) -> None:
    """Write a self-contained HTML page: of a run, with results, plots, 3D view, input and references; or of a sweep.

    The page of a sweep has its axes, a figure for each quantity, means over seeds, and temperature laws; its tables
    are written again too (table.csv, combined.csv, sweep.json, table.parquet).

    Example: nakmd report runs/wet
    """
    from nakmd.cli.output import say
    from nakmd.errors import in_bytes
    from nakmd.sweep_results.stored_sweep import is_sweep

    if is_sweep(directory):
        from nakmd.sweep_results.sweep import Sweep
        from nakmd.sweep_results.sweep_page import write_sweep_page

        sweep = Sweep(directory)
        for table in sweep.write():
            say(f"table   {table}  ({in_bytes(table.stat().st_size)})")
        path = write_sweep_page(sweep, output)
    else:
        from nakmd.report import write_report

        path = write_report(directory, output=output)
    say(f"report  {path}  ({in_bytes(path.stat().st_size)})")
