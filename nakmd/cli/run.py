"""``nakmd run``: run a deck."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nakmd.cli.deck_argument import Settings, read_deck
from nakmd.cli.watched import AsJson, Ranks, Threads, Walltime, Watching, carry_out

if TYPE_CHECKING:
    from nakmd.runs.outcome import Run


def run(
    deck: Annotated[Path, typer.Argument(help="The deck to run; - reads it from standard input.")],
    directory: Annotated[
        Path | None,
        typer.Option("--directory", "-o", help="Directory of the run. Default: runs/DECK-seed-SEED."),
    ] = None,
    settings: Settings = None,
    threads: Threads = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Random seed, instead of the deck's.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing run in the directory.")] = False,
    walltime: Walltime = None,
    engine: Annotated[
        Literal["nakmd", "lammps"], typer.Option("--engine", help="What makes the steps: nakmd, or LAMMPS under MPI.")
    ] = "nakmd",
    ranks: Ranks = None,
    as_json: AsJson = False,
) -> None:
    """Run a deck, measure its quantities and print every result with its error bar.

    Example: nakmd run wet.toml -o runs/wet --threads 2
    """

    def begin(watching: Watching) -> Run:
        from nakmd.reported import run as run_deck

        return run_deck(
            read_deck(deck, settings), directory, seed=seed, overwrite=overwrite, engine=engine, ranks=ranks, **watching
        )

    carry_out(begin, threads, walltime, as_json)
