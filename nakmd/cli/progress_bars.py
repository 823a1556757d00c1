"""The progress of a run, an analysis or a validation on the terminal, and what is printed after a run."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import typer

from nakmd.cli.guard import EXIT_INTERRUPTED, complain
from nakmd.cli.output import in_time, say, show_json, show_table
from nakmd.pace import Pace

if TYPE_CHECKING:
    from nakmd.runs.session import Run
    from nakmd.simulation import Progress
    from nakmd.studies.validation import ValidationProgress

#: Seconds between two lines where there is no terminal for a bar.
_LINE_INTERVAL = 10.0

#: Steps below which no speed is shown: the first ones load kernels.
_LEAST_STEPS = 20


@contextmanager
def watch(quiet: bool = False) -> Iterator[Callable[[Progress], None] | None]:
    """Show the progress of a run: a bar on a terminal, a line from time to time elsewhere, nothing if quiet."""
    if quiet:
        yield None
        return
    first_step: list[int] = []
    stage = ""

    def words(now: Progress) -> str:
        if not first_step:
            first_step.append(now.step)
        return _in_words(now, now.step - first_step[0] >= _LEAST_STEPS)

    with _shown("preparing", _first_words()) as show:

        def report(now: Progress) -> None:
            nonlocal stage
            due = now.stage != stage or now.step >= now.total_steps
            stage = now.stage
            show(f"{now.stage}: step", now.step, now.total_steps, words(now), due)

        yield report


@contextmanager
def watch_frames() -> Iterator[Callable[[int, int | None], None]]:
    """Show the number of frames that are analysed: a bar on a terminal, a line every few seconds elsewhere."""
    pace = Pace()
    pace.mark(0)
    with _shown("frame", "") as show:

        def report(done: int, total: int | None) -> None:
            pace.mark(done)
            show("frame", done, total, _left(pace.seconds_left(total)) if total else "", False)

        yield report


@contextmanager
def watch_points(quiet: bool = False) -> Iterator[Callable[[ValidationProgress], None] | None]:
    """Show the points of a validation: a bar on a terminal, a line for each point elsewhere, nothing if quiet."""
    if quiet:
        yield None
        return
    with _shown("point", "") as show:

        def report(now: ValidationProgress) -> None:
            words = [_left(now.seconds_left) if now.done < now.total else "", f"{now.key} is done" if now.key else ""]
            show("point", now.done, now.total, ", ".join(filter(None, words)), True)

        yield report


class Show(Protocol):
    """Shows the state of some work; ``due`` asks for a line at once where there is no bar."""

    def __call__(self, what: str, done: int, total: int | None, words: str, due: bool) -> None:
        """Show it."""


@contextmanager
def _shown(what: str, words: str) -> Iterator[Show]:
    """Yield what shows the work: as a bar on a terminal, else as lines on standard error."""
    if not sys.stderr.isatty():
        if words:
            complain(words)
        last = time.monotonic()

        def line(what: str, done: int, total: int | None, words: str, due: bool) -> None:
            nonlocal last
            if not due and time.monotonic() - last < _LINE_INTERVAL:
                return
            last = time.monotonic()
            complain(f"{what} {done}" + (f" of {total}" if total else "") + (f", {words}" if words else ""))

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.fields[words]}"),
    )  # fmt: skip
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None, words=words)

        def bar(what: str, done: int, total: int | None, words: str, due: bool) -> None:
            bars.update(task, description=what, completed=done, total=total, words=words)

        yield bar


def _left(seconds: float) -> str:
    return f"{in_time(seconds)} left" if math.isfinite(seconds) and seconds > 0.0 else ""


def _in_words(now: Progress, speed: bool) -> str:
    words = [f"{now.time:.2f} ps", f"{now.temperature:.0f} K"]
    if speed:
        if now.ns_per_day > 0.0:
            words.append(f"{now.ns_per_day:.3g} ns/day")
        elif math.isfinite(now.steps_per_second):
            words.append(f"{now.steps_per_second:.3g} steps/s")
        words.append(_left(now.seconds_left))
    return ", ".join(filter(None, words))


def _first_words() -> str:
    """Return why the first step may take long, if so."""
    from nakmd.kernels.jit import nothing_is_compiled

    return "compiling kernels, once per machine: half a minute or more" if nothing_is_compiled() else ""


def show_run(run: Run, as_json: bool) -> None:
    """Print what a run found and where its files are; end with exit code 3 if it was interrupted."""
    from nakmd.cli.result_tables import show_results

    if as_json:
        show_json(run.to_dict())
    else:
        for note in run.notes:
            complain(f"note: {note}")
        show_results(run.results)
        if run.us_per_atom_step > 0.0:
            say(f"\n{run.step} steps, {run.us_per_atom_step:.3f} µs per atom and step")
        show_table(["file", "path"], [[name, str(path)] for name, path in run.files.items()])
    if run.status == "interrupted":
        complain(f"Stopped at step {run.step}. Go on with: nakmd resume {run.directory}")
        raise typer.Exit(EXIT_INTERRUPTED)
