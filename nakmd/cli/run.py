"""``nakmd run``: run a deck."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    deck: Annotated[Path, typer.Argument(help="The deck to run.")],
    directory: Annotated[
        Path | None,
        typer.Option("--directory", "-o", help="Directory of the run. Default: runs/DECK."),
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads. Default: all usable cores.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Random seed, instead of the deck's.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing run in the directory.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Run a deck, measure its quantities and print every result with its error bar."""
    from nakmd.cli.progress_bars import show_run, watch
    from nakmd.cli.threads import allow_threads

    threads = allow_threads(threads)
    from nakmd.deck.source import DeckSource
    from nakmd.reported import run as run_deck

    with watch(quiet=as_json) as progress:
        finished = run_deck(
            DeckSource.read(deck), directory, threads=threads, seed=seed, progress=progress, overwrite=overwrite
        )
    show_run(finished, as_json)
