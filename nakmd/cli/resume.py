"""``nakmd resume``: go on with an interrupted or finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def resume(
    directory: Annotated[Path, typer.Argument(help="Folder of the run.")],
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="More steps of the last stage.")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads; all cores if left out.")] = None,
    deck: Annotated[
        Path | None, typer.Option("--deck", help="Go on only if this deck is the one that the run began with.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Continue a run from its checkpoint: the same bits as if it had never stopped."""
    from nakmd.cli.progress_bars import show_run, watch
    from nakmd.cli.threads import allow_threads

    allow_threads(threads)
    from nakmd.reported import resume as resume_run

    with watch(quiet=as_json) as progress:
        done = resume_run(directory, steps=steps, threads=threads, deck=deck, progress=progress)
    show_run(done, as_json)
