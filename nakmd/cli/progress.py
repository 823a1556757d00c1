"""The progress of a run, or of an analysis, on the terminal, and what is printed when a run has ended."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from nakmd.cli.guard import EXIT_INTERRUPTED, complain
from nakmd.cli.output import in_time, say, show_json, show_table

if TYPE_CHECKING:
    from nakmd.deck.session import Run
    from nakmd.simulation import Progress

#: Seconds between two lines where there is no terminal to draw a bar on.
_LINE_INTERVAL = 10.0

#: Steps from which on a speed is worth telling.
_LEAST_STEPS = 20


@contextmanager
def watch(quiet: bool = False) -> Iterator[Callable[[Progress], None] | None]:
    """Show progress: a bar on a terminal, now and then a line elsewhere, nothing if quiet."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar() as report:
            yield report
    else:
        words = _first_words()
        if words:
            complain(words)
        yield _Lines().report


class _Lines:
    """Progress as plain lines on standard error."""

    def __init__(self) -> None:
        self._stage = ""
        self._last = 0.0
        self._pace = _Pace()

    def report(self, now: Progress) -> None:
        """Write a line when a stage begins and every few seconds."""
        if now.stage == self._stage and time.monotonic() - self._last < _LINE_INTERVAL and now.step < now.total_steps:
            return
        self._stage, self._last = now.stage, time.monotonic()
        complain(f"{now.stage}: step {now.step} of {now.total_steps}, {self._pace.words(now)}")


class _Pace:
    """Time, temperature and speed in words; no speed from the first steps, which load kernels."""

    def __init__(self) -> None:
        self._first: int | None = None

    def words(self, now: Progress) -> str:
        """Return what is known of the pace."""
        if self._first is None:
            self._first = now.step
        return _in_words(now, now.step - self._first >= _LEAST_STEPS)


def _in_words(now: Progress, speed: bool) -> str:
    words = [f"{now.time:.2f} ps", f"{now.temperature:.0f} K"]
    if not speed:
        return ", ".join(words)
    if now.ns_per_day > 0.0:
        words.append(f"{now.ns_per_day:.3g} ns/day")
    elif math.isfinite(now.steps_per_second):
        words.append(f"{now.steps_per_second:.3g} steps/s")
    if math.isfinite(now.seconds_left) and now.seconds_left > 0.0:
        words.append(f"{in_time(now.seconds_left)} left")
    return ", ".join(words)


@contextmanager
def watch_frames() -> Iterator[Callable[[int, int | None], None]]:
    """Show how many frames are analysed: a bar on a terminal, a line every few seconds elsewhere."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress as Bars

        with Bars(*Bars.get_default_columns(), console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task("analysing", total=None)
            yield lambda done, total: bars.update(task, completed=done, total=total)
        return
    begin = last = time.monotonic()

    def report(done: int, total: int | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _LINE_INTERVAL:
            return
        last = now
        words = f"frame {done}" + (f" of {total}" if total else "")
        if total and done:
            words += f", {in_time((now - begin) * (total - done) / done)} left"
        complain(words)

    yield report


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
    )
    pace = _Pace()
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("preparing", total=None, pace=_first_words())

        def report(now: Progress) -> None:
            bars.update(task, description=now.stage, completed=now.step, total=now.total_steps, pace=pace.words(now))

        yield report


def _first_words() -> str:
    """Return why the first step may take long, if so."""
    from nakmd.kernels.jit import nothing_is_compiled

    return "compiling kernels, once per machine: half a minute or more" if nothing_is_compiled() else ""


def show_run(run: Run, as_json: bool) -> None:
    """Print what a run found and where its files are; end with exit code 3 if it was interrupted."""
    from nakmd.cli.results import show_results

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
