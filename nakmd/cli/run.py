"""``nakmd run``: run a deck."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    deck: Annotated[Path, typer.Argument(help="The deck to run.")],
    directory: Annotated[
        Path | None,
        typer.Option("--directory", "-o", help="Folder for the files of the run; runs/NAME-OF-THE-DECK if left out."),
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads; all cores if left out.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Instead of the deck's.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that the folder holds.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Run a deck, measure, and print every result with its error bar."""
    from nakmd.cli.progress_bars import show_run, watch
    from nakmd.cli.threads import allow_threads

    allow_threads(threads)
    from nakmd.deck.source import DeckSource
    from nakmd.reported import run as run_deck

    with watch(quiet=as_json) as progress:
        done = run_deck(
            DeckSource.read(deck), directory, threads=threads, seed=seed, progress=progress, overwrite=overwrite
        )
    show_run(done, as_json)
