"""``nakmd resume``: continue an interrupted or finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def resume(
    directory: Annotated[Path, typer.Argument(help="Directory of the run.")],
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Additional steps of the last stage.")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads. Default: all usable cores.")] = None,
    deck: Annotated[
        Path | None, typer.Option("--deck", help="Continue only if the run was started with this deck.")
    ] = None,
    walltime: Annotated[
        str | None,
        typer.Option(
            "--walltime", help="Time from the start of the process, such as 23:50:00: stop with a checkpoint."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Continue a run from its checkpoint, with results identical to those of an uninterrupted run."""
    from nakmd.cli.guard import complain
    from nakmd.cli.interrupts import interrupted_by_signals
    from nakmd.cli.progress_bars import show_run, watch
    from nakmd.cli.threads import allow_threads

    with interrupted_by_signals():
        threads = allow_threads(threads)
        from nakmd.cli.remaining_time import remaining_time
        from nakmd.reported import resume as resume_run

        left = remaining_time(walltime)
        with watch(quiet=as_json) as progress:
            resumed = resume_run(
                directory,
                steps=steps,
                threads=threads,
                deck=deck,
                progress=progress,
                walltime=left,
                tell=complain,
            )
    show_run(resumed, as_json)
