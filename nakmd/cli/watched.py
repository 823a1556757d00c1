"""Starting or continuing a run under the eyes of the user: threads, signals, wall time, progress and results."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

if TYPE_CHECKING:
    from nakmd.runs.outcome import Run
    from nakmd.simulation import Progress

#: Options of both verbs.
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="Threads. Default: all usable cores.")]
Walltime = Annotated[
    str | None,
    typer.Option("--walltime", help="Time from the start of the process, such as 23:50:00: stop with a checkpoint."),
]
Ranks = Annotated[
    int | None,
    typer.Option("--ranks", min=1, help="MPI processes of LAMMPS. Default: all usable cores, or those it had."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]


class Watching(TypedDict):
    """What `nakmd.run` and `nakmd.resume` take from the command line; parameters as there."""

    threads: int | None
    progress: Callable[[Progress], None] | None
    walltime: timedelta | None
    tell: Callable[[str], None]


def carry_out(begin: Callable[[Watching], Run], threads: int | None, walltime: str | None, as_json: bool) -> None:
    """Carry out a run with its progress on the terminal, and print its results.

    Parameters
    ----------
    begin : callable
        Starts or continues the run and returns it when it has ended. What it imports may import Numba, which reads
        its largest number of threads then.
    threads, walltime, as_json
        The options of the command line.
    """
    from nakmd.cli.guard import complain
    from nakmd.cli.interrupts import interrupted_by_signals
    from nakmd.cli.progress_bars import show_run, watch
    from nakmd.cli.threads import allow_threads

    with interrupted_by_signals():
        threads = allow_threads(threads)
        from nakmd.cli.remaining_time import remaining_time

        left = remaining_time(walltime)
        with watch(quiet=as_json) as progress:
            ended = begin({"threads": threads, "progress": progress, "walltime": left, "tell": complain})
    show_run(ended, as_json)
