"""``nakmd run``: run a deck."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    deck: Annotated[Path, typer.Argument(help="The deck to run.")],
    directory: Annotated[
        Path | None,
        typer.Option("--directory", "-o", help="Directory of the run. Default: runs/DECK-seed-SEED."),
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads. Default: all usable cores.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Random seed, instead of the deck's.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing run in the directory.")] = False,
    walltime: Annotated[
        str | None,
        typer.Option(
            "--walltime", help="Time from the start of the process, such as 23:50:00: stop with a checkpoint."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Run a deck, measure its quantities and print every result with its error bar."""
    from nakmd.cli.guard import complain
    from nakmd.cli.interrupts import interrupted_by_signals
    from nakmd.cli.progress_bars import show_run, watch
    from nakmd.cli.threads import allow_threads

    with interrupted_by_signals():
        threads = allow_threads(threads)
        from nakmd.cli.remaining_time import remaining_time
        from nakmd.deck.source import DeckSource
        from nakmd.reported import run as run_deck

        left = remaining_time(walltime)
        with watch(quiet=as_json) as progress:
            finished = run_deck(
                DeckSource.read(deck),
                directory,
                threads=threads,
                seed=seed,
                progress=progress,
                overwrite=overwrite,
                walltime=left,
                tell=complain,
            )
    show_run(finished, as_json)
