"""``nakmd report``: one page of a run, for reading, sending and printing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    directory: Annotated[Path, typer.Argument(help="The folder of a run.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; report.html in the folder if left out.")
    ] = None,
) -> None:
    """Write one self-contained HTML page of a run: what was run, results, plots, 3D view, references."""
    from nakmd.cli.output import in_bytes, say
    from nakmd.report import write_report

    path = write_report(directory, output=output)
    say(f"report  {path}  ({in_bytes(path.stat().st_size)})")
