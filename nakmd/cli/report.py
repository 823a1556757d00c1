"""``nakmd report``: one HTML page of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    directory: Annotated[Path, typer.Argument(help="The directory of a run.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write. Default: report.html in that directory.")
    ] = None,
) -> None:
    """Write a self-contained HTML page of a run: results, plots, 3D view, input and references."""
    from nakmd.cli.output import say
    from nakmd.errors import in_bytes
    from nakmd.report import write_report

    path = write_report(directory, output=output)
    say(f"report  {path}  ({in_bytes(path.stat().st_size)})")
