"""``nakmd resume``: continue an interrupted or finished run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nakmd.cli.watched import AsJson, Ranks, Threads, Walltime, Watching, carry_out

if TYPE_CHECKING:
    from nakmd.runs.outcome import Run


def resume(
    directory: Annotated[Path, typer.Argument(help="Directory of the run.")],
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Additional steps of the last stage.")] = None,
    duration: Annotated[str | None, typer.Option("--duration", help='The same as a time, such as "5 ps".')] = None,
    threads: Threads = None,
    deck: Annotated[
        Path | None, typer.Option("--deck", help="Continue only if the run was started with this deck.")
    ] = None,
    walltime: Walltime = None,
    ranks: Ranks = None,
    as_json: AsJson = False,
) -> None:
    """Continue a run from its checkpoint, with results identical to those of an uninterrupted run.

    A run in LAMMPS continues from its last restart file, with other random numbers.

    Example: nakmd resume runs/wet --walltime 23:50:00
    """

    def begin(watching: Watching) -> Run:
        from nakmd.reported import resume as resume_run

        return resume_run(directory, steps=steps, duration=duration, deck=deck, ranks=ranks, **watching)

    carry_out(begin, threads, walltime, as_json)
